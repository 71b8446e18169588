import { Batch } from '../columns/batch.ts'
import type { StateTable } from '../state/table.ts'
import type { Schema } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

/** Rows to pass; `counted` is the keyless state table with a BIGINT that counts over the life of a stream. */
export interface LimitConfig {
  readonly schema: Schema
  readonly count: number | null
  readonly offset: number
  readonly counted: StateTable | null
}

/**
 * LIMIT and OFFSET.
 *
 *   state   rows of a stream: how many have passed; a whole result (complete mode): none, each trigger counts anew
 *   late    not judged
 *   output  the first rows, by selection
 *   ports   one
 */
export class Limit implements Operator {
  readonly name = 'Limit'
  readonly releases = true
  readonly schema: Schema
  readonly #config: LimitConfig
  #seen = 0
  #slot = -1

  constructor(config: LimitConfig) {
    this.schema = config.schema
    this.#config = config
    const table = config.counted
    if (table) {
      const empty = new Batch({ fields: [] }, [], 1)
      const slot = new Int32Array(1)
      const isNew = new Uint8Array(1)
      table.upsert([], empty, null, slot, isNew)
      this.#slot = slot[0]!
      this.#seen = isNew[0] === 1 ? 0 : Number(table.getValue(this.#slot, 0) as bigint)
    }
  }

  get done(): boolean {
    const { count, offset } = this.#config
    return count !== null && this.#seen >= offset + count
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    const { count, offset } = this.#config
    const n = batch.rowCount
    const from = Math.min(n, Math.max(0, offset - this.#seen))
    const to = count === null ? n : Math.max(from, Math.min(n, offset + count - this.#seen))
    this.#seen += n
    if (to <= from) return
    if (from === 0 && to === n) return ctx.emit(batch)
    const rows = new Int32Array(to - from)
    for (let i = from; i < to; i++) rows[i - from] = batch.rowAt(i)
    ctx.emit(batch.select(rows))
  }

  onTriggerEnd(ctx: OpContext): void {
    const { counted, count, offset } = this.#config
    if (counted === null) {
      this.#seen = 0
      return
    }
    const before = Number((counted.getValue(this.#slot, 0) as bigint | null) ?? 0n)
    const now = count === null ? this.#seen : Math.min(this.#seen, offset + count)
    this.#seen = now
    if (now !== before) ctx.count('numRowsUpdated', 1)
    counted.setValue(this.#slot, 0, BigInt(now))
  }
}
