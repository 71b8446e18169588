import type { LogicalAsyncCall, LogicalGenerate, LogicalUserMap } from '../plan/logical.ts'
import { bindExpr, schemaOfAttrs } from './bind.ts'
import type { Planned, PlannerContext } from './planner-context.ts'

/** A function of the program over rows or groups. */
export function planUserMap(plan: LogicalUserMap, ctx: PlannerContext): Planned {
  const { kind, closure, label, attrs } = plan
  const input = ctx.plan(plan.input)
  const schema = schemaOfAttrs(attrs)
  return ctx.add({ op: 'userMap', id: ctx.id('userMap'), inputs: [input.id], schema, kind, closure, label }, attrs)
}

/** A call that is awaited: here the pipeline is cut. */
export function planAsyncCall(plan: LogicalAsyncCall, ctx: PlannerContext): Planned {
  const { fn, attrs } = plan
  const input = ctx.plan(plan.input)
  const args = plan.args.map((e) => bindExpr(e, input.attrs))
  const schema = schemaOfAttrs(attrs)
  return ctx.add({ op: 'asyncCall', id: ctx.id('asyncCall'), inputs: [input.id], schema, fn, args }, attrs)
}

/** A function that gives rows for each row, behind the columns that are kept. */
export function planGenerate(plan: LogicalGenerate, ctx: PlannerContext): Planned {
  const { fn, outer, attrs } = plan
  const input = ctx.plan(plan.input)
  const args = plan.args.map((a) => bindExpr(a, input.attrs))
  return ctx.add(
    {
      op: 'generate',
      id: ctx.id('generate'),
      inputs: [input.id],
      schema: schemaOfAttrs(attrs),
      fn,
      args,
      argTypes: args.map((a) => a.type),
      keep: input.attrs.flatMap((a, i) => (attrs.some((x) => x.id === a.id) ? [i] : [])),
      outer,
    },
    attrs,
  )
}
