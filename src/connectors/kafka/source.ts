/**
 * kafka: the records of topics.
 *
 *   offset   by topic, by partition, the offset of the next record; ranges are planned here and are in the offset log before
 *            they are read. No consumer group is joined and nothing is committed to Kafka
 *   replay   native: a range gives the same rows in the same order, partition by partition, as long as Kafka has them
 *   loss     what Kafka has no more (retention, deleted and recreated topics) fails the query with the exact range, or is
 *            counted (failOnDataLoss); gaps by compaction and aborted transactions are no loss
 */
import type { Batch } from '../../columns/batch.ts'
import { ExecutionError } from '../../errors/errors.ts'
import {
  defineSource,
  type Options,
  type Source,
  type SourceContext,
  type SourceMetrics,
  type SourceRecord,
} from '../provider.ts'
import { refuseSchema } from '../refuse-schema.ts'
import { ArrivalWatch } from './arrival-watch.ts'
import { lookUp } from './boundary.ts'
import { EARLIEST, type KafkaClient, LATEST, type OffsetOf, type TopicInfo, type TopicPartition } from './client.ts'
import { sourceColumns } from './columns.ts'
import { DataLoss } from './data-loss.ts'
import { lagMetrics } from './lag-metrics.ts'
import { RangeReader, type ReadRecords } from './range-reader.ts'
import { limited } from './rate-limit.ts'
import { RecordDecoder, type RecordRange } from './record-decoder.ts'
import { describeSelection, selectedTopics, selects } from './selection.ts'
import { type SourceConfig, sourceConfig } from './source-config.ts'
import { SOURCE_OPTIONS } from './source-options.ts'
import { byPlace, type KafkaOffset, kafkaOffset, keyOf, type OffsetMap, offsetMap } from './topic-offsets.ts'

export const kafkaSource = defineSource({
  format: 'kafka',
  doc: 'Records of Kafka topics, as the columns key, value, topic, partition, offset, timestamp, timestampType and, with includeHeaders, headers. Options kafka.* are settings of the client: kafka.bootstrap.servers is needed, docs/kafka.md lists the others.',
  options: SOURCE_OPTIONS,
  openOptions: true,
  replay: 'native',
  supports: ['batch', 'stream'],
  schema(options, declared, ctx) {
    sourceConfig(options, ctx?.streaming ?? true)
    return refuseSchema('kafka', sourceColumns(options['includeHeaders'] === true), declared)
  },
  async open(options, ctx) {
    const { WireClient } = await import('./wire/wire-client.ts')
    const config = sourceConfig(options, ctx.streaming ?? true)
    const client = new WireClient(config.connection, ctx.signal, (text) => ctx.status?.(text))
    return new KafkaSource(options, config, ctx, client, new WireClient(config.connection, ctx.signal))
  },
  describe: (options) => `KafkaV2[${describeSelection(options)}]`,
})

/** Key of the offsets a first start found, and of the ids of the topics in the last planned offset. */
const INITIAL = 'kafka/initial'
const TOPIC_IDS = 'kafka/topic-ids'

class KafkaSource implements Source<KafkaOffset> {
  readonly #ctx: SourceContext
  readonly #client: KafkaClient
  readonly #config: SourceConfig
  readonly #readCommitted: boolean
  readonly #limit: number
  readonly #least: number
  readonly #maxDelayMs: number
  readonly #loss: DataLoss
  readonly #reader: RangeReader
  readonly #watch: ArrivalWatch
  #initial: KafkaOffset | null = null
  #ids: Readonly<Record<string, string>> | null = null
  /** Ends of all partitions when they were last asked for. */
  #latest: OffsetMap = new Map()
  #frozen: OffsetMap | null = null
  #lastBatchMs = -Infinity
  #rowsRead = 0
  #partition = ''
  /** What `read` gave last. */
  #records: ReadRecords | null = null

