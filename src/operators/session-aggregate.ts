import { Batch, MAX_BATCH_ROWS } from '../columns/batch.ts'
import { vectorOf } from '../columns/builder.ts'
import { asShape, Int64Vector, StructVector, type Vector } from '../columns/vector.ts'
import type { OutputModeName } from '../connectors/provider.ts'
import { TimeIndex } from '../state/time-index.ts'
import type { SlotColumn, StateTable } from '../state/table.ts'
import { BIGINT, type Schema, type StructType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { RunningAggregate } from './aggregate.ts'
import type { DistinctValues } from './distinct-values.ts'
import { END, type OpenSessions, START } from './open-sessions.ts'
import { onTime } from './on-time.ts'
import type { OpContext, Operator } from './operator.ts'
import { SessionCounts } from './session-counts.ts'
import { PreImages } from './pre-images.ts'

export interface SessionAggregateConfig {
  readonly schema: Schema
  /** Positions of the grouping keys in the input; the session struct is the one at `session` of them. */
  readonly keys: readonly number[]
  readonly session: number
  readonly aggregates: readonly RunningAggregate[]
  readonly update: (batch: Batch, slots: Int32Array, columns: readonly SlotColumn[]) => void
  readonly emit: OutputModeName | 'batch'
  /** The key carries a watermark. */
  readonly expires: boolean
  /** Keyed by the other grouping keys and the number of the session; value 0 is its start, 1 its end, then the state fields. */
  readonly table: StateTable
  /** Their values are kept by the number of the session. */
  readonly distinct: readonly DistinctValues[]
  readonly open: OpenSessions
}

/**
 * GROUP BY session_window: rows of a group that lie within the gap of each other are one session; a row may join two.
 *
 *   state   one row per open session: keys, start, end, state fields; one per session and value where an argument is
 *           DISTINCT
 *   late    append, update and changelog: rows whose own session ended at or before the late watermark are dropped,
 *           one by one
 *   output  append: sessions that ended at or before the watermark, which are then released; update: deletions of the
 *           sessions that are there no more, since they grew or became one with another, then the sessions touched;
 *           changelog: the same, and a session that kept its bounds stands behind its last row as a deletion; complete
 *           and batch: all
 *   ports   one; results leave through `drain`
 */
export class SessionAggregate implements Operator {
  readonly name = 'SessionAggregate'
  readonly releases = true
  readonly schema: Schema
  readonly #config: SessionAggregateConfig
  readonly #otherKeys: readonly number[]
  readonly #times: TimeIndex | null
  readonly #before: PreImages | null
  /** Bounds that sessions had when their row was kept in `#before`. */
  readonly #bounds = new Map<number, readonly [start: bigint, end: bigint]>()
  readonly #counts = new SessionCounts()
  /** Views of the START and END columns. */
  readonly #bounded: Int32Array[] = []
  /** Sessions whose last row has to be taken back. */
  #gone: readonly number[] = []
  #pending: Int32Array | null = null
  #expired: Int32Array = new Int32Array(0)
  #at = 0

  constructor(config: SessionAggregateConfig) {
    this.schema = config.schema
    this.#config = config
    const takesBack = config.emit === 'update' || config.emit === 'changelog'
    this.#before = takesBack ? new PreImages((slots) => this.#rows(slots)) : null
    this.#otherKeys = config.keys.filter((_, k) => k !== config.session)
    this.#times = config.expires && config.emit !== 'complete' ? new TimeIndex(config.table, END) : null
  }

  onBatch(given: Batch, ctx: OpContext): void {
    const { keys, session, table, open, aggregates, update, emit, expires } = this.#config
    const struct = asShape(given.columns[keys[session]!]!, 'struct')
    const starts = asShape(struct.children[0]!, 'i64')
    const ends = asShape(struct.children[1]!, 'i64')
    let batch = given
    if (expires && emit !== 'complete' && emit !== 'batch') {
      batch = onTime(batch, ends, ctx)
    }
    const n = batch.rowCount
    if (n === 0) return
    const otherKeys = this.#otherKeys.map((k) => batch.columns[k]!)
    const found = open.groupsOf(otherKeys, batch)
    const slots = new Int32Array(n)
    // A row may join sessions that earlier rows of this batch were given: where they went is looked up at the end.
    const movedTo = new Map<number, number>()
    for (let i = 0; i < n; i++) {
      this.#counts.touch(found[i]!)
      slots[i] = this.#place(found[i]!, otherKeys, batch.rowAt(i), starts, ends, movedTo)
    }
    if (movedTo.size > 0)
      for (let i = 0; i < n; i++) {
        let slot = slots[i]!
        for (let to = movedTo.get(slot); to !== undefined; to = movedTo.get(slot)) slot = to
        slots[i] = slot
      }
    if (aggregates.length > 0) update(batch, slots, table.columns)
    if (this.#config.distinct.length > 0) this.#addDistinct(batch, slots)
    table.markChanged(slots, n)
  }

  onTriggerEnd(ctx: OpContext): void {
    const { table, open, emit } = this.#config
    const changed = table.changedSlots()
    const { updated, removed } = this.#counts.take((group) => open.sizeOf(group))
    ctx.count('numRowsUpdated', updated)
    ctx.count('numRowsRemoved', removed)
    this.#times?.push(changed, changed.length)
    this.#expired = this.#times?.takeUpTo(ctx.watermarkUs) ?? new Int32Array(0)
    this.#pending = emit === 'append' ? this.#expired : this.#before !== null ? changed : table.slots()
    this.#gone = this.#before?.slots.filter((slot) => !this.#kept(slot)) ?? []
    this.#at = 0
  }

  drain(ctx: OpContext, maxRows: number): boolean {
    const pending = this.#pending
    if (pending === null) return false
    const most = Math.min(maxRows, this.#before === null ? MAX_BATCH_ROWS : MAX_BATCH_ROWS / 2)
    if (this.#gone.length > 0) {
      ctx.emit(this.#before!.deletions(this.#gone.slice(0, most)))
      this.#gone = this.#gone.slice(most)
      return true
    }
    const end = Math.min(pending.length, this.#at + most)
    if (end > this.#at) {
      const slots = pending.subarray(this.#at, end)
      const rows = this.#rows(slots)
      const pairs = this.#config.emit === 'changelog'
      ctx.emit(pairs ? this.#before!.paired(slots, rows, (slot) => this.#kept(slot)) : rows)
    }
    this.#at = end
    if (end < pending.length) return true
    this.#before?.clear()
    this.#bounds.clear()
    for (const slot of this.#expired) this.#close(slot)
    this.#config.open.settle()
    ctx.count('numRowsRemoved', this.#expired.length)
    this.#pending = null
    return false
  }

  heldUntilUs(): bigint | null {
    const { table, emit, expires } = this.#config
    if (emit !== 'append' || !expires) return null
    let last: bigint | null = null
    for (const slot of table.slots()) {
      const end = table.getValue(slot, END) as bigint
      if (last === null || end > last) last = end
    }
    return last
  }

  /** The slot of the session that takes a row in: one it touches, several made into one, or a new one. */
  #place(
    group: number,
    keys: readonly Vector[],
    row: number,
    starts: Int64Vector,
    ends: Int64Vector,
    movedTo: Map<number, number>,
  ): number {
    const { open } = this.#config
    const from = this.#halves(START)
    const to = this.#halves(END)
    // Rows mostly come in order: one that begins within the latest session touches that one alone.
    let into = open.latest(group)
    if (into < 0) return this.#create(group, keys, row, starts, ends)
    if (notAbove(from, into, starts.halves, row) && notAbove(starts.halves, row, to, into)) {
      if (this.#before !== null) this.#keep(into)
    } else {
      const touching = open.touching(group, starts.values[row]!, ends.values[row]!)
      if (touching.length === 0) return this.#create(group, keys, row, starts, ends)
      if (this.#before !== null) for (const slot of touching) this.#keep(slot)
      into = touching[0]!
      for (const slot of touching.slice(1)) this.#join(into, slot, movedTo)
      if (!notAbove(from, into, starts.halves, row)) {
        copy64(starts.halves, row, from, into)
        this.#counts.leaveStart(into)
      }
    }
    if (!notAbove(ends.halves, row, to, into)) copy64(ends.halves, row, to, into)
    return into
  }

  /** The int32 halves of the starts or ends of all sessions, by slot; to be asked for anew after a session was made. */
  #halves(column: number): Int32Array {
    const values = this.#config.table.columns[column]!.values as BigInt64Array
    if (this.#bounded[column]?.buffer !== values.buffer)
      this.#bounded[column] = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
    return this.#bounded[column]!
  }

  /** Makes two sessions one: `from`, which begins later, becomes part of `into`. */
  #join(into: number, from: number, movedTo: Map<number, number>): void {
    const to = this.#halves(END)
    this.#merge(into, from)
    // Closed while it has its own bounds, by which it is found.
    this.#counts.leaveStart(from)
    this.#close(from)
    copy64(to, from, to, into)
    movedTo.set(from, into)
  }

  #create(group: number, keys: readonly Vector[], row: number, starts: Int64Vector, ends: Int64Vector): number {
    const { table, aggregates, open } = this.#config
    const at = Int32Array.of(row)
    const slots = new Int32Array(1)
    const number = new Int64Vector(BIGINT, BigInt64Array.of(open.takeNumber()), null)
    table.append([...keys.map((k) => k.take(at)), number], 1, slots)
    const slot = slots[0]!
    table.setValue(slot, START, starts.values[row]!)
    table.setValue(slot, END, ends.values[row]!)
    for (const a of aggregates)
      a.body.init().forEach((value, k) => {
        if (value !== null) table.setValue(slot, a.first + k, value)
      })
    open.open(group, slot)
    this.#counts.start(slot)
    this.#before?.keep(slots, 1, Uint8Array.of(1))
    return slot
  }

  /** Keeps the row of a session as it was before the trigger. */
  #keep(slot: number): void {
    const { table } = this.#config
    this.#before!.keep(Int32Array.of(slot), 1, Uint8Array.of(0))
    if (this.#before!.has(slot) && !this.#bounds.has(slot))
      this.#bounds.set(slot, [table.getValue(slot, START) as bigint, table.getValue(slot, END) as bigint])
  }

  /** Whether a session has the bounds that it had before the trigger. */
  #kept(slot: number): boolean {
    const { table } = this.#config
    const bounds = this.#bounds.get(slot)
    return (
      bounds !== undefined &&
      table.isHeld(slot) &&
      table.getValue(slot, START) === bounds[0] &&
      table.getValue(slot, END) === bounds[1]
    )
  }

  #merge(into: number, from: number): void {
    const { table, aggregates, distinct, open } = this.#config
    const [to, taken] = open.numbersOf(Int32Array.of(into, from)) as unknown as [bigint, bigint]
    for (const values of distinct) values.merge(to, into, taken, table.columns)
    for (const a of aggregates) {
      if (a.distinct) continue
      const state = this.#state(into, a)
      a.body.merge(state, this.#state(from, a))
      state.forEach((value, k) => table.setValue(into, a.first + k, value))
    }
  }

  #addDistinct(batch: Batch, slots: Int32Array): void {
    const { table, distinct, open } = this.#config
    const numbers = open.numbersOf(slots)
    const panes = new BigInt64Array(batch.length)
    for (let i = 0; i < slots.length; i++) panes[batch.rowAt(i)] = numbers[i]!
    for (const values of distinct) values.add(batch, slots, [], panes, table.columns)
  }

  #state(slot: number, a: RunningAggregate): Value[] {
    return Array.from({ length: a.width }, (_, k) => this.#config.table.getValue(slot, a.first + k))
  }

  #close(slot: number): void {
    const { table, distinct, open } = this.#config
    open.close(slot)
    for (const values of distinct) values.release(open.numbersOf(Int32Array.of(slot))[0]!)
    table.remove(slot)
  }

  #rows(slots: Int32Array): Batch {
    const { keys, session, aggregates, table } = this.#config
    let other = 0
    const columns: Vector[] = keys.map((_, k) => {
      if (k !== session) return table.keyVector(other++, slots)
      const type = this.schema.fields[k]!.type as StructType
      const member = type.fields[0]!.type
      const [start, end] = [
        asShape(table.valueVector(START, slots), 'i64'),
        asShape(table.valueVector(END, slots), 'i64'),
      ]
      return new StructVector(
        type,
        [new Int64Vector(member, start.values, null), new Int64Vector(member, end.values, null)],
        null,
        slots.length,
      )
    })
    for (const a of aggregates)
      columns.push(
        a.resultField !== null
          ? table.valueVector(a.first + a.resultField, slots)
          : vectorOf(
              a.type,
              Array.from(slots, (slot) => a.body.finish(this.#state(slot, a))),
            ),
      )
    return new Batch(this.schema, columns, slots.length)
  }
}

/** Whether the int64 at `i` of `a` is at most the one at `j` of `b`, both given as int32 halves. */
function notAbove(a: Int32Array, i: number, b: Int32Array, j: number): boolean {
  const high = a[2 * i + 1]!
  const other = b[2 * j + 1]!
  return high < other || (high === other && a[2 * i]! >>> 0 <= b[2 * j]! >>> 0)
}

function copy64(from: Int32Array, i: number, to: Int32Array, j: number): void {
  to[2 * j] = from[2 * i]!
  to[2 * j + 1] = from[2 * i + 1]!
}
