import type { ParamExpr } from '../expr/bound.ts'
import type { AstCall, AstWindowSpec, Ident } from '../sql/ast.ts'
import type { Span } from '../errors/span.ts'
import type { Analysis, Surroundings } from './analysis.ts'
import type { Attr } from './logical.ts'
import type { Base } from './base.ts'
import type { Term } from './term.ts'
import type { AggregateCalls } from './aggregate-calls.ts'

/** How names in an expression are looked up. */
export interface Names {
  /** The column or value `parts` name, members resolved; null when unknown. Throws AMBIGUOUS_REFERENCE. */
  find(parts: readonly Ident[], span: Span | undefined): Term | null
  /** Columns in sight: for `*` and for suggestions. */
  readonly columns: readonly Attr[]
}

/** The clause an expression stands in, as errors name it. */
export type Clause =
  | 'SELECT'
  | 'WHERE'
  | 'GROUP BY'
  | 'HAVING'
  | 'QUALIFY'
  | 'ORDER BY'
  | 'ON'
  | 'VALUES'
  | 'LATERAL VIEW'
  | 'LIMIT'
  | 'PIVOT'
  | 'WATERMARK'

/** Grouping columns of GROUPING SETS in their order, for grouping() and grouping_id(). */
export interface GroupingSets {
  readonly keys: readonly { readonly key: string; readonly text: string }[]
  readonly id: Attr
}

/** All that resolving an expression depends on. */
export interface ExprContext {
  readonly a: Analysis
  readonly surroundings: Surroundings
  readonly clause: Clause
  readonly names: Names
  /** Names inside the arguments of aggregates, where they differ from `names`. */
  readonly inputNames?: Names | undefined
  /** Takes aggregate calls; absent where none may stand. */
  readonly aggregates?: AggregateCalls | undefined
  /** The plan below the expression, which time windows, subqueries and generators extend. */
  readonly base: Base
  /** Where subqueries outside aggregates go: above the aggregation in a grouped select. */
  readonly subqueryBase: Base
  /** Takes a window function; absent where none may stand. */
  readonly over?: ((call: AstCall, spec: AstWindowSpec, ctx: ExprContext) => Term) | undefined
  readonly grouping?: GroupingSets | undefined
  /** The aggregate whose argument this is. */
  readonly insideAggregate?: string | undefined
  /** The window function whose argument this is. */
  readonly insideOver?: boolean | undefined
  /** Lambda parameters in sight, inner last. */
  readonly params?: ReadonlyMap<string, ParamExpr> | undefined
  /** A generator may stand here: directly in a select item. */
  readonly generator?: ((call: AstCall, ctx: ExprContext) => Term) | undefined
}
