import { afterEach, describe, expect, test } from 'vitest'
import { MillraceSession } from '../../src/index.ts'
import {
  add,
  assertBatchEquivalence,
  expectNew,
  expectProgress,
  type EquivalenceTable,
  TestKit,
  testStream,
  type TestRow,
} from '../../src/testing/index.ts'

const sessions: MillraceSession[] = []
afterEach(async () => {
  for (const s of sessions.splice(0)) await s.stop()
})

function bids(conf: Readonly<Record<string, string>> = {}): MillraceSession {
  const session = new MillraceSession({ 'spark.sql.session.timeZone': 'UTC', 'millrace.int64': 'number', ...conf })
  sessions.push(session)
  const rows = [
    ['2020-04-15 08:05:00', 4, 'A'],
    ['2020-04-15 08:07:00', 2, 'B'],
    ['2020-04-15 08:09:00', 5, 'A'],
    ['2020-04-15 08:11:00', 3, 'B'],
    ['2020-04-15 08:13:00', 1, 'A'],
    ['2020-04-15 08:17:00', 6, 'B'],
    [null, 9, 'A'],
  ]
  session.createDataFrame(rows, 'bidtime TIMESTAMP, price INT, supplier STRING').createOrReplaceTempView('Bid')
  return session
}

const HM = (c: string): string => `date_format(${c}, 'HH:mm') AS ${c}`

async function texts(session: MillraceSession, sql: string): Promise<string[]> {
  return (await session.sql(sql).collect()).map((r) =>
    Object.values({ ...r })
      .map(String)
      .join(' '),
  )
}

/** Sums by window, in order. */
const sums = (session: MillraceSession, from: string): Promise<string[]> =>
  texts(
    session,
    `SELECT ${HM('window_start')}, ${HM('window_end')}, sum(price) FROM ${from} AS b GROUP BY b.window_start, b.window_end ORDER BY 1, 2`,
  )

const TEN = ['08:00 08:10 11', '08:10 08:20 10']

