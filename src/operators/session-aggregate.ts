import { Batch, MAX_BATCH_ROWS } from '../columns/batch.ts'
import { vectorOf } from '../columns/builder.ts'
import { splitAtLimit } from '../columns/int64.ts'
import { asShape, Int64Vector, StructVector, type Vector } from '../columns/vector.ts'
import type { OutputModeName } from '../connectors/provider.ts'
import { TimeIndex } from '../state/time-index.ts'
import type { SlotColumn, StateTable } from '../state/table.ts'
import { BIGINT, type Schema, type StructType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { RunningAggregate } from './aggregate.ts'
import type { DistinctValues } from './distinct-values.ts'
import { END, type OpenSessions, START } from './open-sessions.ts'
import type { OpContext, Operator } from './operator.ts'
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
  readonly schema: Schema
  readonly #config: SessionAggregateConfig
  readonly #otherKeys: readonly number[]
  readonly #times: TimeIndex | null
  readonly #before: PreImages | null
  /** Bounds that sessions had when their row was kept in `#before`. */
  readonly #bounds = new Map<number, readonly [start: bigint, end: bigint]>()
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
      const { above, atOrBelow } = splitAtLimit(ends, batch, ctx.lateUs)
      if (above !== null) {
        ctx.count('numRowsDroppedByWatermark', atOrBelow.length)
        ctx.late?.(batch.select(atOrBelow), ends, 0n)
        batch = batch.select(above)
      }
    }
    const n = batch.rowCount
    if (n === 0) return
    const otherKeys = this.#otherKeys.map((k) => batch.columns[k]!)
    const found = open.groupsOf(otherKeys, batch)
    const slots = new Int32Array(n)
    // A row may join sessions that earlier rows of this batch were given: where they went is looked up at the end.
    const movedTo = new Map<number, number>()
    for (let i = 0; i < n; i++) {
      const r = batch.rowAt(i)
      slots[i] = this.#place(found[i]!, otherKeys, batch, r, starts.values[r]!, ends.values[r]!, movedTo)
    }
    for (let i = 0; i < n; i++) {
      let slot = slots[i]!
      for (let to = movedTo.get(slot); to !== undefined; to = movedTo.get(slot)) slot = to
      slots[i] = slot
    }
    if (aggregates.length > 0) update(batch, slots, table.columns)
    if (this.#config.distinct.length > 0) this.#addDistinct(batch, slots)
    table.markChanged(slots, n)
    this.#times?.push(slots, n)
  }

  onTriggerEnd(ctx: OpContext): void {
    const { table, emit } = this.#config
    const changed = table.changedSlots()
    ctx.count('numRowsUpdated', changed.length)
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
    batch: Batch,
    row: number,
    start: bigint,
    end: bigint,
    movedTo: Map<number, number>,
  ): number {
    const { table, open } = this.#config
    const touching = open.touching(group, start, end)
    if (this.#before !== null) for (const slot of touching) this.#keep(slot)
    if (touching.length === 0) return this.#create(group, keys, batch, row, start, end)
    const [first, ...rest] = touching as [number, ...number[]]
    let from = table.getValue(first, START) as bigint
    let to = table.getValue(first, END) as bigint
    for (const slot of rest) {
      this.#merge(first, slot)
      const other = table.getValue(slot, END) as bigint
      if (other > to) to = other
      movedTo.set(slot, first)
      this.#close(slot)
    }
    if (start < from) from = start
    if (end > to) to = end
    table.setValue(first, START, from)
    table.setValue(first, END, to)
    return first
  }

  #create(group: number, keys: readonly Vector[], batch: Batch, row: number, start: bigint, end: bigint): number {
    const { table, aggregates, open } = this.#config
    const numbers = new BigInt64Array(batch.length)
    numbers[row] = open.takeNumber()
    const slot = new Int32Array(1)
    table.upsert([...keys, new Int64Vector(BIGINT, numbers, null)], batch.select(Int32Array.of(row)), null, slot, null)
    table.setValue(slot[0]!, START, start)
    table.setValue(slot[0]!, END, end)
    for (const a of aggregates)
      a.body.init().forEach((value, k) => {
        if (value !== null) table.setValue(slot[0]!, a.first + k, value)
      })
    open.open(group, slot[0]!)
    this.#before?.keep(slot, 1, Uint8Array.of(1))
    return slot[0]!
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
