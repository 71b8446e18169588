import { UnsupportedError } from '../errors/errors.ts'
import type { Expr } from '../expr/bound.ts'
import type { ExprEnv } from '../expr/env.ts'
import type { LogicalOver, SortKey } from '../plan/logical.ts'
import type { OverBound } from '../plan/over.ts'
import { callExpr, castTo, constantValue } from '../plan/term.ts'
import { bindExpr, schemaOfAttrs } from './bind.ts'
import type { Planned, PlannerContext } from './planner-context.ts'
import type { OverBoundSpec, OverCallSpec } from './spec.ts'

/** Window functions over partitions of the input. */
export function planOver(plan: LogicalOver, ctx: PlannerContext): Planned {
  const { attrs } = plan
  const { env } = ctx.options
  const input = ctx.plan(plan.input)
  const bind = (e: Expr): Expr => bindExpr(e, input.attrs)
  return ctx.add(
    {
      op: 'over',
      id: ctx.id('over'),
      inputs: [input.id],
      schema: schemaOfAttrs(attrs),
      partitionBy: plan.partitionBy.map(bind),
      orderBy: plan.orderBy.map((k) => ({ ...k, expr: bind(k.expr) })),
      calls: callsOf(plan, bind, env),
    },
    attrs,
  )
}

function callsOf(plan: LogicalOver, bind: (e: Expr) => Expr, env: ExprEnv): OverCallSpec[] {
  return plan.calls.map(({ call, frame }) => {
    const edge = (b: OverBound): OverBoundSpec => boundOf(b, frame.unit, plan.orderBy, bind, env)
    return {
      fn: call.fn,
      args: call.args.map(bind),
      filter: call.filter ? bind(call.filter) : null,
      type: call.type,
      ignoreNulls: frame.ignoreNulls,
      constant: constantOf(call.fn, call.args, env),
      frame: { unit: frame.unit, start: edge(frame.start), end: edge(frame.end) },
    }
  })
}

/** The number that `ntile`, `lag`, `lead` and `nth_value` take as a constant; null for the others. */
function constantOf(fn: string, args: readonly Expr[], env: ExprEnv): number | null {
  const at = fn === 'ntile' ? 0 : fn === 'lag' || fn === 'lead' || fn === 'nth_value' ? 1 : -1
  const expr = args[at]
  if (expr === undefined) return null
  return Number(constantValue(expr, env) ?? 0)
}

function boundOf(
  bound: OverBound,
  unit: 'rows' | 'range',
  orderBy: readonly SortKey[],
  bind: (e: Expr) => Expr,
  env: ExprEnv,
): OverBoundSpec {
  if (!('offset' in bound)) return { kind: bound.kind === 'current_row' ? 'current' : 'unbounded' }
  if (unit === 'rows') {
    const rows = constantValue(bound.offset, env)
    if (typeof rows !== 'number' && typeof rows !== 'bigint')
      throw new UnsupportedError(
        'UNSUPPORTED',
        { feature: 'a frame of other than a whole number of rows' },
        { at: bound.offset.at },
      )
    return { kind: 'rows', shift: bound.kind === 'preceding' ? -Number(rows) : Number(rows) }
  }
  // Where the frame of a row begins or ends, as a sort key: Spark computes it by + and - too.
  const key = orderBy[0]!
  const back = (bound.kind === 'preceding') !== key.descending
  const at = callExpr(env, back ? '-' : '+', [key.expr, bound.offset], bound.offset.at)
  return { kind: 'range', at: bind(at), key: bind(castTo(key.expr, at.type, env)) }
}
