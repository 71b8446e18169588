import { describe, expect, test } from 'vitest'
import type { Expr } from '../../src/expr/bound.ts'
import {
  arrayOf,
  field,
  INT,
  mapOf,
  type Field,
  type Schema,
  schemaOf,
  STRING,
  structOf,
} from '../../src/types/data-type.ts'
import { MapValue, type Value } from '../../src/types/value.ts'
import { col } from '../expr/build.ts'
import { bag, Harness, type Row, SEEDS, seeded, text } from './harness.ts'

const ITEM = structOf([field('a', INT), field('b', STRING)])
const INPUT: Schema = schemaOf(
  field('id', INT),
  field('xs', arrayOf(STRING)),
  field('m', mapOf(STRING, INT)),
  field('ss', arrayOf(ITEM)),
  field('ns', arrayOf(arrayOf(INT))),
)
const TYPES = INPUT.fields.map((f) => f.type)

const list = <T>(random: () => number, make: (i: number) => T): T[] | null =>
  random() < 0.2
    ? null
    : Array.from({ length: random() < 0.25 ? 0 : Math.floor(random() * (random() < 0.1 ? 40 : 5)) }, (_, i) => make(i))

function randomRow(random: () => number, id: number): Row {
  const entries = list(random, (i) => [`k${i}`, random() < 0.2 ? null : i] as const)
  return [
    id,
    list(random, (i) => (random() < 0.2 ? null : `v${i}`)),
    entries === null
      ? null
      : new MapValue(
          entries.map((e) => e[0]),
          entries.map((e) => e[1]),
        ),
    list(random, (i) => (random() < 0.2 ? null : [i, random() < 0.2 ? null : `s${i}`])),
    list(random, (i) => (random() < 0.2 ? null : Array.from({ length: i % 3 }, (_, k) => k))),
  ]
}

type Model = (row: Row) => readonly (readonly Value[])[]
const items = (v: Value | undefined): readonly Value[] => (v ?? []) as readonly Value[]
const NAMED: readonly (readonly [name: string, fn: string, arg: number, out: readonly Field[], model: Model])[] = [
  ['explode of strings', 'explode', 1, [field('col', STRING)], (r) => items(r[1]).map((x) => [x])],
  ['explode of arrays', 'explode', 4, [field('col', arrayOf(INT))], (r) => items(r[4]).map((x) => [x])],
  ['posexplode', 'posexplode', 1, [field('pos', INT), field('col', STRING)], (r) => items(r[1]).map((x, i) => [i, x])],
  [
    'explode of a map',
    'explode',
    2,
    [field('key', STRING), field('value', INT)],
    (r) => (r[2] instanceof MapValue ? r[2].keys.map((k, i) => [k, (r[2] as MapValue).values[i]!]) : []),
  ],
  [
    'posexplode of a map',
    'posexplode',
    2,
    [field('pos', INT), field('key', STRING), field('value', INT)],
    (r) => (r[2] instanceof MapValue ? r[2].keys.map((k, i) => [i, k, (r[2] as MapValue).values[i]!]) : []),
  ],
  [
    'inline',
    'inline',
    3,
    [field('a', INT), field('b', STRING)],
    (r) => items(r[3]).map((x) => (x === null ? [null, null] : (x as readonly Value[]))),
  ],
]

const ALL = INPUT.fields.map((_, i) => i)
const nodeOf = (fn: string, arg: number, out: readonly Field[], outer: boolean, keep: readonly number[] = ALL) => {
  const args: readonly Expr[] = [col(arg, TYPES[arg]!)]
  return {
    op: 'generate',
    fn,
    args,
    argTypes: [TYPES[arg]!],
    outer,
    keep,
    schema: schemaOf(...keep.map((k) => INPUT.fields[k]!), ...out),
  } as const
}

describe.each(NAMED)('%s', (_, fn, arg, out, model) => {
  test.each(SEEDS)('seed %i, plain and outer', (seed) => {
    const random = seeded(seed)
    const rows = Array.from({ length: 90 }, (__, i) => randomRow(random, i))
    const nothing = out.map(() => null)
    for (const [name, outer] of [
      [fn, false],
      [fn, true],
      [`${fn}_outer`, false],
    ] as const) {
      const isOuter = outer || name.endsWith('_outer')
      const expected = rows.flatMap((r) => {
        const made = model(r)
        return (made.length === 0 && isOuter ? [nothing] : made).map((m) => [...r, ...m])
      })
      const harness = new Harness(nodeOf(name, arg, out, outer), [INPUT], random)
      expect(harness.trigger([{ rows }]).map(text), name).toEqual(expected.map(text))
      for (const keep of [[], [0], [3, 0]]) {
        const some = new Harness(nodeOf(name, arg, out, outer, keep), [INPUT], random)
        expect(some.trigger([{ rows }]).map(text), `${name} keeping ${keep.join()}`).toEqual(
          expected.map((r) => text([...keep.map((k) => r[k]!), ...r.slice(ALL.length)])),
        )
      }
      expect(bag(harness.trigger([{ rows: rows.slice(0, 7) }]))).toEqual(
        bag(expected.filter((r) => (r[0] as number) < 7)),
      )
    }
  })
})

test('one row may give more rows than a batch holds', () => {
  const xs = Array.from({ length: 20_000 }, (_, i) => `v${i}`)
  const got = new Harness(
    nodeOf('posexplode', 1, [field('pos', INT), field('col', STRING)], false, [0]),
    [INPUT],
    () => 0.4999,
  ).trigger([{ rows: [[1, xs, null, null, null]] }])
  expect(got.length).toBe(20_000)
  expect(got.every((r, i) => r[1] === i && r[2] === `v${i}`)).toBe(true)
})
