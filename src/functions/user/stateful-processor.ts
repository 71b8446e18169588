import type { SchemaInput } from '../../columns/typed-row.ts'
import type { StateInput, StateOf } from './group-state.ts'

/** What timers and TTL of a stateful processor go by. */
export const TimeMode = {
  /** There are no timers and no TTL. */
  None: 'None',
  /** The time of the batch. */
  ProcessingTime: 'ProcessingTime',
  /** The watermark; rows at or before it are late. */
  EventTime: 'EventTime',
} as const
export type TimeMode = (typeof TimeMode)[keyof typeof TimeMode]

/** How long a value is kept after it was written last, in processing time: `{ ttlDurationMs }`, or an interval. */
export interface TTLConfig {
  readonly ttlDurationMs: number | string
}

/** What a processor is run with. */
export interface ProcessorModes {
  readonly timeMode: TimeMode
  readonly outputMode: 'append' | 'update'
}

/** One value for each grouping key. */
export interface ValueState<T> {
  exists(): boolean
  /** A copy of the value, or null. */
  get(): T | null
  /** Takes the place of the value; never null. */
  update(value: StateInput<T>): void
  clear(): void
}

/** A list for each grouping key; what is written costs, what is there already does not. */
export interface ListState<T> {
  exists(): boolean
  /** Copies of the elements, in order; as of this call. */
  get(): IterableIterator<T>
  /** Takes the place of the list; at least one element. */
  put(values: Iterable<StateInput<T>>): void
  appendValue(value: StateInput<T>): void
  /** At least one element. */
  appendList(values: Iterable<StateInput<T>>): void
  clear(): void
}

/** A map for each grouping key, its entries in the order in which they came in; each entry is stored by itself. */
export interface MapState<K, V> {
  exists(): boolean
  /** A copy of the value, or null. */
  getValue(key: StateInput<K>): V | null
  containsKey(key: StateInput<K>): boolean
  updateValue(key: StateInput<K>, value: StateInput<V>): void
  removeKey(key: StateInput<K>): void
  /** Entries as of this call. */
  iterator(): IterableIterator<[K, V]>
  keys(): IterableIterator<K>
  values(): IterableIterator<V>
  clear(): void
}

/** The times of a batch, the same for all calls in it and when it is run again. */
export interface TimerValues {
  /** The batch's time in milliseconds. */
  getCurrentProcessingTimeInMs(): number
  /** The watermark in milliseconds, 0 while nothing is known. */
  getCurrentWatermarkInMs(): number
}

/** The timer that has expired. */
export interface ExpiredTimerInfo {
  getExpiryTimeInMs(): number
}

/**
 * What a processor asks for its states and timers. States are made in `init`; they, and timers, are those of the
 * grouping key of the call that uses them, and of use only during such a call.
 */
export interface StatefulProcessorHandle {
  /** `schema`: columns (`'n BIGINT, last TIMESTAMP'`), one type (`'BIGINT'`), or a Standard Schema object. */
  getValueState<const S extends SchemaInput>(name: string, schema: S, ttl?: TTLConfig): ValueState<StateOf<S>>
  getListState<const S extends SchemaInput>(name: string, schema: S, ttl?: TTLConfig): ListState<StateOf<S>>
  getMapState<const K extends SchemaInput, const V extends SchemaInput>(
    name: string,
    keySchema: K,
    valueSchema: V,
    ttl?: TTLConfig,
  ): MapState<StateOf<K>, StateOf<V>>
  /** In `init`: forgets what a state that is no longer made left in the checkpoint. */
  deleteIfExists(name: string): void
  /** Calls `handleExpiredTimer` once the time is reached; a second timer of one key at one time is the first. */
  registerTimer(expiryTimestampMs: number | bigint | Date): void
  deleteTimer(expiryTimestampMs: number | bigint | Date): void
  /** Timers of the key in milliseconds, earliest first. */
  listTimers(): IterableIterator<number>
}

/**
 * The body of `transformWithState`: `K` the key, `In` what it sees of a row, `Out` its results. One object may run in
 * several queries, and again after a restart: whatever is to be remembered belongs into a state, not into a field.
 */
export abstract class StatefulProcessor<K = unknown, In = unknown, Out = unknown> {
  /** Makes the states. Called when the query is planned and whenever it starts. */
  abstract init(handle: StatefulProcessorHandle, modes: ProcessorModes): void

  /** Called once for each key that has rows in a batch, with all of them; gives any number of results. */
  abstract handleInputRows(key: K, rows: Iterable<In>, timerValues: TimerValues): Iterable<Out>

  /** Called once for each timer that has expired, after the rows of the batch. */
  handleExpiredTimer(_key: K, _timerValues: TimerValues, _expiredTimerInfo: ExpiredTimerInfo): Iterable<Out> {
    return []
  }

  /** Called for each row of the initial state, before the rows of the first batch. */
  handleInitialState?(key: K, row: unknown, timerValues: TimerValues): void

  /** Called when a query ends. */
  close?(): void
}
