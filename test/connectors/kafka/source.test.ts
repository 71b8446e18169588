import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { validateOptions } from '../../../src/connectors/options.ts'
import { kafkaSource } from '../../../src/connectors/kafka/source.ts'
import { type MillraceSession, millrace, type StreamingQuery, Trigger } from '../../../src/index.ts'
import { sourceContext, valuesOf as valuesIn } from '../../../src/testing/contexts.ts'
import { sourceContract } from '../../../src/testing/source-contract.ts'
import type { Json } from '../../../src/types/json.ts'
import { Cluster, numbered } from './cluster.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({ properties: { 'log.cleaner.backoff.ms': 100, 'log.initial.task.delay.ms': 100 } })
}, 180_000)
afterAll(() => cluster?.stop())

const checkpoint = (): string => mkdtempSync(join(tmpdir(), 'kafka-source-'))
type Options = Readonly<Record<string, string | number | boolean>>

const NUMBER = 'CAST(CAST(value AS STRING) AS BIGINT) AS n'

/** Rows of a bounded read, as JSON. */
async function readAll(options: Options, ...columns: readonly string[]): Promise<unknown[]> {
  await using session = millrace()
  const df = session.read
    .format('kafka')
    .options({ ...cluster.options, ...options })
    .load()
  const rows = await df.selectExpr(...(columns.length === 0 ? [NUMBER] : columns)).collect()
  return JSON.parse(JSON.stringify(rows)) as unknown[]
}

/** The numbers of a bounded read, sorted. */
const numbersOf = async (options: Options): Promise<number[]> => sorted((await readAll(options)) as { n: number }[])
const sorted = (rows: readonly { readonly n: number | bigint }[]): number[] =>
  rows.map((r) => Number(r.n)).sort((a, b) => a - b)
const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i)

/** A stream of numbers into the table `out`. */
async function startNumbers(
  session: MillraceSession,
  options: Options,
  location: string,
  trigger = Trigger.ProcessingTime(0),
): Promise<StreamingQuery> {
  return session.readStream
    .format('kafka')
    .options({ ...cluster.options, startingOffsets: 'earliest', ...options })
    .load()
    .selectExpr(NUMBER)
    .writeStream.format('memory')
    .queryName('out')
    .trigger(trigger)
    .option('checkpointLocation', location)
    .start()
}
const outOf = async (session: MillraceSession): Promise<number[]> =>
  sorted((await session.table('out').collect()) as unknown as { n: bigint }[])

describe('contract', () => {
  for (const { name, run } of sourceContract(kafkaSource, async () => {
    const topic = await cluster.topic(1)
    let fed = 0
    return {
      options: { ...cluster.options, subscribe: topic, startingOffsets: 'earliest', includeHeaders: 'true' },
      context: { streaming: true },
      feed: () => cluster.send(topic, numbered(10, 10 * fed++)),
    }
  }))
    test(name, run)
})

