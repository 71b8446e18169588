import type { Span } from '../errors/span.ts'
import type { Expr, LiteralJson } from '../expr/bound.ts'
import type { GroupStateTimeout } from '../functions/user/group-state.ts'
import type { CalendarSpec } from '../types/calendar.ts'
import type { ProcessorStates } from '../functions/user/processor-handle.ts'
import type { TimeMode } from '../functions/user/stateful-processor.ts'
import type { DataType, Schema } from '../types/data-type.ts'
import type { DecodePredicate } from '../formats/decode-plan.ts'
import type { Lowering } from './lowering.ts'
import type { OverFrame } from './over.ts'
import type { JoinType, SourceRef, UserMapKind } from './unresolved.ts'

/**
 * A column by identity. Projections that pass a column on keep its id; everything computed gets a fresh one.
 * `eventTime` marks the column of a watermark, and a window struct made from one; `watermarkNode` is the id of the
 * watermark node it comes from.
 */
export interface Attr {
  readonly id: number
  readonly name: string
  readonly type: DataType
  readonly nullable: boolean
  /** Relation names it may be qualified with; empty for computed columns. */
  readonly qualifier: readonly string[]
  readonly eventTime?: boolean
  /** A hidden column of a table: it answers to its name, `*` does not show it. */
  readonly metadata?: boolean
}

/** A computed column. */
export interface Named {
  readonly expr: Expr
  readonly attr: Attr
}

/** One aggregate of an aggregate node; arguments are over the node's input. */
export interface AggregateCall {
  readonly fn: string
  readonly args: readonly Expr[]
  readonly distinct: boolean
  readonly filter?: Expr
  readonly type: DataType
  readonly at?: Span | undefined
}

export interface SortKey {
  readonly expr: Expr
  readonly descending: boolean
  readonly nullsFirst: boolean
}

interface Base {
  /** Unique in the plan; stable from analysis through optimization. */
  readonly id: number
  readonly attrs: readonly Attr[]
  /** The clause it came from. */
  readonly at?: Span | undefined
}

/** A plan whose names and types are settled. `attrs` are its output columns, in order. Immutable; expressions hold `attr` leaves of the inputs. */
export type Logical =
  | LogicalScan
  | LogicalLocal
  | LogicalRange
  | LogicalProject
  | LogicalFilter
  | LogicalAggregate
  | LogicalExpand
  | LogicalWindow
  | LogicalWatermark
  | LogicalJoin
  | LogicalUnion
  | LogicalSetOperation
  | LogicalSort
  | LogicalLimit
  | LogicalDedup
  | LogicalGenerate
  | LogicalOver
  | LogicalRecursive
  | LogicalPrevious
  | LogicalSample
  | LogicalUserMap
  | LogicalGroupsWithState
  | LogicalTransformWithState
  | LogicalAsyncCall
  | LogicalObserve

export interface LogicalScan extends Base {
  readonly op: 'scan'
  readonly source: SourceRef
  /** Filled by pushdown: paths needed (null: all) and conjuncts a decoder may use. Types of struct attrs are pruned alike. */
  readonly columns: readonly (readonly string[])[] | null
  readonly predicates: readonly DecodePredicate[]
}
/** Constant rows; VALUES, and SELECT without FROM (one row, no columns). */
export interface LogicalLocal extends Base {
  readonly op: 'local'
  readonly rows: readonly (readonly LiteralJson[])[]
}
export interface LogicalRange extends Base {
  readonly op: 'range'
  readonly start: string
  readonly end: string
  readonly step: string
}
export interface LogicalProject extends Base {
  readonly op: 'project'
  readonly input: Logical
  readonly items: readonly Named[]
}
export interface LogicalFilter extends Base {
  readonly op: 'filter'
  readonly input: Logical
  readonly condition: Expr
}
/** Output: `keys` then `aggregates`. DISTINCT is an aggregate without aggregates. Expressions over the results are a project above. */
export interface LogicalAggregate extends Base {
  readonly op: 'aggregate'
  readonly input: Logical
  readonly keys: readonly Named[]
  readonly aggregates: readonly { readonly call: AggregateCall; readonly attr: Attr }[]
  /** Made by PIVOT, which Spark runs as two aggregations and so refuses on streams. */
  readonly pivot?: boolean
}
/** Each input row once per projection: grouping sets. Output attrs have the types of the projections. */
export interface LogicalExpand extends Base {
  readonly op: 'expand'
  readonly input: Logical
  readonly projections: readonly (readonly Expr[])[]
}
/**
 * `window(time, size, slide, start)`: each row once per window that holds it, with the window as a further last column
 * struct<start, end>; rows with a NULL time are dropped. Microseconds as decimal strings.
 */
