import type { SchemaInput } from '../../columns/typed-row.ts'
import { ExecutionError } from '../../errors/errors.ts'
import type { Schema } from '../../types/data-type.ts'
import { parseDurationMs } from '../../types/intervals.ts'
import type {
  ListState,
  MapState,
  ProcessorModes,
  StatefulProcessor,
  StatefulProcessorHandle,
  TTLConfig,
  ValueState,
} from './stateful-processor.ts'

/** A state of a processor as `init` made it: plain JSON. */
export interface StateVariable {
  readonly kind: 'value' | 'list' | 'map'
  readonly name: string
  /** Columns of the keys of a map. */
  readonly key: Schema | null
  readonly value: Schema
  /** How long a value is kept after it was written; null: for ever. */
  readonly ttlMs: number | null
}

/** What `init` asked for; `forgotten` are the names given to `deleteIfExists`. */
export interface ProcessorStates {
  readonly variables: readonly StateVariable[]
  readonly forgotten: readonly string[]
}

/** States and timers of one grouping key, while the processor is called for it. */
export interface ProcessorCall {
  value(name: string): ValueState<unknown>
  list(name: string): ListState<unknown>
  map(name: string): MapState<unknown, unknown>
  registerTimer(atMs: bigint): void
  deleteTimer(atMs: bigint): void
  listTimers(): readonly number[]
}

interface Initializing {
  readonly modes: ProcessorModes
  readonly columnsOf: (schema: SchemaInput) => Schema
  readonly variables: Map<string, StateVariable>
  readonly forgotten: Set<string>
}

const handles = new WeakMap<object, ProcessorHandle>()

/**
 * The handle of one processor object, the same in every query that runs it: what it gives in `init` leads, by name, to
 * the states of the call under way, so that the object may keep it in its fields.
 */
export class ProcessorHandle implements StatefulProcessorHandle {
  #initializing: Initializing | null = null
  #call: ProcessorCall | null = null

  static of(processor: object): ProcessorHandle {
    let handle = handles.get(processor)
    if (handle === undefined) handles.set(processor, (handle = new ProcessorHandle()))
    return handle
  }

  /** Runs `init` and gives what it asked for; `columnsOf` reads the schemas. */
  initialize(
    processor: StatefulProcessor<never, never>,
    modes: ProcessorModes,
    columnsOf: (schema: SchemaInput) => Schema,
  ): ProcessorStates {
    const made: Initializing = { modes, columnsOf, variables: new Map(), forgotten: new Set() }
    this.#initializing = made
    try {
      processor.init(this, modes)
    } finally {
      this.#initializing = null
    }
    return {
      variables: [...made.variables.values()],
      forgotten: [...made.forgotten].filter((name) => !made.variables.has(name)),
    }
  }

  /** Runs `body` with the states of a call. */
  during<T>(call: ProcessorCall, body: () => T): T {
    const outer = this.#call
    this.#call = call
    try {
      return body()
    } finally {
      this.#call = outer
    }
  }

  getValueState(name: string, schema: SchemaInput, ttl?: TTLConfig): never {
    this.#make('value', name, null, schema, ttl)
    const of = (operation: string): ValueState<unknown> => this.#running(`${operation} of state "${name}"`).value(name)
    return {
      exists: () => of('exists').exists(),
      get: () => of('get').get(),
      update: (value: never) => of('update').update(value),
      clear: () => of('clear').clear(),
    } satisfies ValueState<unknown> as never
  }

  getListState(name: string, schema: SchemaInput, ttl?: TTLConfig): never {
    this.#make('list', name, null, schema, ttl)
    const of = (operation: string): ListState<unknown> => this.#running(`${operation} of state "${name}"`).list(name)
    return {
      exists: () => of('exists').exists(),
      get: () => of('get').get(),
      put: (values: Iterable<never>) => of('put').put(values),
      appendValue: (value: never) => of('appendValue').appendValue(value),
      appendList: (values: Iterable<never>) => of('appendList').appendList(values),
      clear: () => of('clear').clear(),
    } satisfies ListState<unknown> as never
  }

  getMapState(name: string, keySchema: SchemaInput, valueSchema: SchemaInput, ttl?: TTLConfig): never {
    this.#make('map', name, keySchema, valueSchema, ttl)
    const of = (operation: string): MapState<unknown, unknown> =>
      this.#running(`${operation} of state "${name}"`).map(name)
    return {
      exists: () => of('exists').exists(),
      getValue: (key: never) => of('getValue').getValue(key),
      containsKey: (key: never) => of('containsKey').containsKey(key),
      updateValue: (key: never, value: never) => of('updateValue').updateValue(key, value),
      removeKey: (key: never) => of('removeKey').removeKey(key),
      iterator: () => of('iterator').iterator(),
      keys: () => of('keys').keys(),
      values: () => of('values').values(),
      clear: () => of('clear').clear(),
    } satisfies MapState<unknown, unknown> as never
  }

