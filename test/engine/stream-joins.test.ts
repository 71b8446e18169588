import { describe, expect, test } from 'vitest'
import {
  add,
  addAll,
  assertBatchEquivalence,
  expectNew,
  expectProgress,
  TestKit,
  testStream,
} from '../../src/testing/index.ts'
import type { EquivalenceTable, TestStream } from '../../src/testing/index.ts'

const STREAM = 'ts TIMESTAMP, k STRING, v INT'
const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1) + second * 1000)

function twoStreams(): { kit: TestKit; l: TestStream; r: TestStream } {
  const kit = new TestKit()
  const [l, r] = [kit.stream(STREAM, 'l'), kit.stream(STREAM, 'r')]
  l.df.withWatermark('ts', '5 seconds').createOrReplaceTempView('l')
  r.df.withWatermark('ts', '5 seconds').createOrReplaceTempView('r')
  return { kit, l, r }
}

const WITHIN = 'l.k = r.k AND r.ts BETWEEN l.ts AND l.ts + INTERVAL 10 SECONDS'

/** Rows in time order, NULL keys and times among them. */
const rows = (seed: number): EquivalenceTable => ({
  schema: STREAM,
  watermark: ['ts', '5 seconds'],
  rows: Array.from({ length: 24 }, (_, i) => [
    i % 11 === seed % 11 ? null : at(i * 3 + ((i * seed) % 4)),
    ['a', 'b', null, 'c'][(i * seed) % 4],
    i,
  ]),
  flush: [[new Date(Date.UTC(2999, 0, 1)), 'flush', 0]],
})

describe('left anti join of two streams', () => {
  test('gives a left row when no right row can match it any more, NULL keys among them, and drops matched rows at once', async () => {
    const { kit, l, r } = twoStreams()
    await testStream(
      kit,
      kit.session.sql(`SELECT l.k, l.v FROM l LEFT ANTI JOIN r ON ${WITHIN}`),
      { outputMode: 'append' },
      addAll(
        {
          stream: l,
          rows: [
            [at(10), 'a', 1],
            [at(11), 'b', 2],
            [at(12), null, 3],
          ],
        },
        { stream: r, rows: [[at(12), 'a', 9]] },
      ),
      expectNew(),
      add(r, [at(13), 'b', 9]),
      expectNew(),
      // The watermark is 25 s: 12 s + 10 s is behind it.
      addAll({ stream: l, rows: [[at(30), 'c', 4]] }, { stream: r, rows: [[at(30), 'x', 9]] }),
      expectNew([null, 3]),
      addAll({ stream: l, rows: [[at(60), 'd', 5]] }, { stream: r, rows: [[at(60), 'x', 9]] }),
      expectNew(['c', 4]),
      expectProgress({ stateRows: 2 }),
    )
  })

  test.each([
    ['LEFT ANTI JOIN', `SELECT l.ts, l.k, l.v FROM l LEFT ANTI JOIN r ON ${WITHIN}`],
    ['a condition on the left side alone', `SELECT l.k, l.v FROM l LEFT ANTI JOIN r ON ${WITHIN} AND l.v % 2 = 0`],
    ['a residual', `SELECT l.k, l.v FROM l LEFT ANTI JOIN r ON ${WITHIN} AND l.v < r.v`],
    [
      '<=>',
      `SELECT l.k, l.v FROM l LEFT ANTI JOIN r ON l.k <=> r.k AND r.ts <= l.ts AND r.ts >= l.ts - INTERVAL 9 SECONDS`,
    ],
    ['equal times', 'SELECT l.k, l.v FROM l LEFT ANTI JOIN r ON l.k = r.k AND l.ts = r.ts'],
    ['NOT EXISTS', `SELECT l.k, l.v FROM l WHERE NOT EXISTS (SELECT 1 FROM r WHERE ${WITHIN})`],
    [
      'equal windows',
      `SELECT x.k, x.v FROM (SELECT window(ts, '10 seconds') AS w, k, v FROM l) x
       LEFT ANTI JOIN (SELECT window(ts, '10 seconds') AS w, k FROM r) y ON x.k = y.k AND x.w = y.w`,
    ],
    [
      'a window above',
      `SELECT window.start AS s, count(*) AS n FROM (SELECT l.ts FROM l LEFT ANTI JOIN r ON ${WITHIN})
       GROUP BY window(ts, '10 seconds')`,
    ],
    [
      'a stream with itself',
      'SELECT x.k, x.v FROM l x LEFT ANTI JOIN l y ON x.k = y.k AND y.ts > x.ts AND y.ts <= x.ts + INTERVAL 7 SECONDS',
    ],
  ])('streamed = batch: %s', async (_name, sql) => {
    const report = await assertBatchEquivalence(sql, { l: rows(3), r: rows(5) }, { seed: 1, slicings: 8 })
    expect(report.rows).toBeGreaterThan(0)
  })
})

