import { Batch } from '../columns/batch.ts'
import { asShape, Int64Vector, StructVector, type Vector } from '../columns/vector.ts'
import type { Schema, StructType } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

/** Sizes in microseconds. `time` gives the event time column, indexed by physical row. */
export interface WindowConfig {
  readonly schema: Schema
  readonly time: (batch: Batch) => Vector
  readonly sizeUs: bigint
  readonly slideUs: bigint
  readonly startUs: bigint
}

/** Beyond this a time in microseconds is no longer exact as a double. */
const EXACT = 2 ** 53

/**
 * `window(time, size, slide, start)`: appends the window that holds the row, once per window.
 *
 *   state   none
 *   late    not judged
 *   output  input columns and struct<start, end>; rows with a NULL time are dropped. Windows are half-open and
 *           aligned to the epoch plus `start`
 *   ports   one
 */
export class AssignWindows implements Operator {
  readonly name = 'AssignWindows'
  readonly releases = true
  readonly schema: Schema
  readonly #config: WindowConfig

  constructor(config: WindowConfig) {
    this.schema = config.schema
    this.#config = config
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    const { sizeUs, slideUs } = this.#config
    const times = asShape(this.#config.time(batch), 'i64')
    // A row lies in at most ceil(size / slide) windows; the k-th pass takes the k-th latest of each row.
    for (let k = 0n; k * slideUs < sizeUs; k++) this.#pass(batch, times, k * slideUs, ctx)
  }

  /** Emits the rows whose window, `back` before their latest one, still holds them. */
  #pass(batch: Batch, times: Int64Vector, backUs: bigint, ctx: OpContext): void {
    const { schema, sizeUs, slideUs, startUs } = this.#config
    const n = batch.rowCount
    const rows = batch.selection
    const starts = new BigInt64Array(batch.length)
    const ends = new BigInt64Array(batch.length)
    const startHalves = new Int32Array(starts.buffer)
    const endHalves = new Int32Array(ends.buffer)
    const selection = new Int32Array(n)
    const halves = times.halves
    const validity = times.validity
    const size = Number(sizeUs)
    const slide = Number(slideUs)
    const offset = Number(startUs)
    const back = Number(backUs)
    // High words of times for which every sum below stays exact; none when the window itself is too large.
    const exactHigh = Math.floor((EXACT - size - 2 * slide - Math.abs(offset)) / 4294967296) - 1
    let kept = 0
    let from = 0
    let to = -1
    for (let i = 0; i < n; i++) {
      const r = rows === null ? i : rows[i]!
      if (validity !== null && validity[r] === 0) continue
      const high = halves[2 * r + 1]!
      if (high >= exactHigh || high <= -exactHigh) {
        const t = times.values[r]!
        const shifted = t - startUs
        let latest = shifted - (((shifted % slideUs) + slideUs) % slideUs) + startUs
        latest -= backUs
        if (t >= latest + sizeUs) continue
        starts[r] = latest
        ends[r] = latest + sizeUs
        selection[kept++] = r
        continue
      }
      const t = high * 4294967296 + (halves[2 * r]! >>> 0)
      // Neighbouring rows mostly share their windows: only look again when the time left the last slide.
      if (!(t >= from && t < to)) {
        from = Math.floor((t - offset) / slide) * slide + offset
        to = from + slide
      }
      const start = from - back
      const end = start + size
      if (t >= end) continue
      startHalves[2 * r] = start
      startHalves[2 * r + 1] = Math.floor(start / 4294967296)
      endHalves[2 * r] = end
      endHalves[2 * r + 1] = Math.floor(end / 4294967296)
      selection[kept++] = r
    }
    if (kept === 0) return
    const field = schema.fields[schema.fields.length - 1]!
    const member = (field.type as StructType).fields[0]!.type
    const window = new StructVector(
      field.type,
      [new Int64Vector(member, starts, null), new Int64Vector(member, ends, null)],
      null,
      batch.length,
    )
    const all = kept === batch.length && rows === null
    ctx.emit(
      new Batch(
        schema,
        [...batch.columns, window],
        batch.length,
        all ? null : selection.subarray(0, kept),
        batch.weights,
      ),
    )
  }
}
