import { allNull } from '../../columns/all-null.ts'
import { Batch, MAX_BATCH_ROWS } from '../../columns/batch.ts'
import { vectorOf } from '../../columns/builder.ts'
import { Int32Vector, Int64Vector, StructVector, type Vector } from '../../columns/vector.ts'
import { NEVER_PANE } from '../../state/pane-of-time.ts'
import type { HashStateTable } from '../../state/hash-state-table.ts'
import type { StateTableSpec } from '../../state/table.ts'
import { equalValues } from '../../types/compare.ts'
import {
  BIGINT,
  type Field,
  field,
  INT,
  type Schema,
  STRING,
  type StructType,
  TIMESTAMP,
} from '../../types/data-type.ts'
import { windowBounds } from '../../types/window-shape.ts'

/** `key`: the keys, the window in its place or, for a table kept by event time, the time as `pane` (or what else the pane is); `value`: the values. */
const structsOf = (spec: StateTableSpec): { readonly key: StructType; readonly value: StructType } => ({
  key: { kind: 'struct', fields: withPane(spec, spec.keys, spec.window?.field ?? paneFieldOf(spec)) },
  value: { kind: 'struct', fields: [...spec.values] },
})

const paneFieldOf = (spec: StateTableSpec): Field => spec.paneField ?? field('pane', TIMESTAMP)

/** The keys of a table with what stands for its pane, where it has one. */
function withPane<T>(spec: StateTableSpec, keys: readonly T[], pane: T): readonly T[] {
  if (!spec.paned) return keys
  const at = spec.window?.at ?? keys.length
  return [...keys.slice(0, at), pane, ...keys.slice(at)]
}

/** Columns of a table of state. */
export function stateSchema(spec: StateTableSpec): Schema {
  const { key, value } = structsOf(spec)
  return { fields: [field('key', key, false), field('value', value), field('partition_id', INT, false)] }
}

/** Columns of the changes of a table of state. */
export const changeSchema = (spec: StateTableSpec): Schema => ({
  fields: [field('batch_id', BIGINT, false), field('change_type', STRING, false), ...stateSchema(spec).fields],
})

/** The given slots as rows of `stateSchema`, at most MAX_BATCH_ROWS a batch; without `values` they are NULL. */
export function* stateBatches(table: HashStateTable, slots: Int32Array, values = true): Generator<Batch> {
  const schema = stateSchema(table.spec)
  for (let at = 0; at < slots.length; at += MAX_BATCH_ROWS) {
    const some = slots.slice(at, at + MAX_BATCH_ROWS)
    yield new Batch(schema, stateColumns(table, some, values), some.length)
  }
}

function stateColumns(table: HashStateTable, slots: Int32Array, values: boolean): Vector[] {
  const { spec } = table
  const types = structsOf(spec)
  const held = spec.keys.map((_, k) => table.keyVector(k, slots))
  const keys = spec.paned ? withPane(spec, held, paneVector(table, slots)) : held
  const value = values
    ? new StructVector(
        types.value,
        spec.values.map((_, v) => table.valueVector(v, slots)),
        null,
        slots.length,
      )
    : allNull(types.value, slots.length)
  const shards = Int32Array.from(slots, (slot) => table.hashes[slot]! >>> 24)
  return [new StructVector(types.key, keys, null, slots.length), value, new Int32Vector(INT, shards, null)]
}

function paneVector(table: HashStateTable, slots: Int32Array): Vector {
  const panes = BigInt64Array.from(slots, (slot) => table.paneOf(slot))
  const known = Uint8Array.from(panes, (pane) => (pane === NEVER_PANE ? 0 : 1))
  const validity = known.includes(0) ? known : null
  if (table.spec.window === undefined) return new Int64Vector(paneFieldOf(table.spec).type, panes, validity)
  const { field: at, sizeUs, shape } = table.spec.window
  const type = at.type as StructType
  const { startOf, endOf } = windowBounds(shape ?? { kind: 'fixed', sizeUs })
  const starts = panes.map((pane) => (pane === NEVER_PANE ? pane : startOf(pane)))
  const ends = panes.map((pane) => (pane === NEVER_PANE ? pane : endOf(pane)))
  const members = [starts, ends].map((times, m) => new Int64Vector(type.fields[m]!.type, times, null))
  return new StructVector(type, members, validity, slots.length)
}

/** What batch `batchId` made of `before`: rows of `changeSchema`, 'update' for what is new or another, 'delete' for what is gone. */
export function* changeBatches(before: HashStateTable, after: HashStateTable, batchId: number): Generator<Batch> {
  const equal = after.spec.values.map((f) => equalValues(f.type))
  const old = counterparts(after, before)
  const changed = old.slots.filter(
    (slot, i) =>
      old.found[i]! < 0 || equal.some((same, v) => !same(after.getValue(slot, v), before.getValue(old.found[i]!, v))),
  )
  const kept = counterparts(before, after)
  const gone = kept.slots.filter((_, i) => kept.found[i]! < 0)
  for (const batch of stateBatches(after, changed)) yield withChange(after.spec, batch, batchId, 'update')
  for (const batch of stateBatches(before, gone, false)) yield withChange(before.spec, batch, batchId, 'delete')
}

/** The slots of `table`, and where their keys are in `other` (-1: nowhere). */
function counterparts(
  table: HashStateTable,
  other: HashStateTable,
): { readonly slots: Int32Array; readonly found: Int32Array } {
  const slots = table.slots()
  const found = new Int32Array(slots.length)
  const keys = table.spec.keys.map((_, k) => table.keyVector(k, slots))
  const panes = table.spec.paned ? BigInt64Array.from(slots, (slot) => table.paneOf(slot)) : null
  other.find(keys, new Batch({ fields: table.spec.keys }, keys, slots.length), panes, found)
  return { slots, found }
}

function withChange(spec: StateTableSpec, batch: Batch, batchId: number, change: 'update' | 'delete'): Batch {
  const n = batch.length
  const ids = new Int64Vector(BIGINT, new BigInt64Array(n).fill(BigInt(batchId)), null)
  const kinds = vectorOf(STRING, new Array<string>(n).fill(change))
  return new Batch(changeSchema(spec), [ids, kinds, ...batch.columns], n)
}
