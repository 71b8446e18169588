import type { PaneSpec } from '../operators/config.ts'
import { inputsOf, isStreaming, type Logical, type LogicalAggregate } from '../plan/logical.ts'
import { originOf, shapeOf } from '../plan/window-origin.ts'
import { BIGINT, field } from '../types/data-type.ts'
import type { WindowShape } from '../types/window-shape.ts'
import { withComputedArguments } from './aggregate-arguments.ts'
import { aggregateEntry, aggregateSpecs, type AggregateSpecs, type DistinctTables } from './aggregates.ts'
import { bindExpr, schemaOfAttrs } from './bind.ts'
import { withColumns } from './fused.ts'
import { planSessionAggregate } from './plan-session-aggregate.ts'
import type { Planned, PlannerContext } from './planner-context.ts'

/** Groups and their aggregates; of a stream, with the key by which groups expire. */
export function planAggregate(given: LogicalAggregate, ctx: PlannerContext): Planned {
  const { env, mode, sparesRows } = ctx.options
  const { plan, computed } =
    sparesRows === true && (mode === null || isStreaming(given))
      ? withComputedArguments(given, () => ctx.columnId())
      : { plan: given, computed: [] }
  if (plan.aggregates.every(({ call }) => aggregateEntry(call.fn, env).ordered !== true)) freeOrder(plan.input, ctx)
  const { planned: input, at } = withColumns(ctx, plan.input, [...plan.keys, ...computed])
  const keys = at.slice(0, plan.keys.length)
  const streaming = isStreaming(plan)
  const specs = (tables: Omit<DistinctTables, 'counted'>): AggregateSpecs =>
    aggregateSpecs(
      plan.aggregates.map((x) => x.call),
      (e) => bindExpr(e, input.attrs),
      env,
      { ...tables, counted: streaming },
    )
  const session = plan.keys.findIndex(
    (k) => k.expr.kind === 'attr' && originOf(plan.input, k.expr.id)?.gap !== undefined,
  )
  if (session >= 0) {
    const byNumber = { keys: [], paned: true, paneField: field('session', BIGINT, false) }
    return planSessionAggregate(plan, { input, keys, session, ...specs(byNumber) }, ctx)
  }
  const pane = paneOf(plan)
  const keyFields = plan.keys
    .map((k) => field(k.attr.name, k.attr.type))
    .filter((_, k) => !(pane?.kind === 'window' && pane.index === k))
  const windowKey = pane?.kind === 'window' ? plan.keys[pane.index]!.attr : null
  const paned = {
    paned: pane !== null,
    ...(pane === null || windowKey === null
      ? {}
      : { window: { at: pane.index, field: field(windowKey.name, windowKey.type), ...sizeOf(pane.shape) } }),
  }
  const { calls, distinct } = specs({ keys: keyFields, ...paned })
  const values = calls.flatMap((c, i) => c.state.map((type, k) => field(`${stateName(c.fn)}_${i}_${k}`, type)))
  return ctx.add(
    {
      op: 'aggregate',
      id: streaming ? ctx.statefulId('aggregate', plan) : ctx.id('aggregate'),
      inputs: [input.id],
      schema: schemaOfAttrs(plan.attrs),
      keys,
      pane,
      calls,
      distinct,
      emit: streaming && mode !== null ? mode : 'batch',
      state: { name: 'groups', keys: keyFields, values, ...paned },
    },
    plan.attrs,
  )
}

/** No aggregate cares in which order rows come: the windows below may give them in any. */
function freeOrder(input: Logical, ctx: PlannerContext): void {
  for (let p = input; ; p = inputsOf(p)[0]!) {
    if (p.op === 'window') ctx.anyOrder.add(p.id)
    else if (p.op !== 'project' && p.op !== 'filter' && p.op !== 'expand') return
  }
}

/** The key by which groups expire, if any; a window is always a pane, so that its struct is never hashed. */
function paneOf(plan: LogicalAggregate): PaneSpec | null {
  let found: PaneSpec | null = null
  plan.keys.forEach(({ expr, attr }, index) => {
    const window = expr.kind === 'attr' ? originOf(plan.input, expr.id) : null
    const expires = attr.eventTime === true
    if (window !== null) {
      if (found === null || expires) found = { kind: 'window', index, shape: shapeOf(window), expires }
    } else if (expires && (attr.type.kind === 'timestamp' || attr.type.kind === 'timestamp_ntz') && found === null)
      found = { kind: 'time', index, shape: { kind: 'fixed', sizeUs: '0' }, expires }
  })
  return found
}

/** As the state of fixed windows has had it from the first format on. */
const sizeOf = (shape: WindowShape): { readonly sizeUs: string; readonly shape?: WindowShape } =>
  shape.kind === 'fixed' ? { sizeUs: shape.sizeUs } : { sizeUs: '0', shape }

/** A closure's id differs from run to run; what it is does not. */
const stateName = (fn: string): string => fn.replace(/^closure:(\w+):\d+$/, '$1')
