import type { LiteralJson } from '../types/literal.ts'

/**
 * What a query needs of a file or message: plain JSON, part of the PipelineSpec.
 *
 * `columns` are paths into the row (`['bid', 'price']`), in no order; struct members not named are not decoded.
 * `predicates` are conjuncts every wanted row satisfies: a decoder may use them to drop rows early, and need not;
 * they are checked again above. A predicate is never true on NULL, save `isnull`.
 */
export interface DecodePlan {
  readonly columns: readonly (readonly string[])[]
  readonly predicates: readonly DecodePredicate[]
}

export interface DecodePredicate {
  readonly column: readonly string[]
  readonly op: '=' | '<>' | '<' | '<=' | '>' | '>=' | 'isnotnull' | 'isnull'
  /** JSON form of the constant, in the column's type. */
  readonly literal: LiteralJson
}
