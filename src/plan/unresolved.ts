import type { Refresh } from '../connectors/refresh.ts'
import type { Span } from '../errors/span.ts'
import type { AstExpr, AstGroupBy, AstQuery, AstSortItem, Ident } from '../sql/ast.ts'
import type { DataType, Field, Schema } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { GroupStateTimeout } from '../functions/user/group-state.ts'
import type { ProcessorStates } from '../functions/user/processor-handle.ts'
import type { TimeMode } from '../functions/user/stateful-processor.ts'
import type { Logical } from './logical.ts'

/**
 * A query before names and types are settled. SQL text gives `sql` nodes; the DataFrame API gives the others, with
 * the same expressions (AstExpr). A DataFrame and a view keep this form and are analyzed anew at each use, so that
 * column identities are fresh (self joins need that) and views see the session as it is.
 */
export type Unresolved =
  | { readonly op: 'sql'; readonly query: AstQuery }
  | { readonly op: 'source'; readonly source: SourceRef; readonly at?: Span }
  | { readonly op: 'local'; readonly schema: Schema; readonly rows: readonly (readonly Value[])[] }
  | { readonly op: 'range'; readonly start: bigint; readonly end: bigint; readonly step: bigint }
  | { readonly op: 'table'; readonly name: readonly Ident[]; readonly at?: Span }
  | { readonly op: 'alias'; readonly input: Unresolved; readonly name: string }
  | {
      readonly op: 'select'
      readonly input: Unresolved
      readonly items: readonly AstExpr[]
      readonly distinct?: boolean
    }
  | {
      readonly op: 'withColumns'
      readonly input: Unresolved
      readonly columns: readonly { readonly name: string; readonly expr: AstExpr }[]
    }
  | { readonly op: 'rename'; readonly input: Unresolved; readonly from: string; readonly to: string }
  | { readonly op: 'drop'; readonly input: Unresolved; readonly columns: readonly AstExpr[] }
  | { readonly op: 'filter'; readonly input: Unresolved; readonly condition: AstExpr }
  /** Output: the grouping columns, then `items`. */
  | {
      readonly op: 'aggregate'
      readonly input: Unresolved
      readonly groupBy: AstGroupBy
      readonly items: readonly AstExpr[]
      /** Held for the calls among the items. */ readonly closures?: readonly Closure[]
    }
  | {
      readonly op: 'join'
      readonly left: Unresolved
      readonly right: Unresolved
      readonly type: JoinType
      readonly on?: AstExpr
      readonly using?: readonly string[]
    }
  | {
      readonly op: 'union'
      readonly inputs: readonly Unresolved[]
      readonly byName?: boolean
      readonly allowMissing?: boolean
    }
  | {
      readonly op: 'setop'
      readonly kind: 'intersect' | 'except'
      readonly all: boolean
      readonly left: Unresolved
      readonly right: Unresolved
    }
  | { readonly op: 'sort'; readonly input: Unresolved; readonly items: readonly AstSortItem[] }
  | { readonly op: 'limit'; readonly input: Unresolved; readonly count?: number; readonly offset?: number }
  /** No columns: all of them. */
  | {
      readonly op: 'dedup'
      readonly input: Unresolved
      readonly columns?: readonly string[]
      readonly withinWatermark: boolean
    }
  /** A function of the user's over rows; see UserMap. */
  | UserMap
  /** A function of the user's with a state per key; see GroupsWithState. */
  | GroupsWithState
  /** A processor of the user's with states and timers per key; see TransformWithState. */
  | TransformWithState
  /** Rows as the columns of a table take them; see StoreInto. */
  | StoreInto
  /** `observer`: id of the Observation that waits for the metrics. */
  | {
      readonly op: 'observe'
      readonly input: Unresolved
      readonly name: string
      readonly items: readonly AstExpr[]
      readonly observer?: string | undefined
    }
  | { readonly op: 'watermark'; readonly input: Unresolved; readonly column: AstExpr; readonly delay: string }

/** INSERT: `columns` of the table in order, each from the input column at index `from`, or (null) from its default. */
export interface StoreInto {
  readonly op: 'store'
  readonly input: Unresolved
  readonly table: string
  readonly columns: readonly { readonly field: Field; readonly from: number | null; readonly default?: AstExpr }[]
  readonly at?: Span
}

/** What a closure does with the rows: see operators/user-map.ts. `key` gives `key` and the row as `value`. */
export type UserMapKind = 'map' | 'flatMap' | 'filter' | 'mapPartitions' | 'key' | 'mapGroups' | 'flatMapGroups'

