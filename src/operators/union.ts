import type { Batch } from '../columns/batch.ts'
import type { Schema } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

/**
 * UNION ALL: rows of every port as they come; the planner has made the types equal.
 *
 *   state none · late not judged · output its input under the union's names · ports any number
 */
export class Union implements Operator {
  readonly name = 'Union'
  readonly releases = true
  readonly schema: Schema

  constructor(schema: Schema) {
    this.schema = schema
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    ctx.emit(batch.rename(this.schema))
  }
}
