import type { Expr } from '../expr/bound.ts'
import type { AstLike } from '../sql/ast.ts'
import { BOOLEAN, STRING } from '../types/data-type.ts'
import type { ExprContext } from './expr-context.ts'
import { negated, resolveExpr } from './resolve-expr.ts'
import { callExpr, literal, not, type Term } from './term.ts'

const LIKE_WORD = { like: 'LIKE', ilike: 'ILIKE', rlike: 'RLIKE' } as const

/** LIKE, ILIKE and RLIKE, of one pattern or with ANY and ALL of several. */
export function likeTerm(ast: AstLike, ctx: ExprContext): Term {
  const env = ctx.a.env
  const arg = resolveExpr(ast.arg, ctx)
  const patterns = ast.patterns.map((p) => resolveExpr(p, ctx))
  const escape = ast.escape === undefined ? [] : [literal(ast.escape, STRING, ast.at)]
  const calls = patterns.map((p) => callExpr(env, ast.op, [arg.expr, p.expr, ...escape], ast.at))
  if (ast.quantifier === undefined) {
    const p = patterns[0]!
    const tail = ast.escape === undefined ? '' : ` ESCAPE '${ast.escape}'`
    const text =
      ast.op === 'like'
        ? `${arg.text} LIKE ${p.text}${tail}`
        : ast.op === 'ilike'
          ? `ilike(${arg.text}, ${p.text})`
          : `${LIKE_WORD[ast.op]}(${arg.text}, ${p.text})`
    const term: Term = { expr: calls[0]!, text }
    return ast.not ? negated(term, ast.at) : term
  }
  // NOT LIKE ANY: one that does not match; NOT LIKE ALL: none that matches.
  const args = calls.map((c): Expr => (ast.not ? not(c, ast.at) : c))
  const kind = ast.quantifier === 'any' ? 'or' : 'and'
  const expr: Expr =
    args.length === 1 ? args[0]! : { kind, args, type: BOOLEAN, nullable: args.some((e) => e.nullable), at: ast.at }
  return { expr, text: quantifiedText(ast, arg, patterns) }
}

/** Constant patterns are a setting of Spark's expression and are not shown; others are spelled out. */
function quantifiedText(ast: AstLike, arg: Term, patterns: readonly Term[]): string {
  const value = ast.op === 'ilike' ? `lower(${arg.text})` : arg.text
  const word = LIKE_WORD[ast.op]
  if (patterns.every((p) => p.expr.kind === 'literal' && p.expr.value !== null))
    return `${ast.not ? 'not' : ''}like${ast.quantifier}(${value})`
  const each = patterns.map((p) => (ast.not ? `(NOT ${arg.text} ${word} ${p.text})` : `${arg.text} ${word} ${p.text}`))
  return each.length === 1 ? each[0]! : `(${each.join(ast.quantifier === 'any' ? ' OR ' : ' AND ')})`
}
