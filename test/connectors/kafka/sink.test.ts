import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { batchOf } from '../../../src/columns/builder.ts'
import { kafkaSink } from '../../../src/connectors/kafka/sink.ts'
import {
  millrace,
  MillraceSession,
  rollbackCheckpoint,
  type Row,
  type StreamingQuery,
  Trigger,
} from '../../../src/index.ts'
import { openDatabase } from '../../../src/storage/sqlite.ts'
import { type CrashPoint } from '../../../src/engine/micro-batch.ts'
import { sinkContract } from '../../../src/testing/sink-contract.ts'
import { BINARY, BIGINT, field, schemaOf, STRING } from '../../../src/types/data-type.ts'
import { Cluster, numbered } from './cluster.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start()
}, 180_000)
afterAll(() => cluster?.stop())

const checkpoint = (): string => mkdtempSync(join(tmpdir(), 'kafka-sink-'))
const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i)

/** What a reader that sees committed records only finds in a topic, in order of partition and offset. */
async function committed(topic: string, ...columns: readonly string[]): Promise<Record<string, unknown>[]> {
  await using session = millrace()
  const df = session.read
    .format('kafka')
    .options({ ...cluster.options, subscribe: topic, includeHeaders: true, 'kafka.isolation.level': 'read_committed' })
    .load()
  const wanted = columns.length === 0 ? ['CAST(value AS STRING) AS value'] : columns
  const rows: Row[] = await df.selectExpr(...wanted).collect()
  return JSON.parse(JSON.stringify(rows)) as Record<string, unknown>[]
}
const valuesOf = async (topic: string): Promise<number[]> =>
  (await committed(topic)).map((r) => Number(r['value'])).sort((a, b) => a - b)

const KEY_VALUE = schemaOf(field('key', STRING), field('value', STRING))

describe('contract', () => {
  for (const { name, run } of sinkContract(kafkaSink, async () => {
    const topic = await cluster.topic(2)
    const database = openDatabase(':memory:')
    return {
      options: { ...cluster.options, topic },
      context: { schema: KEY_VALUE, database, queryId: `query-of-${topic}` },
      shape: (batch) =>
        batchOf(
          KEY_VALUE,
          Array.from({ length: batch.rowCount }, (_, i) => {
            const [k, n] = batch.row(i)
            return [k!, n === null ? null : String(n)]
          }),
        ),
      async rows() {
        const rows = await committed(topic, 'CAST(key AS STRING) AS k', 'CAST(value AS STRING) AS n')
        return rows.map(({ k, n }) => [k as string, n === null ? null : BigInt(n as string)])
      },
    }
  }))
    test(name, run)
})

