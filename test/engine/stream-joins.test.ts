import { describe, expect, test } from 'vitest'
import { add, addAll, assertBatchEquivalence, expectNew, expectProgress, TestKit, testStream } from '../../src/testing/index.ts'
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
        { stream: l, rows: [[at(10), 'a', 1], [at(11), 'b', 2], [at(12), null, 3]] },
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
    ['<=>', `SELECT l.k, l.v FROM l LEFT ANTI JOIN r ON l.k <=> r.k AND r.ts <= l.ts AND r.ts >= l.ts - INTERVAL 9 SECONDS`],
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
    ['a stream with itself', 'SELECT x.k, x.v FROM l x LEFT ANTI JOIN l y ON x.k = y.k AND y.ts > x.ts AND y.ts <= x.ts + INTERVAL 7 SECONDS'],
  ])('streamed = batch: %s', async (_name, sql) => {
    const report = await assertBatchEquivalence(sql, { l: rows(3), r: rows(5) }, { seed: 1, slicings: 8 })
    expect(report.rows).toBeGreaterThan(0)
  })
})
