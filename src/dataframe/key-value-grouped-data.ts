import type { ResultRow, RowOfResult, SchemaInput } from '../columns/typed-row.ts'
import type { Closure, Unresolved, UserMapKind } from '../plan/unresolved.ts'
import { callExpr, nameExpr } from './column.ts'
import type { DataFrame } from './data-frame.ts'
import { type ClosureOptions, resultColumns } from './schema-input.ts'

export type ClosureKind = UserMapKind | 'reduceGroups'

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
