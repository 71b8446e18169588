import { expect, test } from 'vitest'
import { Batch } from '../../src/columns/batch.ts'
import { batchOf } from '../../src/columns/builder.ts'
import { DistinctValues } from '../../src/operators/distinct-values.ts'
import { HashStateTable } from '../../src/state/hash-state-table.ts'
import { BIGINT, field, INT, schemaOf } from '../../src/types/data-type.ts'
import { columns, pick, SEEDS, seeded } from './harness.ts'

/** Rows (group, value) with weights; tells which values each group holds. */
function counting() {
  const table = new HashStateTable({
    name: 'distinct_0',
    keys: [field('g', INT), field('v', INT)],
    values: [field('count', BIGINT)],
    paned: false,
  })
  const held = new Map<number, number[]>()
  const schema = schemaOf(field('v', INT))
  const values = new DistinctValues({
    schema,
    table,
    values: (batch) => ({ selection: batch.selection, columns: [batch.columns[1]!] }),
    update: (changes, groups) => {
      for (let i = 0; i < changes.rowCount; i++) {
        const list = held.get(groups[i]!) ?? []
        held.set(groups[i]!, list)
        const value = changes.row(i)[0] as number
        if ((changes.weights?.[changes.rowAt(i)] ?? 1) > 0) list.push(value)
        else list.splice(list.indexOf(value), 1)
      }
    },
  })
  const add = (rows: readonly (readonly [number, number])[], weights: readonly number[] | null): void => {
    const made = batchOf(columns(INT, INT), rows)
    const batch = new Batch(made.schema, made.columns, made.length, null, weights && Int32Array.from(weights))
    values.add(
      batch,
      Int32Array.from(rows, (r) => r[0]),
      [batch.columns[0]!],
      null,
      [],
    )
    table.takeChangeLog()
  }
  return { table, held, add }
}

test.each(SEEDS)('deletions count down: a value is taken back when the last of it goes (seed %i)', (seed) => {
  const random = seeded(seed)
  const { table, held, add } = counting()
  const counts = new Map<string, number>()
  for (let batch = 0; batch < 40; batch++) {
    const rows: [number, number][] = []
    const weights: number[] = []
    for (let n = Math.floor(random() * 12); n > 0; n--) {
      const row: [number, number] = [Math.floor(random() * 3), Math.floor(random() * 4)]
      const known = counts.get(String(row)) ?? 0
      const weight = known > 0 ? pick(random, [-1, -1, 1]) : 1
      counts.set(String(row), known + weight)
      rows.push(row)
      weights.push(weight)
    }
    add(rows, weights.includes(-1) ? weights : null)
    const expected = [...counts].filter(([, n]) => n > 0)
    expect(table.size).toBe(expected.length)
    expect([...held].flatMap(([g, list]) => list.map((v) => `${g},${v}`)).sort()).toEqual(
      expected.map(([r]) => r).sort(),
    )
  }
})
