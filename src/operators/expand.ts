import type { Batch } from '../columns/batch.ts'
import type { Schema } from '../types/data-type.ts'
import type { FusedKernel } from './fused.ts'
import type { OpContext, Operator } from './operator.ts'

/**
 * Every input row once per projection: GROUPING SETS, ROLLUP, CUBE.
 *
 *   state none · late not judged · output one batch per projection · ports one
 */
export class Expand implements Operator {
  readonly name = 'Expand'
  readonly releases = true
  readonly schema: Schema
  readonly #projections: readonly FusedKernel[]

  constructor(schema: Schema, projections: readonly FusedKernel[]) {
    this.schema = schema
    this.#projections = projections
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    for (const project of this.#projections) ctx.emit(project(batch))
  }
}