  /** `watching` waits for records to arrive, see ArrivalWatch. */
  constructor(options: Options, config: SourceConfig, ctx: SourceContext, client: KafkaClient, watching: KafkaClient) {
    this.#ctx = ctx
    this.#client = client
    this.#config = config
    const { settings } = config
    this.#readCommitted = config.readCommitted
    this.#watch = new ArrivalWatch(watching, this.#readCommitted, () => ctx.wake())
    const streaming = ctx.streaming ?? true
    this.#limit = streaming ? Number(options['maxOffsetsPerTrigger'] ?? Infinity) : Infinity
    this.#least = streaming ? Number(options['minOffsetsPerTrigger'] ?? 0) : 0
    this.#maxDelayMs = Number(options['maxTriggerDelay'])
    const note = (line: string): void => ctx.note?.(line)
    this.#loss = new DataLoss(options['failOnDataLoss'] !== false, note)
    const bufferBytes = Math.max(1 << 20, Number(options['fetchBufferBytes']))
    this.#reader = new RangeReader(
      client,
      new RecordDecoder(ctx.schema),
      {
        readCommitted: this.#readCommitted,
        checkCrc: settings.boolean('check.crcs', true),
        bufferBytes,
        partitionBytes: settings.int('max.partition.fetch.bytes', 1 << 20, 1),
        fetchBytes: settings.int('fetch.max.bytes', 50 << 20, 1),
        pollTimeoutMs: Number(options['kafkaConsumer.pollTimeoutMs']),
      },
      this.#loss,
      (text) => ctx.status?.(text),
      ctx.signal,
    )
  }

  initialOffset(): Promise<KafkaOffset> {
    return this.#orCanceled(async () => this.#start(await this.#selected()))
  }

  /** Where the first start began; found once, and kept with the first offset row. */
  async #start(topics: readonly TopicInfo[]): Promise<KafkaOffset> {
    if (this.#initial !== null) return this.#initial
    const kept = this.#ctx.metadata.get(INITIAL) as KafkaOffset | undefined
    if (kept !== undefined) return (this.#initial = kept)
    const partitions = placesOf(topics)
    const { start } = this.#config
    const found = await lookUp(this.#client, start, partitions, this.#readCommitted)
    const given = start.kind === 'each' ? found.filter((p) => (start.offsets.get(keyOf(p))?.offset ?? -1) >= 0) : []
    this.#initial = kafkaOffset(await this.#withinLog(found, given))
    this.#ctx.metadata.set(INITIAL, this.#initial)
    return this.#initial
  }

  /** Offsets a program gave may be behind the end or before the beginning of the log. */
  async #withinLog(found: readonly OffsetOf[], given: readonly OffsetOf[]): Promise<readonly OffsetOf[]> {
    if (given.length === 0) return found
    const [first, last] = await Promise.all([this.#edges(given, EARLIEST), this.#edges(given, LATEST)])
    const within = new Map(
      given.map((p) => {
        const [low, high] = [first.get(keyOf(p))!.offset, last.get(keyOf(p))!.offset]
        const offset = p.offset < low ? low : p.offset > high ? high : p.offset
        if (offset !== p.offset) {
          const params = { topic: p.topic, partition: p.partition, from: p.offset, first: low, last: high }
          this.#loss.report('KAFKA_DATA_LOSS.START_OFFSET_RESET', params, low - p.offset)
        }
        return [keyOf(p), { ...p, offset }] as const
      }),
    )
    return found.map((p) => within.get(keyOf(p)) ?? p)
  }

  latestOffset(from: KafkaOffset | null): Promise<KafkaOffset | null> {
    return this.#orCanceled(() => (this.#ctx.streaming === false ? this.#boundedEnd() : this.#plan(from)))
  }

  async #boundedEnd(): Promise<KafkaOffset> {
    const topics = await this.#selected()
    await this.#start(topics)
    return kafkaOffset(await lookUp(this.#client, this.#config.end, placesOf(topics), this.#readCommitted))
  }

  async #plan(from: KafkaOffset | null): Promise<KafkaOffset | null> {
    const ahead = this.#lookAhead(from)
    const topics = await this.#selected(from)
    const begin = offsetMap(from ?? (await this.#start(topics)))
    const recreated = this.#recreated(topics, from)
    // What was made anew is left out of this batch, and is new to the next one: it begins at its beginning.
    const same = topics.filter((t) => !recreated.has(t.name))
    const places = placesOf(same)
    const found = await ahead
    const isAll = found !== null && places.every((p) => found.has(keyOf(p)))
    this.#latest = isAll
      ? new Map(places.map((p) => [keyOf(p), found.get(keyOf(p))!]))
      : await this.#edges(places, LATEST)
    for (const before of begin.values()) if (!recreated.has(before.topic)) this.#checkEnd(before)
    const ends = this.#frozen === null ? this.#latest : frozenAt(this.#latest, this.#frozen)
    const fresh = [...ends.values()].filter((p) => !begin.has(keyOf(p)))
    const known = new Map([...begin, ...(await this.#edges(fresh, EARLIEST))])
    if (this.#holdsBack(known, ends, from)) return from
    const planned = kafkaOffset(limited(known, ends, this.#limit).values())
    const isNew = JSON.stringify(planned) !== JSON.stringify(from)
    if (isNew) this.#lastBatchMs = this.#nowMs
    this.#watch.at(isNew || this.#frozen !== null ? null : this.#latest)
    const ids = Object.fromEntries(same.map((t) => [t.name, t.id]))
    if (JSON.stringify(this.#topicIds) !== JSON.stringify(ids)) {
      this.#ctx.metadata.set(TOPIC_IDS, ids)
      this.#ids = ids
    }
    return planned
  }

  /**
   * Beside the question for topics: ends and first records in one answer, so that a small batch costs one round trip before it
   * is planned and none to be read. Null where ends are to be asked for by themselves.
   */
  async #lookAhead(from: KafkaOffset | null): Promise<OffsetMap | null> {
    if (from === null || this.#frozen !== null || this.#least > 0) return null
    const at = [...offsetMap(from).values()]
    return at.length === 0 ? null : this.#reader.lookAhead(at)
  }

  get #topicIds(): Readonly<Record<string, string>> {
    return (this.#ids ??= (this.#ctx.metadata.get(TOPIC_IDS) ?? {}) as Readonly<Record<string, string>>)
  }

  /** Topics that are other ones than those `from` was taken of. */
  #recreated(topics: readonly TopicInfo[], from: KafkaOffset | null): ReadonlySet<string> {
    const ids = this.#topicIds
    const out = topics.filter((t) => from?.[t.name] !== undefined && (ids[t.name] ?? t.id) !== t.id).map((t) => t.name)
    for (const topic of out)
      for (const [partition, offset] of Object.entries(from![topic]!))
        this.#loss.report('KAFKA_DATA_LOSS.TOPIC_RECREATED', { topic, partition, from: offset }, 0)
    return new Set(out)
  }

  /** A partition that was read up to `offset` is there, and as long. */
  #checkEnd({ topic, partition, offset }: OffsetOf): void {
    const end = this.#latest.get(keyOf({ topic, partition }))?.offset
    if (end === undefined) {
      const reason = selects(this.#config.selection, { topic, partition }) ? 'was deleted' : 'is not selected any more'
      this.#loss.report('KAFKA_DATA_LOSS.PARTITIONS_DELETED', { topic, partition, from: offset, reason }, 0)
    } else if (end < offset)
      this.#loss.report('KAFKA_DATA_LOSS.PARTITION_OFFSET_CHANGED', { topic, partition, from: offset, end }, 0)
  }

  /** minOffsetsPerTrigger: a batch waits for more, unless the last one is long ago. */
  #holdsBack(from: OffsetMap, to: OffsetMap, committed: KafkaOffset | null): boolean {
    if (this.#least === 0 || this.#frozen !== null || committed === null) return false
    const waiting = [...to.values()].reduce((n, p) => n + Math.max(0, p.offset - (from.get(keyOf(p))?.offset ?? 0)), 0)
    return waiting < this.#least && this.#nowMs - this.#lastBatchMs < this.#maxDelayMs
  }

  get #nowMs(): number {
    return Number(this.#ctx.nowUs() / 1000n)
  }

  async *read(from: KafkaOffset | null, to: KafkaOffset): AsyncGenerator<Batch> {
    const begin = offsetMap(from ?? (await this.initialOffset()))
    const ends = [...offsetMap(to).values()].sort(byPlace)
    const fresh = ends.filter((p) => !begin.has(keyOf(p)))
    const first = await this.#orCanceled(() => this.#edges(fresh, EARLIEST))
    const ranges = ends.map((end): RecordRange => {
      const { topic, partition } = end
      const known = begin.get(keyOf(end))?.offset
      if (known !== undefined) return { topic, partition, from: known, to: end.offset }
      const earliest = first.get(keyOf(end))!.offset
      if (earliest > 0)
        this.#loss.report(
          'KAFKA_DATA_LOSS.ADDED_PARTITION_DOES_NOT_START_FROM_OFFSET_ZERO',
          { topic, partition, first: earliest },
          earliest,
        )
      return { topic, partition, from: earliest, to: end.offset }
    })
    try {
      for await (const records of this.#reader.read(ranges)) {
        const { batch, range } = records
        this.#records = records
        this.#partition = keyOf(range)
        this.#rowsRead += batch.length
        yield batch
      }
    } catch (error) {
      throw this.#ctx.signal.aborted ? canceled(error) : error
    }
  }

  currentPartition(): string {
    return this.#partition
  }

  recordAt(row: number): SourceRecord {
    const { batch, range, offsetOf } = this.#records!
    const value = batch.columns[batch.schema.fields.findIndex((f) => f.name === 'value')]
    const raw = (value?.get(row) ?? null) as Uint8Array | null
    return { position: `${range.topic}-${range.partition}@${offsetOf(row)}`, raw }
  }

  takeMetrics(): SourceMetrics {
    const rowsRead = this.#rowsRead
    this.#rowsRead = 0
    return { rowsRead }
  }

  /** What Kafka has and no batch has read yet, as Spark shows it. */
  reportMetrics(to: KafkaOffset): Readonly<Record<string, string>> {
    return {
      ...lagMetrics(offsetMap(to), this.#latest),
      offsetsLost: String(this.#loss.offsetsLost),
      stalledFetches: String(this.#reader.stalls),
      reconnects: String(this.#client.reconnects),
    }
  }

  reportLatestOffset(): KafkaOffset | null {
    return this.#latest.size === 0 ? null : kafkaOffset(this.#latest.values())
  }

  async prepareAvailableNow(): Promise<void> {
    await this.#orCanceled(async () => {
      this.#frozen = await this.#edges(placesOf(await this.#selected()), LATEST)
    })
  }

  async close(): Promise<void> {
    await Promise.all([this.#client.close(), this.#watch.close()])
  }

  /** The topics to read; one that is named, was not read before and does not exist is an error. */
  async #selected(from: KafkaOffset | null = null): Promise<readonly TopicInfo[]> {
    const { selection } = this.#config
    const topics = await selectedTopics(this.#client, selection)
    const isThere = (topic: string, partition?: number): boolean =>
      topics.some((t) => t.name === topic && (partition === undefined || t.partitions.includes(partition))) ||
      from?.[topic] !== undefined
    const missing =
      selection.kind === 'subscribe'
        ? selection.topics.find((topic) => !isThere(topic))
        : selection.kind === 'assign'
          ? selection.partitions
              .filter((p) => !isThere(p.topic, p.partition))
              .map((p) => `${p.topic}-${p.partition}`)[0]
          : undefined
    if (missing !== undefined)
      throw new ExecutionError(
        'KAFKA_TOPIC_NOT_FOUND',
        { topic: missing },
        { hint: 'make the topic first; subscribePattern waits for topics to appear' },
      )
    return topics
  }

  /** Ends or beginnings of partitions. */
  async #edges(partitions: readonly TopicPartition[], timestampMs: number): Promise<OffsetMap> {
    if (partitions.length === 0) return new Map()
    const found = await this.#client.offsets(
      this.#readCommitted,
      partitions.map(({ topic, partition }) => ({ topic, partition, timestampMs })),
    )
    return new Map(found.map((p) => [keyOf(p), p]))
  }

  /** Failures of a query that is being stopped are the stop. */
  async #orCanceled<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body()
    } catch (error) {
      throw this.#ctx.signal.aborted ? canceled(error) : error
    }
  }
}

/** Ends as they were when the trigger began; what came later is left to the next run. */
const frozenAt = (latest: OffsetMap, frozen: OffsetMap): OffsetMap =>
  new Map([...frozen].filter(([key]) => latest.has(key)))

const canceled = (cause: unknown): ExecutionError => new ExecutionError('OPERATION_CANCELED', {}, { cause })

const placesOf = (topics: readonly TopicInfo[]): readonly TopicPartition[] =>
  topics.flatMap((t) => t.partitions.map((partition) => ({ topic: t.name, partition })))
