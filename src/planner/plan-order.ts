import { isStreaming, type LogicalLimit, type LogicalSort } from '../plan/logical.ts'
import { streamingAggregates } from '../plan/streaming-aggregates.ts'
import type { StateTableSpec } from '../state/table.ts'
import { BIGINT, field } from '../types/data-type.ts'
import { bindExpr, schemaOfAttrs } from './bind.ts'
import type { Planned, PlannerContext } from './planner-context.ts'

/** Rows in an order. */
export function planSort(plan: LogicalSort, ctx: PlannerContext): Planned {
  const { attrs } = plan
  const input = ctx.plan(plan.input)
  const keys = plan.keys.map((k) => ({ ...k, expr: bindExpr(k.expr, input.attrs) }))
  return ctx.add({ op: 'sort', id: ctx.id('sort'), inputs: [input.id], schema: schemaOfAttrs(attrs), keys }, attrs)
}

/** LIMIT and OFFSET; of a stream the rows are counted over its whole life. */
export function planLimit(plan: LogicalLimit, ctx: PlannerContext): Planned {
  const { count, offset, attrs } = plan
  let below = plan.input
  while (below.op === 'project') below = below.input
  if (below.op === 'recursive' && count !== null) ctx.wanted.set(below.id, count + offset)
  const input = ctx.plan(plan.input)
  // A result that is written whole each time is limited anew each time; rows that come once are counted for ever.
  const counts = ctx.options.mode !== null && isStreaming(plan) && streamingAggregates(plan.input).length === 0
  const state: StateTableSpec | null = counts
    ? { name: 'count', keys: [], values: [field('seen', BIGINT)], paned: false }
    : null
  const id = counts ? ctx.statefulId('limit', plan) : ctx.id('limit')
  return ctx.add({ op: 'limit', id, inputs: [input.id], schema: schemaOfAttrs(attrs), count, offset, state }, attrs)
}
