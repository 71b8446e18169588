import { isStreaming, type LogicalSetOperation, type LogicalUnion } from '../plan/logical.ts'
import { BIGINT, field } from '../types/data-type.ts'
import { schemaOfAttrs } from './bind.ts'
import type { Planned, PlannerContext } from './planner-context.ts'

/** The rows of all inputs. */
export function planUnion(plan: LogicalUnion, ctx: PlannerContext): Planned {
  const inputs = plan.inputs.map((i) => ctx.plan(i).id)
  return ctx.add({ op: 'union', id: ctx.id('union'), inputs, schema: schemaOfAttrs(plan.attrs) }, plan.attrs)
}

/** INTERSECT or EXCEPT, of two tables or of a stream with a table. */
export function planSetOperation(plan: LogicalSetOperation, ctx: PlannerContext): Planned {
  const { kind, all, attrs } = plan
  const inputs = [ctx.plan(plan.left).id, ctx.plan(plan.right).id]
  const schema = schemaOfAttrs(attrs)
  const port = isStreaming(plan.left) ? 0 : 1
  const state = { name: 'met', keys: schema.fields, values: [field('met', BIGINT)], paned: false }
  const streaming = isStreaming(plan)
  const id = streaming ? ctx.statefulId('setop', plan) : ctx.id('setop')
  const stream = streaming ? ({ port, state } as const) : null
  return ctx.add({ op: 'setop', id, inputs, schema, kind, all, stream }, attrs)
}
