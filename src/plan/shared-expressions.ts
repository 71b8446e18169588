import { childrenOf, visit, type Expr } from '../expr/bound.ts'
import type { ExprEnv } from '../expr/env.ts'
import { ExprKeys } from '../expr/keys.ts'
import { describeNode } from './describe-plan.ts'
import { exprText } from './expr-text.ts'
import type { Logical } from './logical.ts'
import { expressionsOf, visitPlan } from './walk.ts'

/**
 * The expressions that a projection (with the filter right below it) or a filter names more than once: the generated code
 * computes them once a row, where they are first needed (see expr/codegen). A line each, from the tables up.
 */
export function sharedExpressions(plan: Logical, env: ExprEnv): readonly string[] {
  const lines: string[] = []
  const fused = new Set<Logical>()
  visitPlan(plan, (p) => {
    if (p.op === 'project' && p.input.op === 'filter') fused.add(p.input)
  })
  visitPlan(plan, (p) => {
    if ((p.op !== 'project' && p.op !== 'filter') || fused.has(p)) return
    const below = p.op === 'project' && p.input.op === 'filter' ? expressionsOf(p.input) : []
    for (const e of repeated([...below, ...expressionsOf(p)], new ExprKeys(env)))
      lines.push(`${exprText(e)} in ${describeNode(p)}`)
  })
  return lines
}

/** The largest calls and casts that occur more than once, in order. */
function repeated(list: readonly Expr[], keys: ExprKeys): readonly Expr[] {
  const times = new Map<number, number>()
  for (const e of list)
    visit(e, (n) => {
      if (n.kind === 'call' || n.kind === 'cast') times.set(keys.of(n), (times.get(keys.of(n)) ?? 0) + 1)
    })
  const found = new Map<number, Expr>()
  const walk = (e: Expr): void => {
    if ((times.get(keys.of(e)) ?? 0) > 1 && !readsParam(e)) found.set(keys.of(e), e)
    else childrenOf(e).forEach(walk)
  }
  list.forEach(walk)
  return [...found.values()]
}

/** Inside a lambda an expression has a value for each call of it. */
function readsParam(e: Expr): boolean {
  let found = false
  visit(e, (n) => {
    if (n.kind === 'param') found = true
  })
  return found
}
