import type { OptionSpecs } from '../provider.ts'

/** The options of the source, with Spark's names and defaults. */
export const SOURCE_OPTIONS: OptionSpecs = {
  assign: { type: 'string', doc: 'The partitions to read, as JSON: {"topicA":[0,1],"topicB":[2,4]}.' },
  subscribe: { type: 'string', doc: 'The topics to read, with commas.' },
  subscribePattern: {
    type: 'string',
    doc: 'A regular expression: topics whose whole name it matches are read, those made later too.',
  },
  startingOffsets: {
    type: 'string',
    doc: 'Where a first start begins: earliest, latest (the default of a stream), or JSON {"topic":{"0":23,"1":-2}} with -2 for earliest and -1 for latest. A bounded read begins at earliest.',
  },
  startingOffsetsByTimestamp: {
    type: 'string',
    doc: 'Where a first start begins, by time: JSON {"topic":{"0":1000,"1":2000}} in milliseconds. Goes before startingOffsets.',
  },
  startingTimestamp: {
    type: 'int',
    doc: 'Where a first start begins in every partition, by time in milliseconds. Goes before all other starting options.',
  },
  startingOffsetsByTimestampStrategy: {
    type: 'string',
    default: 'error',
    doc: 'What to do where no record is as late as the starting time: error, or latest to begin at the end.',
  },
  endingOffsets: {
    type: 'string',
    doc: 'Where a bounded read ends: latest (the default), or JSON with -1 for latest.',
  },
  endingOffsetsByTimestamp: {
    type: 'string',
    doc: 'Where a bounded read ends, by time: JSON {"topic":{"0":1000}} in milliseconds; the end where no record is as late.',
  },
  endingTimestamp: {
    type: 'int',
    doc: 'Where a bounded read ends in every partition, by time in milliseconds.',
  },
  failOnDataLoss: {
    type: 'boolean',
    default: true,
    doc: 'Fail when records that were to be read are gone (retention, deleted or recreated topics); false goes on with what is there and counts what is not.',
  },
  maxOffsetsPerTrigger: {
    type: 'int',
    doc: 'At most so many offsets in one batch, shared among partitions by what each has waiting.',
  },
  minOffsetsPerTrigger: {
    type: 'int',
    doc: 'A batch waits until there are so many offsets, but no longer than maxTriggerDelay.',
  },
  maxTriggerDelay: {
    type: 'duration',
    default: 900_000,
    doc: 'The longest that minOffsetsPerTrigger holds a batch back.',
  },
  includeHeaders: { type: 'boolean', default: false, doc: 'Adds the column headers.' },
  fetchBufferBytes: {
    type: 'bytes',
    default: 33_554_432,
    doc: 'Bytes that may be fetched ahead of the rows being worked on.',
  },
  'kafkaConsumer.pollTimeoutMs': {
    type: 'int',
    default: 120_000,
    doc: 'A partition that gives no records for so long, though it has some, fails the query; connections are made anew before that.',
  },
  'fetchOffset.numRetries': {
    type: 'int',
    default: 3,
    doc: 'Accepted for Spark programs; offsets are asked for again for kafka.default.api.timeout.ms.',
  },
  'fetchOffset.retryIntervalMs': {
    type: 'int',
    default: 10,
    doc: 'Accepted for Spark programs; see kafka.retry.backoff.ms.',
  },
  minPartitions: { type: 'int', doc: 'Accepted for Spark programs; has no effect on the rows.' },
  maxRecordsPerPartition: { type: 'int', doc: 'Accepted for Spark programs; has no effect on the rows.' },
  groupIdPrefix: {
    type: 'string',
    default: 'spark-kafka-source',
    doc: 'Accepted for Spark programs; no consumer group is joined.',
  },
}
