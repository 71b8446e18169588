import type { Batch } from '../columns/batch.ts'
import type { StateTable } from '../state/table.ts'
import type { Schema } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

export interface StreamSetOperationConfig {
  readonly schema: Schema
  readonly kind: 'intersect' | 'except'
  /** Port of the stream; the other is a bounded table. */
  readonly stream: 0 | 1
  /** Keyed by all columns, one BIGINT: copies of a row in the table. Empty, not in the checkpoint. */
  readonly table: StateTable
  /** Keyed by all columns, one BIGINT: copies in the table that a row of the stream has met. */
  readonly met: StateTable
}

/**
 * EXCEPT ALL and INTERSECT ALL of a stream and a bounded table: each copy of a row in the table meets one row of the
 * stream, which EXCEPT leaves out and INTERSECT gives; of the other rows EXCEPT gives all and INTERSECT none.
 *
 *   state   a count for each distinct row of the table that the stream had, for ever: no more than the table has rows
 *   late    not judged
 *   output  at once, insertions only
 *   ports   two; the table comes before the first trigger, or anew before a later one
 */
export class StreamSetOperation implements Operator {
  readonly name = 'StreamSetOperation'
  readonly schema: Schema
  readonly #config: StreamSetOperationConfig

  constructor(config: StreamSetOperationConfig) {
    this.schema = config.schema
    this.#config = config
  }

  onBatch(batch: Batch, ctx: OpContext, port: number): void {
    const { stream, kind, table } = this.#config
    if (port !== stream) return this.#count(batch)
    const slots = new Int32Array(batch.rowCount)
    table.find(batch.columns, batch, null, slots)
    const met = this.#meet(batch, slots, ctx)
    const out: number[] = []
    for (let i = 0; i < slots.length; i++) if ((met[i] === 1) === (kind === 'intersect')) out.push(batch.rowAt(i))
    if (out.length > 0) ctx.emit(batch.rename(this.schema).select(Int32Array.from(out)))
  }

  forget(): void {
    const { table } = this.#config
    for (const slot of table.slots()) table.remove(slot)
    // The table is not in the checkpoint: its log is dropped, so that freed slots are used again.
    table.takeChangeLog()
  }

  #count(batch: Batch): void {
    const { table } = this.#config
    const slots = new Int32Array(batch.rowCount)
    table.upsert(batch.columns, batch, null, slots, null)
    const counts = table.columns[0]!
    for (const slot of slots) {
      ;(counts.values as BigInt64Array)[slot]! += 1n
      counts.validity[slot] = 1
    }
  }

  /** For each row 1 where a copy in the table is left for it; `at` are their slots in the table, -1 for none. */
  #meet(batch: Batch, at: Int32Array, ctx: OpContext): Uint8Array {
    const { table, met } = this.#config
    const out = new Uint8Array(at.length)
    const rows: number[] = []
    for (let i = 0; i < at.length; i++) if (at[i]! >= 0) rows.push(i)
    if (rows.length === 0) return out
    const known = batch.select(Int32Array.from(rows, (i) => batch.rowAt(i)))
    const slots = new Int32Array(rows.length)
    met.upsert(known.columns, known, null, slots, null)
    const copies = table.columns[0]!.values as BigInt64Array
    const seen = met.columns[0]!
    const values = seen.values as BigInt64Array
    rows.forEach((i, k) => {
      const slot = slots[k]!
      seen.validity[slot] = 1
      if (values[slot]! >= copies[at[i]!]!) return
      values[slot]! += 1n
      out[i] = 1
    })
    met.markChanged(slots, slots.length)
    ctx.count('numRowsUpdated', rows.length)
    return out
  }
}
