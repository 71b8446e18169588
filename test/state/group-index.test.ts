import { expect, test } from 'vitest'
import { Batch } from '../../src/columns/batch.ts'
import { vectorOf } from '../../src/columns/builder.ts'
import { asShape } from '../../src/columns/vector.ts'
import { GroupIndex } from '../../src/state/group-index.ts'
import { HashStateTable } from '../../src/state/hash-state-table.ts'
import type { StateTable } from '../../src/state/table.ts'
import { BIGINT, field, STRING } from '../../src/types/data-type.ts'
import { randomOf } from './fixtures.ts'

const spec = {
  name: 'members',
  keys: [field('group', STRING), field('place', BIGINT)],
  values: [field('n', BIGINT)],
  paned: false,
}
const column = (group: string | null) => vectorOf(STRING, [group])
const byPlace = (table: StateTable) => (slots: Int32Array) => asShape(table.keyVector(1, slots), 'i64').values

function put(table: StateTable, group: string | null, place: bigint): Int32Array {
  const keys = [column(group), vectorOf(BIGINT, [place])]
  const slots = new Int32Array(1)
  table.upsert(keys, new Batch({ fields: spec.keys }, keys, 1), null, slots, null)
  return slots
}

const placesOf = (table: StateTable, slots: Iterable<number>): bigint[] =>
  Array.from(slots, (s) => table.keyVector(1, Int32Array.of(s)).get(0) as bigint)

test('members keep their order through random changes, batches and an index made anew', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = randomOf(seed)
    const below = (n: number): number => Math.floor(random() * n)
    const table = new HashStateTable(spec)
    let index = new GroupIndex(table, byPlace(table))
    const model = new Map<string | null, bigint[]>()
    for (let step = 0; step < 400; step++) {
      const group = [null, 'a', 'b', 'a longer name', 'c'][below(5)]!
      const places = model.get(group) ?? []
      if (random() < 0.55) {
        const place = (places.at(-1) ?? -1n) + 1n
        index.push(index.open(column(group)), put(table, group, place)[0]!)
        model.set(group, [...places, place])
      } else if (places.length > 0) {
        const at = below(places.length)
        const slot = [...index.walk(column(group))][at]!
        index.remove(column(group), slot)
        table.remove(slot)
        model.set(group, places.toSpliced(at, 1))
      }
      const roll = random()
      if (roll < 0.1) {
        index.endBatch()
        table.takeChangeLog()
      }
      if (roll < 0.02) index = new GroupIndex(table, byPlace(table))
      if (step % 20 !== 0) continue
      for (const [g, expected] of model) {
        expect(placesOf(table, index.walk(column(g)))).toEqual(expected)
        if (expected.length > 0)
          expect(placesOf(table, [index.last(index.open(column(g)))])).toEqual(expected.slice(-1))
      }
    }
  }
})

test('a walk leaves out what is removed under it and does not reach what comes in', () => {
  const table = new HashStateTable(spec)
  const index = new GroupIndex(table, byPlace(table))
  const slots = [0n, 1n, 2n, 3n].map((place) => {
    const made = put(table, 'a', place)
    index.push(index.open(column('a')), made[0]!)
    return made[0]!
  })
  const take = (i: number): void => {
    index.remove(column('a'), slots[i]!)
    table.remove(slots[i]!)
  }
  const seen: number[] = []
  for (const slot of index.walk(column('a'))) {
    seen.push(slots.indexOf(slot))
    if (seen.length === 1) {
      take(0)
      take(1)
      take(3)
      index.push(index.open(column('a')), put(table, 'a', 4n)[0]!)
    }
  }
  expect(seen.slice(0, 2)).toEqual([0, 2])
  expect(seen.length).toBeLessThanOrEqual(4)
})

test('places that do not fit beside an index are compared one by one', () => {
  const table = new HashStateTable(spec)
  const places = [5n, 1n << 60n, -3n, 7n]
  for (const place of places) put(table, 'a', place)
  const index = new GroupIndex(table, byPlace(table))
  expect(placesOf(table, index.walk(column('a')))).toEqual([-3n, 5n, 7n, 1n << 60n])
  expect([...index.walk(column('b'))]).toEqual([])
  expect(index.memoryBytes).toBeGreaterThan(0)
})
