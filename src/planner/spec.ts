import type { OutputModeName } from '../connectors/provider.ts'
import type { Refresh } from '../connectors/refresh.ts'
import type { Expr, LiteralJson } from '../expr/bound.ts'
import type { DecodePlan } from '../formats/decode-plan.ts'
import type { ProcessorStates } from '../functions/user/processor-handle.ts'
import type { TimeMode } from '../functions/user/stateful-processor.ts'
import type { GroupStateTimeout } from '../functions/user/group-state.ts'
import type { StateTableSpec } from '../state/table.ts'
import type { CalendarSpec } from '../types/calendar.ts'
import type { DataType, Schema } from '../types/data-type.ts'
import type {
  AggregateSpec,
  DistinctSpec,
  PaneSpec,
  ReleaseRule,
  SortKeySpec,
  TimeColumn,
} from '../operators/config.ts'

/**
 * A query ready to run, as plain JSON: what the planner gives and `instantiate` takes, on any thread. Expressions are
 * bound by position to the operator's input. Nodes are in topological order; the last one is the output.
 */
export interface PipelineSpec {
  readonly version: 1
  readonly kind: 'batch' | 'stream'
  /** Output mode of a stream; null for batch. */
  readonly mode: OutputModeName | null
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
  | CalendarWindowNode
  | CumulateWindowNode
  | SessionNode
  | ExpandNode
  | AggregateNode
  | SessionAggregateNode
  | DedupNode
  | JoinNode
  | StreamJoinNode
  | UnionNode
  | SortNode
  | OverNode
  | RecursiveNode
  | PreviousNode
  | LimitNode
  | GenerateNode
  | SetOperationNode
  | UserMapNode
  | GroupsWithStateNode
  | TransformWithStateNode
  | AsyncCallNode
  | ObserveNode
  | ChangeTypesNode

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
  /** Silent for this long, it no longer holds the watermark back; the query's own timeout unless given. */
  readonly idleTimeoutMs?: number
  /** Of a bounded table beside a stream: when it is read again; once a start unless given. */
  readonly refresh?: Refresh
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
  /** Something above depends on the order of the rows of a window. */
  readonly keepsOrder: boolean
}
/** Appends struct<start, end>: the period of the calendar. */
export interface CalendarWindowNode extends NodeBase {
  readonly op: 'calendar-window'
  readonly time: Expr
  readonly calendar: CalendarSpec
}
/** Appends struct<start, end>: each of the growing windows that hold the row. */
export interface CumulateWindowNode extends NodeBase {
  readonly op: 'cumulate-window'
  readonly time: Expr
  readonly sizeUs: string
  readonly stepUs: string
  readonly startUs: string
}
/** Appends struct<start, end>: the session a row is by itself. */
export interface SessionNode extends NodeBase {
  readonly op: 'session'
  readonly start: Expr
  readonly end: Expr
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
  readonly distinct: readonly DistinctSpec[]
  readonly emit: OutputModeName | 'batch'
  readonly state: StateTableSpec
}
/** GROUP BY session_window: `session` is its position among the keys. */
export interface SessionAggregateNode extends NodeBase {
  readonly op: 'session-aggregate'
  readonly keys: readonly number[]
  readonly session: number
  readonly expires: boolean
  readonly calls: readonly AggregateSpec[]
  readonly distinct: readonly DistinctSpec[]
  readonly emit: OutputModeName | 'batch'
  readonly state: StateTableSpec
}
export interface DedupNode extends NodeBase {
  readonly op: 'dedup'
  readonly keys: readonly number[]
  /** Event time column of the input, or null. */
  readonly time: TimeColumn | null
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
  /** NOT IN, an anti join by one key: a NULL on either side may be equal to anything. */
  readonly nullAware?: true
  /** Over left then right columns. */
  readonly residual: Expr | null
}
/** Port 0 is the left side. Positions are those of the side's own columns. */
export interface StreamJoinNode extends NodeBase {
  readonly op: 'stream-join'
  readonly type: 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti'
  /** Port of a side that is a bounded table, kept as it was at the first start; null: both are streams. */
  readonly bounded: 0 | 1 | null
  /** Over left then right columns. */
  readonly residual: Expr | null
  readonly left: StreamJoinSide
  readonly right: StreamJoinSide
}
export interface StreamJoinSide {
  readonly keys: readonly number[]
  readonly nullSafe: readonly boolean[]
  /** Rows at or before the late watermark by this column are dropped; null: none is late. */
  readonly late: TimeColumn | null
  readonly release: ReleaseRule | null
  /** A condition on this side alone: rows that fail it match nothing. */
  readonly only: Expr | null
  readonly state: StateTableSpec
}
export interface UnionNode extends NodeBase {
  readonly op: 'union'
}
export interface SortNode extends NodeBase {
  readonly op: 'sort'
  readonly keys: readonly SortKeySpec[]
}
/**
 * WITH RECURSIVE, a leaf: the rows of `anchor`, then round after round those of `step`, in which a PreviousNode of this
 * `recursion` gives the rows of the round before. `limit`: nobody wants more rows than these.
 */
