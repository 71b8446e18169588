import type { OutputModeName } from '../connectors/provider.ts'
import type { ExprEnv } from '../expr/env.ts'
import type { Attr, Logical } from '../plan/logical.ts'
import type { EnvSpec, NodeSpec, PipelineSpec } from './spec.ts'

/** What a query is planned with. */
export interface PlanOptions {
  /** null for a batch query. */
  readonly mode: OutputModeName | null
  readonly env: ExprEnv
  readonly envSpec: EnvSpec
  /** A row for which an expression throws is left out or reads as NULL: nothing may throw that has taken in a part of it. */
  readonly sparesRows?: boolean
  /** By id of the logical node. */
  readonly fingerprints: ReadonlyMap<number, { readonly fingerprint: string; readonly describe: string }>
  /** Ids of stateful operators that a checkpoint has them under, by id of the logical node. */
  readonly stateIds?: ReadonlyMap<number, string> | undefined
}

/** A part of the pipeline already planned: the node that gives it, and its columns. */
export interface Planned {
  readonly id: string
  readonly attrs: readonly Attr[]
}

/**
 * What the planning of a node may use of the planner. A node takes its id when its inputs are planned: ids count the
 * nodes there are.
 */
export interface PlannerContext {
  readonly options: PlanOptions
  /** The nodes so far, inputs before those over them. */
  readonly nodes: readonly NodeSpec[]
  /** Windows whose rows may leave in any order, by id of the logical node: who is above says so before it plans them. */
  readonly anyOrder: Set<number>
  /** Rows that a LIMIT wants of a recursive table, by id of its logical node. */
  readonly wanted: Map<number, number>
  /** Plans an input. */
  plan(node: Logical): Planned
  /** Plans a part that is run as a query of its own, over bounded tables. */
  planApart(node: Logical): PipelineSpec
  add(node: NodeSpec, attrs: readonly Attr[]): Planned
  /** An id for the next node. */
  id(op: string): string
  /** An id for the next node with state, under which a checkpoint finds it again; keeps its fingerprint. */
  statefulId(op: string, plan: Logical): string
  /** An id for a computed column that the plan does not have. */
  columnId(): number
  /** A name for the next source, if it has none of its own. */
  sourceName(format: string): string
  /** The name under which the commit log holds the watermark set at `origin`. */
  watermarkName(origin: number): string
}
