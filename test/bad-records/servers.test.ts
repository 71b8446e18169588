import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CrashPoint } from '../../src/engine/micro-batch.ts'
import { type MillraceSession, rollbackCheckpoint, type StreamingQuery, Trigger } from '../../src/index.ts'
import { Cluster } from '../connectors/kafka/cluster.ts'
import { asked } from '../connectors/postgres/asked.ts'
import { type PostgresServer, startPostgres } from '../postgres-server/server.ts'
import { quiet, workDirectory } from './kit.ts'

let cluster: Cluster
let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
  cluster = await Cluster.start()
}, 180_000)
afterAll(async () => {
  await cluster?.stop()
  await server?.stop()
})

/** A dead letter in short: the batch it came in, where its record stands, and the bytes of that. */
type Letter = readonly [batchId: number, position: string, raw: string]

interface Kind {
  /** Where letters go; fresh for each test. */
  readonly place: () => Promise<string>
  readonly options: (place: string) => Readonly<Record<string, string>>
  readonly found: (place: string) => Promise<Letter[]>
}

const committed = (topic: string) => ({
  ...cluster.options,
  subscribe: topic,
  includeHeaders: true,
  'kafka.isolation.level': 'read_committed',
})
let tables = 0

const KINDS: Readonly<Record<string, Kind>> = {
  kafka: {
    place: () => cluster.topic(2),
    options: (topic) => ({ ...cluster.options, topic }),
    found: async (topic) => {
      await using session = quiet()
      const header = (name: string): string =>
        `CAST(filter(headers, h -> h.key = '${name}')[0].value AS STRING) AS ${name}`
      const rows = await session.read
        .format('kafka')
        .options(committed(topic))
        .load()
        .selectExpr(header('batchId'), header('position'), 'CAST(value AS STRING) AS raw')
        .collect()
      return rows.map((r): Letter => [Number(r['batchId']), String(r['position']), String(r['raw'])])
    },
  },
  postgres: {
    place: () => Promise.resolve(`letters_${++tables}`),
    options: (table) => ({ url: server.url, table }),
    found: async (table) =>
      (await asked(server, `SELECT "batchId", position, encode(raw, 'escape') FROM ${table}`)).map(
        ([batchId, position, raw]): Letter => [Number(batchId), position!, raw!],
      ),
  },
}

/** What the query prints into a topic of numbers, sorted. */
async function numbersIn(topic: string): Promise<number[]> {
  await using session = quiet()
  const df = session.read.format('kafka').options(committed(topic)).load()
  const rows = await df.selectExpr('CAST(CAST(value AS STRING) AS INT) AS n').collect()
  return rows.map((r) => Number(r['n'])).sort((a, b) => a - b)
}

/** Eight records in one partition, every second of which is no number. */
async function input(): Promise<string> {
  const topic = await cluster.topic(1)
  await cluster.send(
    topic,
    ['0', 'x1', '2', 'x3', '4', 'x5', '6', 'x7'].map((value) => ({ key: 'k', value })),
  )
  return topic
}

const start = (
  session: MillraceSession,
  [from, to]: readonly [string, string],
  location: string,
  format: string,
  options: Readonly<Record<string, string>>,
): Promise<StreamingQuery> =>
  session.readStream
    .format('kafka')
    .options({ ...cluster.options, subscribe: from, startingOffsets: 'earliest', maxOffsetsPerTrigger: 2 })
    .load()
    .selectExpr('CAST(CAST(CAST(value AS STRING) AS INT) AS STRING) AS value')
    .writeStream.format('kafka')
    .options({ ...cluster.options, topic: to, checkpointLocation: location })
    .badRecords(format, options)
    .trigger(Trigger.AvailableNow())
    .start()

describe.each(Object.entries(KINDS))('dead letters in %s', (format, { place, options, found }) => {
  test.each(['after-offsets', 'during-batch', 'after-sink', 'before-commit', 'after-commit'] as const)(
    'a crash %s of each batch doubles and loses none',
    async (point) => {
      using work = workDirectory()
      const [from, to, letters] = [await input(), await cluster.topic(1), await place()]
      let crashAt = 0
      const crash = (at: CrashPoint, batchId: number): void => {
        if (at === point && batchId === crashAt) throw new Error('crash')
      }
      for (let done = false; !done; crashAt++) {
        await using session = quiet(crash)
        const query = await start(session, [from, to], work.at('cp'), format, options(letters))
        done = await query.awaitTermination().then(
          () => true,
          () => false,
        )
        expect(query.guarantees().badRecords).toEqual({ format, kind: 'tokened', delivery: 'exactly-once' })
        expect(crashAt).toBeLessThan(10)
      }
      expect(crashAt).toBe(5)
      expect(await numbersIn(to)).toEqual([0, 2, 4, 6])
      expect((await found(letters)).sort(([a], [b]) => a - b)).toEqual(
        [0, 1, 2, 3].map((b) => [b, `${from}-0@${2 * b + 1}`, `x${2 * b + 1}`]),
      )
    },
  )

  test('a checkpoint that was taken back is refused while the letters of its later batches are there', async () => {
    using work = workDirectory()
    const [from, letters] = [await input(), await place()]
    const run = async (): Promise<void> => {
      await using session = quiet()
      const query = await session.readStream
        .format('kafka')
        .options({ ...cluster.options, subscribe: from, startingOffsets: 'earliest', maxOffsetsPerTrigger: 2 })
        .load()
        .selectExpr('CAST(CAST(value AS STRING) AS INT) AS n')
        .writeStream.format('json')
        .options({ path: work.at('out'), checkpointLocation: work.at('cp') })
        .badRecords(format, options(letters))
        .trigger(Trigger.AvailableNow())
        .start()
      await query.awaitTermination()
    }
    await run()
    await rollbackCheckpoint(work.at('cp'), { toBatch: 1, backup: false })
    await expect(run()).rejects.toMatchObject({ code: 'CHECKPOINT_SINK_AHEAD', params: { batch: 3, last: 'batch 1' } })
    expect(await found(letters)).toHaveLength(4)
  })

  test('a letter finds its place whatever is in it', async () => {
    using work = workDirectory()
    const [from, to, letters] = [await cluster.topic(1), await cluster.topic(1), await place()]
    await cluster.send(from, [{ value: 'a\0b' }, { value: 'ü'.repeat(5000) }, { value: '' }, { value: '7' }])
    await using session = quiet()
    const query = await start(session, [from, to], work.at('cp'), format, options(letters))
    await query.awaitTermination()
    expect(await numbersIn(to)).toEqual([7])
    expect((await found(letters)).map(([, position]) => position).sort()).toEqual(
      [0, 1, 2].map((offset) => `${from}-0@${offset}`),
    )
  })
})

