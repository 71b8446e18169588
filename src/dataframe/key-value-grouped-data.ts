import type { ResultRow, RowOfResult, SchemaInput } from '../columns/typed-row.ts'
import { AnalysisError, UnsupportedError } from '../errors/errors.ts'
import { type GroupState, GroupStateTimeout, type StateOf } from '../functions/user/group-state.ts'
import { ProcessorHandle } from '../functions/user/processor-handle.ts'
import { StatefulProcessor, TimeMode } from '../functions/user/stateful-processor.ts'
import type { Closure, StateFunctionKind, Unresolved, UserMapKind } from '../plan/unresolved.ts'
import { callExpr, nameExpr } from './column.ts'
import type { DataFrame } from './data-frame.ts'
import { type ClosureOptions, resultColumns, stateColumns } from './schema-input.ts'

export type ClosureKind = UserMapKind | StateFunctionKind | 'reduceGroups' | 'transformWithState'

/** What a state function keeps and gives: the state of a group, its results, and what calls it without rows. */
export interface StateFunctionOptions<S, R> extends ClosureOptions {
  /** Columns (`'n BIGINT, last TIMESTAMP'`) or one type (`'BIGINT'`), or a Standard Schema object. */
  readonly state: S
  /** As the schema of `map`. */
  readonly result: R
  /** NoTimeout unless told. */
  readonly timeout?: GroupStateTimeout
}

export interface FlatStateFunctionOptions<S, R> extends StateFunctionOptions<S, R> {
  /** Whether results are new rows, or take the place of earlier ones; the query has to write in the same mode. */
  readonly outputMode: 'append' | 'update'
}

/** How a stateful processor runs, and what it gives. */
export interface TransformWithStateOptions<R, K, S> extends ClosureOptions {
  /** What timers and TTL go by; TimeMode.None unless told. */
  readonly timeMode?: TimeMode
  /** Whether results are new rows, or take the place of earlier ones; append unless told. */
  readonly outputMode?: 'append' | 'update'
  /** As the schema of `map`. */
  readonly result: R
  /** Rows of a bounded table for `handleInitialState`, keyed as the rows are. */
  readonly initialState?: KeyValueGroupedData<K, S>
  /** The column of the results that is the event time for operators above; a row must not be older than the watermark. */
  readonly eventTimeColumnName?: string
}

/** The type of a key as later closures and results see it. */
export type KeyOf<K> =
  RowOfResult<K> extends { value: infer V } ? ([K] extends [object] ? RowOfResult<K> : V) : RowOfResult<K>

type Make = (plan: Unresolved) => DataFrame<never>
type Name = (kind: ClosureKind, fn: (...args: never[]) => unknown, version?: string | number) => Closure

/** Rows grouped by what a function gave for them: `K` the key, `V` what closures see of a row. */
export class KeyValueGroupedData<K, V> {
  readonly #make: Make
  readonly #closure: Name
  /** Gives the columns `key` and `value`. */
  readonly #keyed: Unresolved

  constructor(make: Make, closure: Name, keyed: Unresolved) {
    this.#make = make
    this.#closure = closure
    this.#keyed = keyed
  }

