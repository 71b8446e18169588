import { vectorOf } from '../columns/builder.ts'
import type { Vector } from '../columns/vector.ts'
import { assert, ExecutionError } from '../errors/errors.ts'
import type { ProcessorCall } from '../functions/user/processor-handle.ts'
import type { ListState, MapState, TimeMode, ValueState } from '../functions/user/stateful-processor.ts'
import type { DataType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { Metric } from './operator.ts'
import { BoundList } from './bound-list.ts'
import { BoundMap } from './bound-map.ts'
import type { CalledKey } from './bound-state.ts'
import { BoundValue } from './bound-value.ts'
import type { ProcessorTimers } from './processor-timers.ts'
import type { SharedState } from './shared-state.ts'

/** The states of a running processor by name, and its timers where the time mode has them. */
export interface KeyedStates {
  readonly timeMode: TimeMode
  readonly keyType: DataType
  readonly states: ReadonlyMap<string, SharedState>
  readonly timers: ProcessorTimers | null
}

/** What is fixed for the calls of one batch. */
export interface CallFacts {
  readonly nowMs: bigint
  count(metric: Metric, n: number): void
}

/** The states and timers of one key, from the beginning of a call to its end. */
export class KeyCall implements ProcessorCall, CalledKey {
  readonly key: Value
  readonly column: Vector
  readonly nowMs: bigint
  readonly #states: KeyedStates
  readonly #facts: CallFacts
  #over = false

  constructor(states: KeyedStates, key: Value, facts: CallFacts) {
    this.key = key
    this.column = vectorOf(states.keyType, [key])
    this.nowMs = facts.nowMs
    this.#states = states
    this.#facts = facts
  }

  /** Nothing that came of the call reads states any longer. */
  end(): void {
    this.#over = true
  }

  mustRun(operation: string): void {
    if (!this.#over) return
    throw new ExecutionError(
      'STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_HANDLE_STATE',
      { operation, place: 'after the call it began in' },
      { hint: 'read all that is needed before the call ends, or ask the state again in the next' },
    )
  }

  count(metric: Metric, n: number): void {
    this.#facts.count(metric, n)
  }

  value(name: string): ValueState<unknown> {
    return new BoundValue(this.#state(name), this)
  }

  list(name: string): ListState<unknown> {
    return new BoundList(this.#state(name), this)
  }

  map(name: string): MapState<unknown, unknown> {
    return new BoundMap(this.#state(name), this)
  }

  registerTimer(atMs: bigint): void {
    this.#timers('registerTimer').register(this, atMs)
  }

  deleteTimer(atMs: bigint): void {
    this.#timers('deleteTimer').delete(this, atMs)
  }

  listTimers(): readonly number[] {
    return this.#timers('listTimers').list(this)
  }

  #state(name: string): SharedState {
    const state = this.#states.states.get(name)
    assert(state !== undefined, `the processor has no state ${name}`)
    return state
  }

  #timers(operation: string): ProcessorTimers {
    const { timers, timeMode } = this.#states
    if (timers !== null) return timers
    throw new ExecutionError(
      'STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_TIME_MODE',
      { operation, timeMode },
      { hint: 'run the processor with timeMode: TimeMode.EventTime or TimeMode.ProcessingTime' },
    )
  }
}
