import { Batch } from '../columns/batch.ts'
import { asShape, Int64Vector, StructVector, type Vector } from '../columns/vector.ts'
import type { Schema, StructType } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

/** Sizes in microseconds, `sizeUs` a multiple of `stepUs`. `time` gives the event time column, indexed by physical row. */
export interface CumulateWindowConfig {
  readonly schema: Schema
  readonly time: (batch: Batch) => Vector
  readonly sizeUs: bigint
  readonly stepUs: bigint
  readonly startUs: bigint
}

/**
 * CUMULATE: appends each of the growing windows that hold the row, once per window: they begin together every `size` and
 * end a step, two steps, … a whole size later.
 *
 *   state   none
 *   late    not judged
 *   output  input columns and struct<start, end>; rows with a NULL time are dropped
 *   ports   one
 */
export class AssignCumulatingWindows implements Operator {
  readonly name = 'AssignCumulatingWindows'
  readonly releases = true
  readonly schema: Schema
  readonly #config: CumulateWindowConfig

  constructor(config: CumulateWindowConfig) {
    this.schema = config.schema
    this.#config = config
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    const { sizeUs, stepUs, startUs } = this.#config
    const times = asShape(this.#config.time(batch), 'i64')
    const starts = new BigInt64Array(batch.length)
    const rows: number[] = []
    let from = 0n
    let to = -1n
    for (let i = 0; i < batch.rowCount; i++) {
      const r = batch.rowAt(i)
      if (times.isNull(r)) continue
      const t = times.values[r]!
      if (t < from || t >= to) {
        const into = (t - startUs) % sizeUs
        from = t - (into < 0n ? into + sizeUs : into)
        to = from + sizeUs
      }
      starts[r] = from
      rows.push(r)
    }
    // The k-th pass takes the k-th window of the rows that lie in it.
    for (let length = stepUs; length <= sizeUs; length += stepUs) this.#pass(batch, times, starts, rows, length, ctx)
  }

  #pass(
    batch: Batch,
    times: Int64Vector,
    starts: BigInt64Array,
    rows: readonly number[],
    length: bigint,
    ctx: OpContext,
  ): void {
    const ends = new BigInt64Array(batch.length)
    const selection = new Int32Array(rows.length)
    let kept = 0
    for (const r of rows) {
      ends[r] = starts[r]! + length
      if (times.values[r]! < ends[r]!) selection[kept++] = r
    }
    if (kept === 0) return
    const { type } = this.schema.fields.at(-1)!
    const member = (type as StructType).fields[0]!.type
    const window = new StructVector(
      type,
      [new Int64Vector(member, starts, null), new Int64Vector(member, ends, null)],
      null,
      batch.length,
    )
    ctx.emit(
      new Batch(this.schema, [...batch.columns, window], batch.length, selection.subarray(0, kept), batch.weights),
    )
  }
}