test('a letter in Kafka has the bytes of the record as its value, and the rest as headers', async () => {
  using work = workDirectory()
  const [from, to, letters] = [await cluster.topic(1), await cluster.topic(1), await cluster.topic(1)]
  await cluster.send(from, [{ key: 'k', value: Buffer.from([0xff, 0x00, 0x41]) }])
  await using session = quiet()
  const query = await start(session, [from, to], work.at('cp'), 'kafka', { ...cluster.options, topic: letters })
  await query.awaitTermination()
  const [letter] = await session.read.format('kafka').options(committed(letters)).load().collect()
  expect(letter!['key']).toBeNull()
  expect(Buffer.from(letter!['value'] as Uint8Array).toString('hex')).toBe('ff0041')
  const headers = (letter!['headers'] as { key: string; value: Uint8Array }[]).map(({ key, value }) => [
    key,
    Buffer.from(value).toString(),
  ])
  expect(Object.fromEntries(headers)).toEqual({
    reason: "'\ufffd\\0A' cannot be read as INT",
    condition: 'CAST_INVALID_INPUT',
    source: 'fused-1',
    position: `${from}-0@0`,
    batchId: '0',
    time: query.lastProgress!.timestamp,
  })
})

test('the place of a record is right behind gaps in the offsets, a filter and a watermark; unknown where its row was made anew', async () => {
  using work = workDirectory()
  const topic = await cluster.topic(1)
  const producer = await cluster.producer({
    idempotent: true,
    transactionalId: `gaps-${topic}`,
    maxInFlightRequests: 1,
  })
  // The end of each transaction takes an offset: records are at 0, 1, 3, 4, 6, 7.
  for (const values of [
    ['1', 'x'],
    ['2', 'skipped'],
    ['y', 'z'],
  ]) {
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: values.map((value) => ({ value })) })
    await transaction.commit()
  }
  await using session = quiet()
  const positions = async (name: string, ...select: readonly string[]): Promise<unknown[]> => {
    const query = await session.readStream
      .format('kafka')
      .options({ ...cluster.options, subscribe: topic, startingOffsets: 'earliest' })
      .load()
      .withWatermark('timestamp', '1 second')
      .where("CAST(value AS STRING) <> 'skipped'")
      .selectExpr(...select)
      .selectExpr('CAST(text AS INT) AS n')
      .writeStream.format('noop')
      .option('checkpointLocation', work.at(name))
      .badRecords('memory', { queryName: name })
      .trigger(Trigger.AvailableNow())
      .start()
    await query.awaitTermination()
    return (await session.table(name).collect()).map((r) => [
      r['position'],
      Buffer.from(r['raw'] as Uint8Array).toString(),
    ])
  }
  expect(await positions('direct', 'CAST(value AS STRING) AS text')).toEqual([
    [`${topic}-0@1`, 'x'],
    [`${topic}-0@6`, 'y'],
    [`${topic}-0@7`, 'z'],
  ])
  const range = `kafka-0 partition ${topic} 0 after its beginning to {"${topic}":{"0":9}}`
  expect(await positions('exploded', "explode(split(CAST(value AS STRING), ',')) AS text")).toEqual(
    ['x', 'y', 'z'].map((text) => [range, JSON.stringify({ text })]),
  )
})

test('the topic of the query itself is no place for its letters, and a topic is needed', async () => {
  using work = workDirectory()
  const [from, to] = [await input(), await cluster.topic(1)]
  await using session = quiet()
  const into = (options: Readonly<Record<string, string>>): Promise<StreamingQuery> =>
    start(session, [from, to], work.at('cp'), 'kafka', options)
  await expect(into({ ...cluster.options, topic: to })).rejects.toMatchObject({ code: 'BAD_RECORDS_SINK_UNUSED' })
  await expect(into(cluster.options)).rejects.toMatchObject({ code: 'OPTION_MISSING', params: { option: 'topic' } })
})