/** A closure over rows. Its result has `result.schema`; a `filter` passes its input on, `key` gives one column of it in front. */
export interface UserMap {
  readonly op: 'userMap'
  readonly input: Unresolved
  readonly kind: UserMapKind
  /** Held here so that it lives as long as the plan; plans below the analyzer know its id only. */
  readonly closure: Closure
  /** Columns of the results; null until the session has looked at the first of them. Empty for `filter`. */
  readonly result: { schema: Schema | null }
}

export type StateFunctionKind = 'mapGroupsWithState' | 'flatMapGroupsWithState'

/** A state function over what a `key` closure gave: `key` and `value`. Its results have the columns `result`. */
export interface GroupsWithState {
  readonly op: 'groupsWithState'
  readonly input: Unresolved
  /** mapGroupsWithState: one result a call. */
  readonly single: boolean
  readonly closure: Closure
  readonly emits: 'append' | 'update'
  readonly timeout: GroupStateTimeout
  readonly state: Schema
  readonly result: Schema
}

/** A stateful processor over what a `key` closure gave: `key` and `value`. Its results have the columns `result`. */
export interface TransformWithState {
  readonly op: 'transformWithState'
  readonly input: Unresolved
  /** Rows of the initial state under their keys. */
  readonly initial: Unresolved | null
  /** Its function gives the processor. */
  readonly closure: Closure
  readonly emits: 'append' | 'update'
  readonly timeMode: TimeMode
  readonly states: ProcessorStates
  readonly result: Schema
  /** Column of the results that is the event time for operators above. */
  readonly eventTimeColumn: string | null
}

/** A user's function under an id that the session finds it by. `label` names it in plans and errors, `version` its meaning. */
export interface Closure {
  readonly id: string
  readonly label: string
  readonly version: string | null
  readonly fn: (...args: never[]) => unknown
}

export type JoinType = 'inner' | 'cross' | 'left' | 'right' | 'full' | 'semi' | 'anti'

/** A table behind a connector, as `load()` left it. Plain JSON, except that live objects are named by id. */
export interface SourceRef {
  readonly format: string
  /** Validated options of the provider, as given by the user (strings), path included as `path`. */
  readonly options: Readonly<Record<string, string>>
  /** The columns of the table. */
  readonly schema: Schema
  readonly streaming: boolean
  /** The columns were found in the data: a stream keeps those of its first start. */
  readonly inferred?: boolean
  /** Set by `readStream.name()`; sources without a name are numbered in the order of the plan. */
  readonly name?: string
  /** Silent for this long, a stream no longer holds the watermark back; the session's setting unless given. */
  readonly idleTimeoutMs?: number
  /** When a bounded table is read again in a streaming query; once a start unless given. */
  readonly refresh?: Refresh
}

/** How `STREAM t WITH (…)` reads its table. */
export interface StreamRead {
  readonly options: Readonly<Record<string, string>>
}

/** A function whose body is SQL. `returns`: a type, or the columns of a table function (null: those of its query). */
export interface SqlRoutine {
  readonly name: string
  readonly parameters: readonly { readonly name: string; readonly type: DataType; readonly default?: AstExpr }[]
  readonly returns:
    | { readonly kind: 'value'; readonly type: DataType | null }
    | { readonly kind: 'table'; readonly columns: readonly Field[] | null }
  readonly body: AstExpr | AstQuery
}

/** What the analyzer asks of the session. */
export interface PlanCatalog {
  /** A view or table by name, or null; `stream` for `STREAM t`, with its options. `columns` renames what the plan gives. */
  lookup(
    name: readonly string[],
    stream?: StreamRead,
  ): { readonly plan: Unresolved; readonly columns?: readonly string[] } | null
  /** A session variable by its dotted name, or undefined. */
  variable?(
    name: readonly string[],
  ): { readonly name: string; readonly type: DataType; readonly value: Value } | undefined
  /** A function in SQL by its name in lower case, or undefined. */
  routine?(name: string): SqlRoutine | undefined
  /** Hidden columns of a table. */
  metadataColumns?(source: SourceRef): Schema | undefined
  /** The columns a stream found at its first start; undefined before that. */
  inferredSchema?(source: SourceRef): Schema | undefined
  /** Names for did-you-mean. */
  names(): Iterable<string>
  /** Value of a session setting, or undefined. */
  conf(key: string): string | undefined
  /** Columns of the results of a closure that was given without them; throws when they cannot be known now. */
  closureSchema?(node: UserMap, input: Logical): Schema
}
