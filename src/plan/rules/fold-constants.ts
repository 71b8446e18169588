import type { Expr } from '../../expr/bound.ts'
import { mapChildren } from '../../expr/bound.ts'
import type { ExprEnv } from '../../expr/env.ts'
import { foldConstants as folded } from '../../expr/fold.ts'
import { exprKey } from '../expr-key.ts'
import { mapExpressions, transformPlan } from '../walk.ts'
import type { Rule } from './rule.ts'

/**
 * Matches every node with expressions: parts without columns become their values; AND and OR lose what settles nothing, CASE
 * loses branches that are never taken; a filter that is always true goes. A part whose evaluation raises stays where it is,
 * so that it raises only where a row comes to it, and so does what changes from call to call or reads the time of the batch.
 */
export const foldConstants: Rule = {
  name: 'fold-constants',
  doc: 'computes constant parts of expressions once',
  apply: (plan, env) =>
    transformPlan(plan, (node) => {
      const next = mapExpressions(node, (e) => same(e, simplified(folded(e, env), env)))
      return next.op === 'filter' && next.condition.kind === 'literal' && next.condition.value === true
        ? next.input
        : next
    }),
}

const same = (before: Expr, after: Expr): Expr => (exprKey(before) === exprKey(after) ? before : after)

/** `true AND x` is x, `false AND x` is false, and the like; a CASE whose branch is settled loses the others. */
function simplified(e: Expr, env: ExprEnv): Expr {
  const inner = mapChildren(e, (c) => simplified(c, env))
  if (inner.kind === 'and' || inner.kind === 'or') {
    const settles = inner.kind === 'or'
    // Only what comes before the settling operand is ever evaluated.
    const stop = inner.args.findIndex((a) => a.kind === 'literal' && a.value === settles)
    if (stop === 0) return inner.args[0]!
    const args = (stop > 0 ? inner.args.slice(0, stop + 1) : inner.args).filter(
      (a) => !(a.kind === 'literal' && a.value === !settles),
    )
    if (args.length === 0) return inner.args[0]!
    if (args.length === 1) return args[0]!
    return args.length === inner.args.length ? inner : { ...inner, args }
  }
  if (inner.kind === 'case') {
    const first = inner.branches[0]
    if (first?.when.kind === 'literal') {
      if (first.when.value === true) return first.then
      const rest = inner.branches.slice(1)
      return rest.length === 0 ? inner.otherwise : simplified({ ...inner, branches: rest }, env)
    }
  }
  return inner
}
