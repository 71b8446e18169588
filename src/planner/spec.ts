import type { Expr, LiteralJson } from '../expr/bound.ts'
import type { DecodePlan } from '../formats/decode-plan.ts'
import type { StateTableSpec } from '../state/table.ts'
import type { DataType, Schema } from '../types/data-type.ts'
import type { AggregateSpec, PaneSpec, SortKeySpec } from '../operators/config.ts'

/**
 * A query ready to run, as plain JSON: what the planner gives and `instantiate` takes, on any thread. Expressions are
 * bound by position to the operator's input. Nodes are in topological order; the last one is the output.
 */
export interface PipelineSpec {
  readonly version: 1
  readonly kind: 'batch' | 'stream'
  /** Output mode of a stream; null for batch. */
  readonly mode: 'append' | 'update' | 'complete' | null
  readonly schema: Schema
  readonly nodes: readonly NodeSpec[]
  /** Session settings the expressions depend on. */
  readonly env: EnvSpec
  /** Semantic fingerprints by operator id of the stateful nodes. */
  readonly fingerprints: Readonly<Record<string, { readonly fingerprint: string; readonly describe: string }>>
}

export interface EnvSpec {
  readonly timeZone: string
  readonly ansi: boolean
  readonly caseSensitive: boolean
  readonly mapKeyDedupPolicy: 'EXCEPTION' | 'LAST_WIN'
}

interface NodeBase {
  readonly id: string
  /** Ids of the nodes that feed port 0, 1, … */
  readonly inputs: readonly string[]
  /** What it emits. */
  readonly schema: Schema
}

export type NodeSpec =
  | SourceNode
  | LocalNode
  | RangeNode
  | FusedNode
  | WatermarkNode
  | WindowNode
  | ExpandNode
  | AggregateNode
  | DedupNode
  | JoinNode
  | UnionNode
  | SortNode
  | LimitNode
  | GenerateNode
  | SetOperationNode

/** A connector. `name` is the key of its offsets in the offset log. */
export interface SourceNode extends NodeBase {
  readonly op: 'source'
  readonly name: string
  readonly format: string
  readonly options: Readonly<Record<string, string>>
  /** Columns of the table before pruning. */
  readonly declared: Schema
  readonly plan: DecodePlan
  readonly streaming: boolean
}
export interface LocalNode extends NodeBase {
  readonly op: 'local'
  readonly rows: readonly (readonly LiteralJson[])[]
}
export interface RangeNode extends NodeBase {
  readonly op: 'range'
  readonly start: string
  readonly end: string
  readonly step: string
}
/** Filter and projection in one generated loop; `items` null passes all columns on. */
export interface FusedNode extends NodeBase {
  readonly op: 'fused'
  readonly filter: Expr | null
  readonly items: readonly Expr[] | null
}
export interface WatermarkNode extends NodeBase {
  readonly op: 'watermark'
  readonly column: number
  readonly delayUs: string
  /** Name of the stream's watermark in the commit log; nodes of one definition share it. */
  readonly stream: string
}
/** Appends struct<start, end>. */
export interface WindowNode extends NodeBase {
  readonly op: 'window'
  readonly time: Expr
  readonly sizeUs: string
  readonly slideUs: string
  readonly startUs: string
}
export interface ExpandNode extends NodeBase {
  readonly op: 'expand'
  readonly projections: readonly (readonly Expr[])[]
}
export interface AggregateNode extends NodeBase {
  readonly op: 'aggregate'
  /** Column positions of the grouping keys in the input. */
  readonly keys: readonly number[]
  readonly pane: PaneSpec | null
  readonly calls: readonly AggregateSpec[]
  readonly emit: 'append' | 'update' | 'complete' | 'batch'
  readonly state: StateTableSpec
}
export interface DedupNode extends NodeBase {
  readonly op: 'dedup'
  readonly keys: readonly number[]
  /** Event time column of the input, or null. */
  readonly time: number | null
  readonly expiry: 'never' | 'time-key' | 'within-watermark'
  readonly delayUs: string
  readonly state: StateTableSpec
}
/** Port 0 probes, port 1 is built first and kept (static in a stream). */
export interface JoinNode extends NodeBase {
  readonly op: 'join'
  readonly type: 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti' | 'cross'
  readonly leftKeys: readonly number[]
  readonly rightKeys: readonly number[]
  /** `<=>` keys: NULL matches NULL. */
  readonly nullSafe: readonly boolean[]
  /** Over left then right columns. */
  readonly residual: Expr | null
}
export interface UnionNode extends NodeBase {
  readonly op: 'union'
}
export interface SortNode extends NodeBase {
  readonly op: 'sort'
  readonly keys: readonly SortKeySpec[]
}
/** `state` is set where the count runs over the whole life of a stream (append mode). */
export interface LimitNode extends NodeBase {
  readonly op: 'limit'
  readonly count: number | null
  readonly offset: number
  readonly state: StateTableSpec | null
}
/** Input columns, then the generator's. */
export interface GenerateNode extends NodeBase {
  readonly op: 'generate'
  readonly fn: string
  readonly args: readonly Expr[]
  readonly argTypes: readonly DataType[]
  /** Input columns that are passed on, in front of the generator's own. */
  readonly keep: readonly number[]
  readonly outer: boolean
}
export interface SetOperationNode extends NodeBase {
  readonly op: 'setop'
  readonly kind: 'intersect' | 'except'
  readonly all: boolean
}