describe('columns', () => {
  test('are those of Spark, with NULL keys, values and headers', async () => {
    const topic = await cluster.topic(1)
    const appended = await cluster.topic(1, { 'message.timestamp.type': 'LogAppendTime' })
    await cluster.send(topic, [
      { key: 'a', value: 'one', timestamp: '1700000000123', headers: { h: 'x', n: 'y' } },
      { key: null, value: null, timestamp: '1700000000124' },
      { key: '', value: '', timestamp: '1700000000125' },
    ])
    const before = Date.now()
    await cluster.send(appended, [{ value: 'now', timestamp: '1' }])
    const rest = { partition: 0, timestampType: 0, topic }
    expect(await readAll({ subscribe: topic, includeHeaders: true }, '*')).toEqual([
      {
        ...rest,
        key: 'YQ==',
        value: 'b25l',
        offset: 0,
        timestamp: '2023-11-14T22:13:20.123Z',
        headers: [
          { key: 'h', value: 'eA==' },
          { key: 'n', value: 'eQ==' },
        ],
      },
      { ...rest, key: null, value: null, offset: 1, timestamp: '2023-11-14T22:13:20.124Z', headers: null },
      { ...rest, key: '', value: '', offset: 2, timestamp: '2023-11-14T22:13:20.125Z', headers: null },
    ])
    const [row] = (await readAll({ subscribe: appended }, 'timestamp', 'timestampType')) as {
      timestamp: string
      timestampType: number
    }[]
    expect(row!.timestampType).toBe(1)
    expect(Date.parse(row!.timestamp)).toBeGreaterThanOrEqual(before - 1000)
  })

  test('pruned to what the query names', async () => {
    const topic = await cluster.topic(1)
    await cluster.send(topic, [{ key: 'k', value: 'v', headers: { a: '1' } }])
    expect(await readAll({ subscribe: topic, includeHeaders: true }, 'headers[0].key AS h', 'offset')).toEqual([
      { h: 'a', offset: 0 },
    ])
    expect(await readAll({ subscribe: topic }, 'count(*) AS c')).toEqual([{ c: 1 }])
  })
})

describe('records', () => {
  test.each(['gzip', 'snappy', 'lz4', 'zstd'])("compressed with %s by Kafka's own client", async (codec) => {
    const topic = await cluster.topic(1)
    const text = 'the same words again and again, so that there is something to compress: '.repeat(4)
    const lines = upTo(2000).map((i) => `k${i % 7}\t${text}${i}`)
    cluster.broker.tool(
      'org.apache.kafka.tools.ConsoleProducer',
      ['--bootstrap-server', cluster.broker.servers, '--topic', topic, '--compression-codec', codec].concat([
        '--property',
        'parse.key=true',
      ]),
      `${lines.join('\n')}\n`,
    )
    const rows = await readAll({ subscribe: topic }, 'concat(CAST(key AS STRING), "\t", CAST(value AS STRING)) AS line')
    expect(rows).toEqual(lines.map((line) => ({ line })))
  })

  test('of a megabyte', async () => {
    const topic = await cluster.topic(1, { 'max.message.bytes': '4000000' })
    const big = 'x'.repeat(1_100_000)
    await cluster.send(topic, [{ value: big }])
    await cluster.send(topic, [{ value: `${big}y` }])
    expect(await readAll({ subscribe: topic }, 'length(value) AS bytes')).toEqual([
      { bytes: 1_100_000 },
      { bytes: 1_100_001 },
    ])
  })

  test('of a hundred partitions come partition by partition', async () => {
    const topic = await cluster.topic(100)
    for (let i = 0; i < 5; i++)
      await cluster.send(
        topic,
        upTo(1000, 1000 * i).map((n) => ({ value: String(n), partition: n % 100 })),
      )
    const rows = (await readAll({ subscribe: topic }, 'partition', 'offset', NUMBER)) as {
      partition: number
      offset: number
      n: number
    }[]
    expect(new Set(rows.map((r) => `${r.partition} ${r.offset}`)).size).toBe(rows.length)
    expect(sorted(rows)).toEqual(upTo(5000))
    expect(rows.map((r) => [r.partition, r.offset])).toEqual(
      upTo(100).flatMap((p) => upTo(50).map((o) => [p, o] as const)),
    )
  })

  test('of transactions: committed ones with read_committed, all without', async () => {
    const topic = await cluster.topic(2)
    const producer = await cluster.producer({
      transactionalId: `tx-${topic}`,
      maxInFlightRequests: 1,
      idempotent: true,
    })
    for (let i = 0; i < 6; i++) {
      const tx = await producer.transaction()
      // The fourth is empty; odd ones are aborted.
      if (i !== 4)
        for (const partition of [0, 1])
          await tx.send({ topic, messages: upTo(3, 10 * i + 3 * partition).map((n) => ({ value: `${n}`, partition })) })
      await (i % 2 === 1 ? tx.abort() : tx.commit())
    }
    const committed = [0, 20].flatMap((n) => upTo(6, n))
    const all = [0, 10, 20, 30, 50].flatMap((n) => upTo(6, n))
    expect(await numbersOf({ subscribe: topic, 'kafka.isolation.level': 'read_committed' })).toEqual(committed)
    expect(await numbersOf({ subscribe: topic })).toEqual(all)

    const open = await producer.transaction()
    await open.send({ topic, messages: [{ value: '60', partition: 0 }] })
    expect(await numbersOf({ subscribe: topic, 'kafka.isolation.level': 'read_committed' })).toEqual(committed)
    await open.commit()
    expect(await numbersOf({ subscribe: topic, 'kafka.isolation.level': 'read_committed' })).toEqual([...committed, 60])
  })

  test('that compaction has taken are no loss', async () => {
    const topic = await cluster.topic(1, {
      'cleanup.policy': 'compact',
      'segment.ms': '100',
      'min.cleanable.dirty.ratio': '0.001',
      'max.compaction.lag.ms': '100',
    })
    for (let i = 0; i < 20; i++) await cluster.send(topic, [{ key: `k${i % 2}`, value: String(i) }])
    const read = (): Promise<unknown[]> => readAll({ subscribe: topic }, 'offset', NUMBER)
    let rows = await read()
    for (let i = 0; rows.length > 10 && i < 60; i++) {
      await sleep(250)
      // A record rolls the segment, so that what came before can be compacted.
      await cluster.send(topic, [{ key: 'k1', value: '100' }])
      rows = await read()
    }
    expect(rows.length).toBeLessThanOrEqual(10)
    expect(rows[0]).toEqual({ offset: 18, n: 18 })
  })
})

