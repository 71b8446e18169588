import { Batch, MAX_BATCH_ROWS } from '../columns/batch.ts'
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
  /** The rows of each window have to leave in the order they came. */
  readonly keepsOrder: boolean
}

/** Beyond this a time in microseconds is no longer exact as a double. */
const EXACT = 2 ** 53

/**
 * `window(time, size, slide, start)`: appends the window that holds the row, once per window.
 *
 *   state   none
 *   late    not judged
 *   output  input columns and struct<start, end>; rows with a NULL time are dropped. Windows are half-open and
 *           aligned to the epoch plus `start`. With `keepsOrder` the rows of a window come in the order of the input
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
    if (this.#config.keepsOrder && slideUs < sizeUs && !ascends(batch, times)) return this.#rowByRow(batch, times, ctx)
    // A row lies in at most ceil(size / slide) windows; the k-th pass takes the k-th latest of each row.
    for (let k = 0n; k * slideUs < sizeUs; k++) this.#pass(batch, times, k * slideUs, ctx)
  }

  /** Each row with all its windows, then the next: passes would put a row before an earlier one that is older. */
  #rowByRow(batch: Batch, times: Int64Vector, ctx: OpContext): void {
    const { sizeUs, slideUs, startUs } = this.#config
    const rows = new Int32Array(MAX_BATCH_ROWS)
    const starts = new BigInt64Array(MAX_BATCH_ROWS)
    let n = 0
    const flush = (): void => {
      if (n > 0) ctx.emit(this.#gathered(batch, rows.subarray(0, n), starts.slice(0, n)))
      n = 0
    }
    for (let i = 0; i < batch.rowCount; i++) {
      const row = batch.rowAt(i)
      if (times.isNull(row)) continue
      const t = times.values[row]!
      const shifted = t - startUs
      const latest = t - (((shifted % slideUs) + slideUs) % slideUs)
      for (let start = latest; t < start + sizeUs; start -= slideUs) {
        rows[n] = row
        starts[n++] = start
        if (n === MAX_BATCH_ROWS) flush()
      }
    }
    flush()
  }

  #gathered(batch: Batch, rows: Int32Array, starts: BigInt64Array): Batch {
    const { schema, sizeUs } = this.#config
    const window = windowsOf(
      schema,
      starts,
      starts.map((start) => start + sizeUs),
    )
    const columns = [...batch.columns.map((c) => c.take(rows)), window]
    return new Batch(schema, columns, rows.length, null, batch.weightsOf(rows))
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
    const window = windowsOf(schema, starts, ends)
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

function windowsOf(schema: Schema, starts: BigInt64Array, ends: BigInt64Array): StructVector {
  const type = schema.fields[schema.fields.length - 1]!.type as StructType
  const member = type.fields[0]!.type
  return new StructVector(
    type,
    [new Int64Vector(member, starts, null), new Int64Vector(member, ends, null)],
    null,
    starts.length,
  )
}

/** No row is older than one before it. */
function ascends(batch: Batch, times: Int64Vector): boolean {
  let last: bigint | null = null
  for (let i = 0; i < batch.rowCount; i++) {
    const row = batch.rowAt(i)
    if (times.isNull(row)) continue
    const t = times.values[row]!
    if (last !== null && t < last) return false
    last = t
  }
  return true
}