export interface LogicalWindow extends Base {
  readonly op: 'window'
  readonly input: Logical
  readonly time: Expr
  readonly sizeUs: string
  readonly slideUs: string
  readonly startUs: string
  /**
   * Only for `session_window(time, gap)`: the gap of each row, an interval; then the sizes are '0' and the column is
   * [time, time + gap). The aggregate above has it as a key and merges the windows of a group that meet; rows whose
   * gap is not positive are dropped.
   */
  readonly gap?: Expr
  /** Only for `calendar_window`: the period of the calendar that holds the time; then the sizes are '0'. */
  readonly calendar?: CalendarSpec
  /**
   * Only for CUMULATE: the windows that begin where the one of `sizeUs` begins, as long as `slideUs`, twice that, up to
   * `sizeUs`.
   */
  readonly cumulates?: true
}
export interface LogicalWatermark extends Base {
  readonly op: 'watermark'
  readonly input: Logical
  /** Attr id of the event time column. */
  readonly column: number
  /** A month counts 31 days. */
  readonly delayUs: string
  /** The same for every use of one definition (a view read twice): they share one watermark. */
  readonly origin: number
}
export interface LogicalJoin extends Base {
  readonly op: 'join'
  readonly left: Logical
  readonly right: Logical
  readonly type: JoinType
  readonly condition: Expr | null
  /** Only of a join that stands for a subquery: how it came about, for EXPLAIN. */
  readonly lowered?: readonly Lowering[]
}
export interface LogicalUnion extends Base {
  readonly op: 'union'
  readonly inputs: readonly Logical[]
}
export interface LogicalSetOperation extends Base {
  readonly op: 'setop'
  readonly kind: 'intersect' | 'except'
  readonly all: boolean
  readonly left: Logical
  readonly right: Logical
}
export interface LogicalSort extends Base {
  readonly op: 'sort'
  readonly input: Logical
  readonly keys: readonly SortKey[]
  /** SORT BY: within partitions only. */
  readonly local?: boolean
}
export interface LogicalLimit extends Base {
  readonly op: 'limit'
  readonly input: Logical
  readonly count: number | null
  readonly offset: number
}
/** Keeps the first row of each key (attr ids). */
export interface LogicalDedup extends Base {
  readonly op: 'dedup'
  readonly input: Logical
  readonly keys: readonly number[]
  readonly withinWatermark: boolean
}
/** LATERAL VIEW and generators in a select list: input columns (once optimized, those read above), then the generator's. */
export interface LogicalGenerate extends Base {
  readonly op: 'generate'
  readonly input: Logical
  readonly fn: string
  readonly args: readonly Expr[]
  readonly outer: boolean
}
/** Window functions (OVER): input columns, then one per call. */
export interface LogicalOver extends Base {
  readonly op: 'over'
  readonly input: Logical
  readonly partitionBy: readonly Expr[]
  readonly orderBy: readonly SortKey[]
  readonly calls: readonly { readonly call: AggregateCall; readonly attr: Attr; readonly frame: OverFrame }[]
}
/**
 * WITH RECURSIVE: the rows of `anchor`, then round after round those of `step`, whose LogicalPrevious with this node's id
 * gives the rows of the round before, until a round gives none. Columns of all three are alike.
 */
export interface LogicalRecursive extends Base {
  readonly op: 'recursive'
  readonly anchor: Logical
  readonly step: Logical
  readonly name: string
  /** Rounds of `step` after which it has failed. */
  readonly maxLevel: number
}
export interface LogicalPrevious extends Base {
  readonly op: 'previous'
  /** Id of the LogicalRecursive. */
  readonly recursion: number
}
export interface LogicalSample extends Base {
  readonly op: 'sample'
  readonly input: Logical
  /** The share of rows, 0 to 1; each is drawn by itself. */
  readonly fraction: number
  /** The seed of REPEATABLE: the same rows each time; null for others each time. */
  readonly seed: string | null
  readonly text: string
}

