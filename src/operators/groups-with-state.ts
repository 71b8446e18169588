import { Batch, MAX_BATCH_ROWS } from '../columns/batch.ts'
import { batchOf, vectorOf } from '../columns/builder.ts'
import { asShape, type Int64Vector } from '../columns/vector.ts'
import { notPromise, userFailure } from '../functions/user/failure.ts'
import {
  CalledGroupState,
  type GroupStateFacts,
  type GroupStateTimeout,
  type StateCodec,
} from '../functions/user/group-state.ts'
import { iterable } from '../functions/user/table.ts'
import type { StateTable } from '../state/table.ts'
import type { TimeIndex } from '../state/time-index.ts'
import type { DataType, Schema } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import { onTime } from './on-time.ts'
import type { OpContext, Operator } from './operator.ts'

/** Rows and calls between two looks of the engine at the clock. */
const PIECE_ROWS = 256

const STATE = 0
const TIMEOUT_AT = 1

/**
 * The input is a key and a row. `time` is the event time's place in the row, `watermark` whether there is one. Value
 * columns of `table`: the state (NULL: none, only a timeout) and its timeout in milliseconds, which `times` indexes.
 * `element`, `take`, `key`, `keyText` and `bare` as for UserMap.
 */
export interface GroupsWithStateConfig {
  readonly schema: Schema
  readonly label: string
  readonly fn: (...args: unknown[]) => unknown
  /** The function gives one result a call, not several. */
  readonly single: boolean
  readonly timeout: GroupStateTimeout
  /** Rows may be late: a bounded table is complete, whatever its times. */
  readonly judgesLate: boolean
  readonly time: number | null
  readonly codec: StateCodec
  readonly keyType: DataType
  readonly element: (values: readonly Value[]) => unknown
  readonly take: (js: unknown) => readonly Value[]
  readonly key: (value: Value) => unknown
  readonly keyText: (value: Value) => string
  readonly bare: boolean
  readonly table: StateTable
  readonly times: TimeIndex
  /** The time of the batch. */
  readonly nowUs: () => bigint
}

interface Group {
  readonly key: Value
  readonly rows: (readonly Value[])[]
}

/**
 * mapGroupsWithState and flatMapGroupsWithState: a function of the user's with a state per key.
 *
 *   state   one row per key that has a state or a timeout, until the function removes it
 *   late    with event-time timeouts rows at or before the late watermark are dropped and counted; else not judged
 *   output  what the function gives: once for each key with rows, in order of arrival; then once for each key without
 *           rows whose timeout lies before the watermark or the batch's time, earliest first
 *   ports   one; rows are kept until the trigger ends, everything leaves through `drain`
 */
export class GroupsWithState implements Operator {
  readonly name = 'GroupsWithState'
  readonly schema: Schema
  readonly #config: GroupsWithStateConfig
  #groups = new Map<string, Group>()
  #work: Iterator<readonly Value[] | null> | null = null
  #made: (readonly Value[])[] = []

  constructor(config: GroupsWithStateConfig) {
    this.schema = config.schema
    this.#config = config
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    const { judgesLate, bare, keyText } = this.#config
    if (judgesLate) {
      const times = this.#timesOf(batch)
      if (times !== null) {
        batch = onTime(batch, times, ctx)
      }
    }
    for (let i = 0; i < batch.rowCount; i++) {
      const [key, row] = batch.row(i) as [Value, Value]
      const text = keyText(key)
      let group = this.#groups.get(text)
      if (group === undefined) this.#groups.set(text, (group = { key, rows: [] }))
      group.rows.push(bare ? [row] : (row as readonly Value[]))
    }
  }

