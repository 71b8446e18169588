import { AnalysisError } from '../errors/errors.ts'
import type { AstExpr } from '../sql/ast.ts'
import { typeName } from '../types/data-type.ts'
import type { Analysis, Relation, Surroundings } from './analysis.ts'
import { Base } from './base.ts'
import type { LogicalLimit } from './logical.ts'
import { resolveExpr } from './resolve-expr.ts'
import { constantValue } from './term.ts'
import { relationContext } from './where.ts'

/** LIMIT and OFFSET: constant, INT, not negative, not NULL (INVALID_LIMIT_LIKE_EXPRESSION.*). */
export function limited(
  a: Analysis,
  input: Relation,
  limit: AstExpr | undefined,
  offset: AstExpr | undefined,
  surroundings: Surroundings,
): Relation {
  const read = (ast: AstExpr, clause: string): number => {
    if (ast.kind === 'subquery')
      throw new AnalysisError('INVALID_LIMIT_LIKE_EXPRESSION.IS_UNFOLDABLE', { clause }, { at: ast.at })
    const ctx = relationContext(a, input, surroundings, 'LIMIT', new Base(a, input.plan))
    const term = resolveExpr(ast, ctx)
    const value = constantValue(term.expr, a.env)
    if (value === undefined)
      throw new AnalysisError('INVALID_LIMIT_LIKE_EXPRESSION.IS_UNFOLDABLE', { clause }, { at: ast.at })
    if (term.expr.type.kind !== 'int')
      throw new AnalysisError(
        'INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE',
        { clause, actual: typeName(term.expr.type) },
        { at: ast.at },
      )
    if (value === null) throw new AnalysisError('INVALID_LIMIT_LIKE_EXPRESSION.IS_NULL', { clause }, { at: ast.at })
    const n = Number(value as number)
    if (n < 0)
      throw new AnalysisError('INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE', { clause, value: n }, { at: ast.at })
    return n
  }
  const node: LogicalLimit = {
    op: 'limit',
    id: a.freshId(),
    input: input.plan,
    count: limit ? read(limit, 'LIMIT') : null,
    offset: offset ? read(offset, 'OFFSET') : 0,
    attrs: input.plan.attrs,
    at: limit?.at ?? offset?.at,
  }
  return { ...input, plan: node }
}
