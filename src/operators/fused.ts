import type { Batch } from '../columns/batch.ts'
import { isRowFault } from '../expr/fault.ts'
import type { RowFaults } from '../expr/row-by-row.ts'
import type { Schema } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

/** Rows done one by one before the engine may look at the clock. */
const PIECE_ROWS = 256

/** A compiled filter and projection: the batch of rows that pass, with the computed columns. */
export type FusedKernel = (batch: Batch) => Batch
/** The same row by row, for a batch that holds rows on which the kernel throws. */
export type FusedRowByRow = (batch: Batch, faults: RowFaults) => Batch

/**
 * Filter and projection in one generated loop.
 *
 *   state   none
 *   late    not judged
 *   output  the rows that pass, by selection; columns that only pass through are shared
 *   ports   one
 *   faults  a batch on which the loop throws is done again row by row, in pieces by `drain`
 */
export class Fused implements Operator {
  readonly name = 'Fused'
  readonly releases = true
  readonly schema: Schema
  readonly #kernel: FusedKernel

  readonly #rowByRow: FusedRowByRow
  /** A batch on which the loop threw, and the first row not done. */
  #again: { readonly batch: Batch; readonly at: number } | null = null

  constructor(schema: Schema, kernel: FusedKernel, rowByRow: FusedRowByRow) {
    this.schema = schema
    this.#kernel = kernel
    this.#rowByRow = rowByRow
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    let out: Batch
    try {
      out = this.#kernel(batch)
    } catch (error) {
      if (ctx.faults === undefined || !isRowFault(error)) throw error
      this.#again = { batch, at: 0 }
      return
    }
    if (out.rowCount > 0) ctx.emit(out)
  }

  drain(ctx: OpContext): boolean {
    if (this.#again === null) return false
    const { batch, at } = this.#again
    const end = Math.min(batch.rowCount, at + PIECE_ROWS)
    const piece = batch.select(Int32Array.from({ length: end - at }, (_, i) => batch.rowAt(at + i)))
    const out = this.#rowByRow(piece, ctx.faults!)
    if (out.rowCount > 0) ctx.emit(out)
    this.#again = end < batch.rowCount ? { batch, at: end } : null
    return this.#again !== null
  }
}
