import { describe, expect, test } from 'vitest'
import { col } from '../expr/build.ts'
import { BIGINT, DOUBLE, field, INT, STRING } from '../../src/types/data-type.ts'
import { columns, Harness, pick, type Row, SEEDS, seeded, text } from './harness.ts'

const INPUT = columns(INT, STRING, DOUBLE, INT)

const randomRow = (random: () => number, i: number): Row => [
  random() < 0.2 ? null : Math.floor(random() * 4),
  random() < 0.2 ? null : pick(random, ['b', 'a', 'ab', '', 'ä', 'z', '\u{10000}', '\uffff']),
  random() < 0.2 ? null : pick(random, [0, -0, 1.5, -1.5, Number.NaN, Infinity, -Infinity]),
  i,
]

/** Spark's order of a DOUBLE: -0 is 0, NaN is the greatest. */
const compareDoubles = (a: number, b: number): number =>
  Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : Number.isNaN(b) ? -1 : a < b ? -1 : a > b ? 1 : 0
/** By bytes of UTF-8, not by UTF-16 units. */
const compareStrings = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

describe.each(SEEDS)('seed %i', (seed) => {
  test('ORDER BY: every direction, NULLs first or last, ties as they came', () => {
    const random = seeded(seed)
    const compares = [
      (a: unknown, b: unknown) => (a as number) - (b as number),
      (a: unknown, b: unknown) => compareStrings(a as string, b as string),
      (a: unknown, b: unknown) => compareDoubles(a as number, b as number),
    ]
    for (let round = 0; round < 12; round++) {
      const keys = [0, 1, 2]
        .filter(() => random() < 0.7)
        .sort(() => random() - 0.5)
        .map((index) => ({ index, descending: random() < 0.5, nullsFirst: random() < 0.5 }))
      const node = {
        op: 'sort',
        keys: keys.map((k) => ({
          expr: col(k.index, INPUT.fields[k.index]!.type),
          descending: k.descending,
          nullsFirst: k.nullsFirst,
        })),
        schema: INPUT,
      } as const
      const rows = Array.from({ length: Math.floor(random() * 400) }, (_, i) => randomRow(random, i))
      const expected = [...rows].sort((a, b) => {
        for (const { index, descending, nullsFirst } of keys) {
          const [x, y] = [a[index], b[index]]
          if (x === null && y === null) continue
          if (x === null) return nullsFirst ? -1 : 1
          if (y === null) return nullsFirst ? 1 : -1
          const c = compares[index]!(x, y)
          if (c !== 0) return descending ? -c : c
        }
        return (a[3] as number) - (b[3] as number)
      })
      const harness = new Harness(node, [INPUT], random)
      expect(harness.trigger([{ rows }]).map(text)).toEqual(expected.map(text))
      // Each trigger sorts its own rows.
      expect(harness.trigger([{ rows: [] }])).toEqual([])
      expect(harness.trigger([{ rows: rows.slice(0, 1) }]).map(text)).toEqual(rows.slice(0, 1).map(text))
    }
  })

  test('LIMIT and OFFSET of one trigger', () => {
    const random = seeded(seed)
    for (let round = 0; round < 20; round++) {
      const count = random() < 0.2 ? null : Math.floor(random() * 120)
      const offset = random() < 0.4 ? 0 : Math.floor(random() * 60)
      const rows = Array.from({ length: Math.floor(random() * 150) }, (_, i) => randomRow(random, i))
      const harness = new Harness({ op: 'limit', count, offset, state: null, schema: INPUT }, [INPUT], random)
      for (let t = 0; t < 2; t++)
        expect(harness.trigger([{ rows }]).map(text), `${count} from ${offset}`).toEqual(
          rows.slice(offset, count === null ? undefined : offset + count).map(text),
        )
    }
  })

  test('LIMIT over the life of a stream, with restarts', () => {
    const random = seeded(seed)
    for (let round = 0; round < 6; round++) {
      const count = Math.floor(random() * 80)
      const offset = random() < 0.5 ? 0 : Math.floor(random() * 30)
      const state = { name: 'count', keys: [], values: [field('seen', BIGINT)], paned: false }
      const harness = new Harness({ op: 'limit', count, offset, state, schema: INPUT }, [INPUT], random, true)
      const all: Row[] = []
      const got: Row[] = []
      for (let t = 0; t < 10; t++) {
        const rows = Array.from({ length: Math.floor(random() * 20) }, (_, i) => randomRow(random, t * 100 + i))
        all.push(...rows)
        got.push(...harness.trigger([{ rows }]))
        expect(got.map(text), `after trigger ${t}`).toEqual(all.slice(offset, offset + count).map(text))
        if (random() < 0.4) harness.restart()
      }
    }
  })
})