describe('records', () => {
  test("are what the broker's own consumer reads: keys, values, NULLs, headers, partitions of keys", async () => {
    const topic = await cluster.topic(4)
    const other = await cluster.topic(4)
    await using session = millrace()
    const words = ['apache', 'spark', 'hadoop', 'kafka', 'flink', '', 'ü']
    await session
      .sql(
        `SELECT key, IF(key = 'flink', NULL, concat('v-', key)) AS value,
                array(struct('h' AS key, CAST(key AS BINARY) AS value)) AS headers
         FROM VALUES ${words.map((w) => `('${w}')`).join(', ')} AS t(key)`,
      )
      .write.format('kafka')
      .options({ ...cluster.options, topic })
      .save()
    const lines = cluster.console(
      topic,
      '--property',
      'print.key=true',
      '--property',
      'print.headers=true',
      '--property',
      'print.partition=true',
    )
    // The same keys by Kafka's own producer go to the same partitions.
    cluster.broker.tool(
      'org.apache.kafka.tools.ConsoleProducer',
      ['--bootstrap-server', cluster.broker.servers, '--topic', other, '--property', 'parse.key=true'],
      words.map((w) => `${w}\tv-${w}\n`).join(''),
    )
    const theirs = await committed(other, 'partition', 'CAST(key AS STRING) AS key')
    const place = new Map(theirs.map((r) => [r['key'] as string, r['partition'] as number]))
    expect(lines.sort()).toEqual(
      words.map((w) => `Partition:${place.get(w)}\th:${w}\t${w}\t${w === 'flink' ? 'null' : `v-${w}`}`).sort(),
    )
  })

  test('go where the columns topic and partition say, or the option', async () => {
    const [a, b] = [await cluster.topic(3), await cluster.topic(3)]
    await using session = millrace()
    const rows = session.sql(
      `SELECT topic, partition, value FROM VALUES ('${a}', 2, 'x'), ('${b}', 0, 'y'), ('${b}', 1, 'z') AS t(topic, partition, value)`,
    )
    await rows.write.format('kafka').options(cluster.options).save()
    const at = ['partition', 'CAST(value AS STRING) AS value']
    expect(await committed(a, ...at)).toEqual([{ partition: 2, value: 'x' }])
    expect(await committed(b, ...at)).toEqual([
      { partition: 0, value: 'y' },
      { partition: 1, value: 'z' },
    ])
    const wrong = session.sql(`SELECT 7 AS partition, 'x' AS value`).write.format('kafka')
    await expect(wrong.options({ ...cluster.options, topic: a }).save()).rejects.toMatchObject({
      code: 'KAFKA_PARTITION_NOT_FOUND',
      params: { topic: a, partition: 7, count: 3 },
    })
  })

  test.each(['gzip', 'snappy', 'lz4'])("compressed with %s are read by Kafka's own client", async (codec) => {
    const topic = await cluster.topic(1)
    await using session = millrace()
    await session
      .range(3000)
      .selectExpr("concat('some text that is repeated, and repeated, and a number: ', id) AS value")
      .write.format('kafka')
      .options({ ...cluster.options, topic, 'kafka.compression.type': codec })
      .save()
    const expected = upTo(3000).map((n) => `some text that is repeated, and repeated, and a number: ${n}`)
    expect(cluster.console(topic)).toEqual(expected)
    expect((await committed(topic)).map((r) => r['value'])).toEqual(expected)
  })

  test('of a megabyte go; larger ones than the limit are refused before they are sent', async () => {
    const topic = await cluster.topic(1)
    await using session = millrace()
    const write = (bytes: number, more: object = {}): Promise<void> =>
      session
        .sql(`SELECT repeat('x', ${bytes}) AS value`)
        .write.format('kafka')
        .options({ ...cluster.options, topic, ...more })
        .save()
    await write(1_000_000)
    expect(await committed(topic, 'length(value) AS n')).toEqual([{ n: 1_000_000 }])
    await expect(write(1_100_000)).rejects.toMatchObject({ code: 'KAFKA_RECORD_TOO_LARGE', params: { limit: 1 << 20 } })
    await expect(write(1_100_000, { 'kafka.max.request.size': 2_000_000 })).rejects.toMatchObject({
      code: 'KAFKA_REQUEST_FAILED',
      params: { error: 'MESSAGE_TOO_LARGE' },
    })
  })

  test('are cut below what the topic takes in one batch', async () => {
    const topic = await cluster.topic(1, { 'max.message.bytes': '10000' })
    await using session = millrace()
    await session
      .range(5000)
      .selectExpr('CAST(id AS STRING) AS value')
      .write.format('kafka')
      .options({ ...cluster.options, topic })
      .save()
    expect((await committed(topic)).map((r) => Number(r['value']))).toEqual(upTo(5000))
  })
})

test('columns that cannot be records are refused when the query starts', async () => {
  await using session = millrace()
  const start = (sql: string, options: object = { topic: 't' }): Promise<void> =>
    session
      .sql(sql)
      .write.format('kafka')
      .options({ ...cluster.options, ...options })
      .save()
  await expect(start("SELECT 'x' AS val")).rejects.toMatchObject({ code: 'KAFKA_VALUE_COLUMN_MISSING' })
  await expect(start('SELECT 1 AS value')).rejects.toMatchObject({ code: 'KAFKA_COLUMN_TYPE' })
  await expect(start("SELECT 'x' AS value, 1L AS partition")).rejects.toMatchObject({ code: 'KAFKA_COLUMN_TYPE' })
  await expect(start("SELECT 'x' AS value", {})).rejects.toMatchObject({ code: 'OPTION_MISSING' })
  await expect(start("SELECT 'x' AS value, CAST(NULL AS STRING) AS topic", {})).rejects.toMatchObject({
    code: 'KAFKA_TOPIC_NULL',
  })
})

