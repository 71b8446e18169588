import { transform, visit, type Expr } from '../../expr/bound.ts'
import type { ExprEnv } from '../../expr/env.ts'
import { isDeterministic } from '../../expr/fold.ts'
import type { Logical, LogicalProject } from '../logical.ts'
import { transformPlan } from '../walk.ts'
import type { Rule } from './rule.ts'

/** Two projects in a row become one, unless a costly or changing expression of the lower would be computed more than once. */
export const collapseProjects: Rule = {
  name: 'collapse-projects',
  doc: 'joins neighbouring projections into one',
  apply: (plan, env) =>
    transformPlan(plan, (node) =>
      node.op === 'project' && node.input.op === 'project' ? collapsed(node, node.input, env) : node,
    ),
}

const isCheap = (e: Expr): boolean =>
  e.kind === 'attr' || e.kind === 'literal' || e.kind === 'context' || (e.kind === 'field' && isCheap(e.arg))

function collapsed(upper: LogicalProject, lower: LogicalProject, env: ExprEnv): Logical {
  const items = new Map(lower.items.map((i) => [i.attr.id, i.expr]))
  const uses = new Map<number, number>()
  for (const i of upper.items)
    visit(i.expr, (n) => {
      if (n.kind === 'attr') uses.set(n.id, (uses.get(n.id) ?? 0) + 1)
    })
  for (const [id, e] of items) {
    const count = uses.get(id) ?? 0
    if (!isDeterministic(e, env)) return upper
    if (count > 1 && !isCheap(e)) return upper
  }
  const inline = (e: Expr): Expr => transform(e, (n) => (n.kind === 'attr' ? (items.get(n.id) ?? n) : n))
  return { ...upper, input: lower.input, items: upper.items.map((i) => ({ ...i, expr: inline(i.expr) })) }
}
