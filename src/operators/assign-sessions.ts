import { Batch } from '../columns/batch.ts'
import { asShape, StructVector, type Vector } from '../columns/vector.ts'
import type { Schema } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

/** `bounds` gives each row's time and its time plus gap, indexed by physical row. */
export interface AssignSessionsConfig {
  readonly schema: Schema
  readonly bounds: (batch: Batch) => readonly [Vector, Vector]
}

/**
 * `session_window(time, gap)`: appends the session a row would be by itself, [time, time + gap). The aggregate above
 * merges them.
 *
 *   state   none
 *   late    not judged
 *   output  input columns and struct<start, end>; rows with a NULL time or a gap that is not positive are dropped
 *   ports   one
 */
export class AssignSessions implements Operator {
  readonly name = 'AssignSessions'
  readonly schema: Schema
  readonly #config: AssignSessionsConfig

  constructor(config: AssignSessionsConfig) {
    this.schema = config.schema
    this.#config = config
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    const [first, second] = this.#config.bounds(batch)
    const start = asShape(first, 'i64')
    const end = asShape(second, 'i64')
    const rows = new Int32Array(batch.rowCount)
    let n = 0
    for (let i = 0; i < batch.rowCount; i++) {
      const r = batch.rowAt(i)
      if (!start.isNull(r) && !end.isNull(r) && end.values[r]! > start.values[r]!) rows[n++] = r
    }
    if (n === 0) return
    const type = this.schema.fields[this.schema.fields.length - 1]!.type
    const session = new StructVector(type, [start, end], null, batch.length)
    ctx.emit(new Batch(this.schema, [...batch.columns, session], batch.length, rows.slice(0, n), batch.weights))
  }
}