describe('starting and ending', () => {
  test('at offsets, latest, earliest and times', async () => {
    const topic = await cluster.topic(2)
    const at = (n: number, partition: number): object => ({ value: `${n}`, partition, timestamp: `${1000 + n}` })
    await cluster.send(topic, upTo(10).map((n) => at(n, 0)) as never)
    await cluster.send(topic, upTo(10, 100).map((n) => at(n, 1)) as never)
    const json = (zero: number, one: number): string => JSON.stringify({ [topic]: { 0: zero, 1: one } })
    const of = (options: Options): Promise<number[]> => numbersOf({ subscribe: topic, ...options })
    expect(await of({ startingOffsets: json(7, -1 - 1) })).toEqual([7, 8, 9, ...upTo(10, 100)])
    expect(await of({ startingOffsets: json(-2, 9), endingOffsets: json(2, -1) })).toEqual([0, 1, 109])
    expect(await of({ startingTimestamp: 1005, endingTimestamp: 1103 })).toEqual([5, 6, 7, 8, 9, 100, 101, 102])
    expect(await of({ startingOffsetsByTimestamp: json(1008, 1109) })).toEqual([8, 9, 109])
    expect(await of({ endingOffsetsByTimestamp: json(1001, 99_999) })).toEqual([0, ...upTo(10, 100)])
    const late = { startingTimestamp: 1050 }
    await expect(of(late)).rejects.toMatchObject({ code: 'KAFKA_NO_OFFSET_FOR_TIMESTAMP', params: { partition: 0 } })
    expect(await of({ ...late, startingOffsetsByTimestampStrategy: 'latest' })).toEqual(upTo(10, 100))
    expect(await numbersOf({ assign: JSON.stringify({ [topic]: [1] }) })).toEqual(upTo(10, 100))
    await expect(of({ startingOffsets: JSON.stringify({ [topic]: { 0: 1 } }) })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      params: { value: `${topic}-1 is missing` },
    })
    await expect(of({ startingOffsets: json(50, 0) })).rejects.toMatchObject({
      code: 'KAFKA_DATA_LOSS.START_OFFSET_RESET',
      params: { from: 50, first: 0, last: 10 },
    })
  })

  test('a topic that does not exist is named', async () => {
    await expect(numbersOf({ subscribe: 'no-such-topic' })).rejects.toMatchObject({ code: 'KAFKA_TOPIC_NOT_FOUND' })
  })

  test('a stream begins at latest, stays there over a restart, and goes on where it was', async () => {
    const topic = await cluster.topic(2)
    const location = checkpoint()
    await cluster.send(topic, numbered(5))
    await using session = millrace()
    const options = { subscribe: topic, startingOffsets: 'latest' }
    const first = await startNumbers(session, options, location)
    await first.processAllAvailable()
    expect(await outOf(session)).toEqual([])
    await first.stop()
    await cluster.send(topic, numbered(5, 100))
    const second = await startNumbers(session, options, location)
    await second.processAllAvailable()
    expect(await outOf(session)).toEqual(upTo(5, 100))
    const { sources } = second.lastProgress!
    expect(sources[0]).toMatchObject({ description: `KafkaV2[Subscribe[${topic}]]`, numInputRows: 5 })
    expect(Object.keys(sources[0]!.endOffset as object)).toEqual([topic])
    expect(sources[0]!.latestOffset).toEqual(sources[0]!.endOffset)
    expect(sources[0]!.metrics).toMatchObject({ maxOffsetsBehindLatest: '0', offsetsLost: '0' })
    await second.stop()
  })
})

