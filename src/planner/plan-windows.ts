import type { LogicalWatermark, LogicalWindow } from '../plan/logical.ts'
import { callExpr } from '../plan/term.ts'
import { bindExpr, schemaOfAttrs } from './bind.ts'
import type { Planned, PlannerContext } from './planner-context.ts'

/** A watermark, under a name that the commit log finds again. */
export function planWatermark(plan: LogicalWatermark, ctx: PlannerContext): Planned {
  const { attrs, delayUs } = plan
  const input = ctx.plan(plan.input)
  const column = input.attrs.findIndex((a) => a.id === plan.column)
  return ctx.add(
    {
      op: 'watermark',
      id: ctx.id('watermark'),
      inputs: [input.id],
      schema: schemaOfAttrs(attrs),
      column,
      delayUs,
      stream: ctx.watermarkName(plan.origin),
    },
    attrs,
  )
}

/** The window or windows of each row: of a fixed size, of the calendar, growing by steps, or a session of one row. */
export function planWindow(plan: LogicalWindow, ctx: PlannerContext): Planned {
  const { attrs, gap, sizeUs, slideUs, startUs, calendar, cumulates } = plan
  const input = ctx.plan(plan.input)
  const schema = schemaOfAttrs(attrs)
  const inputs = [input.id]
  const time = bindExpr(plan.time, input.attrs)
  if (gap) {
    const end = bindExpr(callExpr(ctx.options.env, '+', [plan.time, gap], plan.at), input.attrs)
    return ctx.add({ op: 'session', id: ctx.id('session'), inputs, schema, start: time, end }, attrs)
  }
  const id = ctx.id('window')
  if (calendar) return ctx.add({ op: 'calendar-window', id, inputs, schema, time, calendar }, attrs)
  if (cumulates)
    return ctx.add({ op: 'cumulate-window', id, inputs, schema, time, sizeUs, stepUs: slideUs, startUs }, attrs)
  const keepsOrder = !ctx.anyOrder.has(plan.id)
  return ctx.add({ op: 'window', id, inputs, schema, time, sizeUs, slideUs, startUs, keepsOrder }, attrs)
}
