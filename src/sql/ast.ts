import type { Span } from '../errors/span.ts'
import type { DataType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'

/**
 * The syntax tree of SQL text. Every node keeps its span to the end of planning; nodes that the DataFrame
 * API makes have none. Names are kept as written; `quoted` tells `a.b` from `` `a.b` ``.
 */
export interface Node {
  readonly at?: Span | undefined
}

export interface Ident extends Node {
  readonly name: string
  readonly quoted?: boolean
  /** `IDENTIFIER(expr)`: a whole dotted name that is computed before the statement runs; `name` is then empty. */
  readonly computed?: AstExpr
}

// ---------------------------------------------------------------- expressions

export type AstExpr =
  | AstLiteral
  | AstName
  | AstStar
  | AstUnary
  | AstBinary
  | AstIs
  | AstBetween
  | AstIn
  | AstLike
  | AstCase
  | AstCast
  | AstCall
  | AstLambda
  | AstSubscript
  | AstField
  | AstInterval
  | AstSubquery
  | AstExists
  | AstTuple
  | AstParameter
  | AstAlias

/**
 * A literal. `text` is the digits, after a minus where one stands right in front of them (-128Y is one literal), or the unescaped string. Suffixes settle the type: 1L bigint, 1S smallint, 1Y tinyint, 1.5D/1e3 double,
 * 1.5F float, 1.5BD decimal, 1.5 decimal. `integer` is INT, or BIGINT or DECIMAL where it does not fit. Typed literals: DATE '…' and kin,
 * with `text` still unread. X'…' is binary (text: hex digits).
 */
export interface AstLiteral extends Node {
  readonly kind: 'literal'
  readonly type:
    | 'null'
    | 'boolean'
    | 'integer'
    | 'bigint'
    | 'smallint'
    | 'tinyint'
    | 'decimal'
    | 'bigdecimal'
    | 'double'
    | 'float'
    | 'string'
    | 'binary'
    | 'date'
    | 'timestamp'
    | 'timestamp_ntz'
    | 'timestamp_ltz'
    | 'time'
  readonly text: string
}
/** `a`, `a.b.c`: a column, a qualified column, or a member of a struct column; resolution decides. */
export interface AstName extends Node {
  readonly kind: 'name'
  readonly parts: readonly Ident[]
}
/** `*`, `t.*`, with EXCEPT (…). */
export interface AstStar extends Node {
  readonly kind: 'star'
  readonly qualifier: readonly Ident[]
  readonly except?: readonly AstName[]
}
/** op: `-` `+` `~` `not`. */
export interface AstUnary extends Node {
  readonly kind: 'unary'
  readonly op: '-' | '+' | '~' | 'not'
  readonly arg: AstExpr
}
/** Arithmetic, comparison, logic, bits, `||`; `==` is read as `=`, `!=` as `<>`; op in lower case. */
export interface AstBinary extends Node {
  readonly kind: 'binary'
  readonly op:
    | 'and'
    | 'or'
    | '='
    | '<=>'
    | '<>'
    | '<'
    | '<='
    | '>'
    | '>='
    | '+'
    | '-'
    | '*'
    | '/'
    | '%'
    | 'div'
    | '||'
    | '&'
    | '|'
    | '^'
    | '<<'
    | '>>'
    | '>>>'
  readonly left: AstExpr
  readonly right: AstExpr
}
/** IS [NOT] NULL | TRUE | FALSE | UNKNOWN | DISTINCT FROM right. */
export interface AstIs extends Node {
  readonly kind: 'is'
  readonly not: boolean
  readonly what: 'null' | 'true' | 'false' | 'unknown' | 'distinct'
  readonly arg: AstExpr
  readonly right?: AstExpr
}
export interface AstBetween extends Node {
  readonly kind: 'between'
  readonly not: boolean
  readonly arg: AstExpr
  readonly low: AstExpr
  readonly high: AstExpr
}
/** `list` or `query`, one of them. */
export interface AstIn extends Node {
  readonly kind: 'in'
  readonly not: boolean
  readonly arg: AstExpr
  readonly list?: readonly AstExpr[]
  readonly query?: AstQuery
}
/** LIKE, ILIKE, RLIKE (also REGEXP); `quantifier` for LIKE ANY|SOME|ALL (…), then `patterns` has several. */
export interface AstLike extends Node {
  readonly kind: 'like'
  readonly op: 'like' | 'ilike' | 'rlike'
  readonly not: boolean
  readonly arg: AstExpr
  readonly patterns: readonly AstExpr[]
  readonly quantifier?: 'any' | 'all'
  readonly escape?: string
}
export interface AstCase extends Node {
  readonly kind: 'case'
  readonly operand?: AstExpr
  readonly branches: readonly { readonly when: AstExpr; readonly then: AstExpr }[]
  readonly otherwise?: AstExpr
}
/** CAST, TRY_CAST and `::`; the type as DDL text, printed without blanks around brackets. */
export interface AstCast extends Node {
  readonly kind: 'cast'
  readonly arg: AstExpr
  readonly type: AstType
  readonly mode: 'cast' | 'try_cast'
}
/** A type as written, in DDL text (`array<struct<a:int>>`, `decimal(10,2)`, `interval day to second`). */
export interface AstType extends Node {
  readonly text: string
}
/**
 * A function call. Special forms are calls too, by the name of their function: EXTRACT(f FROM x) → extract('f', x); POSITION(a IN b);
 * TRIM(BOTH x FROM y) → trim/ltrim/rtrim/btrim in the registry's argument order; SUBSTRING(x FROM a FOR b); OVERLAY; TIMESTAMPADD(unit, …) with the
 * unit as a string literal; CURRENT_DATE without parentheses; `count(*)` has one AstStar argument. Named arguments: `name => value`.
 */
export interface AstCall extends Node {
  readonly kind: 'call'
  readonly name: readonly Ident[]
  readonly args: readonly AstExpr[]
  readonly argNames?: readonly (string | undefined)[]
  readonly distinct?: boolean
  readonly filter?: AstExpr
  readonly nulls?: 'ignore' | 'respect'
  /** WITHIN GROUP (ORDER BY …). */
  readonly within?: readonly AstSortItem[]
  readonly over?: AstWindowSpec
  /** `TABLE t PARTITION BY …` as an argument: a call of `table`. */
  readonly partitionBy?: readonly AstExpr[]
}
/** OVER w, or OVER (…); `base` is the name of a window it extends. */
export interface AstWindowSpec extends Node {
  readonly base?: Ident
  readonly partitionBy: readonly AstExpr[]
  readonly orderBy: readonly AstSortItem[]
  readonly frame?: AstFrame
}
export interface AstFrame extends Node {
  readonly unit: 'rows' | 'range'
  readonly start: AstFrameBound
  readonly end?: AstFrameBound
}
export type AstFrameBound =
  | { readonly kind: 'unbounded_preceding' | 'unbounded_following' | 'current_row' }
  | { readonly kind: 'preceding' | 'following'; readonly offset: AstExpr }
export interface AstLambda extends Node {
  readonly kind: 'lambda'
  readonly params: readonly Ident[]
  readonly body: AstExpr
}
/** `a[i]`. */
export interface AstSubscript extends Node {
  readonly kind: 'subscript'
  readonly arg: AstExpr
  readonly index: AstExpr
}
/** `(expr).member` where the left side is not a plain name. */
export interface AstField extends Node {
  readonly kind: 'field'
  readonly arg: AstExpr
  readonly member: Ident
}
/**
 * INTERVAL literals. Either one unit-to-unit text (`INTERVAL '1 02:03' DAY TO MINUTE`: `range` set, one part) or parts
 * (`INTERVAL 1 DAY 2 HOURS`, `INTERVAL '1' DAY`); units singular lower case; `text` for `INTERVAL '1 day 2 hours'` as a whole.
 */
export interface AstInterval extends Node {
  readonly kind: 'interval'
  readonly text?: string
  readonly parts?: readonly { readonly value: AstExpr; readonly unit: string }[]
  readonly range?: { readonly value: string; readonly negative?: boolean; readonly from: string; readonly to: string }
}
/** A scalar subquery. */
export interface AstSubquery extends Node {
  readonly kind: 'subquery'
  readonly query: AstQuery
}
export interface AstExists extends Node {
  readonly kind: 'exists'
  readonly query: AstQuery
}
/** `(a, b)`: a struct, or the left side of a row IN. */
export interface AstTuple extends Node {
  readonly kind: 'tuple'
  readonly items: readonly AstExpr[]
}
/** `:name`, or `?` with its 0-based index; `bound` once it has a value. */
export interface AstParameter extends Node {
  readonly kind: 'parameter'
  readonly name?: string
  readonly index?: number
  readonly bound?: { readonly value: Value; readonly type: DataType }
}
/** `expr AS a`, `expr AS (a, b)`; where an expression may be named (select items, pivot, struct arguments). */
export interface AstAlias extends Node {
  readonly kind: 'alias'
  readonly arg: AstExpr
  readonly names: readonly Ident[]
}

export interface AstSortItem extends Node {
  readonly expr: AstExpr
  readonly descending: boolean
  readonly nulls?: 'first' | 'last'
}

// ---------------------------------------------------------------- queries

/** A query: body with WITH in front and ORDER BY … LIMIT behind. */
export interface AstQuery extends Node {
  readonly kind: 'query'
  readonly with?: AstWith
  readonly body: AstQueryBody
  /** ORDER BY; `all` for ORDER BY ALL (with the direction of its only item). */
  readonly orderBy?: { readonly all?: boolean; readonly items: readonly AstSortItem[] } & Node
  /** SORT BY, CLUSTER BY and DISTRIBUTE BY, kept to be refused on streams; `distributeBy` for DISTRIBUTE BY … SORT BY …. */
  readonly sortBy?: {
    readonly kind: 'sort' | 'cluster' | 'distribute'
    readonly items: readonly AstSortItem[]
    readonly distributeBy?: readonly AstSortItem[]
  } & Node
  /** LIMIT ALL is left out. */
  readonly limit?: AstExpr
  readonly offset?: AstExpr
}
export interface AstWith extends Node {
  readonly recursive: boolean
  readonly ctes: readonly {
    readonly name: Ident
    readonly columns?: readonly Ident[]
    readonly query: AstQuery
    readonly maxRecursionLevel?: number
  }[]
}
export type AstQueryBody = AstSelect | AstSetOperation | AstValues | AstTableBody | AstQuery | AstPipe
export interface AstSelect extends Node {
  readonly kind: 'select'
  readonly hints?: readonly string[]
  readonly distinct: boolean
  /** Items are expressions, AstStar or AstAlias. */
  readonly items: readonly AstExpr[]
  /** Comma-separated relations, left to right; absent: one row without columns. */
  readonly from?: readonly AstRelation[]
  readonly lateralViews?: readonly AstLateralView[]
  readonly where?: AstExpr
  readonly groupBy?: AstGroupBy
  readonly having?: AstExpr
  readonly qualify?: AstExpr
  readonly windows?: readonly { readonly name: Ident; readonly spec: AstWindowSpec }[]
}
/** GROUP BY ALL, or elements: expressions, ROLLUP, CUBE, GROUPING SETS (nested at will), also `GROUP BY a, b WITH ROLLUP`. */
export interface AstGroupBy extends Node {
  readonly all?: boolean
  readonly elements: readonly AstGroupingElement[]
}
export type AstGroupingElement =
  | ({ readonly kind: 'expr'; readonly expr: AstExpr } & Node)
  | ({ readonly kind: 'rollup' | 'cube'; readonly sets: readonly (readonly AstExpr[])[] } & Node)
  /** `keys` are those of `GROUP BY a, b GROUPING SETS (…)`: grouped by whether a set names them or not. */
  | ({
      readonly kind: 'sets'
      readonly elements: readonly AstGroupingElement[]
      readonly keys?: readonly AstExpr[]
    } & Node)
  /** `(a, b)` or `()` inside GROUPING SETS. */
  | ({ readonly kind: 'set'; readonly exprs: readonly AstExpr[] } & Node)
export interface AstSetOperation extends Node {
  readonly kind: 'setop'
  readonly op: 'union' | 'intersect' | 'except'
  readonly all: boolean
  readonly byName?: boolean
  readonly left: AstQueryBody
  readonly right: AstQueryBody
}
/** VALUES rows; a row of one value need not be in brackets. */
export interface AstValues extends Node {
  readonly kind: 'values'
  readonly rows: readonly (readonly AstExpr[])[]
}
/** `TABLE t`. */
export interface AstTableBody extends Node {
  readonly kind: 'table'
  readonly name: readonly Ident[]
}
/**
 * `FROM t |> WHERE … |> SELECT …`; each step is a select over the one before, or a set operation, join, order or limit.
 * `op` and what the step has: select (items; query: its body is the whole select without FROM), extend, drop (items), set (items:
 * aliases `column = value`), as (alias), where (condition), aggregate (items, groupBy, whose elements may be aliases), pivot, unpivot
 * (pivot), tablesample (sample), join (join), lateral view (lateralView), union, intersect, except (setop), order, sort, cluster,
 * distribute, limit (query: its ORDER BY, LIMIT, OFFSET). Where a join, pivot or query needs an input, a table of no name stands for
 * the step before.
 */
export interface AstPipe extends Node {
  readonly kind: 'pipe'
  readonly input: AstQueryBody
  readonly steps: readonly AstPipeStep[]
}
export interface AstPipeStep extends Node {
  readonly op: string
  readonly items?: readonly AstExpr[]
  readonly condition?: AstExpr
  readonly join?: AstJoin
  readonly groupBy?: AstGroupBy
  readonly query?: AstQuery
  readonly setop?: {
    readonly op: 'union' | 'intersect' | 'except'
    readonly all: boolean
    readonly byName?: boolean
    readonly queries: readonly AstQueryBody[]
  }
  readonly alias?: AstTableAlias
  readonly pivot?: AstRelation
  readonly lateralView?: AstLateralView
  readonly sample?: AstSample
}

// ---------------------------------------------------------------- relations

export type AstRelation =
  AstTableRef | AstSubqueryRef | AstJoin | AstTableFunction | AstValuesRef | AstPivot | AstUnpivot
export interface AstTableAlias extends Node {
  readonly name: Ident
  readonly columns?: readonly Ident[]
}
/** `WATERMARK expr [AS name] DELAY OF INTERVAL …` behind a relation. */
export interface AstWatermark extends Node {
  readonly expr: AstExpr
  readonly name?: Ident
  readonly delay: AstInterval
}
interface RelationBase extends Node {
  readonly alias?: AstTableAlias
  readonly watermark?: AstWatermark
  readonly sample?: AstSample
}
/** TABLESAMPLE, with its text: a share of the rows (`seed` of REPEATABLE), or a count of rows. */
export type AstSample = Node & { readonly text: string } & (
    { readonly fraction: number; readonly seed?: string } | { readonly rows: AstExpr }
  )
/** A table by name; `stream` for `STREAM t` and `STREAM(t)`. */
export interface AstTableRef extends RelationBase {
  readonly kind: 'table'
  readonly name: readonly Ident[]
  readonly stream: boolean
  /** `STREAM t WITH (…)`. */
  readonly options?: Readonly<Record<string, string>>
}
export interface AstSubqueryRef extends RelationBase {
  readonly kind: 'subquery'
  readonly query: AstQuery
  readonly lateral?: boolean
}
export interface AstValuesRef extends RelationBase {
  readonly kind: 'values'
  readonly values: AstValues
}
/** `range(10) t`, `explode(a)`, `TABLE(f(…))`; `lateral` for LATERAL f(…). */
export interface AstTableFunction extends RelationBase {
  readonly kind: 'tablefunction'
  readonly call: AstCall
  readonly lateral?: boolean
}
export interface AstJoin extends RelationBase {
  readonly kind: 'join'
  readonly type: 'inner' | 'cross' | 'left' | 'right' | 'full' | 'semi' | 'anti'
  readonly natural?: boolean
  readonly left: AstRelation
  readonly right: AstRelation
  readonly on?: AstExpr
  readonly using?: readonly Ident[]
}
/** PIVOT (aggs FOR column IN (values)). */
export interface AstPivot extends RelationBase {
  readonly kind: 'pivot'
  readonly input: AstRelation
  readonly aggregates: readonly AstExpr[]
  readonly columns: readonly AstName[]
  readonly values: readonly AstExpr[]
}
/** UNPIVOT [INCLUDE NULLS] (…); value columns, name column, and the sets of input columns with their label. */
export interface AstUnpivot extends RelationBase {
  readonly kind: 'unpivot'
  readonly input: AstRelation
  readonly includeNulls: boolean
  readonly valueColumns: readonly Ident[]
  readonly nameColumn: Ident
  readonly sets: readonly { readonly columns: readonly AstName[]; readonly label?: Ident }[]
}
export interface AstLateralView extends Node {
  readonly outer: boolean
  readonly call: AstCall
  readonly table?: Ident
  readonly columns: readonly Ident[]
}

// ---------------------------------------------------------------- statements

export type AstStatement =
  | AstQueryStatement
  | AstCreateView
  | AstCreateTable
  | AstCreateFunction
  | AstDropView
  | AstDrop
  | AstInsert
  | AstTruncate
  | AstShow
  | AstDescribe
  | AstExplain
  | AstSet
  | AstSetVariable
  | AstDeclare
  | AstExecuteImmediate
  | AstStopQuery
  | AstUse
  | AstCache
  | AstRefresh
  | AstUnparsed
/** `(key = value, …)` in order; values are texts, numbers and truth values as text. */
export type AstProperties = readonly (readonly [key: string, value: string])[]
export interface AstQueryStatement extends Node {
  readonly kind: 'query_statement'
  readonly query: AstQuery
}
export interface AstCreateView extends Node {
  readonly kind: 'create_view'
  readonly replace: boolean
  readonly temporary: boolean
  readonly global?: boolean
  readonly ifNotExists: boolean
  readonly name: readonly Ident[]
  readonly columns?: readonly Ident[]
  /** Of the columns, by position. */
  readonly columnComments?: readonly (string | undefined)[]
  readonly comment?: string
  readonly properties?: AstProperties
  readonly query: AstQuery
}
/** A column of CREATE TABLE or RETURNS TABLE, or a parameter of a function. */
export interface AstColumn extends Node {
  readonly name: Ident
  readonly type: AstType
  readonly notNull?: boolean
  readonly default?: AstExpr
  readonly comment?: string
}
/** `WATERMARK FOR column AS column - INTERVAL …`. */
export interface AstTableWatermark extends Node {
  readonly column: Ident
  readonly expr: AstExpr
}
/** CREATE [OR REPLACE] TABLE; `replaceOnly` for REPLACE TABLE. Without columns they come from the query or the connector. */
export interface AstCreateTable extends Node {
  readonly kind: 'create_table'
  readonly replace: boolean
  readonly replaceOnly?: boolean
  readonly external?: boolean
  readonly ifNotExists: boolean
  readonly name: readonly Ident[]
  readonly columns?: readonly AstColumn[]
  readonly watermark?: AstTableWatermark
  readonly using?: string
  readonly options?: AstProperties
  readonly properties?: AstProperties
  readonly location?: string
  readonly comment?: string
  readonly partitionedBy?: readonly Ident[]
  readonly query?: AstQuery
}
/** A function in SQL: `body` is an expression, or a query for RETURNS TABLE; `columns` empty: those of the query. */
export interface AstCreateFunction extends Node {
  readonly kind: 'create_function'
  readonly replace: boolean
  readonly temporary: boolean
  readonly ifNotExists: boolean
  readonly name: readonly Ident[]
  readonly parameters: readonly AstColumn[]
  readonly returns?: { readonly type: AstType } | { readonly columns: readonly AstColumn[] }
  readonly comment?: string
  readonly body: AstExpr | AstQuery
}
export interface AstDropView extends Node {
  readonly kind: 'drop_view'
  readonly ifExists: boolean
  readonly name: readonly Ident[]
}
export interface AstDrop extends Node {
  readonly kind: 'drop'
  readonly what: 'table' | 'function' | 'variable'
  readonly temporary: boolean
  readonly ifExists: boolean
  readonly purge?: boolean
  readonly name: readonly Ident[]
}
/** INSERT; `options` is the WITH (…) at its end, which makes a query over a stream start. */
export interface AstInsert extends Node {
  readonly kind: 'insert'
  readonly overwrite: boolean
  readonly name: readonly Ident[]
  readonly columns?: readonly Ident[]
  readonly byName?: boolean
  readonly query: AstQuery
  readonly options?: AstProperties
}
export interface AstTruncate extends Node {
  readonly kind: 'truncate'
  readonly name: readonly Ident[]
}
/** SHOW …; `scope` is the word before FUNCTIONS, `name` the table, `namespace` what stands behind IN. */
export interface AstShow extends Node {
  readonly kind: 'show'
  readonly what:
    | 'tables'
    | 'views'
    | 'queries'
    | 'databases'
    | 'catalogs'
    | 'functions'
    | 'columns'
    | 'tblproperties'
    | 'create_table'
    | 'current_namespace'
  readonly scope?: string
  readonly namespace?: readonly Ident[]
  readonly name?: readonly Ident[]
  readonly like?: string
}
export interface AstDescribe extends Node {
  readonly kind: 'describe'
  readonly what: 'table' | 'query' | 'function'
  readonly extended: boolean
  readonly name?: readonly Ident[]
  /** One column of the table. */
  readonly column?: readonly Ident[]
  readonly query?: AstQuery
}
export interface AstExplain extends Node {
  readonly kind: 'explain'
  readonly mode: 'simple' | 'extended' | 'formatted' | 'codegen' | 'cost'
  readonly statement: AstStatement
}
/** SET key = value, SET key, SET; RESET has `reset`. */
export interface AstSet extends Node {
  readonly kind: 'set'
  readonly key?: string
  readonly value?: string
  readonly reset?: boolean
}
/** SET VAR a = x, b = y (`value` left out: DEFAULT), or SET VAR (a, b) = (query). */
export interface AstSetVariable extends Node {
  readonly kind: 'set_variable'
  readonly assignments: readonly { readonly name: readonly Ident[]; readonly value?: AstExpr }[]
  readonly query?: AstQuery
}
export interface AstDeclare extends Node {
  readonly kind: 'declare'
  readonly replace: boolean
  readonly names: readonly (readonly Ident[])[]
  readonly type?: AstType
  readonly default?: AstExpr
}
export interface AstExecuteImmediate extends Node {
  readonly kind: 'execute_immediate'
  readonly text: AstExpr
  readonly into?: readonly (readonly Ident[])[]
  /** Items of USING; an alias names the parameter. */
  readonly using?: readonly AstExpr[]
}
export interface AstStopQuery extends Node {
  readonly kind: 'stop_query'
  /** Name or id. */
  readonly query: string
}
export interface AstUse extends Node {
  readonly kind: 'use'
  readonly what?: 'catalog' | 'schema'
  readonly name: readonly Ident[]
}
/** CACHE and UNCACHE TABLE, CLEAR CACHE (no name): tables are read where they are, so these only check the name. */
export interface AstCache extends Node {
  readonly kind: 'cache'
  readonly action: 'cache' | 'uncache' | 'clear'
  readonly lazy?: boolean
  readonly ifExists?: boolean
  readonly name?: readonly Ident[]
  readonly options?: AstProperties
  readonly query?: AstQuery
}
export interface AstRefresh extends Node {
  readonly kind: 'refresh'
  readonly name: readonly Ident[]
}
/** A statement whose first words are known (`what`) but whose meaning is not built yet. */
export interface AstUnparsed extends Node {
  readonly kind: 'unparsed'
  readonly what: string
}
