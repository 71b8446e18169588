import { describe, expect, test } from 'vitest'
import { HashStateTable } from '../../src/state/hash-state-table.ts'
import type { StateTableSpec } from '../../src/state/table.ts'
import { arrayOf, BIGINT, field, INT, STRING } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { contents, find, randomOf, upsert, Versions } from './fixtures.ts'

const specs: readonly StateTableSpec[] = [
  { name: 'string key', keys: [field('k', STRING)], values: [field('n', BIGINT), field('s', STRING)], paned: false },
  {
    name: 'two keys, paned',
    keys: [field('k', STRING), field('i', INT)],
    values: [field('n', BIGINT), field('s', STRING)],
    paned: true,
  },
  {
    name: 'bigint key, paned',
    keys: [field('k', BIGINT)],
    values: [field('n', BIGINT), field('s', STRING)],
    paned: true,
  },
  {
    name: 'packed values',
    keys: [field('k', BIGINT)],
    values: [field('n', BIGINT), field('s', STRING)],
    paned: false,
    packed: true,
  },
  {
    name: 'array key',
    keys: [field('k', arrayOf(INT))],
    values: [field('n', BIGINT), field('s', STRING)],
    paned: false,
  },
]

interface Row {
  readonly pane: bigint
  readonly key: readonly Value[]
  n: bigint | null
  s: string | null
}

/** One random run against a Map; every step checked at commits and restores. */
function run(spec: StateTableSpec, seed: number): void {
  const random = randomOf(seed)
  const below = (n: number): number => Math.floor(random() * n)
  const keys = 20 + below(400)
  const keyOf = (i: number): Value[] =>
    spec.keys.map((f): Value => {
      if (i === 0) return null
      switch (f.type.kind) {
        case 'string':
          return `${'x'.repeat(i % 9)}${i % 7 === 0 ? '' : i}`
        case 'bigint':
          return (BigInt(i) << 33n) - BigInt(i)
        case 'array':
          return [i, null, i % 3]
        default:
          return i % 5
      }
    })
  const text = (key: readonly Value[], pane: bigint): string =>
    JSON.stringify([pane, key], (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v))
  let table = new HashStateTable(spec)
  let model = new Map<string, Row>()
  let versions = new Versions()
  let committed = new Map<string, Row>()
  const copy = (from: Map<string, Row>): Map<string, Row> => new Map([...from].map(([k, r]) => [k, { ...r }]))
  const check = (): void => {
    const expected = [...model.values()].map((r) =>
      JSON.stringify([r.pane, r.key, [r.n, r.s]], (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v)),
    )
    expect(contents(table)).toEqual(expected.sort())
    expect(table.size).toBe(model.size)
    expect([...table.panes()]).toEqual(
      [...new Set([...model.values()].map((r) => r.pane))].sort((a, b) => Number(a - b)),
    )
  }
  const slotOf = (row: Row): number => find(table, [row.key], spec.paned ? [row.pane] : null)[0]!

  for (let step = 0; step < 120; step++) {
    const dice = random()
    if (dice < 0.45) {
      const n = below(60)
      const rows = Array.from({ length: n }, () => ({
        key: keyOf(below(keys)),
        pane: spec.paned ? BigInt(below(6) - 2) * 10n : 0n,
      }))
      const { slots, isNew } = upsert(
        table,
        rows.map((r) => r.key),
        spec.paned ? rows.map((r) => r.pane) : null,
      )
      rows.forEach(({ key, pane }, i) => {
        const name = text(key, pane)
        const known = model.get(name)
        expect(isNew[i]).toBe(known === undefined ? 1 : 0)
        const row = known ?? { key, pane, n: null, s: null }
        model.set(name, row)
        row.n = (row.n ?? 0n) + BigInt(below(5) === 0 ? 1 << 30 : 1)
        table.setValue(slots[i]!, 0, row.n)
        if (below(3) === 0) {
          row.s = below(4) === 0 ? null : 'v'.repeat(below(50))
          table.setValue(slots[i]!, 1, row.s)
        }
      })
    } else if (dice < 0.65) {
      for (const [name, row] of [...model].filter(() => below(8) === 0)) {
        table.remove(slotOf(row))
        model.delete(name)
      }
    } else if (dice < 0.72 && spec.paned) {
      const pane = BigInt(below(6) - 2) * 10n
      const gone = [...model].filter(([, r]) => r.pane === pane)
      expect(table.removePane(pane)).toBe(gone.length)
      for (const [name] of gone) model.delete(name)
    } else if (dice < 0.75) {
      for (const slot of table.slots()) table.remove(slot)
      model.clear()
    } else if (dice < 0.92) {
      check()
      versions.commit(table, below(3) === 0 ? 0 : below(40_000))
      committed = copy(model)
      check()
    } else {
      table = versions.restoreInto(new HashStateTable(spec))
      model = copy(committed)
      check()
      expect(table.changedSlots()).toHaveLength(0)
    }
  }
  check()
  versions.commit(table, 0)
  table = versions.restoreInto(new HashStateTable(spec))
  check()
  versions = new Versions()
}

describe.each(specs.map((s) => [s.name, s] as const))('a table with %s behaves as a Map', (_, spec) => {
  test.each(Array.from({ length: 12 }, (__, i) => 1000 + i))('seed %i', (seed) => {
    run(spec, seed)
  })
})