describe('over a bounded table', () => {
  test.each([
    "TABLE(TUMBLE(TABLE Bid, DESCRIPTOR(bidtime), INTERVAL '10' MINUTES))",
    "TABLE(TUMBLE(DATA => TABLE Bid, TIMECOL => DESCRIPTOR(bidtime), SIZE => INTERVAL '10' MINUTES))",
    "TUMBLE(TABLE Bid, DESCRIPTOR(bidtime), INTERVAL '10' MINUTES)",
    "TUMBLE(Bid, bidtime, INTERVAL '10 minutes')",
    "TUMBLE(TABLE(Bid), DESCRIPTOR(bidtime), '10 minutes')",
    'tumble(TABLE (SELECT * FROM Bid), DESCRIPTOR(bidtime), INTERVAL 10 MINUTES)',
    "TUMBLE((SELECT * FROM Bid), bidtime, INTERVAL '10' MINUTE)",
    "TUMBLE(size => '10 minutes', timecol => bidtime, data => Bid)",
  ])('%s', async (from) => {
    expect(await sums(bids(), from)).toEqual(TEN)
  })

  test('the columns: those of the table, then the bounds and the last microsecond; rows without a time go', async () => {
    const session = bids()
    const df = session.sql("SELECT * FROM TUMBLE(TABLE Bid, DESCRIPTOR(bidtime), INTERVAL '10' MINUTES)")
    expect(df.schema.fields.map((f) => f.name)).toEqual([
      'bidtime',
      'price',
      'supplier',
      'window_start',
      'window_end',
      'window_time',
    ])
    const [first, ...rest] = await df
      .orderBy('bidtime')
      .selectExpr('price', 'CAST(window_time AS STRING) AS t')
      .collect()
    expect({ ...first }).toEqual({ price: 4, t: '2020-04-15 08:09:59.999999' })
    expect(rest).toHaveLength(5)
  })

  test('TUMBLE with an offset, HOP, CUMULATE', async () => {
    const session = bids()
    const of = (text: string): Promise<string[]> => sums(session, text)
    expect(await of("TUMBLE(TABLE Bid, DESCRIPTOR(bidtime), INTERVAL '10' MINUTES, INTERVAL '4' MINUTES)")).toEqual([
      '08:04 08:14 15',
      '08:14 08:24 6',
    ])
    expect(await of("TUMBLE(TABLE Bid, DESCRIPTOR(bidtime), INTERVAL '10' MINUTES, INTERVAL '-36' MINUTES)")).toEqual([
      '08:04 08:14 15',
      '08:14 08:24 6',
    ])
    expect(await of("HOP(TABLE Bid, DESCRIPTOR(bidtime), INTERVAL '5' MINUTES, INTERVAL '10' MINUTES)")).toEqual([
      '08:00 08:10 11',
      '08:05 08:15 15',
      '08:10 08:20 10',
      '08:15 08:25 6',
    ])
    expect(await of("CUMULATE(TABLE Bid, DESCRIPTOR(bidtime), INTERVAL '2' MINUTES, INTERVAL '10' MINUTES)")).toEqual([
      '08:00 08:06 4',
      '08:00 08:08 6',
      '08:00 08:10 11',
      '08:10 08:12 3',
      '08:10 08:14 4',
      '08:10 08:16 4',
      '08:10 08:18 10',
      '08:10 08:20 10',
    ])
    expect(
      await of(
        'CUMULATE(DATA => TABLE Bid, TIMECOL => DESCRIPTOR(bidtime), STEP => INTERVAL 5 MINUTES, SIZE => INTERVAL 10 MINUTES, OFFSET => INTERVAL 8 MINUTES)',
      ),
    ).toEqual(['07:58 08:08 6', '08:08 08:13 8', '08:08 08:18 15'])
  })

  test('SESSION gives each row with the bounds of its session', async () => {
    const session = bids()
    const from = "SESSION(TABLE Bid PARTITION BY supplier, DESCRIPTOR(bidtime), INTERVAL '5' MINUTES)"
    expect(
      await texts(
        session,
        `SELECT ${HM('bidtime')}, price, supplier, ${HM('window_start')}, ${HM('window_end')} FROM ${from} ORDER BY 3, 1`,
      ),
    ).toEqual([
      '08:05 4 A 08:05 08:18',
      '08:09 5 A 08:05 08:18',
      '08:13 1 A 08:05 08:18',
      '08:07 2 B 08:07 08:16',
      '08:11 3 B 08:07 08:16',
      '08:17 6 B 08:17 08:22',
    ])
    expect(await sums(session, from)).toEqual(['08:05 08:18 10', '08:07 08:16 5', '08:17 08:22 6'])
    expect(
      await sums(
        session,
        "TABLE(SESSION(DATA => TABLE Bid, TIMECOL => DESCRIPTOR(bidtime), GAP => INTERVAL '3' MINUTES))",
      ),
    ).toEqual(['08:05 08:16 15', '08:17 08:20 6'])
    expect(
      await texts(
        session,
        "SELECT supplier, count(DISTINCT window_start) FROM SESSION(TABLE Bid PARTITION BY (supplier, price > 3), DESCRIPTOR(bidtime), '5 minutes') GROUP BY 1 ORDER BY 1",
      ),
    ).toEqual(['A 2', 'B 2'])
  })
})

