import type { Element, ResultRow, RowOfResult, SchemaInput } from '../columns/typed-row.ts'
import { AnalysisError, UnsupportedError } from '../errors/errors.ts'
import { type GroupState, GroupStateTimeout } from '../functions/user/group-state.ts'
import type { Closure, StateFunctionKind, Unresolved, UserMapKind } from '../plan/unresolved.ts'
import { callExpr, nameExpr } from './column.ts'
import type { DataFrame } from './data-frame.ts'
import { type ClosureOptions, resultColumns } from './schema-input.ts'

export type ClosureKind = UserMapKind | StateFunctionKind | 'reduceGroups'

/** A state as a function sees it: an object by column name, or the value of a single type. */
export type StateOf<S> = NonNullable<Element<ResultRow<S>>>

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
