import type { Expr } from '../expr/bound.ts'
import {
  isStreaming,
  type LogicalAsyncCall,
  type LogicalGenerate,
  type LogicalUserMap,
  type Named,
} from '../plan/logical.ts'
import { ARGUMENT } from './aggregate-arguments.ts'
import { bindExpr, columnAt, schemaOfAttrs } from './bind.ts'
import { withColumns } from './fused.ts'
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
  const { input, args } = generatorInput(plan, ctx)
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

/** The input and the arguments over it: computed below, where what throws for a row is to spare the others. */
function generatorInput(
  plan: LogicalGenerate,
  ctx: PlannerContext,
): { readonly input: Planned; readonly args: readonly Expr[] } {
  const { sparesRows, mode } = ctx.options
  const spares = sparesRows === true && (mode === null || isStreaming(plan))
  const computed = plan.args.map((expr): Named | null => {
    if (!spares || expr.kind === 'attr' || expr.kind === 'literal' || expr.kind === 'lambda') return null
    return { expr, attr: { id: ctx.columnId(), name: ARGUMENT, type: expr.type, nullable: true, qualifier: [] } }
  })
  const { planned: input } = withColumns(
    ctx,
    plan.input,
    computed.filter((c) => c !== null),
  )
  const args = plan.args.map((expr, i) => {
    const at = input.attrs.findIndex((a) => a.id === computed[i]?.attr.id)
    return at < 0 ? bindExpr(expr, input.attrs) : columnAt(input.attrs, at)
  })
  return { input, args }
}
