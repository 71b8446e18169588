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
import type { EquivalenceTable, TestRow } from '../../src/testing/index.ts'

const STREAM = 'ts TIMESTAMP, k STRING, v INT'
const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1) + second * 1000)

/** Rows in time order; NULL keys and NULL times among them. */
const rows = (seed: number): EquivalenceTable => ({
  schema: STREAM,
  watermark: ['ts', '4 seconds'],
  rows: Array.from({ length: 20 }, (_, i) => [
    i % 9 === seed % 9 ? null : at(i * 2 + ((i * seed) % 3)),
    ['a', 'b', null][(i * seed) % 3],
    i,
  ]),
  flush: [[new Date(Date.UTC(2999, 0, 1)), 'flush', 0]],
})

const KINDS = ['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN', 'LEFT SEMI JOIN', 'LEFT ANTI JOIN'] as const
const oneSided = (kind: string): boolean => /SEMI|ANTI/.test(kind)

/** Sides and condition by name; the columns of a side are k, v and what the condition needs. */
const SHAPES: Readonly<Record<string, readonly [left: string, right: string, on: string]>> = {
  'a range': ['l', 'r', 'x.k = y.k AND y.ts BETWEEN x.ts - INTERVAL 3 SECONDS AND x.ts + INTERVAL 6 SECONDS'],
  'equal times': ['l', 'r', 'x.k = y.k AND x.ts = y.ts'],
  'equal windows': [
    "(SELECT window(ts, '6 seconds') AS w, k, v FROM l)",
    "(SELECT window(ts, '6 seconds') AS w, k, v FROM r)",
    'x.k = y.k AND x.w = y.w',
  ],
  'equal sliding windows of aggregations': [
    "(SELECT window AS w, k, sum(v) AS v FROM l GROUP BY window(ts, '6 seconds', '3 seconds'), k)",
    "(SELECT window AS w, k, sum(v) AS v FROM r GROUP BY window(ts, '6 seconds', '3 seconds'), k)",
    'x.k = y.k AND x.w = y.w',
  ],
  'the stream itself': ['l', 'l', 'x.k = y.k AND y.v <> x.v AND y.ts BETWEEN x.ts AND x.ts + INTERVAL 9 SECONDS'],
  'NULL equal to NULL': [
    'l',
    'r',
    'x.k <=> y.k AND x.v < y.v AND y.ts > x.ts AND y.ts <= x.ts + INTERVAL 5 SECONDS AND y.ts >= x.ts',
  ],
}

describe.each(Object.entries(SHAPES))('streamed = batch, with restarts: %s', (_shape, [left, right, on]) => {
  test.each(KINDS)('%s', async (kind) => {
    const columns = oneSided(kind) ? 'x.k, x.v' : 'x.k, x.v, y.k AS yk, y.v AS yv'
    const report = await assertBatchEquivalence(
      `SELECT ${columns} FROM ${left} x ${kind} ${right} y ON ${on}`,
      { l: rows(5), r: rows(7) },
      { seed: 4, slicings: 3 },
    )
    expect(report.rows).toBeGreaterThan(0)
  })
})

/** Of `l`: 1 matches at once, 2 later, 3 never, 4 has no key, 5 no time. Of `r`: 10 and 20 match, 30 never, 40 has no time. */
const EXPECTED: Readonly<
  Record<(typeof KINDS)[number], readonly [first: TestRow[], second: TestRow[], last: TestRow[]]>
> = {
  JOIN: [[[1, 10]], [[2, 20]], []],
  'LEFT JOIN': [
    [
      [1, 10],
      [5, null],
    ],
    [[2, 20]],
    [
      [3, null],
      [4, null],
    ],
  ],
  'RIGHT JOIN': [
    [
      [1, 10],
      [null, 40],
    ],
    [[2, 20]],
    [[null, 30]],
  ],
  'FULL JOIN': [
    [
      [1, 10],
      [5, null],
      [null, 40],
    ],
    [[2, 20]],
    [
      [3, null],
      [4, null],
      [null, 30],
    ],
  ],
  'LEFT SEMI JOIN': [[[1]], [[2]], []],
  'LEFT ANTI JOIN': [[[5]], [], [[3], [4]]],
}

test.each(KINDS)('%s: rows when they are final, both sides let go, in every world', async (kind) => {
  const kit = new TestKit()
  const [l, r] = [kit.stream(STREAM, 'l'), kit.stream(STREAM, 'r')]
  l.df.withWatermark('ts', '4 seconds').createOrReplaceTempView('l')
  r.df.withWatermark('ts', '4 seconds').createOrReplaceTempView('r')
  const [first, second, last] = EXPECTED[kind]
  await testStream(
    kit,
    kit.session.sql(
      `SELECT l.v${oneSided(kind) ? '' : ', r.v AS rv'} FROM l ${kind} r
       ON l.k = r.k AND r.ts BETWEEN l.ts - INTERVAL 5 SECONDS AND l.ts + INTERVAL 5 SECONDS`,
    ),
    { outputMode: 'append' },
    addAll(
      {
        stream: l,
        rows: [
          [at(10), 'a', 1],
          [at(11), 'b', 2],
          [at(12), 'c', 3],
          [at(12), null, 4],
          [null, 'a', 5],
        ],
      },
      {
        stream: r,
        rows: [
          [at(9), 'a', 10],
          [at(12), 'z', 30],
          [null, 'a', 40],
        ],
      },
    ),
    expectNew(...first),
    add(r, [at(13), 'b', 20]),
    expectNew(...second),
    addAll({ stream: l, rows: [[at(40), 'y', 6]] }, { stream: r, rows: [[at(40), 'z', 50]] }),
    expectNew(...last),
    // The two rows of 40 s.
    expectProgress({ stateRows: 2 }),
  )
})
