import { AnalysisError, UnsupportedError } from '../errors/errors.ts'
import { visit, type Expr } from '../expr/bound.ts'
import type { ScalarEntry } from '../functions/entry.ts'
import type { AstCall } from '../sql/ast.ts'
import { attrExpr, freshAttr } from './analysis.ts'
import type { ExprContext } from './expr-context.ts'
import { exprKey } from './expr-key.ts'
import type { LogicalAsyncCall } from './logical.ts'
import { callName } from './pretty-name.ts'
import { calledName, typedCall } from './resolve-call.ts'
import type { Term } from './term.ts'

/**
 * A call of an asynchronous function: a node of its own below the expression, which stands as its column. Equal calls
 * are one node. It is called for every row the clause sees, whatever CASE or AND around it would skip.
 */
export function asyncCall(call: AstCall, entry: ScalarEntry, terms: readonly Term[], ctx: ExprContext): Term {
  const text = callName(
    calledName(call),
    terms.map((t) => t.text),
  )
  const typed = typedCall(
    entry,
    terms.map((t) => t.expr),
    call.at,
    ctx.a.env,
  ) as Expr & { kind: 'call' }
  const refuse = (place: string): never => {
    const feature = `the asynchronous function ${entry.name} ${place}`
    throw new UnsupportedError(
      'UNSUPPORTED',
      { feature },
      { at: call.at, hint: 'compute it in a subquery or with withColumn first' },
    )
  }
  if (ctx.clause === 'ON') refuse('in the condition of a join')
  if (ctx.params && ctx.params.size > 0) refuse('inside a lambda')
  for (const arg of typed.args)
    visit(arg, (e) => {
      if (e.kind === 'attr' && ctx.aggregates?.has(e.id)) refuse('over an aggregate')
    })
  if (ctx.clause === 'LIMIT')
    throw new AnalysisError('INVALID_LIMIT_LIKE_EXPRESSION.IS_UNFOLDABLE', { clause: 'LIMIT' }, { at: call.at })
  const attr = ctx.base.extend(
    `async ${exprKey(typed)}`,
    () => freshAttr(ctx.a, text, typed.type, typed.nullable),
    (plan, column): LogicalAsyncCall => ({
      op: 'asyncCall',
      id: ctx.a.freshId(),
      input: plan,
      fn: entry.name,
      args: typed.args,
      attrs: [...plan.attrs, column],
      at: call.at,
    }),
  )
  return { expr: attrExpr(attr, call.at), text }
}
