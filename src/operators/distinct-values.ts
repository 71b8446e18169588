import { Batch } from '../columns/batch.ts'
import { asShape, type Vector } from '../columns/vector.ts'
import { assert } from '../errors/errors.ts'
import type { SlotColumn, StateTable } from '../state/table.ts'
import { rowKey } from '../types/compare.ts'
import type { Schema } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'

export interface DistinctConfig {
  /** The values as columns. */
  readonly schema: Schema
  /** Keyed by the keys of the group and the values; value column 0, where there is one, counts. */
  readonly table: StateTable
  /** The rows whose values count, and the values in place. */
  readonly values: (batch: Batch) => { readonly selection: Int32Array | null; readonly columns: readonly Vector[] }
  /** Adds values (rows of `schema`, with weights where some are taken back) to the groups `slots[i]`. */
  readonly update: (values: Batch, slots: Int32Array, columns: readonly SlotColumn[]) => void
}

const COUNT = 0

/**
 * The DISTINCT arguments of an aggregation: a multiset of values per group. A value reaches the aggregates when it comes
 * first (they keep their ordinary state), and is taken back when the last of it goes. Floats arrive as they are grouped:
 * 0.0 for -0.0.
 */
export class DistinctValues {
  readonly #config: DistinctConfig
  readonly #groupKeys: number
  readonly #counted: boolean
  readonly #text: (row: readonly Value[]) => string

  constructor(config: DistinctConfig) {
    const { table, schema } = config
    this.#config = config
    this.#groupKeys = table.spec.keys.length - schema.fields.length
    this.#counted = table.spec.values.length > 0
    this.#text = rowKey(schema.fields.map((f) => f.type))
  }

  /** Takes rows in: the i-th that counts is of group `groups[i]`, whose keys are `keys` and `panes` by physical row. */
  add(
    batch: Batch,
    groups: Int32Array,
    keys: readonly Vector[],
    panes: BigInt64Array | null,
    columns: readonly SlotColumn[],
  ): void {
    const { table, values, update } = this.#config
    const found = values(batch)
    const rows = batch.select(found.selection)
    const n = rows.rowCount
    if (n === 0) return
    const slots = new Int32Array(n)
    const isNew = new Uint8Array(n)
    table.upsert([...keys, ...found.columns], rows, panes, slots, isNew)
    const own = n === batch.rowCount ? groups : groupsOfRows(batch, rows, groups)
    if (batch.weights !== null) {
      this.#weigh(rows, batch.weights, slots, own, columns)
      return
    }
    if (this.#counted) {
      const { values: counts, validity } = table.columns[COUNT]!
      for (let i = 0; i < n; i++) {
        ;(counts as BigInt64Array)[slots[i]!]!++
        validity[slots[i]!] = 1
      }
      table.markChanged(slots, n)
    }
    let fresh = 0
    const freshGroups = new Int32Array(n)
    for (let i = 0; i < n; i++) {
      if (isNew[i] === 0) continue
      freshGroups[fresh] = own[i]!
      slots[fresh++] = slots[i]!
    }
    if (fresh > 0) update(this.#batch(slots.subarray(0, fresh), null), freshGroups.subarray(0, fresh), columns)
  }

  /** As `add` for insertions and deletions: only a value's first coming and last going are told on. */
  #weigh(
    rows: Batch,
    weights: Int32Array,
    slots: Int32Array,
    groups: Int32Array,
    columns: readonly SlotColumn[],
  ): void {
    const { table, update } = this.#config
    assert(this.#counted, `state table ${table.spec.name} does not count`)
    const turned: number[] = []
    const gone = new Set<number>()
    for (let i = 0; i < slots.length; i++) {
      const before = (table.getValue(slots[i]!, COUNT) as bigint | null) ?? 0n
      const after = before + BigInt(weights[rows.rowAt(i)]!)
      assert(after >= 0n, `state table ${table.spec.name} is asked to take back a value it does not hold`)
      table.setValue(slots[i]!, COUNT, after)
      if (before === 0n) gone.delete(slots[i]!)
      if (after === 0n) gone.add(slots[i]!)
      if (before === 0n || after === 0n) turned.push(i)
    }
    if (turned.length > 0) {
      const signs = Int32Array.from(turned, (i) => Math.sign(weights[rows.rowAt(i)]!))
      const changes = this.#batch(
        Int32Array.from(turned, (i) => slots[i]!),
        signs,
      )
      update(
        changes,
        Int32Array.from(turned, (i) => groups[i]!),
        columns,
      )
    }
    for (const slot of gone) table.remove(slot)
  }

  /** The values of one pane become those of another, whose group is `group`; to be followed by `release(from)`. */
  merge(into: bigint, group: number, from: bigint, columns: readonly SlotColumn[]): void {
    const { table, schema, update } = this.#config
    const moved = this.#inOrder(table.slotsOfPane(from))
    const n = moved.length
    if (n === 0) return
    const values = schema.fields.map((_, k) => table.keyVector(this.#groupKeys + k, moved))
    const counts = this.#counted ? asShape(table.valueVector(COUNT, moved), 'i64').values : null
    const slots = new Int32Array(n)
    const isNew = new Uint8Array(n)
    table.upsert(values, new Batch(schema, values, n), new BigInt64Array(n).fill(into), slots, isNew)
    if (counts !== null) {
      const held = table.columns[COUNT]!
      for (let i = 0; i < n; i++) {
        ;(held.values as BigInt64Array)[slots[i]!]! += counts[i]!
        held.validity[slots[i]!] = 1
      }
      table.markChanged(slots, n)
    }
    const fresh = slots.filter((_, i) => isNew[i] === 1)
    if (fresh.length > 0) update(this.#batch(fresh, null), new Int32Array(fresh.length).fill(group), columns)
  }

  /** Forgets the values of a pane. */
  release(pane: bigint): void {
    this.#config.table.removePane(pane)
  }

  /** Ordered by value: a run from a checkpoint finds the slots in another order, and lists and float sums keep theirs. */
  #inOrder(slots: Int32Array): Int32Array {
    const batch = this.#batch(slots, null)
    const texts = Array.from(slots, (_, i) => this.#text(batch.row(i)))
    const order = texts.map((_, i) => i).sort((a, b) => (texts[a]! < texts[b]! ? -1 : 1))
    return Int32Array.from(order, (i) => slots[i]!)
  }

  #batch(slots: Int32Array, weights: Int32Array | null): Batch {
    const { schema, table } = this.#config
    const columns = schema.fields.map((_, k) => table.keyVector(this.#groupKeys + k, slots))
    return new Batch(schema, columns, slots.length, null, weights)
  }
}

/** The groups of those rows of a batch that `rows`, a part of it in the same order, keeps. */
function groupsOfRows(batch: Batch, rows: Batch, groups: Int32Array): Int32Array {
  const out = new Int32Array(rows.rowCount)
  let i = 0
  for (let k = 0; k < out.length; k++) {
    const row = rows.rowAt(k)
    while (batch.rowAt(i) !== row) i++
    out[k] = groups[i]!
  }
  return out
}
