import type { LocalTimestamp, Timestamp } from '../../columns/timestamp.ts'
import type { Element, ResultRow } from '../../columns/typed-row.ts'
import { ExecutionError } from '../../errors/errors.ts'
import { structOf, type DataType, type Schema } from '../../types/data-type.ts'
import { parseDurationMs } from '../../types/intervals.ts'
import type { Value } from '../../types/value.ts'
import { elementMaker, isBare, resultTaker } from './rows.ts'

/** What may call a state function for a key without rows. */
export const GroupStateTimeout = {
  NoTimeout: 'NoTimeout',
  ProcessingTimeTimeout: 'ProcessingTimeTimeout',
  EventTimeTimeout: 'EventTimeTimeout',
} as const
export type GroupStateTimeout = (typeof GroupStateTimeout)[keyof typeof GroupStateTimeout]

/** A state as a function sees it: an object by column name, or the value of a single type. */
export type StateOf<S> = NonNullable<Element<ResultRow<S>>>

/** What may be given for a state of type T: numbers for BIGINT, dates for instants. */
export type StateInput<T> = T extends bigint
  ? bigint | number
  : T extends Timestamp | LocalTimestamp
    ? T | Date | string
    : T extends Uint8Array | readonly unknown[] | ReadonlyMap<unknown, unknown>
      ? T
      : T extends object
        ? { readonly [K in keyof T]: StateInput<T[K]> }
        : T

/**
 * The state of one group, as mapGroupsWithState and flatMapGroupsWithState give it to the function; good for that call
 * only. What `get` gives is a copy: only `update` keeps it. A timeout holds until the next call for the group, which
 * has to set it anew.
 */
export interface GroupState<T> {
  readonly exists: boolean
  /** The function is called because the timeout has come; there are no rows then. */
  readonly hasTimedOut: boolean
  /** The state; fails when there is none. */
  get(): T
  /** The state, or null. */
  getOption(): T | null
  update(state: StateInput<T>): void
  remove(): void
  /** With ProcessingTimeTimeout: milliseconds from the batch's time, or an interval such as '10 minutes'. */
  setTimeoutDuration(duration: number | string): void
  /** With EventTimeTimeout: an instant (milliseconds or Date) not before the watermark, later by `more`. */
  setTimeoutTimestamp(at: number | bigint | Date, more?: number | string): void
  /** The watermark in milliseconds, 0 while nothing is known; the input needs one. */
  getCurrentWatermarkMs(): number
  /** The batch's time in milliseconds: the same for all calls in a batch, and when it is run again. */
  getCurrentProcessingTimeMs(): number
}

const refuse = (reason: string, hint?: string): never => {
  throw new ExecutionError('INVALID_GROUP_STATE_CALL', { reason }, { hint })
}

/** A declared state and its one column in a state table. */
export interface StateCodec {
  readonly type: DataType
  take(js: unknown): Value
  make(value: Value): unknown
}

/** The column that holds a state of this schema: several columns make a struct. */
export const stateType = (schema: Schema): DataType =>
  isBare(schema) ? schema.fields[0]!.type : structOf(schema.fields)

export function stateCodec(schema: Schema, timeZone: string): StateCodec {
  const bare = isBare(schema)
  const take = resultTaker(schema, timeZone)
  const make = elementMaker(schema)
  return {
    type: stateType(schema),
    take: (js) => (bare ? take(js)[0]! : take(js)),
    make: (value) => make(bare ? [value] : (value as readonly Value[])),
  }
}

/** What is fixed for one batch; `watermarkMs` null: the input has none. */
export interface GroupStateFacts {
  readonly timeout: GroupStateTimeout
  readonly watermarkMs: bigint | null
  readonly nowMs: bigint
}

const milliseconds = (duration: number | string): bigint =>
  typeof duration === 'string' ? BigInt(parseDurationMs(duration)) : whole(duration)

const whole = (ms: number): bigint =>
  Number.isFinite(ms) ? BigInt(Math.trunc(ms)) : refuse(`${ms} is no number of milliseconds`)

/** The state of a group during one call of the function; what became of it is read afterwards. */
export class CalledGroupState implements GroupState<unknown> {
  readonly hasTimedOut: boolean
  readonly #codec: StateCodec
  readonly #facts: GroupStateFacts
  #value: Value
  #updated = false
  #removed = false
  #timeoutMs: bigint | null = null

  constructor(codec: StateCodec, facts: GroupStateFacts, value: Value, hasTimedOut: boolean) {
    this.#codec = codec
    this.#facts = facts
    this.#value = value
    this.hasTimedOut = hasTimedOut
  }

  get exists(): boolean {
    return this.#value !== null
  }

  get(): unknown {
    if (this.#value === null) refuse('the group has no state', 'ask state.exists first, or use getOption()')
    return this.#codec.make(this.#value)
  }

  getOption(): unknown {
    return this.#value === null ? null : this.#codec.make(this.#value)
  }

  update(state: unknown): void {
    if (state === null || state === undefined) refuse('a state cannot be null', 'call remove()')
    this.#value = this.#codec.take(state)
    this.#updated = true
    this.#removed = false
  }

  remove(): void {
    this.#value = null
    this.#updated = false
    this.#removed = true
  }

  setTimeoutDuration(duration: number | string): void {
    if (this.#facts.timeout !== 'ProcessingTimeTimeout')
      refuse('setTimeoutDuration needs ProcessingTimeTimeout', "give the function's options a timeout")
    const ms = milliseconds(duration)
    if (ms <= 0n) refuse(`a timeout must be longer than nothing, not ${duration}`)
    this.#timeoutMs = this.#facts.nowMs + ms
  }

  setTimeoutTimestamp(at: number | bigint | Date, more: number | string = 0): void {
    if (this.#facts.timeout !== 'EventTimeTimeout')
      refuse('setTimeoutTimestamp needs EventTimeTimeout', "give the function's options a timeout")
    const start = typeof at === 'bigint' ? at : whole(typeof at === 'number' ? at : at.getTime())
    const ms = start + milliseconds(more)
    if (ms <= 0n) refuse(`a timeout must be after the epoch, not at ${ms} ms`)
    const watermark = this.#facts.watermarkMs
    if (watermark !== null && ms < watermark)
      refuse(
        `the timeout ${ms} ms lies before the watermark ${watermark} ms`,
        'use max(…, getCurrentWatermarkMs() + 1)',
      )
    this.#timeoutMs = ms
  }

  getCurrentWatermarkMs(): number {
    const { watermarkMs } = this.#facts
    return watermarkMs === null
      ? refuse('the input of the function has no watermark', 'call withWatermark(...) before groupByKey')
      : Number(watermarkMs)
  }

  getCurrentProcessingTimeMs(): number {
    return Number(this.#facts.nowMs)
  }

  /** After the call: the state to keep, and the timeout it set. */
  outcome(): {
    readonly value: Value
    readonly updated: boolean
    readonly removed: boolean
    readonly timeoutMs: bigint | null
  } {
    return { value: this.#value, updated: this.#updated, removed: this.#removed, timeoutMs: this.#timeoutMs }
  }
}
