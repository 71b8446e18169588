import type { Span } from '../errors/span.ts'
import type { AstExpr, AstGroupBy, AstQuery, AstSortItem, Ident } from '../sql/ast.ts'
import type { Schema } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'

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
  | { readonly op: 'select'; readonly input: Unresolved; readonly items: readonly AstExpr[]; readonly distinct?: boolean }
  | { readonly op: 'withColumns'; readonly input: Unresolved; readonly columns: readonly { readonly name: string; readonly expr: AstExpr }[] }
  | { readonly op: 'rename'; readonly input: Unresolved; readonly from: string; readonly to: string }
  | { readonly op: 'drop'; readonly input: Unresolved; readonly columns: readonly AstExpr[] }
  | { readonly op: 'filter'; readonly input: Unresolved; readonly condition: AstExpr }
  /** Output: the grouping columns, then `items`. */
  | { readonly op: 'aggregate'; readonly input: Unresolved; readonly groupBy: AstGroupBy; readonly items: readonly AstExpr[] }
  | { readonly op: 'join'; readonly left: Unresolved; readonly right: Unresolved; readonly type: JoinType; readonly on?: AstExpr; readonly using?: readonly string[] }
  | { readonly op: 'union'; readonly inputs: readonly Unresolved[]; readonly byName?: boolean; readonly allowMissing?: boolean }
  | { readonly op: 'setop'; readonly kind: 'intersect' | 'except'; readonly all: boolean; readonly left: Unresolved; readonly right: Unresolved }
  | { readonly op: 'sort'; readonly input: Unresolved; readonly items: readonly AstSortItem[] }
  | { readonly op: 'limit'; readonly input: Unresolved; readonly count?: number; readonly offset?: number }
  /** No columns: all of them. */
  | { readonly op: 'dedup'; readonly input: Unresolved; readonly columns?: readonly string[]; readonly withinWatermark: boolean }
  | { readonly op: 'watermark'; readonly input: Unresolved; readonly column: AstExpr; readonly delay: string }

export type JoinType = 'inner' | 'cross' | 'left' | 'right' | 'full' | 'semi' | 'anti'

/** A table behind a connector, as `load()` left it. Plain JSON, except that live objects are named by id. */
export interface SourceRef {
  readonly format: string
  /** Validated options of the provider, as given by the user (strings), path included as `path`. */
  readonly options: Readonly<Record<string, string>>
  /** The columns of the table. */
  readonly schema: Schema
  readonly streaming: boolean
  /** Set by `readStream.name()`; sources without a name are numbered in the order of the plan. */
  readonly name?: string
}

/** What the analyzer asks of the session. */
export interface PlanCatalog {
  /** A view or table by name, or null. `columns` renames what the plan gives. */
  lookup(name: readonly string[]): { readonly plan: Unresolved; readonly columns?: readonly string[] } | null
  /** Names for did-you-mean. */
  names(): Iterable<string>
  /** Value of a session setting, or undefined. */
  conf(key: string): string | undefined
}