/**
 * A closure over whole rows of its input. `filter`: the input's columns; `key`: the key, then the row (a struct, or the
 * bare value); the others: the columns of the results. `closure` is the id the session knows the function by.
 */
export interface LogicalUserMap extends Base {
  readonly op: 'userMap'
  readonly input: Logical
  readonly kind: UserMapKind
  readonly closure: string
  readonly label: string
  readonly version: string | null
}
/** A state function, called for each key of its input (`key`, `value`) with a state of the columns `state`; see UserMap. */
export interface LogicalGroupsWithState extends Base {
  readonly op: 'groupsWithState'
  readonly input: Logical
  readonly single: boolean
  readonly closure: string
  readonly label: string
  readonly version: string | null
  readonly emits: 'append' | 'update'
  readonly timeout: GroupStateTimeout
  readonly state: Schema
  /** Where in `value` the event time stands; null without a watermark. */
  readonly time: number | null
}
/** A stateful processor, called for each key of its input and for rows of `initial` (both `key`, `value`); see UserMap. */
export interface LogicalTransformWithState extends Base {
  readonly op: 'transformWithState'
  readonly input: Logical
  readonly initial: Logical | null
  readonly closure: string
  readonly label: string
  readonly version: string | null
  readonly emits: 'append' | 'update'
  readonly timeMode: TimeMode
  readonly states: ProcessorStates
  /** Where in `value` the event time stands; null without a watermark. */
  readonly time: number | null
}
/** A call of an asynchronous function: input columns, then its result. */
export interface LogicalAsyncCall extends Base {
  readonly op: 'asyncCall'
  readonly input: Logical
  readonly fn: string
  readonly args: readonly Expr[]
}

/** The input as it is; `items` over the results of `calls` over its rows are metrics of each trigger. */
export interface LogicalObserve extends Base {
  readonly op: 'observe'
  readonly input: Logical
  readonly name: string
  readonly observer: string | null
  readonly calls: readonly { readonly call: AggregateCall; readonly attr: Attr }[]
  readonly items: readonly Named[]
}

/** The inputs of a node, left to right. */
export function inputsOf(plan: Logical): readonly Logical[] {
  switch (plan.op) {
    case 'scan':
    case 'local':
    case 'range':
    case 'previous':
      return []
    case 'recursive':
      return [plan.anchor, plan.step]
    case 'join':
    case 'setop':
      return [plan.left, plan.right]
    case 'union':
      return plan.inputs
    case 'transformWithState':
      return plan.initial === null ? [plan.input] : [plan.input, plan.initial]
    default:
      return [plan.input]
  }
}

/** The columns that the generator gives, after those of its input that are passed on. */
export function generatedAttrs(plan: LogicalGenerate): readonly Attr[] {
  const input = new Set(plan.input.attrs.map((x) => x.id))
  return plan.attrs.filter((x) => !input.has(x.id))
}

/** The same node over other inputs. */
export function withInputs(plan: Logical, inputs: readonly Logical[]): Logical {
  switch (plan.op) {
    case 'scan':
    case 'local':
    case 'range':
    case 'previous':
      return plan
    case 'recursive':
      return inputs[0] === plan.anchor && inputs[1] === plan.step
        ? plan
        : { ...plan, anchor: inputs[0]!, step: inputs[1]! }
    case 'join':
    case 'setop':
      return inputs[0] === plan.left && inputs[1] === plan.right
        ? plan
        : { ...plan, left: inputs[0]!, right: inputs[1]! }
    case 'union':
      return inputs.every((x, i) => x === plan.inputs[i]) ? plan : { ...plan, inputs }
    case 'transformWithState':
      return inputs[0] === plan.input && (inputs[1] ?? null) === plan.initial
        ? plan
        : { ...plan, input: inputs[0]!, initial: inputs[1] ?? null }
    default:
      return inputs[0] === plan.input ? plan : { ...plan, input: inputs[0]! }
  }
}

/** True when any table under the plan never ends. */
export function isStreaming(plan: Logical): boolean {
  return plan.op === 'scan' ? plan.source.streaming : inputsOf(plan).some(isStreaming)
}