  deleteIfExists(name: string): void {
    this.#init(`deleteIfExists("${name}")`).forgotten.add(name)
  }

  registerTimer(expiryTimestampMs: number | bigint | Date): void {
    this.#running('registerTimer').registerTimer(instantMs(expiryTimestampMs))
  }

  deleteTimer(expiryTimestampMs: number | bigint | Date): void {
    this.#running('deleteTimer').deleteTimer(instantMs(expiryTimestampMs))
  }

  listTimers(): IterableIterator<number> {
    return this.#running('listTimers').listTimers()[Symbol.iterator]()
  }

  #running(operation: string): ProcessorCall {
    if (this.#call !== null) return this.#call
    const place = this.#initializing === null ? 'outside of a call of the processor' : 'in init'
    throw new ExecutionError(
      'STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_HANDLE_STATE',
      { operation, place },
      { hint: 'states and timers belong to the key that handleInputRows or handleExpiredTimer is called with' },
    )
  }

  #init(operation: string): Initializing {
    if (this.#initializing !== null) return this.#initializing
    throw new ExecutionError(
      'STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_HANDLE_STATE',
      { operation, place: 'outside of init' },
      { hint: 'make the states of the processor in init and keep them in its fields' },
    )
  }

  #make(
    kind: StateVariable['kind'],
    name: string,
    key: SchemaInput | null,
    value: SchemaInput,
    ttl: TTLConfig | undefined,
  ): void {
    const { modes, columnsOf, variables } = this.#init(`making the state "${name}"`)
    // What begins with $ is ours: the table of the timers.
    if (typeof name !== 'string' || name.trim() === '' || name.startsWith('$'))
      throw new ExecutionError(
        'INVALID_STATE_NAME',
        { name: String(name) },
        { hint: 'a name has some letter and does not begin with $' },
      )
    if (variables.has(name))
      throw new ExecutionError(
        'STATEFUL_PROCESSOR_DUPLICATE_STATE_VARIABLE_DEFINED',
        { state: name },
        { hint: 'give each state of a processor a name of its own' },
      )
    const ttlMs = ttl === undefined ? null : ttlOf(name, ttl, modes)
    variables.set(name, { kind, name, key: key === null ? null : columnsOf(key), value: columnsOf(value), ttlMs })
  }
}

function ttlOf(state: string, { ttlDurationMs }: TTLConfig, { timeMode }: ProcessorModes): number {
  if (timeMode !== 'ProcessingTime')
    throw new ExecutionError(
      'STATEFUL_PROCESSOR_INCORRECT_TIME_MODE_TO_ASSIGN_TTL',
      { state, timeMode },
      { hint: 'run the processor with timeMode: TimeMode.ProcessingTime' },
    )
  const ms = typeof ttlDurationMs === 'string' ? parseDurationMs(ttlDurationMs) : Math.trunc(ttlDurationMs)
  if (ms > 0 && Number.isFinite(ms)) return ms
  throw new ExecutionError('STATEFUL_PROCESSOR_TTL_DURATION_MUST_BE_POSITIVE', { state, ttl: `${ttlDurationMs}` })
}

/** An instant in milliseconds. Throws INVALID_GROUP_STATE_CALL for what is none. */
function instantMs(at: number | bigint | Date): bigint {
  const ms = at instanceof Date ? at.getTime() : at
  if (typeof ms === 'bigint') return ms
  if (typeof ms === 'number' && Number.isFinite(ms)) return BigInt(Math.trunc(ms))
  throw new ExecutionError(
    'INVALID_GROUP_STATE_CALL',
    { reason: `${String(at)} is no instant in milliseconds` },
    { hint: 'give a number, a bigint or a Date' },
  )
}

/** Throws unless `init` asked, at the start of a query, for the states it asked for when the query was planned. */
export function checkSameStates(label: string, planned: ProcessorStates, now: ProcessorStates): void {
  const text = (states: ProcessorStates): string =>
    states.variables.map((v) => `${v.kind} ${v.name}`).join(', ') || 'none'
  if (text(planned) === text(now)) return
  throw new ExecutionError(
    'STATEFUL_PROCESSOR_STATES_CHANGED',
    { processor: label, before: text(planned), after: text(now) },
    { hint: 'make the same states whenever init is called' },
  )
}
