import { type Batch, MAX_BATCH_ROWS } from '../columns/batch.ts'
import { batchOf } from '../columns/builder.ts'
import { asShape, type Int64Vector } from '../columns/vector.ts'
import { ExecutionError } from '../errors/errors.ts'
import { notPromise, userFailure } from '../functions/user/failure.ts'
import type { ProcessorCall, ProcessorHandle } from '../functions/user/processor-handle.ts'
import type { StatefulProcessor, TimerValues } from '../functions/user/stateful-processor.ts'
import { iterable } from '../functions/user/table.ts'
import type { Schema } from '../types/data-type.ts'
import { formatTimestampNtz } from '../types/time.ts'
import type { Value } from '../types/value.ts'
import { onTime } from './on-time.ts'
import type { OpContext, Operator } from './operator.ts'
import { type CallFacts, KeyCall, type KeyedStates } from './processor-call.ts'

/** Rows and calls between two looks of the engine at the clock. */
const PIECE_ROWS = 256
/** Rows whose TTL is over that count as one. */
const EXPIRED_ROWS = 16

/** How rows of a port become what the processor sees; `bare`: they are one column, not structs. */
export interface ProcessorRows {
  readonly element: (values: readonly Value[]) => unknown
  readonly bare: boolean
}

/**
 * The input is a key and a row. `time` is the event time's place in the row where late rows are dropped, `emitTime` its
 * place in results that other operators judge by it. `key`, `keyText` and `take` as for UserMap.
 */
export interface TransformWithStateConfig extends KeyedStates {
  readonly schema: Schema
  readonly label: string
  readonly processor: StatefulProcessor
  readonly handle: ProcessorHandle
  readonly time: number | null
  readonly emitTime: number | null
  readonly rows: ProcessorRows
  readonly initialRows: ProcessorRows | null
  readonly take: (js: unknown) => readonly Value[]
  readonly key: (value: Value) => unknown
  readonly keyText: (value: Value) => string
  /** The time of the batch. */
  readonly nowUs: () => bigint
}

interface Group {
  readonly key: Value
  readonly rows: (readonly Value[])[]
}

type Groups = Map<string, Group>

/** What is fixed while a trigger ends. */
interface Facts extends TimerValues, CallFacts {
  /** Timers up to here fire. */
  readonly dueMs: bigint
  readonly lateUs: bigint
}

/**
 * transformWithState: a processor of the user's with named states and timers for each key.
 *
 *   state   a table for each state, a row an element of it, and one of timers; rows of a state with a TTL until it is over
 *   late    in time mode EventTime rows at or before the late watermark are dropped and counted; else not judged
 *   output  what the processor gives: for the rows of the initial state nothing; once for each key with rows, in order of
 *           arrival; then once for each timer at or before the watermark or the batch's time, earliest first
 *   ports   0 rows, 1 the initial state (of the first batch); rows are kept until the trigger ends, everything leaves
 *           through `drain`
 */
export class TransformWithState implements Operator {
  readonly name = 'TransformWithState'
  readonly schema: Schema
  readonly #config: TransformWithStateConfig
  #groups: Groups = new Map()
  #initial: Groups = new Map()
  #work: Iterator<readonly Value[] | null> | null = null
  #made: (readonly Value[])[] = []

  constructor(config: TransformWithStateConfig) {
    this.schema = config.schema
    this.#config = config
  }

  onBatch(batch: Batch, ctx: OpContext, port: number): void {
    const { rows, initialRows } = this.#config
    if (port === 1) {
      if (ctx.batchId === 0) this.#collect(this.#initial, batch, initialRows!.bare)
    } else this.#collect(this.#groups, this.#onTime(batch, ctx), rows.bare)
  }

  onTriggerEnd(ctx: OpContext): void {
    const [initial, groups] = [this.#initial, this.#groups]
    this.#initial = new Map()
    this.#groups = new Map()
    this.#work = this.#calls(initial, groups, this.#facts(ctx))
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
    const { timeMode, timers, states } = this.#config
    if (timeMode !== 'ProcessingTime') return null
    const times = [timers?.earliestMs(), ...[...states.values()].map((s) => s.expiry?.times.earliestUs())]
    let earliest: bigint | null = null
    for (const time of times) if (typeof time === 'bigint' && (earliest === null || time < earliest)) earliest = time
    return earliest === null ? null : earliest * 1000n
  }

  close(): void {
    const { processor, label } = this.#config
    try {
      processor.close?.()
    } catch (error) {
      throw userFailure(label, error, null)
    }
  }

  /** Runs `body` with the states and timers of a key, as a call between batches would see them. For tests of processors. */
  withKey<T>(key: Value, ctx: OpContext, body: (call: ProcessorCall) => T): T {
    const call = this.#call(key, this.#facts(ctx))
    try {
      return body(call)
    } finally {
      call.end()
      this.#endBatch()
    }
  }

  #onTime(batch: Batch, ctx: OpContext): Batch {
    const times = this.#timesOf(batch)
    if (times === null) return batch
    return onTime(batch, times, ctx)
  }