const TABLE: EquivalenceTable = {
  schema: 'k STRING, since TIMESTAMP, until TIMESTAMP, name STRING',
  static: true,
  rows: [
    ['a', at(0), at(20), 'a early'],
    ['a', at(21), at(50), 'a late'],
    ['b', at(5), at(9), 'b'],
    ['b', at(5), at(9), 'b'],
    ['c', null, at(40), 'c since ever'],
    ['c', at(3), null, 'c for ever'],
    [null, at(0), at(90), 'no key'],
    ['z', at(0), at(30), 'never'],
  ],
}

const VALID = 'e.k = t.k AND e.ts >= t.since AND e.ts <= t.until'

describe('joins that keep the rows of a table beside a stream', () => {
  test.each([
    ['LEFT JOIN', `SELECT t.k, t.name, e.ts, e.v FROM t LEFT JOIN e ON ${VALID}`],
    ['RIGHT JOIN', `SELECT t.k, t.name, e.ts, e.v FROM e RIGHT JOIN t ON ${VALID}`],
    ['FULL JOIN', `SELECT t.k, t.name, e.ts, e.v FROM t FULL JOIN e ON ${VALID}`],
    ['FULL JOIN from the stream', `SELECT t.k, t.name, e.ts, e.v FROM e FULL JOIN t ON ${VALID}`],
    ['LEFT SEMI JOIN', `SELECT t.k, t.name FROM t LEFT SEMI JOIN e ON ${VALID}`],
    ['LEFT SEMI JOIN without bounds', 'SELECT t.k, t.name FROM t LEFT SEMI JOIN e ON t.k = e.k AND e.v > 4'],
    ['LEFT ANTI JOIN', `SELECT t.k, t.name FROM t LEFT ANTI JOIN e ON ${VALID}`],
    ['a condition on the table', `SELECT t.k, t.name, e.v FROM t LEFT JOIN e ON ${VALID} AND t.name <> 'b'`],
    ['a condition on the stream', `SELECT t.k, t.name, e.v FROM t FULL JOIN e ON ${VALID} AND e.v % 2 = 0`],
    ['no equality', 'SELECT t.name, e.v FROM t LEFT JOIN e ON e.ts < t.until'],
    ['an equality of times', 'SELECT t.name, e.v FROM t LEFT JOIN e ON e.ts = t.since'],
    ['an equality of times, NULL safe', 'SELECT t.name FROM t LEFT SEMI JOIN e ON e.ts <=> t.since'],
    ['EXISTS', `SELECT t.name FROM t WHERE EXISTS (SELECT 1 FROM e WHERE ${VALID})`],
    ['NOT EXISTS', `SELECT t.name FROM t WHERE NOT EXISTS (SELECT 1 FROM e WHERE ${VALID})`],
    ['IN', 'SELECT t.name FROM t WHERE t.k IN (SELECT k FROM e)'],
    ['INTERSECT', 'SELECT k FROM t INTERSECT SELECT k FROM e', 'update'],
    [
      'a window above',
      `SELECT window.start AS s, t.k, count(*) AS n FROM t LEFT JOIN e ON ${VALID} GROUP BY window(e.ts, '10 seconds'), t.k`,
    ],
    [
      'an aggregation below',
      `SELECT t.k, w.n FROM t LEFT JOIN (SELECT window_time(w) AS ts, k, n FROM (SELECT window AS w, k, count(*) AS n FROM e
       GROUP BY window(ts, '10 seconds'), k)) w ON t.k = w.k AND w.ts BETWEEN t.since AND t.until`,
    ],
    [
      'a join of streams below',
      `SELECT t.name, x.v FROM t LEFT JOIN (SELECT e.* FROM e JOIN f ON e.k = f.k AND e.ts = f.ts) x
       ON t.k = x.k AND x.ts <= t.until`,
    ],
    [
      'complete mode above a semi join',
      'SELECT name, count(*) AS n FROM (SELECT t.* FROM t LEFT SEMI JOIN e ON t.k = e.k) GROUP BY name',
      'complete',
    ],
  ] as const)('streamed = batch: %s', async (_name, sql, outputMode: 'append' | 'update' | 'complete' = 'append') => {
    const report = await assertBatchEquivalence(
      sql,
      { e: rows(3), f: rows(3), t: TABLE },
      { seed: 2, slicings: 6, outputMode },
    )
    expect(report.rows).toBeGreaterThan(0)
  })

  test('a row of the table comes out with NULLs when the watermark has passed its end, in every world', async () => {
    const kit = new TestKit()
    const e = kit.stream(STREAM, 'e')
    e.df.withWatermark('ts', '5 seconds').createOrReplaceTempView('e')
    kit.session.createDataFrame(TABLE.rows, TABLE.schema).createOrReplaceTempView('t')
    await testStream(
      kit,
      kit.session.sql(`SELECT t.name, e.v FROM t LEFT JOIN e ON ${VALID}`),
      { outputMode: 'append' },
      add(e, [at(7), 'a', 1], [at(8), 'x', 2]),
      // Without a start, an end or a key nothing can match.
      expectNew(['a early', 1], ['c for ever', null]),
      add(e, [at(30), 'a', 3]),
      expectNew(['a late', 3], ['b', null], ['b', null]),
      add(e, [at(36), 'a', 4]),
      expectNew(['a late', 4], ['never', null]),
      add(e, [at(100), 'a', 5]),
      expectNew(['c since ever', null], ['no key', null]),
      expectProgress({ stateRows: 0 }),
    )
  })

  test('a semi join gives a row of the table with its first match and forgets it', async () => {
    const kit = new TestKit()
    const e = kit.stream(STREAM, 'e')
    e.df.createOrReplaceTempView('e')
    kit.session
      .createDataFrame(
        [
          ['a', 1],
          ['a', 1],
          ['b', 2],
        ],
        'k STRING, n INT',
      )
      .createOrReplaceTempView('t')
    await testStream(
      kit,
      kit.session.sql('SELECT t.k, t.n FROM t LEFT SEMI JOIN e ON t.k = e.k'),
      { outputMode: 'update', key: ['k', 'n'] },
      add(e, [at(0), 'x', 1]),
      expectNew(),
      expectProgress({ stateRows: 3 }),
      add(e, [at(0), 'a', 1], [at(0), 'a', 2]),
      expectNew(['a', 1], ['a', 1]),
      add(e, [at(0), 'a', 3]),
      expectNew(),
      expectProgress({ stateRows: 1 }),
    )
  })

  test.each([
    ['SELECT t.name, e.v FROM t LEFT JOIN e ON t.k = e.k', 'append', 'STREAMING_JOIN_WITHOUT_WATERMARK'],
    [
      'SELECT t.name, e.v FROM t FULL JOIN e ON t.k = e.k AND e.ts >= t.since',
      'append',
      'STREAMING_JOIN_WITHOUT_WATERMARK',
    ],
    ['SELECT t.name FROM t LEFT ANTI JOIN e ON t.k = e.k', 'append', 'STREAMING_JOIN_WITHOUT_WATERMARK'],
    ['SELECT t.name FROM t WHERE t.k NOT IN (SELECT k FROM e)', 'append', 'STREAMING_JOIN_WITHOUT_WATERMARK'],
    [`SELECT t.name, e.v FROM t LEFT JOIN e ON ${VALID}`, 'update', 'STREAMING_JOIN_OUTPUT_MODE'],
    [
      'SELECT t.name, e.v FROM t LEFT JOIN e ON e.ts + INTERVAL 1 MONTH < t.until',
      'append',
      'STREAMING_JOIN_WITHOUT_WATERMARK',
    ],
  ])('what is never final is refused: %s in %s', async (sql, mode, code) => {
    const kit = new TestKit()
    kit.stream(STREAM, 'e').df.withWatermark('ts', '5 seconds').createOrReplaceTempView('e')
    kit.session.createDataFrame(TABLE.rows, TABLE.schema).createOrReplaceTempView('t')
    await expect(kit.session.sql(sql).writeStream.format('noop').outputMode(mode).start()).rejects.toMatchObject({
      code,
    })
  })

  test('without extensions the refusals are the recorded ones', async () => {
    const kit = new TestKit({ 'millrace.extensions': 'false' })
    for (const name of ['e', 'f'])
      kit.stream(STREAM, name).df.withWatermark('ts', '5 seconds').createOrReplaceTempView(name)
    kit.session.createDataFrame(TABLE.rows, TABLE.schema).createOrReplaceTempView('t')
    const refused = (sql: string): Promise<unknown> =>
      kit.session
        .sql(sql)
        .writeStream.format('noop')
        .start()
        .then(
          () => 'started',
          (e: { code: string }) => e.code,
        )
    expect(await refused(`SELECT t.name FROM t LEFT SEMI JOIN e ON ${VALID}`)).toBe('STREAMING_JOIN_TYPE')
    expect(await refused(`SELECT t.name FROM t LEFT JOIN e ON ${VALID}`)).toBe('STREAMING_JOIN_TYPE')
    expect(await refused('SELECT e.v FROM e LEFT ANTI JOIN f ON e.k = f.k AND e.ts = f.ts')).toBe('STREAMING_JOIN_TYPE')
    expect(() => kit.session.sql('SELECT t.name FROM t WHERE t.k IN (SELECT k FROM e)').schema).toThrow(
      expect.objectContaining({ code: 'INVALID_SUBQUERY_EXPRESSION.STREAMING_QUERY' }),
    )
  })
})
