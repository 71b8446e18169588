import type { LogicalLocal, LogicalRange, LogicalScan } from '../plan/logical.ts'
import { schemaOfAttrs } from './bind.ts'
import type { Planned, PlannerContext } from './planner-context.ts'

/** A source with what it may leave out: columns nobody reads, rows that predicates drop. */
export function planScan(plan: LogicalScan, ctx: PlannerContext): Planned {
  const { source, attrs } = plan
  const numbered = ctx.sourceName(source.format)
  return ctx.add(
    {
      op: 'source',
      id: ctx.id('source'),
      inputs: [],
      schema: schemaOfAttrs(attrs),
      name: source.name ?? numbered,
      format: source.format,
      options: source.options,
      declared: source.schema,
      plan: { columns: plan.columns ?? attrs.map((a) => [a.name]), predicates: plan.predicates },
      streaming: source.streaming,
      ...(source.idleTimeoutMs === undefined ? {} : { idleTimeoutMs: source.idleTimeoutMs }),
      ...(source.refresh === undefined ? {} : { refresh: source.refresh }),
    },
    attrs,
  )
}

/** Rows that stand in the plan. */
export function planLocal({ rows, attrs }: LogicalLocal, ctx: PlannerContext): Planned {
  return ctx.add({ op: 'local', id: ctx.id('local'), inputs: [], schema: schemaOfAttrs(attrs), rows }, attrs)
}

/** The numbers of range(). */
export function planRange({ start, end, step, attrs }: LogicalRange, ctx: PlannerContext): Planned {
  const schema = schemaOfAttrs(attrs)
  return ctx.add({ op: 'range', id: ctx.id('range'), inputs: [], schema, start, end, step }, attrs)
}
