import type { Vector } from '../columns/vector.ts'
import type { DataType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'

/**
 * What a function may know of the session that runs it. Fixed for the life of a query, except
 * `batchTimeUs`, which is the time of the current batch from the offset log: the only clock SQL sees.
 */
export interface EvalEnv {
  /** IANA zone of `spark.sql.session.timeZone`. */
  readonly timeZone: string
  /** `spark.sql.ansi.enabled`: overflow, bad casts and division by zero are errors. */
  readonly ansi: boolean
  /** `spark.sql.caseSensitive`. */
  readonly caseSensitive: boolean
  /** `spark.sql.mapKeyDedupPolicy`. */
  readonly mapKeyDedupPolicy: 'EXCEPTION' | 'LAST_WIN'
  /** Microseconds since the epoch. */
  batchTimeUs(): bigint
}

/**
 * What a parameter takes. A DataType: an argument is cast to it when the implicit-cast rules allow. A class
 * name: any type of the class, unchanged; `STRING` literals stand for the class's default where the rules
 * of Spark say so. A list: the first that fits without a cast, else the first that fits with one.
 */
export type TypeSpec = DataType | TypeClass | readonly (DataType | TypeClass)[]
export type TypeClass =
  | 'ANY'
  | 'NUMERIC'
  | 'INTEGRAL'
  | 'DECIMAL'
  | 'ORDERABLE'
  | 'ARRAY'
  | 'MAP'
  | 'STRUCT'
  | 'INTERVAL'
  /** A lambda; `lambda` of the parameter says what its own parameters are. */
  | 'FUNCTION'

export interface Param {
  readonly name: string
  readonly accepts: TypeSpec
  /** Takes what fits as it is, and an untyped NULL; no other type is cast for it. */
  readonly exact?: boolean
  /** May be left out. All parameters behind it are optional too. */
  readonly optional?: boolean
  /** Zero or more further arguments of this kind; only the last parameter. */
  readonly variadic?: boolean
  /** Must be a constant expression (Spark: foldable). */
  readonly foldable?: boolean
  /**
   * FUNCTION parameters: the types of the lambda's own parameters, given the types of the other arguments
   * and the lambda's count of parameters. Other FUNCTION arguments that come later stand as VOID.
   */
  readonly lambda?: (args: readonly DataType[], arity: number) => readonly DataType[]
}

/** An example that is a test: `SELECT <sql>` shows `gives` (the value in the form of `formatValue`, `NULL` for null). */
export interface Example {
  readonly sql: string
  readonly gives: string
}

/** A call whose argument types are settled (after coercion), before any row is seen. */
export interface CallSite {
  readonly name: string
  /** Types of the arguments; for a lambda the type of its body. */
  readonly args: readonly DataType[]
  /** The type of the result. */
  readonly type: DataType
  /** The value of each argument that is a constant; undefined for the others (a NULL constant is null). */
  readonly constants: readonly (Value | undefined)[]
  readonly env: EvalEnv
}

/** Evaluates one row; lambda arguments arrive as functions over values. */
export type EvalFn = (...args: never[]) => Value

/** How the result of `resolve` reads. */
export interface Resolved {
  /** The type each argument is to have; the analyzer puts in casts. */
  readonly args: readonly DataType[]
  readonly type: DataType
  /** Default: true when an argument is nullable, or always when `nulls` is 'handles'. */
  readonly nullable?: boolean
}

/**
 * JavaScript source for one call inside a generated loop. Arguments are side-effect free expressions
 * (variables or constants) that hold non-NULL values in the form below; the result is one expression in the
 * same form. `null` means: call `eval` for this combination of types.
 *
 *   BOOLEAN a JavaScript boolean; int32 shapes, FLOAT, DOUBLE a number; STRING a string (see `bytes`);
 *   int64 shapes and DECIMAL of any precision a number when `int64` is 'narrow' (within ±(2^53-1)), else a bigint.
 *
 * In narrow mode a result that could leave ±(2^53-1) must be wrapped in `rt.n53(…)`, which abandons the
 * narrow run of the batch when it does; the batch is then run again in wide mode. Names on `rt` come from
 * expr/runtime.ts. In wide mode `rt.i64(…)` checks that a bigint fits int64 and raises ARITHMETIC_OVERFLOW.
 */
export type Codegen = (args: readonly string[], site: CodegenSite) => string | null

export interface CodegenSite extends CallSite {
  readonly int64: 'narrow' | 'wide'
  /** Keeps a value made once per query (a compiled pattern, a table) and gives the name to reach it by. */
  constant(value: unknown): string
}

/**
 * A whole column at once: for functions whose result needs no JavaScript value per row (`split` on a fixed
 * delimiter, `length`). `null` means: not for these arguments. Only called when every row is wanted or
 * `rows` lists those that are; other rows of the result may hold anything.
 */
export type VectorKernel = (
  args: readonly Vector[],
  rows: Int32Array | null,
  length: number,
  site: CallSite,
) => Vector | null

interface EntryBase {
  /** Lower case, as it is called. Operators have their symbol: `+`, `<=>`, `not`, `isnull`. */
  readonly name: string
  readonly aliases?: readonly string[]
  readonly group: string
  /** One sentence or more; parameters in backquotes. */
  readonly doc: string
  readonly examples: readonly [Example, ...Example[]]
  readonly params: readonly Param[]
  /** Functions of the user's: what they mean besides their name, for the fingerprints of a checkpoint. */
  readonly identity?: string
  /**
   * The types. A fixed type, or a function of the argument types after coercion to `params`; or, for
   * what `params` cannot say (common type of all arguments, decimal precision), `resolve`.
   */
  readonly returns?: DataType | ((args: readonly DataType[], env: EvalEnv) => DataType)
  /** Takes over typing entirely; throws AnalysisError when the types do not fit. Count of arguments is checked before. */
  readonly resolve?: (args: readonly DataType[], env: EvalEnv, constants: readonly (Value | undefined)[]) => Resolved
}

/** A scalar function: one result per row. */
export interface ScalarEntry extends EntryBase {
  readonly kind: 'scalar'
  /** 'propagate' (default): a NULL argument gives NULL and `eval` is not called. */
  readonly nulls?: 'propagate' | 'handles'
  /** False for rand, uuid and kin; such calls are never folded, moved or repeated. */
  readonly deterministic?: boolean
  /**
   * It raises for no values of its types, or of those for which this gives true: the optimizer may evaluate it on rows
   * that the query as written would not have looked at. Absent: it may raise.
   */
  readonly total?: true | ((site: CallSite) => boolean)
  /** The result may be NULL although no argument is. */
  readonly canBeNull?: boolean
  /** Exactly one of `eval` (the same for all types and sessions) and `bind` (made once per call site). */
  readonly eval?: EvalFn
  readonly bind?: (site: CallSite) => EvalFn
  readonly codegen?: Codegen
  readonly vector?: VectorKernel
  /** A function whose result must be awaited: such calls become nodes of the plan and never stand in expressions. */
  readonly async?: AsyncCalls
}

/** How the engine calls an asynchronous function. Results keep the order of the rows whatever order they come in. */
export interface AsyncCalls {
  /** Calls in flight at a time. */
  readonly concurrency: number
  /** Tries of one call, the first included; the wait before the second, which doubles each time. */
  readonly attempts: number
  readonly delayMs: number
  /** A try that takes longer has failed; Infinity for no limit. */
  readonly timeoutMs: number
  /** Results kept by arguments, least recently used first to go; null keeps none (equal calls in flight are still one). */
  readonly cache: { readonly maxEntries: number; readonly ttlMs: number } | null
  /** One call; rejects with what the function rejects with. */
  readonly call: (site: CallSite) => (args: readonly Value[], signal: AbortSignal) => Promise<Value>
  /** The error of a call that failed for good. */
  readonly failure: (site: CallSite, args: readonly Value[], cause: unknown) => Error
}

/** The body of an aggregate: its state is an array of values with the types of `state`. */
export interface AggregateBody {
  /** The state of an empty group. A fresh array each time; its values are plain Values. */
  init(): Value[]
  /** Adds one row. Mutates `state` in place. Not called for rows with a NULL argument unless `nulls` is 'handles'. */
  add(state: Value[], args: readonly Value[]): void
  /** Adds another state of the same group. */
  merge(state: Value[], other: readonly Value[]): void
  finish(state: readonly Value[]): Value
  /** Takes one earlier row back; absent when that is impossible. */
  retract?(state: Value[], args: readonly Value[]): void
}

/**
 * JavaScript for the hot loop of an aggregate over typed state columns. `s[k]` is an assignable expression
 * for state field k of the group, `v[k]` an assignable 0/1 for "state field k is not NULL"; argument forms
 * as in Codegen, state fields of int64 shape are always bigints. Fresh groups have every field as
 * `init()` says. `null` means: use `add`.
 */
export type AggregateCodegen = (
  s: readonly string[],
  v: readonly string[],
  args: readonly string[],
  site: CodegenSite,
) => string | null

/** An aggregate function. */
export interface AggregateEntry extends EntryBase {
  readonly kind: 'aggregate'
  readonly nulls?: 'propagate' | 'handles'
  /** True when the result depends on the order of rows (first, last, collect_list). */
  readonly ordered?: boolean
  /** The result over no rows is not NULL (count, collect_list). */
  readonly neverNull?: boolean
  /** Types of the state fields: what a checkpoint stores. */
  readonly state: (site: CallSite) => readonly DataType[]
  readonly bind: (site: CallSite) => AggregateBody
  /** The state field that is the result as it stands (count, sum, min, max); `finish` is then not called. */
  readonly resultField?: (site: CallSite) => number | null
  readonly codegen?: AggregateCodegen
}

/** A function that gives zero or more rows per row (explode, inline, stack). */
export interface GeneratorEntry extends EntryBase {
  readonly kind: 'generator'
  /** Names and types of the columns it gives; `constants` as in CallSite (`stack` takes its width from one). */
  readonly columns: (
    args: readonly DataType[],
    constants: readonly (Value | undefined)[],
  ) => readonly { readonly name: string; readonly type: DataType; readonly nullable: boolean }[]
  /** The rows for one input row. NULL arguments arrive as null. */
  readonly bind: (site: CallSite) => (...args: never[]) => Iterable<readonly Value[]>
}

export type FunctionEntry = ScalarEntry | AggregateEntry | GeneratorEntry

/** Shorthand of a parameter. */
export const arg = (name: string, accepts: TypeSpec, more: Omit<Param, 'name' | 'accepts'> = {}): Param => ({
  name,
  accepts,
  ...more,
})

type ScalarRest = Omit<ScalarEntry, 'kind' | 'name' | 'params' | 'returns'>

/** A scalar entry. `returns` is left out where `resolve` is given. */
export function scalar(
  name: string,
  params: readonly Param[],
  returns: ScalarEntry['returns'],
  rest: ScalarRest,
): ScalarEntry {
  return { kind: 'scalar', name, params, ...(returns === undefined ? {} : { returns }), ...rest }
}
