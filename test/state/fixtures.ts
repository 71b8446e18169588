import { Batch } from '../../src/columns/batch.ts'
import { vectorOf } from '../../src/columns/builder.ts'
import type { HashStateTable } from '../../src/state/hash-state-table.ts'
import type { StateTable } from '../../src/state/table.ts'
import type { Value } from '../../src/types/value.ts'

/** A batch of keys for `table`; each row in the order of its keys. */
export function keyBatch(
  table: StateTable,
  rows: readonly (readonly Value[])[],
  selection: Int32Array | null = null,
): Batch {
  const fields = table.spec.keys
  const columns = fields.map((f, k) =>
    vectorOf(
      f.type,
      rows.map((r) => r[k] ?? null),
    ),
  )
  return new Batch({ fields }, columns, rows.length, selection)
}

/** Upserts rows; gives slots and the marks of new ones. */
export function upsert(
  table: StateTable,
  rows: readonly (readonly Value[])[],
  panes: readonly bigint[] | null = null,
): { readonly slots: Int32Array; readonly isNew: number[] } {
  const batch = keyBatch(table, rows)
  const slots = new Int32Array(rows.length)
  const isNew = new Uint8Array(rows.length)
  table.upsert(batch.columns, batch, panes === null ? null : BigInt64Array.from(panes), slots, isNew)
  return { slots, isNew: [...isNew] }
}

/** The slots of rows, -1 where not held. */
export function find(
  table: StateTable,
  rows: readonly (readonly Value[])[],
  panes: readonly bigint[] | null = null,
): number[] {
  const batch = keyBatch(table, rows)
  const slots = new Int32Array(rows.length)
  table.find(batch.columns, batch, panes === null ? null : BigInt64Array.from(panes), slots)
  return [...slots]
}

/** For JSON.stringify, which has asked a Buffer for its own JSON before it asks here. */
const printable = (v: unknown): unknown => {
  if (typeof v === 'bigint') return `${v}n`
  if (v instanceof Uint8Array) return `0x${Buffer.from(v).toString('hex')}`
  const buffer = v as { readonly type?: unknown; readonly data?: unknown } | null
  return buffer?.type === 'Buffer' && Array.isArray(buffer.data)
    ? `0x${Buffer.from(buffer.data as number[]).toString('hex')}`
    : v
}

/** Everything a table holds, as sorted text: pane, keys, values. */
export function contents(table: StateTable): string[] {
  const slots = table.slots()
  const keys = table.spec.keys.map((_, k) => table.keyVector(k, slots))
  const values = table.spec.values.map((_, v) => table.valueVector(v, slots))
  return [...slots]
    .map((slot, i) =>
      JSON.stringify(
        [
          table.paneOf(slot),
          keys.map((k) => k.get(i)),
          values.map((v, index) => {
            const value = v.get(i)
            const single = table.getValue(slot, index)
            return JSON.stringify(value, (_, x) => printable(x)) === JSON.stringify(single, (_, x) => printable(x))
              ? value
              : `vector and cell differ: ${String(value)} ${String(single)}`
          }),
        ],
        (_, v) => printable(v),
      ),
    )
    .sort()
}

/** A random number generator with a seed: 0 to 1. */
export function randomOf(seed: number): () => number {
  let s = seed | 0
  return () => {
    s = (s + 0x6d2b79f5) | 0
    let t = Math.imul(s ^ (s >>> 15), 1 | s)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Versions of one table as a checkpoint would keep them, in memory. */
export class Versions {
  readonly logs: { readonly version: number; readonly blob: Uint8Array }[] = []
  readonly snapshots = new Map<number, { readonly version: number; readonly blob: Uint8Array }>()
  #version = 0
  #needed = 0

  commit(table: HashStateTable, snapshotBudget: number): void {
    const version = this.#version++
    const blob = table.takeChangeLog()
    if (blob !== null) this.logs.push({ version, blob })
    for (const s of table.takeSnapshots(snapshotBudget)) this.snapshots.set(s.shard, { version, blob: s.blob })
    this.#needed = table.logsNeeded
  }

  /** Restores from the snapshots and only the logs the table said it needs. */
  restoreInto(table: HashStateTable): HashStateTable {
    const versions = new Map<number, number>()
    for (const [shard, { version, blob }] of this.snapshots) {
      table.loadSnapshot(shard, blob)
      versions.set(shard, version)
    }
    for (const { version, blob } of this.needed())
      table.applyChangeLog(blob, (shard) => version > (versions.get(shard) ?? -1))
    return table
  }

  needed(): readonly { readonly version: number; readonly blob: Uint8Array }[] {
    return this.#needed === 0 ? [] : this.logs.slice(-this.#needed)
  }
}