describe('over a stream', () => {
  const T = 'ts TIMESTAMP, k STRING, v INT'
  const rows = (n: number, stepMs: number): TestRow[] =>
    Array.from({ length: n }, (_, i) => [
      i % 11 === 7 ? null : new Date(Date.UTC(2026, 0, 1) + i * stepMs - (i % 4) * 1000),
      'abc'[(i * 7) % 3],
      i % 5,
    ])
  const data = (n = 25, stepMs = 3700): Record<string, EquivalenceTable> => ({
    s: { schema: T, rows: rows(n, stepMs), watermark: ['ts', '4 seconds'] },
  })

  const FUNCTIONS = [
    "TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL '10' SECONDS)",
    "HOP(TABLE s, DESCRIPTOR(ts), INTERVAL '4' SECONDS, INTERVAL '10' SECONDS, INTERVAL '1' SECOND)",
    "CUMULATE(TABLE s, DESCRIPTOR(ts), INTERVAL '5' SECONDS, INTERVAL '20' SECONDS)",
    "SESSION(TABLE s PARTITION BY k, DESCRIPTOR(ts), INTERVAL '6' SECONDS)",
  ]

  test.each(FUNCTIONS)('rows, and groups by both bounds, = batch: %s', async (from) => {
    await assertBatchEquivalence(`SELECT * FROM ${from}`, data(), { seed: 1, slicings: 3 })
    await assertBatchEquivalence(
      `SELECT window_start, window_end, k, count(*) AS n, sum(v) AS v FROM TABLE(${from}) GROUP BY window_start, window_end, k`,
      data(),
      { seed: 2, slicings: 3 },
    )
  })

  test.each(FUNCTIONS.slice(0, 3).flatMap((f) => ['window_start', 'window_end', 'window_time'].map((key) => [key, f])))(
    'groups by %s alone are final by the watermark, = batch: %s',
    async (key, from) => {
      const query = `SELECT ${key}, k, count(*) AS n FROM ${from} GROUP BY ${key}, k`
      for (const outputMode of ['append', 'update'] as const)
        await assertBatchEquivalence(query, data(), { outputMode, key: [key, 'k'], seed: 3, slicings: 2 })
    },
  )

  test('a window of a window, a join on both bounds, and what a subquery passes on, = batch', async () => {
    await assertBatchEquivalence(
      "SELECT window_start, window_end, sum(n) AS n, count(*) AS parts FROM TUMBLE(TABLE (SELECT window_time AS t, count(*) AS n FROM TUMBLE(TABLE s, DESCRIPTOR(ts), '5 seconds') GROUP BY window_start, window_end, window_time), DESCRIPTOR(t), '20 seconds') GROUP BY window_start, window_end",
      data(),
      { seed: 4, slicings: 3 },
    )
    const side = (t: string): string =>
      `(SELECT window_start AS ws, window_end AS we, k, sum(v) AS v FROM TUMBLE(TABLE ${t}, DESCRIPTOR(ts), '10 seconds') GROUP BY window_start, window_end, k)`
    const timed = rows(18, 4100).filter((r) => (r as unknown[])[0] !== null)
    await assertBatchEquivalence(
      `SELECT l.ws, l.k, l.v, r.v AS rv FROM ${side('s')} l LEFT JOIN ${side('t')} r ON l.ws = r.ws AND l.we = r.we AND l.k = r.k`,
      {
        s: { schema: T, rows: timed, watermark: ['ts', '4 seconds'] },
        t: { schema: T, rows: timed.slice(3), watermark: ['ts', '4 seconds'] },
      },
      { seed: 5, slicings: 3 },
    )
    await assertBatchEquivalence(
      "SELECT s2, count(*) AS n FROM (SELECT window_start AS s2, v FROM HOP(TABLE s, DESCRIPTOR(ts), '5 seconds', '10 seconds') WHERE v > 0) GROUP BY s2",
      data(),
      { seed: 6, slicings: 3 },
    )
  })

  test('growing windows go out one by one, each at its own end, and are released', async () => {
    const kit = new TestKit()
    sessions.push(kit.session)
    const s = kit.stream(T)
    s.df.withWatermark('ts', '0 seconds').createOrReplaceTempView('s')
    const df = kit.session.sql(
      `SELECT date_format(window_start, 'ss') AS a, date_format(window_end, 'ss') AS b, count(*) AS n FROM CUMULATE(TABLE s, DESCRIPTOR(ts), '5 seconds', '15 seconds') GROUP BY window_start, window_end`,
    )
    const at = (second: number): unknown[] => [new Date(Date.UTC(2026, 0, 1, 0, 0, second)), 'a', 1]
    await testStream(
      kit,
      df,
      { outputMode: 'append' },
      add(s, at(1), at(4)),
      expectNew(),
      add(s, at(6)),
      expectNew(['00', '05', 2]),
      expectProgress({ watermark: '2026-01-01T00:00:06', stateRows: 2 }),
      // 4 is late for the window that went out, not for those that hold it too
      add(s, at(4), at(12)),
      expectNew(['00', '10', 4]),
      expectProgress({ rowsDropped: 1 }),
      add(s, at(15)),
      expectNew(['00', '15', 5]),
      add(s, at(40)),
      expectNew(['15', '20', 1], ['15', '25', 1], ['15', '30', 1]),
    )
  })
})

test('without extensions there are no such functions', () => {
  const session = bids({ 'millrace.extensions': 'false' })
  expect(() => session.sql('SELECT * FROM TUMBLE(TABLE Bid, DESCRIPTOR(bidtime), INTERVAL 10 MINUTES)').schema).toThrow(
    expect.objectContaining({ code: 'UNRESOLVABLE_TABLE_VALUED_FUNCTION' }),
  )
})
