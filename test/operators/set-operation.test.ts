import { describe, expect, test } from 'vitest'
import { BIGINT, INT, STRING } from '../../src/types/data-type.ts'
import { bag, columns, Harness, pick, type Row, SEEDS, seeded, text } from './harness.ts'

const INPUT = columns(INT, STRING, BIGINT)
const randomRow = (random: () => number): Row => [
  random() < 0.2 ? null : Math.floor(random() * 3),
  random() < 0.2 ? null : pick(random, ['', 'a', 'b']),
  random() < 0.2 ? null : BigInt(Math.floor(random() * 2)),
]

describe.each(SEEDS)('seed %i', (seed) => {
  test.each([
    ['INTERSECT', 'intersect', false, (l: number, r: number) => (l > 0 && r > 0 ? 1 : 0)],
    ['INTERSECT ALL', 'intersect', true, (l: number, r: number) => Math.min(l, r)],
    ['EXCEPT', 'except', false, (l: number, r: number) => (l > 0 && r === 0 ? 1 : 0)],
    ['EXCEPT ALL', 'except', true, (l: number, r: number) => Math.max(0, l - r)],
  ] as const)('%s: NULL equals NULL', (_, kind, all, times) => {
    const random = seeded(seed)
    for (let round = 0; round < 8; round++) {
      const left = Array.from({ length: Math.floor(random() * 150) }, () => randomRow(random))
      const right = Array.from({ length: Math.floor(random() * 150) }, () => randomRow(random))
      const count = (rows: readonly Row[], row: string): number => rows.filter((r) => text(r) === row).length
      const distinct = [...new Map(left.map((r) => [text(r), r])).entries()]
      const expected = distinct.flatMap(([key, row]) =>
        new Array<Row>(times(count(left, key), count(right, key))).fill(row),
      )
      // The sides may come in any order, in turns too.
      const half = Math.floor(left.length / 2)
      const got = new Harness({ op: 'setop', kind, all, stream: null, schema: INPUT }, [INPUT, INPUT], random).trigger([
        { port: 0, rows: left.slice(0, half) },
        { port: 1, rows: right },
        { port: 0, rows: left.slice(half) },
      ])
      expect(bag(got)).toEqual(bag(expected))
    }
  })
})