describe('a stream', () => {
  test('takes at most maxOffsetsPerTrigger, shared by what waits', async () => {
    const topic = await cluster.topic(2)
    await cluster.send(
      topic,
      upTo(90).map((n) => ({ value: `${n}`, partition: 0 })),
    )
    await cluster.send(
      topic,
      upTo(10, 90).map((n) => ({ value: `${n}`, partition: 1 })),
    )
    await using session = millrace()
    const query = await startNumbers(
      session,
      { subscribe: topic, maxOffsetsPerTrigger: 20 },
      checkpoint(),
      Trigger.AvailableNow(),
    )
    await query.awaitTermination()
    expect(await outOf(session)).toEqual(upTo(100))
    expect(query.recentProgress.map((p) => p.numInputRows)).toEqual([20, 20, 20, 20, 20])
    expect(query.recentProgress[0]!.sources[0]!.endOffset).toEqual({ [topic]: { 0: 18, 1: 2 } })
  })

  test('waits for minOffsetsPerTrigger, not longer than maxTriggerDelay', async () => {
    const topic = await cluster.topic(1)
    await cluster.send(topic, numbered(1))
    await using session = millrace()
    const query = await startNumbers(
      session,
      { subscribe: topic, minOffsetsPerTrigger: 10, maxTriggerDelay: '2s' },
      checkpoint(),
    )
    await query.processAllAvailable()
    expect(await outOf(session)).toEqual([0])
    await cluster.send(topic, numbered(3, 1))
    await query.processAllAvailable()
    expect(await outOf(session)).toEqual([0])
    await cluster.send(topic, numbered(7, 4))
    await query.processAllAvailable()
    expect(await outOf(session)).toEqual(upTo(11))
    await cluster.send(topic, numbered(1, 11))
    for (let i = 0; i < 100 && (await outOf(session)).length < 12; i++) await sleep(100)
    expect(await outOf(session)).toEqual(upTo(12))
    await query.stop()
  })

  test('finds topics of its pattern that are made while it runs, from their beginning', async () => {
    const name = `pattern-${await cluster.topic(1)}`
    await cluster.topic(1, {}, `${name}-a`)
    await cluster.send(`${name}-a`, numbered(3))
    await using session = millrace()
    const query = await startNumbers(
      session,
      { subscribePattern: `${name}-.*`, startingOffsets: 'latest' },
      checkpoint(),
    )
    await query.processAllAvailable()
    await cluster.topic(2, {}, `${name}-b`)
    await cluster.send(`${name}-b`, numbered(4, 10))
    await query.processAllAvailable()
    expect(await outOf(session)).toEqual(upTo(4, 10))
    await query.stop()
  })

  test('has the watermark of the partition that is behind, unless that has nothing to read', async () => {
    const topic = await cluster.topic(2)
    const send = (partition: number, second: number): Promise<void> =>
      cluster.send(topic, [{ value: '0', partition, timestamp: String(second * 1000) }])
    await using session = millrace()
    session.readStream
      .format('kafka')
      .options({ ...cluster.options, subscribe: topic, startingOffsets: 'earliest' })
      .load()
      .withWatermark('timestamp', '10 seconds')
      .createOrReplaceTempView('events')
    const windows = session.sql(
      "SELECT unix_timestamp(window.start) AS n FROM (SELECT window, count(*) FROM events GROUP BY window(timestamp, '10 seconds'))",
    )
    const location = checkpoint()
    const start = (): Promise<StreamingQuery> =>
      windows.writeStream.format('memory').queryName('out').option('checkpointLocation', location).start()
    let query = await start()
    const watermark = async (): Promise<number> => {
      await query.processAllAvailable()
      return Date.parse(query.lastProgress!.eventTime.watermark!) / 1000
    }
    await query.pause()
    await send(0, 1000)
    await send(1, 100)
    query.resume()
    expect(await watermark()).toBe(90)
    await send(1, 150)
    expect(await watermark()).toBe(140)
    // Far behind the first record, but not behind the watermark.
    await send(0, 145)
    await watermark()
    await send(1, 2000)
    await watermark()
    await send(0, 2000)
    expect(await watermark()).toBe(1990)
    expect(await outOf(session)).toEqual([100, 140, 150, 1000])
    expect(query.recentProgress.every((p) => p.stateOperators[0]!.numRowsDroppedByWatermark === 0)).toBe(true)

    // What a partition has reached holds in later batches and after a restart, whatever comes out of order then.
    await query.pause()
    await send(0, 3000)
    await send(1, 2000)
    query.resume()
    expect(await watermark()).toBe(1990)
    await query.stop()
    await send(0, 2500)
    await send(1, 2900)
    query = await start()
    expect(await watermark()).toBe(2890)
    await query.stop()
  })

  test('reads new partitions of a topic from their beginning', async () => {
    const topic = await cluster.topic(1)
    await using session = millrace()
    const query = await startNumbers(session, { subscribe: topic, startingOffsets: 'latest' }, checkpoint())
    await query.processAllAvailable()
    await cluster.admin((a) => a.createPartitions({ topicPartitions: [{ topic, count: 3 }] }))
    for (const partition of [0, 1, 2]) {
      const producer = await cluster.producer()
      await producer.send({ topic, messages: [{ value: String(partition), partition }] })
    }
    await query.processAllAvailable()
    expect(await outOf(session)).toEqual([0, 1, 2])
    await query.stop()
  })

  test('notices a broker that does not answer, says so, and goes on when it does', async () => {
    const topic = await cluster.topic(1)
    await cluster.send(topic, numbered(5))
    await using session = millrace()
    const query = await startNumbers(
      session,
      { subscribe: topic, 'kafka.request.timeout.ms': 400, 'kafka.default.api.timeout.ms': 60_000 },
      checkpoint(),
    )
    await query.processAllAvailable()
    process.kill(cluster.broker.pid, 'SIGSTOP')
    try {
      for (let i = 0; i < 200 && !query.status.message.includes('stalled'); i++) await sleep(50)
      expect(query.status.message).toMatch(/^source \S+: .*stalled/)
    } finally {
      process.kill(cluster.broker.pid, 'SIGCONT')
    }
    await cluster.send(topic, numbered(5, 5))
    for (let i = 0; i < 200 && (await outOf(session)).length < 10; i++) await sleep(50)
    expect(await outOf(session)).toEqual(upTo(10))
    expect(query.status.message).not.toMatch(/stalled/)
    expect(Number(query.lastProgress!.sources[0]!.metrics['reconnects'])).toBeGreaterThan(0)
    await query.stop()
  })

  test('is woken when records arrive', async () => {
    const topic = await cluster.topic(2)
    let woken = 0
    const options = { ...cluster.options, subscribe: topic, startingOffsets: 'latest' }
    const context = sourceContext(kafkaSource.schema(options, null), { streaming: true, wake: () => void woken++ })
    const source = await kafkaSource.open(validateOptions('kafka', kafkaSource.options, options, true), context)
    try {
      const start = await source.latestOffset(await source.initialOffset())
      expect(await source.latestOffset(start)).toEqual(start)
      await sleep(700)
      expect(woken).toBe(0)
      await cluster.send(topic, numbered(1))
      for (let i = 0; woken === 0 && i < 200; i++) await sleep(50)
      expect(woken).toBe(1)
    } finally {
      await source.close()
    }
  })

  test('reads with what came along when a batch was planned the same as without, wherever it ends', async () => {
    const topic = await cluster.topic(2)
    const options = {
      ...cluster.options,
      subscribe: topic,
      startingOffsets: 'earliest',
      maxOffsetsPerTrigger: 7,
      'kafka.isolation.level': 'read_committed',
    }
    const context = sourceContext(kafkaSource.schema(options, null), { streaming: true })
    const source = await kafkaSource.open(validateOptions('kafka', kafkaSource.options, options, true), context)
    const producer = await cluster.producer({
      transactionalId: `ahead-${topic}`,
      maxInFlightRequests: 1,
      idempotent: true,
    })
    const send = async (from: number, commit: boolean): Promise<void> => {
      const tx = await producer.transaction()
      for (const partition of [0, 1])
        await tx.send({
          topic,
          messages: upTo(5, from + 5 * partition).map((n) => ({ value: `${n}`, partition })),
        })
      await (commit ? tx.commit() : tx.abort())
    }
    const value = context.schema.fields.findIndex((f) => f.name === 'value')
    const numbers = async (from: Json, to: Json): Promise<number[]> => {
      const rows: number[] = []
      for await (const batch of source.read(from, to))
        for (const row of valuesIn([batch])) rows.push(Number(Buffer.from(row[value] as Uint8Array).toString()))
      return rows
    }
    try {
      const seen: number[] = []
      let at: Json = await source.initialOffset()
      for (let sent = 0, idle = 0; idle < 20;) {
        const to = await source.latestOffset(at)
        // What comes after the plan is not of this batch, though it may have come along.
        if (sent < 60) await send((sent += 10) - 10, sent % 30 !== 0)
        const rows = await numbers(at, to!)
        expect(await numbers(at, to!)).toEqual(rows)
        seen.push(...rows)
        if (JSON.stringify(to) === JSON.stringify(at)) idle++
        at = to
      }
      expect(seen.sort((a, b) => a - b)).toEqual([...upTo(20), ...upTo(20, 30)])
    } finally {
      await source.close()
    }
  })

  test('stops at once while it waits for a broker', async () => {
    const topic = await cluster.topic(1)
    await using session = millrace()
    const query = await startNumbers(session, { subscribe: topic }, checkpoint())
    await query.processAllAvailable()
    process.kill(cluster.broker.pid, 'SIGSTOP')
    try {
      await sleep(300)
      const before = performance.now()
      await query.stop()
      expect(performance.now() - before).toBeLessThan(2000)
      expect(query.exception()).toBeNull()
    } finally {
      process.kill(cluster.broker.pid, 'SIGCONT')
    }
  })
})

