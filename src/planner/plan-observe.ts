import { AnalysisError } from '../errors/errors.ts'
import type { LogicalObserve } from '../plan/logical.ts'
import { field } from '../types/data-type.ts'
import { aggregateSpecs } from './aggregates.ts'
import { bindExpr, schemaOfAttrs } from './bind.ts'
import type { Planned, PlannerContext } from './planner-context.ts'

/** Metrics over the rows that pass; their name is known once in a query. */
export function planObserve(plan: LogicalObserve, ctx: PlannerContext): Planned {
  const { name, observer } = plan
  const input = ctx.plan(plan.input)
  if (ctx.nodes.some((n) => n.op === 'observe' && n.name === name))
    throw new AnalysisError('DUPLICATED_METRICS_NAME', { name }, { at: plan.at })
  const { calls, distinct } = aggregateSpecs(
    plan.calls.map((x) => x.call),
    (e) => bindExpr(e, input.attrs),
    ctx.options.env,
    { keys: [], paned: false, counted: false },
  )
  const results = plan.calls.map((c) => c.attr)
  return ctx.add(
    {
      op: 'observe',
      id: ctx.id('observe'),
      inputs: [input.id],
      schema: schemaOfAttrs(input.attrs),
      name,
      observer,
      calls,
      distinct,
      results: schemaOfAttrs(results),
      items: plan.items.map((i) => bindExpr(i.expr, results)),
      metrics: schemaOfAttrs(plan.items.map((i) => i.attr)),
      state: {
        name: 'metrics',
        keys: [],
        values: calls.flatMap((c, i) => c.state.map((type, k) => field(`${c.fn}_${i}_${k}`, type))),
        paned: false,
      },
    },
    input.attrs,
  )
}
