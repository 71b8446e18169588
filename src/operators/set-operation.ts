import { Batch, MAX_BATCH_ROWS } from '../columns/batch.ts'
import type { StateTable } from '../state/table.ts'
import type { Schema } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

/** `counts` is a table keyed by all columns with two BIGINT values: how often a row came in on port 0 and on port 1. */
export interface SetOperationConfig {
  readonly schema: Schema
  readonly kind: 'intersect' | 'except'
  readonly all: boolean
  readonly counts: StateTable
}

/**
 * INTERSECT and EXCEPT, with and without ALL, over bounded inputs.
 *
 *   state   a count per distinct row and side, for one trigger
 *   late    not judged
 *   output  at the end, through `drain`
 *   ports   two
 */
export class SetOperation implements Operator {
  readonly name = 'SetOperation'
  readonly schema: Schema
  readonly #config: SetOperationConfig
  #pending: Int32Array | null = null
  #at = 0

  constructor(config: SetOperationConfig) {
    this.schema = config.schema
    this.#config = config
  }

  onBatch(batch: Batch, _ctx: OpContext, port: number): void {
    const { counts } = this.#config
    const n = batch.rowCount
    const slots = new Int32Array(n)
    counts.upsert(batch.columns, batch, null, slots, null)
    const column = counts.columns[port]!
    const values = column.values as BigInt64Array
    for (let i = 0; i < n; i++) {
      values[slots[i]!]! += 1n
      column.validity[slots[i]!] = 1
    }
  }

  onTriggerEnd(_ctx: OpContext): void {
    const { counts, kind, all } = this.#config
    const [left, right] = [counts.columns[0]!.values as BigInt64Array, counts.columns[1]!.values as BigInt64Array]
    const out: number[] = []
    for (const slot of counts.slots()) {
      const l = Number(left[slot]!)
      const r = Number(right[slot]!)
      let times: number
      if (kind === 'intersect') times = all ? Math.min(l, r) : l > 0 && r > 0 ? 1 : 0
      else times = all ? Math.max(0, l - r) : l > 0 && r === 0 ? 1 : 0
      for (let k = 0; k < times; k++) out.push(slot)
    }
    this.#pending = Int32Array.from(out)
    this.#at = 0
  }

  drain(ctx: OpContext, maxRows: number): boolean {
    const pending = this.#pending
    if (pending === null) return false
    const end = Math.min(pending.length, this.#at + Math.min(maxRows, MAX_BATCH_ROWS))
    const slots = pending.subarray(this.#at, end)
    if (slots.length > 0)
      ctx.emit(
        new Batch(
          this.schema,
          this.schema.fields.map((_, c) => this.#config.counts.keyVector(c, slots)),
          slots.length,
        ),
      )
    this.#at = end
    if (end < pending.length) return true
    this.#pending = null
    return false
  }
}
