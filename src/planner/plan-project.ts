import type { LogicalExpand, LogicalFilter, LogicalProject } from '../plan/logical.ts'
import { bindExpr, schemaOfAttrs } from './bind.ts'
import { fused } from './fused.ts'
import type { Planned, PlannerContext } from './planner-context.ts'

/** Computed columns, in one pass with the filter right below them. */
export function planProject(plan: LogicalProject, ctx: PlannerContext): Planned {
  const filter = plan.input.op === 'filter' ? plan.input : null
  const input = ctx.plan(filter ? filter.input : plan.input)
  return fused(
    ctx,
    input,
    filter ? bindExpr(filter.condition, input.attrs) : null,
    plan.items.map((i) => bindExpr(i.expr, input.attrs)),
    plan.attrs,
  )
}

/** A filter with nothing computed over it. */
export function planFilter(plan: LogicalFilter, ctx: PlannerContext): Planned {
  const input = ctx.plan(plan.input)
  return fused(ctx, input, bindExpr(plan.condition, input.attrs), null, plan.attrs)
}

/** Each row as several, one a list of projections: grouping sets. */
export function planExpand(plan: LogicalExpand, ctx: PlannerContext): Planned {
  const { attrs } = plan
  const input = ctx.plan(plan.input)
  const projections = plan.projections.map((p) => p.map((e) => bindExpr(e, input.attrs)))
  const schema = schemaOfAttrs(attrs)
  return ctx.add({ op: 'expand', id: ctx.id('expand'), inputs: [input.id], schema, projections }, attrs)
}