describe('exactly once', () => {
  /** A query from one topic to another that dies where it is told to. */
  async function copying(
    from: string,
    to: string,
    location: string,
    crash?: (point: CrashPoint, batchId: number) => void,
  ): Promise<{ session: MillraceSession; query: StreamingQuery }> {
    const session = new MillraceSession({}, { note: () => undefined, ...(crash === undefined ? {} : { crash }) })
    const query = await session.readStream
      .format('kafka')
      .options({ ...cluster.options, subscribe: from, startingOffsets: 'earliest', maxOffsetsPerTrigger: 10 })
      .load()
      .select('key', 'value')
      .writeStream.format('kafka')
      .options({ ...cluster.options, topic: to, checkpointLocation: location })
      .trigger(Trigger.AvailableNow())
      .start()
    return { session, query }
  }

  test.each([
    'before-offsets',
    'after-offsets',
    'during-batch',
    'after-sink',
    'before-commit',
    'after-commit',
  ] as const)('after a crash %s of every second batch', async (point) => {
    const [from, to] = [await cluster.topic(2), await cluster.topic(2)]
    await cluster.send(from, numbered(40))
    const location = checkpoint()
    const crashed = new Set<number>()
    for (let run = 0; run < 10; run++) {
      const { session, query } = await copying(from, to, location, (at, batchId) => {
        if (at !== point || batchId % 2 === 1 || crashed.has(batchId)) return
        crashed.add(batchId)
        throw new TypeError('crash')
      })
      const failed = await query.awaitTermination().then(
        () => false,
        () => true,
      )
      expect(query.guarantees().endToEnd).toBe('exactly-once')
      await session.stop()
      if (!failed) break
    }
    expect([...crashed]).toEqual([0, 2])
    expect(await valuesOf(to)).toEqual(upTo(40))
    // The broker's own consumer, where a batch was written whole and where one was written in part.
    const theirs = point === 'after-sink' || point === 'during-batch' ? cluster.console(to).map(Number) : upTo(40)
    expect(theirs.sort((a, b) => a - b)).toEqual(upTo(40))
  })

  test('a second process with the same checkpoint fences the first', async () => {
    const topic = await cluster.topic(1)
    const context = { schema: KEY_VALUE, database: openDatabase(':memory:'), queryId: `fence-${topic}` }
    const { sinkContext, sinkToken } = await import('../../../src/testing/contexts.ts')
    const open = (): ReturnType<typeof kafkaSink.open> =>
      kafkaSink.open({ ...cluster.options, topic }, sinkContext(KEY_VALUE, context))
    const first = await open()
    await first.begin(0, sinkToken(0))
    await first.add(batchOf(KEY_VALUE, [['a', '1']]))
    const second = await open()
    await expect(Promise.resolve(first.finish())).rejects.toMatchObject({ code: 'KAFKA_REQUEST_FAILED' })
    await second.begin(0, sinkToken(0))
    await second.add(batchOf(KEY_VALUE, [['a', '2']]))
    await second.finish()
    expect(await valuesOf(topic)).toEqual([2])
    await first.close()
    await second.close()
  })

  test('a token that is gone after commits is refused', async () => {
    const [from, to] = [await cluster.topic(1), await cluster.topic(1)]
    await cluster.send(from, numbered(5))
    const location = checkpoint()
    const one = await copying(from, to, location)
    await one.query.awaitTermination()
    const { id } = one.query
    await one.session.stop()
    await cluster.admin((a) => a.deleteGroups([`millrace-${id}`]))
    await expect(copying(from, to, location)).rejects.toMatchObject({ code: 'CHECKPOINT_SINK_BEHIND' })
  })
})

test('a checkpoint that goes back: refused until the token is gone and the topic is another one', async () => {
  const [from, to, other] = [await cluster.topic(1), await cluster.topic(1), await cluster.topic(1)]
  await cluster.send(from, numbered(40))
  const location = checkpoint()
  const run = async (topic: string, allowSinkChange: boolean): Promise<string> => {
    await using session = millrace({ 'millrace.checkpoint.allowSinkChange': allowSinkChange })
    const query = await session.readStream
      .format('kafka')
      .options({ ...cluster.options, subscribe: from, startingOffsets: 'earliest', maxOffsetsPerTrigger: 10 })
      .load()
      .writeStream.format('kafka')
      .options({ ...cluster.options, topic, checkpointLocation: location })
      .trigger(Trigger.AvailableNow())
      .start()
    await query.awaitTermination()
    return query.id
  }
  const id = await run(to, false)
  const { sink } = await rollbackCheckpoint(location, { toBatch: 1 })
  expect(sink).toContain('delete the group millrace-')
  await expect(run(other, true)).rejects.toMatchObject({ code: 'CHECKPOINT_SINK_AHEAD' })
  await cluster.admin((a) => a.deleteGroups([`millrace-${id}`]))
  await run(other, true)
  expect(await valuesOf(other)).toEqual(upTo(20, 20))
})

test('without a checkpoint a stream is written by an idempotent producer, and says what it is worth', async () => {
  const [from, to] = [await cluster.topic(1), await cluster.topic(1)]
  await cluster.send(from, numbered(5))
  await using session = millrace()
  const query = await session.readStream
    .format('kafka')
    .options({ ...cluster.options, subscribe: from, startingOffsets: 'earliest' })
    .load()
    .writeStream.format('kafka')
    .options({ ...cluster.options, topic: to, checkpointLocation: ':memory:' })
    .trigger(Trigger.AvailableNow())
    .start()
  await query.awaitTermination()
  expect(query.guarantees().endToEnd).toBe('at-most-once')
  expect(await valuesOf(to)).toEqual(upTo(5))
})

test('of types the records have: BINARY keys and values are sent as they are', async () => {
  const topic = await cluster.topic(1)
  const schema = schemaOf(field('value', BINARY), field('n', BIGINT))
  const { sinkContext, sinkToken } = await import('../../../src/testing/contexts.ts')
  const sink = await kafkaSink.open({ ...cluster.options, topic }, sinkContext(schema))
  await sink.begin(0, sinkToken(0))
  await sink.add(batchOf(schema, [[new Uint8Array([0, 255, 10]), 1n]]))
  await sink.finish()
  await sink.close()
  expect(await committed(topic, 'hex(value) AS hex')).toEqual([{ hex: '00FF0A' }])
})
