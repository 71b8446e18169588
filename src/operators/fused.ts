import type { Batch } from '../columns/batch.ts'
import type { Schema } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

/** A compiled filter and projection: the batch of rows that pass, with the computed columns. */
export type FusedKernel = (batch: Batch) => Batch

/**
 * Filter and projection in one generated loop.
 *
 *   state   none
 *   late    not judged
 *   output  the rows that pass, by selection; columns that only pass through are shared
 *   ports   one
 */
export class Fused implements Operator {
  readonly name = 'Fused'
  readonly releases = true
  readonly schema: Schema
  readonly #kernel: FusedKernel

  constructor(schema: Schema, kernel: FusedKernel) {
    this.schema = schema
    this.#kernel = kernel
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    const out = this.#kernel(batch)
    if (out.rowCount > 0) ctx.emit(out)
  }
}
