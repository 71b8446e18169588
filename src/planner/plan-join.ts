import type { Expr } from '../expr/bound.ts'
import { keptSide } from '../plan/event-time.ts'
import { isStreaming, type LogicalJoin } from '../plan/logical.ts'
import { bindExpr, schemaOfAttrs } from './bind.ts'
import { reorder, withColumns } from './fused.ts'
import { equalOrUnknown, type JoinKeys, keyColumns, splitJoinCondition } from './join-keys.ts'
import { joinedAttrs } from './joined-attrs.ts'
import { planStreamJoin } from './plan-stream-join.ts'
import type { Planned, PlannerContext } from './planner-context.ts'

/** A join: of two streams, of a stream with a table whose rows it keeps, or with a side that is complete first. */
export function planJoin(plan: LogicalJoin, ctx: PlannerContext): Planned {
  const rightStreams = isStreaming(plan.right)
  if (isStreaming(plan.left) && rightStreams) return planStreamJoin(plan, null, ctx)
  const kept = keptSide(plan)
  if (kept !== null) return planStreamJoin(plan, kept, ctx)
  // The side that is complete first is built; the other probes it.
  const swap = rightStreams
  const probe = swap ? plan.right : plan.left
  const build = swap ? plan.left : plan.right
  const type = swap && plan.type === 'right' ? 'left' : plan.type
  const split = (condition: Expr | null): JoinKeys =>
    splitJoinCondition(condition, new Set(probe.attrs.map((a) => a.id)), new Set(build.attrs.map((a) => a.id)))
  const notIn = plan.type === 'anti' ? equalOrUnknown(plan.condition, ctx.options.env) : null
  const nullAware = notIn !== null && split(notIn).pairs.length === 1
  const keys = split(nullAware ? notIn : plan.condition)
  const right = withColumns(ctx, build, keyColumns(keys, 'right'))
  const left = withColumns(ctx, probe, keyColumns(keys, 'left'))
  const joined = joinedAttrs(type, left.planned.attrs, right.planned.attrs)
  const node = ctx.add(
    {
      op: 'join',
      id: ctx.id('join'),
      inputs: [left.planned.id, right.planned.id],
      schema: schemaOfAttrs(joined),
      type,
      leftKeys: left.at,
      rightKeys: right.at,
      nullSafe: keys.pairs.map((p) => p.nullSafe),
      ...(nullAware ? { nullAware } : {}),
      residual: keys.residual && bindExpr(keys.residual, [...left.planned.attrs, ...right.planned.attrs]),
    },
    joined,
  )
  return reorder(ctx, node, plan.attrs)
}