export interface RecursiveNode extends NodeBase {
  readonly op: 'recursive'
  readonly recursion: number
  readonly name: string
  readonly anchor: PipelineSpec
  readonly step: PipelineSpec
  readonly maxLevel: number
  readonly limit: number | null
}
/** A leaf inside `RecursiveNode.step`. */
export interface PreviousNode extends NodeBase {
  readonly op: 'previous'
  readonly recursion: number
}
/** Input columns, then one per call. */
export interface OverNode extends NodeBase {
  readonly op: 'over'
  readonly partitionBy: readonly Expr[]
  readonly orderBy: readonly SortKeySpec[]
  readonly calls: readonly OverCallSpec[]
}
/** A window function; aggregates by their name in the registry. */
export interface OverCallSpec {
  readonly fn: string
  readonly args: readonly Expr[]
  readonly filter: Expr | null
  readonly type: DataType
  readonly ignoreNulls: boolean
  /** The constant of `ntile`, `lag`, `lead` and `nth_value`; null where left out. */
  readonly constant: number | null
  readonly frame: OverFrameSpec
}
export interface OverFrameSpec {
  readonly unit: 'rows' | 'range'
  readonly start: OverBoundSpec
  readonly end: OverBoundSpec
}
/** `rows`: a count of rows, negative for those before. `range`: `at` is the sort key of the edge, `key` the row's own, of one type. */
export type OverBoundSpec =
  | { readonly kind: 'unbounded' | 'current' }
  | { readonly kind: 'rows'; readonly shift: number }
  | { readonly kind: 'range'; readonly at: Expr; readonly key: Expr }
/** `state` is set where the count runs over the whole life of a stream: its rows are no result that is written whole. */
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
  /** Beside a bounded table: the port of the stream, and its state; null where both sides are bounded. */
  readonly stream: { readonly port: 0 | 1; readonly state: StateTableSpec } | null
}
/** A closure over rows, by its id; see operators/user-map.ts. */
export interface UserMapNode extends NodeBase {
  readonly op: 'userMap'
  readonly kind: 'map' | 'flatMap' | 'filter' | 'mapPartitions' | 'key' | 'mapGroups' | 'flatMapGroups'
  readonly closure: string
  /** How errors and plans name it. */
  readonly label: string
}
/** A state function by the id of its closure; see operators/groups-with-state.ts. */
export interface GroupsWithStateNode extends NodeBase {
  readonly op: 'groupsWithState'
  readonly closure: string
  readonly label: string
  readonly single: boolean
  readonly timeout: GroupStateTimeout
  /** Columns of the state of a key. */
  readonly states: Schema
  readonly time: number | null
  readonly state: StateTableSpec
  /** Over a bounded table each group is called once and nothing is kept. */
  readonly streaming: boolean
}
/** A stateful processor by the id of its closure; a second input is its initial state. See operators/transform-with-state.ts. */
export interface TransformWithStateNode extends NodeBase {
  readonly op: 'transformWithState'
  readonly closure: string
  readonly label: string
  readonly timeMode: TimeMode
  readonly outputMode: 'append' | 'update'
  readonly states: ProcessorStates
  /** Tables of the states in their order, and of the timers. */
  readonly tables: readonly StateTableSpec[]
  readonly timers: StateTableSpec | null
  readonly time: number | null
  /** The column of the results that is their event time. */
  readonly emitTime: number | null
  /** Over a bounded table nothing is kept. */
  readonly streaming: boolean
}
/** Input columns, then the result of an asynchronous function; the engine awaits it between two pipelines. */
export interface AsyncCallNode extends NodeBase {
  readonly op: 'asyncCall'
  readonly fn: string
  readonly args: readonly Expr[]
}
/** Passes its input on; `items` over the results of `calls` are the metrics of a trigger. */
export interface ObserveNode extends NodeBase {
  readonly op: 'observe'
  readonly name: string
  readonly observer: string | null
  readonly calls: readonly AggregateSpec[]
  readonly distinct: readonly DistinctSpec[]
  /** Columns of the results of the calls. */
  readonly results: Schema
  readonly items: readonly Expr[]
  /** Columns of the metrics. */
  readonly metrics: Schema
  readonly state: StateTableSpec
}
/** Input columns, then `_change_type`; the last node in changelog mode. */
export interface ChangeTypesNode extends NodeBase {
  readonly op: 'change-types'
  /** Columns that identify a row: a deletion followed by an insertion of equal key is an update. null: nothing does. */
  readonly key: readonly number[] | null
}