  onTriggerEnd(ctx: OpContext): void {
    const groups = [...this.#groups.values()]
    this.#groups = new Map()
    this.#work = this.#calls(groups, ctx)
  }

  drain(ctx: OpContext, maxRows: number): boolean {
    const work = this.#work
    if (work === null) return false
    const cap = Math.min(maxRows, MAX_BATCH_ROWS)
    for (let i = 0; i < PIECE_ROWS && this.#made.length < cap; i++) {
      const step = work.next()
      if (step.done === true) {
        this.#work = null
        this.#emit(ctx)
        return false
      }
      if (step.value !== null) this.#made.push(step.value)
    }
    if (this.#made.length >= cap) this.#emit(ctx)
    return true
  }

  wakeAtUs(): bigint | null {
    if (this.#config.timeout !== 'ProcessingTimeTimeout') return null
    const earliest = this.#config.times.earliestUs()
    // Timeouts come when the time is beyond them.
    return earliest === null ? null : (earliest + 1n) * 1000n
  }

  #timesOf(batch: Batch): Int64Vector | null {
    const { time, bare } = this.#config
    if (time === null) return null
    const row = batch.columns[1]!
    return asShape(bare ? row : asShape(row, 'struct').children[time]!, 'i64')
  }

  *#calls(groups: readonly Group[], ctx: OpContext): Generator<readonly Value[] | null> {
    const { timeout, time, table, times, nowUs, element } = this.#config
    const watermarkMs = ctx.watermarkUs / 1000n
    const nowMs = nowUs() / 1000n
    const facts: GroupStateFacts = { timeout, nowMs, watermarkMs: time === null ? null : watermarkMs }
    for (let from = 0; from < groups.length; from += PIECE_ROWS) {
      const piece = groups.slice(from, from + PIECE_ROWS)
      const slots = new Int32Array(piece.length)
      const keys = this.#keys(piece.map((g) => g.key))
      table.find(keys.columns, keys, null, slots)
      for (const [i, group] of piece.entries()) {
        const rows = function* (): Generator<unknown> {
          for (const row of group.rows) yield element(row)
        }
        yield* this.#call(group.key, slots[i]!, rows(), facts, false, ctx)
        yield null
      }
    }
    if (timeout === 'NoTimeout') return
    const due = times.takeUpTo((timeout === 'EventTimeTimeout' ? watermarkMs : nowMs) - 1n)
    const keys = table.keyVector(0, due)
    for (const [i, slot] of due.entries()) {
      yield* this.#call(keys.get(i), slot, [], facts, true, ctx)
      yield null
    }
  }

  /** One call of the function; `slot` is that of the key, -1 where the table does not hold it. */
  *#call(
    key: Value,
    slot: number,
    rows: Iterable<unknown>,
    facts: GroupStateFacts,
    timedOut: boolean,
    ctx: OpContext,
  ): Generator<readonly Value[]> {
    const { codec, table, fn, label, single, take } = this.#config
    const state = new CalledGroupState(codec, facts, slot < 0 ? null : table.getValue(slot, STATE), timedOut)
    const given = this.#config.key(key)
    const attempt = <T>(body: () => T): T => {
      try {
        return body()
      } catch (error) {
        throw userFailure(label, error, given)
      }
    }
    const result = attempt(() => notPromise(fn(given, rows, state), label))
    if (single) yield attempt(() => take(result))
    else {
      const results = attempt(() => iterable(result)[Symbol.iterator]())
      for (;;) {
        const out = attempt(() => {
          const step = results.next()
          return step.done === true ? null : take(step.value)
        })
        if (out === null) break
        yield out
      }
    }
    this.#keep(key, slot, state, ctx)
  }

  #keep(key: Value, slot: number, state: CalledGroupState, ctx: OpContext): void {
    const { table, times } = this.#config
    const { value, updated, removed, timeoutMs } = state.outcome()
    if (removed && timeoutMs === null) {
      if (slot >= 0) table.remove(slot)
      ctx.count('numRowsRemoved', 1)
      return
    }
    const before = slot < 0 ? null : (table.getValue(slot, TIMEOUT_AT) as bigint | null)
    if (!updated && !removed && before === timeoutMs) return
    const slots = Int32Array.of(slot)
    if (slot < 0) {
      const keys = this.#keys([key])
      table.upsert(keys.columns, keys, null, slots, null)
    }
    table.setValue(slots[0]!, STATE, value)
    table.setValue(slots[0]!, TIMEOUT_AT, timeoutMs)
    if (timeoutMs !== null) times.push(slots, 1)
    ctx.count('numRowsUpdated', 1)
  }

  #keys(keys: readonly Value[]): Batch {
    const { keyType } = this.#config
    const schema: Schema = { fields: [{ name: 'key', type: keyType, nullable: true }] }
    return new Batch(schema, [vectorOf(keyType, keys)], keys.length)
  }

  #emit(ctx: OpContext): void {
    const made = this.#made
    this.#made = []
    if (made.length > 0) ctx.emit(batchOf(this.schema, made))
  }
}
