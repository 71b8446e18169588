import type { Expr } from '../expr/bound.ts'
import { inputsOf, withInputs, type Logical } from './logical.ts'

/** The expressions a node holds itself. */
export function expressionsOf(plan: Logical): readonly Expr[] {
  switch (plan.op) {
    case 'project':
      return plan.items.map((i) => i.expr)
    case 'filter':
      return [plan.condition]
    case 'aggregate':
      return [
        ...plan.keys.map((k) => k.expr),
        ...plan.aggregates.flatMap((x) => [...x.call.args, ...(x.call.filter ? [x.call.filter] : [])]),
      ]
    case 'observe':
      return plan.calls.flatMap((x) => [...x.call.args, ...(x.call.filter ? [x.call.filter] : [])])
    case 'expand':
      return plan.projections.flat()
    case 'window':
      return plan.gap ? [plan.time, plan.gap] : [plan.time]
    case 'join':
      return plan.condition ? [plan.condition] : []
    case 'sort':
      return plan.keys.map((k) => k.expr)
    case 'generate':
    case 'asyncCall':
      return plan.args
    case 'over':
      return [
        ...plan.partitionBy,
        ...plan.orderBy.map((k) => k.expr),
        ...plan.calls.flatMap((c) => [...c.call.args, ...(c.call.filter ? [c.call.filter] : [])]),
      ]
    default:
      return []
  }
}

/** The same node with each of its own expressions replaced by `f` of it; the same object when `f` changes none. */
export function mapExpressions(plan: Logical, f: (e: Expr) => Expr): Logical {
  const before = expressionsOf(plan)
  const after = before.map(f)
  if (after.every((e, i) => e === before[i])) return plan
  let next = 0
  const take = (): Expr => after[next++]!
  switch (plan.op) {
    case 'project':
      return { ...plan, items: plan.items.map((i) => ({ ...i, expr: take() })) }
    case 'filter':
      return { ...plan, condition: take() }
    case 'aggregate':
      return {
        ...plan,
        keys: plan.keys.map((k) => ({ ...k, expr: take() })),
        aggregates: plan.aggregates.map((x) => {
          const args = x.call.args.map(take)
          return { ...x, call: { ...x.call, args, ...(x.call.filter ? { filter: take() } : {}) } }
        }),
      }
    case 'observe':
      return {
        ...plan,
        calls: plan.calls.map((x) => {
          const args = x.call.args.map(take)
          return { ...x, call: { ...x.call, args, ...(x.call.filter ? { filter: take() } : {}) } }
        }),
      }
    case 'expand':
      return { ...plan, projections: plan.projections.map((p) => p.map(take)) }
    case 'window':
      return { ...plan, time: take(), ...(plan.gap ? { gap: take() } : {}) }
    case 'join':
      return { ...plan, condition: take() }
    case 'sort':
      return { ...plan, keys: plan.keys.map((k) => ({ ...k, expr: take() })) }
    case 'generate':
    case 'asyncCall':
      return { ...plan, args: plan.args.map(take) }
    case 'over':
      return {
        ...plan,
        partitionBy: plan.partitionBy.map(take),
        orderBy: plan.orderBy.map((k) => ({ ...k, expr: take() })),
        calls: plan.calls.map((c) => {
          const args = c.call.args.map(take)
          return { ...c, call: { ...c.call, args, ...(c.call.filter ? { filter: take() } : {}) } }
        }),
      }
    default:
      return plan
  }
}

/** Rewrites a plan bottom up. */
export function transformPlan(plan: Logical, f: (node: Logical) => Logical): Logical {
  return f(
    withInputs(
      plan,
      inputsOf(plan).map((p) => transformPlan(p, f)),
    ),
  )
}

/** Visits every node, inputs before the nodes over them. */
export function visitPlan(plan: Logical, f: (node: Logical) => void): void {
  for (const p of inputsOf(plan)) visitPlan(p, f)
  f(plan)
}