  /**
   * One row a key, `key` and `value`: the rows of the group combined two at a time. `fn` must not mind in which order
   * rows come. On a stream the row so far is the state of the group.
   */
  reduceGroups(fn: (left: V, right: V) => V, options: ClosureOptions = {}): DataFrame<{ key: K; value: V }> {
    const closure = this.#closure('reduceGroups', fn, options.version)
    const row = callExpr(closure.id, [nameExpr('value')])
    return this.#make({
      op: 'aggregate',
      input: this.#keyed,
      groupBy: { elements: [{ kind: 'expr', expr: nameExpr('key') }] },
      items: [{ kind: 'alias', arg: row, names: [{ name: 'value' }] }],
      closures: [closure],
    })
  }

  /** Rows per key: `key` and `count(1)`. */
  count(): DataFrame<{ key: K; 'count(1)': bigint }> {
    return this.#make({
      op: 'aggregate',
      input: this.#keyed,
      groupBy: { elements: [{ kind: 'expr', expr: nameExpr('key') }] },
      items: [
        { kind: 'alias', arg: callExpr('count', [{ kind: 'star', qualifier: [] }]), names: [{ name: 'count(1)' }] },
      ],
    })
  }

  /** The keys, each once, as `key`. */
  keys(): DataFrame<{ key: K }> {
    return this.#make({
      op: 'select',
      input: this.#keyed,
      items: [nameExpr('key')],
      distinct: true,
    })
  }

  /** What `fn` gives for each group, called with all of its rows; bounded tables only. Results as those of `map`. */
  mapGroups<U>(fn: (key: K, rows: Iterable<V>) => U): DataFrame<RowOfResult<U>>
  mapGroups<const S extends SchemaInput>(
    fn: (key: K, rows: Iterable<V>) => unknown,
    schema: S,
    options?: ClosureOptions,
  ): DataFrame<ResultRow<S>>
  mapGroups(
    fn: (key: K, rows: Iterable<V>) => unknown,
    schema?: SchemaInput,
    options?: ClosureOptions,
  ): DataFrame<never> {
    return this.#groups('mapGroups', fn, schema, options)
  }

  /** As `mapGroups`, for functions that give any number of results a group. */
  flatMapGroups<U>(fn: (key: K, rows: Iterable<V>) => Iterable<U>): DataFrame<RowOfResult<U>>
  flatMapGroups<const S extends SchemaInput>(
    fn: (key: K, rows: Iterable<V>) => Iterable<unknown>,
    schema: S,
    options?: ClosureOptions,
  ): DataFrame<ResultRow<S>>
  flatMapGroups(
    fn: (key: K, rows: Iterable<V>) => Iterable<unknown>,
    schema?: SchemaInput,
    options?: ClosureOptions,
  ): DataFrame<never> {
    return this.#groups('flatMapGroups', fn, schema, options)
  }

  /**
   * One row for each call of `fn`: for every key with rows in a batch, and for every key whose timeout has come. The
   * query writes in output mode update. Over bounded tables each group is called once.
   */
  mapGroupsWithState<const S extends SchemaInput, const R extends SchemaInput>(
    fn: (key: K, rows: Iterable<V>, state: GroupState<StateOf<S>>) => unknown,
    options: StateFunctionOptions<S, R>,
  ): DataFrame<ResultRow<R>> {
    return this.#stateFunction('mapGroupsWithState', fn, { ...options, outputMode: 'update' })
  }

  /** As `mapGroupsWithState`, for functions that give any number of results a call, in output mode append or update. */
  flatMapGroupsWithState<const S extends SchemaInput, const R extends SchemaInput>(
    fn: (key: K, rows: Iterable<V>, state: GroupState<StateOf<S>>) => Iterable<unknown>,
    options: FlatStateFunctionOptions<S, R>,
  ): DataFrame<ResultRow<R>> {
    return this.#stateFunction('flatMapGroupsWithState', fn, options)
  }

  /**
   * What a stateful processor gives: called for each key with rows in a batch and for each timer that has expired, with
   * any number of named states a key. Over a bounded table states begin empty and end with the run.
   */
  transformWithState<Out, const R extends SchemaInput, S = unknown>(
    processor: StatefulProcessor<K, V, Out>,
    options: TransformWithStateOptions<R, K, S>,
  ): DataFrame<ResultRow<R>> {
    if (!(processor instanceof StatefulProcessor))
      throw new AnalysisError(
        'INVALID_FUNCTION_DEFINITION',
        { name: 'transformWithState', reason: 'it takes an object of a class that extends StatefulProcessor' },
        { hint: 'pass new YourProcessor()' },
      )
    const give = { [processor.constructor.name]: () => processor }[processor.constructor.name]!
    const closure = this.#closure('transformWithState', give, options.version)
    const { timeMode = TimeMode.None, outputMode = 'append', initialState, eventTimeColumnName = null } = options
    if (!Object.hasOwn(TimeMode, timeMode))
      throw new UnsupportedError(
        'STATEFUL_PROCESSOR_UNKNOWN_TIME_MODE',
        { timeMode: String(timeMode) },
        { hint: `one of ${Object.keys(TimeMode).join(', ')}` },
      )
    if (outputMode !== 'append' && outputMode !== 'update')
      throw new UnsupportedError(
        'STREAMING_STATE_FUNCTION_MODE',
        { emits: String(outputMode), place: 'anywhere' },
        { hint: "the outputMode of a stateful processor is 'append' or 'update'" },
      )
    const result = resultColumns(options.result)
    if (result === null)
      throw new AnalysisError(
        'CLOSURE_SCHEMA_REQUIRED',
        { function: closure.label },
        { hint: "give its options a result: 'a INT, b STRING', or 'STRING' for single values" },
      )
    if (initialState !== undefined && processor.handleInitialState === undefined)
      throw new AnalysisError(
        'INVALID_FUNCTION_DEFINITION',
        { name: closure.label, reason: 'it has an initial state and no handleInitialState' },
        { hint: 'add handleInitialState(key, row, timerValues) to the processor' },
      )
    const states = ProcessorHandle.of(processor).initialize(processor, { timeMode, outputMode }, stateColumns)
    return this.#make({
      op: 'transformWithState',
      input: this.#keyed,
      initial: initialState === undefined ? null : initialState.#keyed,
      closure,
      emits: outputMode,
      timeMode,
      states,
      result,
      eventTimeColumn: eventTimeColumnName,
    })
  }

  #stateFunction(
    kind: StateFunctionKind,
    fn: (...args: never[]) => unknown,
    options: FlatStateFunctionOptions<SchemaInput, SchemaInput>,
  ): DataFrame<never> {
    const closure = this.#closure(kind, fn, options.version)
    const { outputMode: emits, timeout = GroupStateTimeout.NoTimeout } = options
    if (emits !== 'append' && emits !== 'update')
      throw new UnsupportedError(
        'STREAMING_STATE_FUNCTION_MODE',
        { emits: String(emits), place: 'anywhere' },
        { hint: "the outputMode of the function is 'append' or 'update'" },
      )
    if (!Object.hasOwn(GroupStateTimeout, timeout))
      throw new UnsupportedError(
        'UNSUPPORTED',
        { feature: `the timeout ${String(timeout)}` },
        { hint: `one of ${Object.keys(GroupStateTimeout).join(', ')}` },
      )
    const [state, result] = [resultColumns(options.state), resultColumns(options.result)]
    if (state === null || result === null)
      throw new AnalysisError(
        'CLOSURE_SCHEMA_REQUIRED',
        { function: closure.label },
        {
          hint: `give its options a ${state === null ? 'state' : 'result'}: 'a INT, b STRING', or 'STRING' for single values`,
        },
      )
    const single = kind === 'mapGroupsWithState'
    return this.#make({ op: 'groupsWithState', input: this.#keyed, single, closure, emits, timeout, state, result })
  }

  #groups(
    kind: 'mapGroups' | 'flatMapGroups',
    fn: (key: K, rows: Iterable<V>) => unknown,
    schema: SchemaInput | undefined,
    options: ClosureOptions = {},
  ): DataFrame<never> {
    const closure = this.#closure(kind, fn, options.version)
    return this.#make({ op: 'userMap', input: this.#keyed, kind, closure, result: { schema: resultColumns(schema) } })
  }
}
