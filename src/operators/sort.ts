import { Batch } from '../columns/batch.ts'
import { concatVectors } from '../columns/concat.ts'
import type { Vector } from '../columns/vector.ts'
import { compareValues } from '../types/compare.ts'
import type { DataType, Schema } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { OpContext, Operator } from './operator.ts'

/** `keys` computes the sort keys of a batch, indexed by physical row. */
export interface SortConfig {
  readonly schema: Schema
  readonly keys: (batch: Batch) => readonly Vector[]
  readonly directions: readonly { readonly type: DataType; readonly descending: boolean; readonly nullsFirst: boolean }[]
}

/**
 * ORDER BY over all rows of the trigger.
 *
 *   state   none beyond the trigger (complete mode gives the whole table each time)
 *   late    not judged
 *   output  every row, in order, through `drain`; rows that tie keep their order
 *   ports   one
 */
export class Sort implements Operator {
  readonly name = 'Sort'
  readonly schema: Schema
  readonly #config: SortConfig
  #batches: Batch[] = []
  #keys: (readonly Vector[])[] = []
  #sorted: { readonly columns: readonly Vector[]; readonly order: Int32Array; at: number } | null = null

  constructor(config: SortConfig) {
    this.schema = config.schema
    this.#config = config
  }

  onBatch(batch: Batch, _ctx: OpContext): void {
    const rows = batch.selection
    const keys = this.#config.keys(batch)
    this.#keys.push(rows === null ? keys : keys.map((k) => k.take(rows)))
    this.#batches.push(batch.dense())
  }

  onTriggerEnd(_ctx: OpContext): void {
    const n = this.#batches.reduce((sum, b) => sum + b.length, 0)
    if (n === 0) return
    const columns = this.schema.fields.map((f, c) => concatVectors(f.type, this.#batches.map((b) => b.columns[c]!)))
    const compares = this.#config.directions.map((d, k) => {
      const values: Value[] = []
      for (const keys of this.#keys) for (let i = 0; i < keys[k]!.length; i++) values.push(keys[k]!.get(i))
      const compare = compareValues(d.type)
      const sign = d.descending ? -1 : 1
      const nullSide = d.nullsFirst ? -1 : 1
      return (a: number, b: number): number => {
        const x = values[a]!
        const y = values[b]!
        if (x === null) return y === null ? 0 : nullSide
        if (y === null) return -nullSide
        return sign * compare(x, y)
      }
    })
    const order = Int32Array.from({ length: n }, (_, i) => i)
    order.sort((a, b) => {
      for (const compare of compares) {
        const c = compare(a, b)
        if (c !== 0) return c
      }
      return a - b
    })
    this.#sorted = { columns, order, at: 0 }
    this.#batches = []
    this.#keys = []
  }

  drain(ctx: OpContext, maxRows: number): boolean {
    const sorted = this.#sorted
    if (sorted === null) return false
    const end = Math.min(sorted.order.length, sorted.at + maxRows)
    ctx.emit(new Batch(this.schema, sorted.columns, sorted.order.length, sorted.order.slice(sorted.at, end)).dense())
    sorted.at = end
    if (end < sorted.order.length) return true
    this.#sorted = null
    return false
  }
}
