import type { LogicalPrevious, LogicalRecursive } from '../plan/logical.ts'
import { schemaOfAttrs } from './bind.ts'
import type { Planned, PlannerContext } from './planner-context.ts'

/** A recursive table: its anchor and its step are run as queries of their own. */
export function planRecursive(plan: LogicalRecursive, ctx: PlannerContext): Planned {
  const { name, maxLevel, attrs } = plan
  return ctx.add(
    {
      op: 'recursive',
      id: ctx.id('recursive'),
      inputs: [],
      schema: schemaOfAttrs(attrs),
      recursion: plan.id,
      name,
      anchor: ctx.planApart(plan.anchor),
      step: ctx.planApart(plan.step),
      maxLevel,
      limit: ctx.wanted.get(plan.id) ?? null,
    },
    attrs,
  )
}

/** The rows that the step before gave, as the step reads them. */
export function planPrevious({ recursion, attrs }: LogicalPrevious, ctx: PlannerContext): Planned {
  return ctx.add({ op: 'previous', id: ctx.id('previous'), inputs: [], schema: schemaOfAttrs(attrs), recursion }, attrs)
}
