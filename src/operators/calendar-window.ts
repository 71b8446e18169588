import { Batch } from '../columns/batch.ts'
import { asShape, Int64Vector, StructVector, type Vector } from '../columns/vector.ts'
import { CalendarPeriods, type CalendarSpec } from '../types/calendar.ts'
import type { Schema, StructType } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

/** `time` gives the event time column, indexed by physical row. */
export interface CalendarWindowConfig {
  readonly schema: Schema
  readonly time: (batch: Batch) => Vector
  readonly calendar: CalendarSpec
}

const TWO_32 = 4294967296
/** High words of times that are exact as doubles, their windows too. */
const EXACT_HIGH = 2 ** 20
const SECOND_US = 1_000_000n

/**
 * `calendar_window(time, period)`: appends the period of the calendar that holds the row.
 *
 *   state   none
 *   late    not judged
 *   output  input columns and struct<start, end>; rows with a NULL time are dropped. Periods follow each other without
 *           gap or overlap (see CalendarPeriods)
 *   ports   one
 */
export class AssignCalendarWindows implements Operator {
  readonly name = 'AssignCalendarWindows'
  readonly releases = true
  readonly schema: Schema
  readonly #time: CalendarWindowConfig['time']
  readonly #periods: CalendarPeriods

  constructor(config: CalendarWindowConfig) {
    this.schema = config.schema
    this.#time = config.time
    this.#periods = new CalendarPeriods(config.calendar)
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    const times = asShape(this.#time(batch), 'i64')
    const periods = this.#periods
    const { halves, validity } = times
    const n = batch.rowCount
    const starts = new BigInt64Array(batch.length)
    const ends = new BigInt64Array(batch.length)
    const startHalves = new Int32Array(starts.buffer)
    const endHalves = new Int32Array(ends.buffer)
    const selection = new Int32Array(n)
    let kept = 0
    let from = 0
    let to = -1
    for (let i = 0; i < n; i++) {
      const r = batch.rowAt(i)
      if (validity !== null && validity[r] === 0) continue
      selection[kept++] = r
      const high = halves[2 * r + 1]!
      if (high >= EXACT_HIGH || high < -EXACT_HIGH) {
        const t = times.values[r]!
        periods.find(Number(t >= 0n ? t / SECOND_US : (t - SECOND_US + 1n) / SECOND_US))
        starts[r] = BigInt(periods.start) * SECOND_US
        ends[r] = BigInt(periods.end) * SECOND_US
        continue
      }
      const t = high * TWO_32 + (halves[2 * r]! >>> 0)
      // Neighbouring rows mostly share their period.
      if (!(t >= from && t < to)) {
        periods.find(Math.floor(t / 1e6))
        from = periods.start * 1e6
        to = periods.end * 1e6
      }
      startHalves[2 * r] = from
      startHalves[2 * r + 1] = Math.floor(from / TWO_32)
      endHalves[2 * r] = to
      endHalves[2 * r + 1] = Math.floor(to / TWO_32)
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
    const all = kept === batch.length && batch.selection === null
    const rows = all ? null : selection.subarray(0, kept)
    ctx.emit(new Batch(this.schema, [...batch.columns, window], batch.length, rows, batch.weights))
  }
}