describe('records that are gone', () => {
  /** A query that has read 10 records of a topic and is stopped; then `harm` is done. */
  async function harmed(
    options: Options,
    harm: (topic: string) => Promise<unknown>,
  ): Promise<{ topic: string; run: () => Promise<{ rows: number[]; lost: string | undefined }> }> {
    const topic = await cluster.topic(1)
    const location = checkpoint()
    await cluster.send(topic, numbered(10))
    {
      await using session = millrace()
      const query = await startNumbers(
        session,
        { subscribePattern: topic, ...options },
        location,
        Trigger.AvailableNow(),
      )
      await query.awaitTermination()
      expect(await outOf(session)).toEqual(upTo(10))
    }
    await harm(topic)
    return {
      topic,
      async run() {
        await using session = millrace()
        const query = await startNumbers(
          session,
          { subscribePattern: topic, ...options },
          location,
          Trigger.AvailableNow(),
        )
        await query.awaitTermination()
        return {
          rows: (await outOf(session)).filter((n) => n >= 10),
          lost: query.lastProgress?.sources[0]!.metrics['offsetsLost'],
        }
      },
    }
  }

  const retention = async (topic: string): Promise<void> => {
    await cluster.send(topic, numbered(10, 10))
    cluster.deleteRecords(topic, 0, 15)
  }
  test('by retention: the exact range', async () => {
    const { topic, run } = await harmed({}, retention)
    await expect(run()).rejects.toMatchObject({
      code: 'KAFKA_DATA_LOSS.COULD_NOT_READ_OFFSET_RANGE',
      params: { topic, partition: 0, from: 10, to: 15, reason: 'the log begins at 15' },
    })
  })
  test('by retention, with failOnDataLoss false: the rest, and how many are missing', async () => {
    const { run } = await harmed({ failOnDataLoss: false }, retention)
    expect(await run()).toEqual({ rows: upTo(5, 15), lost: '5' })
  })

  const deletion = (topic: string): Promise<void> => cluster.deleteTopic(topic)
  test('with their topic', async () => {
    const { topic, run } = await harmed({}, deletion)
    await expect(run()).rejects.toMatchObject({
      code: 'KAFKA_DATA_LOSS.PARTITIONS_DELETED',
      params: { topic, partition: 0, from: 10, reason: 'was deleted' },
    })
  })
  test('or a topic that is no longer selected, by name; one that is added is read from its beginning', async () => {
    const [first, second] = [await cluster.topic(1), await cluster.topic(1)]
    await cluster.send(first, numbered(2))
    await cluster.send(second, numbered(3, 10))
    const location = checkpoint()
    const run = async (options: Options): Promise<number[]> => {
      await using session = millrace()
      const query = await session.readStream
        .name('numbers')
        .format('kafka')
        .options({ ...cluster.options, startingOffsets: 'latest', ...options })
        .load()
        .selectExpr(NUMBER)
        .writeStream.format('memory')
        .queryName('out')
        .trigger(Trigger.AvailableNow())
        .option('checkpointLocation', location)
        .start()
      await query.awaitTermination()
      return outOf(session)
    }
    expect(await run({ subscribe: first })).toEqual([])
    expect(await run({ subscribe: `${first},${second}` })).toEqual(upTo(3, 10))
    await expect(run({ subscribe: second })).rejects.toMatchObject({
      code: 'KAFKA_DATA_LOSS.PARTITIONS_DELETED',
      params: { topic: first, reason: 'is not selected any more' },
    })
    await cluster.send(second, numbered(1, 20))
    expect(await run({ subscribe: second, failOnDataLoss: false })).toEqual([20])
  })

  const recreation = async (topic: string): Promise<void> => {
    await deletion(topic)
    await sleep(200)
    await cluster.topic(1, {}, topic)
    await cluster.send(topic, numbered(20, 100))
  }
  test('as their topic was made anew, though it is longer now', async () => {
    const { topic, run } = await harmed({}, recreation)
    await expect(run()).rejects.toMatchObject({
      code: 'KAFKA_DATA_LOSS.TOPIC_RECREATED',
      params: { topic, partition: '0', from: 10 },
    })
  })
  test('as their topic was made anew, with failOnDataLoss false: all of the new one', async () => {
    const { run } = await harmed({ failOnDataLoss: false }, recreation)
    expect((await run()).rows).toEqual(upTo(20, 100))
  })
})
