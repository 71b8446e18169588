import { Batch, MAX_BATCH_ROWS } from '../columns/batch.ts'
import { vectorOf } from '../columns/builder.ts'
import { splitAtLimit } from '../columns/int64.ts'
import { asShape, Int64Vector, StructVector, type Vector } from '../columns/vector.ts'
import type { OutputModeName } from '../connectors/provider.ts'
import type { AggregateBody } from '../functions/entry.ts'
import { NEVER_PANE, panesOfTimes } from '../state/pane-of-time.ts'
import type { SlotColumn, StateTable } from '../state/table.ts'
import type { DataType, Schema, StructType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import { windowBounds, type WindowBounds } from '../types/window-shape.ts'
import type { PaneSpec } from './config.ts'
import type { DistinctValues } from './distinct-values.ts'
import type { OpContext, Operator } from './operator.ts'
import { PreImages } from './pre-images.ts'

/** One aggregate at run time: its state fields are value columns `first … first + width` of the table. */
export interface RunningAggregate {
  readonly type: DataType
  readonly body: AggregateBody
  readonly first: number
  readonly width: number
  /** The result is this state field as it stands; null: ask `body.finish`. */
  readonly resultField: number | null
  /** It takes DISTINCT values: its state is fed by DistinctValues. */
  readonly distinct: boolean
}

export interface AggregateConfig {
  readonly schema: Schema
  /** Positions of the grouping keys in the input. */
  readonly keys: readonly number[]
  readonly pane: PaneSpec | null
  readonly aggregates: readonly RunningAggregate[]
  /** Adds the rows of a batch to the groups `slots[i]` (i-th row that counts). */
  readonly update: (batch: Batch, slots: Int32Array, columns: readonly SlotColumn[]) => void
  readonly emit: OutputModeName | 'batch'
  readonly table: StateTable
  readonly distinct: readonly DistinctValues[]
  /** A throwaway table of the same keys: late rows are counted by group, as the recorded engine does. */
  readonly newLateTable: () => StateTable
}

/**
 * GROUP BY, DISTINCT and global aggregates.
 *
 *   state   one row per group: the grouping keys and the state fields of every aggregate; by pane where the key is a
 *           window or the event time; a row per group and value where an argument is DISTINCT
 *   late    append, update and changelog: rows whose group ended at or before the late watermark are dropped, counted
 *           by group
 *   output  append: groups that ended at or before the watermark, which are then released; update: groups touched in
 *           the trigger; changelog: the same, each behind its last row as a deletion; complete: every group, never
 *           released; batch: every group once
 *   ports   one; results leave through `drain`
 */
export class Aggregate implements Operator {
  readonly name = 'Aggregate'
  readonly releases = true
  readonly schema: Schema
  readonly #config: AggregateConfig
  /** State fields that do not begin as NULL; `value` is called for each group, since states may hold mutable values. */
  readonly #inits: readonly { readonly column: number; readonly value: () => Value }[]
  /** Grouping keys that the table holds; a window is its pane. */
  readonly #tableKeys: readonly number[]
  /** Set where groups have a pane. */
  readonly #bounds: WindowBounds | null
  readonly #before: PreImages | null
  #late: StateTable | null = null
  #pending: Int32Array | null = null
  #at = 0
  #ending = false

  constructor(config: AggregateConfig) {
    this.schema = config.schema
    this.#config = config
    this.#bounds = config.pane === null ? null : windowBounds(config.pane.shape)
    this.#tableKeys = config.keys.filter((_, k) => !(config.pane?.kind === 'window' && config.pane.index === k))
    this.#before = config.emit === 'changelog' ? new PreImages((slots) => this.#rows(slots)) : null
    this.#inits = config.aggregates.flatMap((a) =>
      a.body.init().flatMap((value, k) => {
        if (value === null) return []
        return [{ column: a.first + k, value: typeof value === 'object' ? () => a.body.init()[k]! : () => value }]
      }),
    )
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    const { table, update, aggregates, pane, emit } = this.#config
    let panes: BigInt64Array | null = null
    if (pane !== null) {
      const times = this.#timesOf(batch, this.#bounds!.byEnd)
      panes = panesOfTimes(times)
      if (pane.expires && releases(emit)) {
        const { above, atOrBelow } = splitAtLimit(times, batch, this.#bounds!.lastEnded(ctx.lateUs))
        if (above !== null) {
          const late = batch.select(atOrBelow)
          this.#countLate(late, panes)
          ctx.late?.(late, this.#timesOf(batch, true), 0n)
          batch = batch.select(above)
        }
      }
    }
    const n = batch.rowCount
    if (n === 0) return
    const slots = new Int32Array(n)
    const isNew = this.#inits.length > 0 || this.#before !== null ? new Uint8Array(n) : null
    const keyColumns = this.#tableKeys.map((k) => batch.columns[k]!)
    table.upsert(keyColumns, batch, panes, slots, isNew)
    if (isNew !== null) for (let i = 0; i < n; i++) if (isNew[i] === 1) this.#initialise(slots[i]!)
    this.#before?.keep(slots, n, isNew!)
    if (aggregates.length > 0) update(batch, slots, table.columns)
    for (const values of this.#config.distinct) values.add(batch, slots, keyColumns, panes, table.columns)
    table.markChanged(slots, n)
  }

  onTriggerEnd(ctx: OpContext): void {
    const { table, keys, emit, pane } = this.#config
    if (this.#late !== null) {
      ctx.count('numRowsDroppedByWatermark', this.#late.size)
      this.#late = null
    }
    if (keys.length === 0 && emit !== 'append' && (emit !== 'changelog' || table.size === 0)) this.#touchGlobal()
    const changed = table.changedSlots()
    ctx.count('numRowsUpdated', changed.length)
    if (emit === 'update' || emit === 'changelog') this.#pending = changed
    else if (emit === 'append')
      this.#pending = pane === null ? new Int32Array(0) : joinSlots(this.#expired(ctx).map((p) => table.slotsOfPane(p)))
    else this.#pending = table.slots()
    this.#at = 0
    this.#ending = true
  }

  drain(ctx: OpContext, maxRows: number): boolean {
    if (!this.#ending) return false
    const pending = this.#pending!
    const most = Math.min(maxRows, this.#before === null ? MAX_BATCH_ROWS : MAX_BATCH_ROWS / 2)
    const end = Math.min(pending.length, this.#at + most)
    if (end > this.#at) {
      const slots = pending.subarray(this.#at, end)
      const rows = this.#rows(slots)
      ctx.emit(this.#before?.paired(slots, rows) ?? rows)
    }
    this.#at = end
    if (end < pending.length) return true
    this.#before?.clear()
    this.#release(ctx)
    this.#pending = null
    this.#ending = false
    return false
  }

  /** Panes whose groups have ended at or before the watermark. */
  #expired(ctx: OpContext): bigint[] {
    const { table, pane } = this.#config
    if (pane === null || !pane.expires) return []
    return [...table.panesUpTo(this.#bounds!.lastEnded(ctx.watermarkUs))]
  }

  heldUntilUs(): bigint | null {
    const { table, pane, emit } = this.#config
    if (emit !== 'append' || pane?.expires !== true) return null
    const last = table.panes().findLast((p) => p !== NEVER_PANE)
    return last === undefined ? null : this.#bounds!.endOf(last)
  }

  #release(ctx: OpContext): void {
    const { table, emit, distinct } = this.#config
    if (!releases(emit)) return
    let removed = 0
    for (const p of this.#expired(ctx)) {
      removed += table.removePane(p)
      for (const values of distinct) values.release(p)
    }
    if (removed > 0) ctx.count('numRowsRemoved', removed)
  }

  /** The times of the key that is the pane: of a window its start or its end. */
  #timesOf(batch: Batch, end: boolean): Int64Vector {
    const { keys, pane } = this.#config
    const column = batch.columns[keys[pane!.index]!]!
    if (pane!.kind === 'time') return asShape(column, 'i64')
    const window = asShape(column, 'struct')
    const times = asShape(window.children[end ? 1 : 0]!, 'i64')
    // A NULL window comes from a grouping set without it.
    return window.validity === null ? times : new Int64Vector(times.type, times.values, window.validity, times.length)
  }

  #countLate(batch: Batch, panes: BigInt64Array): void {
    this.#late ??= this.#config.newLateTable()
    this.#late.upsert(
      this.#tableKeys.map((k) => batch.columns[k]!),
      batch,
      panes,
      new Int32Array(batch.rowCount),
      null,
    )
  }

  #initialise(slot: number): void {
    for (const { column, value } of this.#inits) this.#config.table.setValue(slot, column, value())
  }

  #touchGlobal(): void {
    const one = new Batch({ fields: [] }, [], 1)
    const slot = new Int32Array(1)
    const isNew = new Uint8Array(1)
    this.#config.table.upsert([], one, null, slot, isNew)
    if (isNew[0] === 1) this.#initialise(slot[0]!)
    this.#config.table.markChanged(slot, 1)
  }

  #rows(slots: Int32Array): Batch {
    const { keys, aggregates, table, pane } = this.#config
    const columns: Vector[] = []
    let inTable = 0
    for (let k = 0; k < keys.length; k++) {
      const type = this.schema.fields[k]!.type
      columns.push(
        pane?.kind === 'window' && pane.index === k
          ? windowVector(type as StructType, slots, table, this.#bounds!)
          : table.keyVector(inTable++, slots),
      )
    }
    for (const a of aggregates) {
      if (a.resultField !== null) {
        columns.push(table.valueVector(a.first + a.resultField, slots))
        continue
      }
      const results: Value[] = []
      for (const slot of slots) {
        const state: Value[] = []
        for (let f = 0; f < a.width; f++) state.push(table.getValue(slot, a.first + f))
        results.push(a.body.finish(state))
      }
      columns.push(vectorOf(a.type, results))
    }
    return new Batch(this.schema, columns, slots.length)
  }
}

/** Output modes that forget groups behind the watermark. */
const releases = (emit: AggregateConfig['emit']): boolean => emit !== 'complete' && emit !== 'batch'

function joinSlots(parts: readonly Int32Array[]): Int32Array {
  const out = new Int32Array(parts.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const p of parts) {
    out.set(p, at)
    at += p.length
  }
  return out
}

function windowVector(type: StructType, slots: Int32Array, table: StateTable, bounds: WindowBounds): Vector {
  const starts = new BigInt64Array(slots.length)
  const ends = new BigInt64Array(slots.length)
  let validity: Uint8Array | null = null
  // Groups of one window mostly stand together.
  let last: bigint | null = null
  let [start, end] = [0n, 0n]
  for (let i = 0; i < slots.length; i++) {
    const pane = table.paneOf(slots[i]!)
    if (pane === NEVER_PANE) {
      validity ??= new Uint8Array(slots.length).fill(1)
      validity[i] = 0
      continue
    }
    if (pane !== last) {
      last = pane
      start = bounds.startOf(pane)
      end = bounds.endOf(pane)
    }
    starts[i] = start
    ends[i] = end
  }
  const member = type.fields[0]!.type
  return new StructVector(
    type,
    [new Int64Vector(member, starts, null), new Int64Vector(member, ends, null)],
    validity,
    slots.length,
  )
}
