import type { Batch } from '../columns/batch.ts'
import { isRowFault } from '../expr/fault.ts'
import type { RowFaults } from '../expr/row-by-row.ts'
import type { Schema } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

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
 *   faults  a batch on which the loop throws is done again row by row
 */
export class Fused implements Operator {
  readonly name = 'Fused'
  readonly releases = true
  readonly schema: Schema
  readonly #kernel: FusedKernel

  readonly #rowByRow: FusedRowByRow

  constructor(schema: Schema, kernel: FusedKernel, rowByRow: FusedRowByRow) {
    this.schema = schema
    this.#kernel = kernel
    this.#rowByRow = rowByRow
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    const out = this.#run(batch, ctx.faults)
    if (out.rowCount > 0) ctx.emit(out)
  }

  #run(batch: Batch, faults: RowFaults | undefined): Batch {
    try {
      return this.#kernel(batch)
    } catch (error) {
      if (faults === undefined || !isRowFault(error)) throw error
      return this.#rowByRow(batch, faults)
    }
  }
}