  #timesOf(batch: Batch): Int64Vector | null {
    const { time, rows } = this.#config
    if (time === null) return null
    const row = batch.columns[1]!
    return asShape(rows.bare ? row : asShape(row, 'struct').children[time]!, 'i64')
  }

  #collect(groups: Groups, batch: Batch, bare: boolean): void {
    const { keyText } = this.#config
    for (let i = 0; i < batch.rowCount; i++) {
      const [key, row] = batch.row(i) as [Value, Value]
      const text = keyText(key)
      let group = groups.get(text)
      if (group === undefined) groups.set(text, (group = { key, rows: [] }))
      group.rows.push(bare ? [row] : (row as readonly Value[]))
    }
  }

  #facts(ctx: OpContext): Facts {
    const nowMs = this.#config.nowUs() / 1000n
    const watermarkMs = ctx.watermarkUs / 1000n
    return {
      nowMs,
      lateUs: ctx.lateUs,
      dueMs: this.#config.timeMode === 'EventTime' ? watermarkMs : nowMs,
      count: (metric, n) => ctx.count(metric, n),
      getCurrentProcessingTimeInMs: () => Number(nowMs),
      getCurrentWatermarkInMs: () => Number(watermarkMs),
    }
  }

  *#calls(initial: Groups, groups: Groups, facts: Facts): Generator<readonly Value[] | null> {
    const { processor, rows, initialRows, timers, states } = this.#config
    for (const { key, rows: list } of initial.values())
      for (const row of list) {
        const element = initialRows!.element(row)
        yield* this.#run(key, facts, (given) => {
          notPromise(processor.handleInitialState!(given, element, facts), this.#config.label)
          return []
        })
        yield null
      }
    for (const { key, rows: list } of groups.values()) {
      const elements = function* (): Generator<unknown> {
        for (const row of list) yield rows.element(row)
      }
      yield* this.#run(key, facts, (given) => processor.handleInputRows(given, elements(), facts))
      yield null
    }
    for (;;) {
      const due = timers?.takeDue(facts.dueMs, PIECE_ROWS) ?? []
      if (due.length === 0) break
      const keys = timers!.table.keyVector(
        0,
        Int32Array.from(due, (t) => t.slot),
      )
      const values = due.map((_, i) => keys.get(i))
      for (const [i, { slot, atMs }] of due.entries()) {
        // One that fired before may have deleted it.
        if (!timers!.table.isHeld(slot)) continue
        const info = { getExpiryTimeInMs: () => Number(atMs) }
        yield* this.#run(values[i]!, facts, (given) => processor.handleExpiredTimer(given, facts, info))
        if (timers!.table.isHeld(slot)) timers!.delete(this.#call(values[i]!, facts), atMs)
        yield null
      }
    }
    for (const state of states.values())
      for (;;) {
        const expired = state.expire(facts.nowMs, EXPIRED_ROWS)
        if (expired === 0) break
        facts.count('numRowsRemoved', expired)
        yield null
      }
    this.#endBatch()
  }

  #endBatch(): void {
    this.#config.timers?.endBatch()
    for (const state of this.#config.states.values()) state.endBatch()
  }

  #call(key: Value, facts: Facts): KeyCall {
    return new KeyCall(this.#config, key, facts)
  }

  /** One call of the processor for a key, and what it gives. */
  *#run(key: Value, facts: Facts, body: (given: unknown) => Iterable<unknown>): Generator<readonly Value[]> {
    const { handle, label, take, emitTime } = this.#config
    const given = this.#config.key(key)
    const call = this.#call(key, facts)
    const attempt = <T>(part: () => T): T => {
      try {
        return handle.during(call, part)
      } catch (error) {
        throw userFailure(label, error, given)
      }
    }
    const results = attempt(() => iterable(notPromise(body(given), label))[Symbol.iterator]())
    for (;;) {
      const out = attempt(() => {
        const step = results.next()
        if (step.done === true) return null
        const row = take(step.value)
        if (emitTime !== null) refuseLate(row[emitTime]!, facts.lateUs)
        return row
      })
      if (out === null) break
      yield out
    }
    call.end()
  }

  #emit(ctx: OpContext): void {
    const made = this.#made
    this.#made = []
    if (made.length > 0) ctx.emit(batchOf(this.schema, made))
  }
}

/** A row at or before the late watermark would be dropped by the operators above. */
function refuseLate(timeUs: Value, lateUs: bigint): void {
  if (timeUs === null || (timeUs as bigint) > lateUs || lateUs === 0n) return
  throw new ExecutionError(
    'EMITTING_ROWS_OLDER_THAN_WATERMARK_NOT_ALLOWED',
    { time: formatTimestampNtz(timeUs as bigint), watermark: formatTimestampNtz(lateUs) },
    { hint: 'give rows an event time after timerValues.getCurrentWatermarkInMs()' },
  )
}
