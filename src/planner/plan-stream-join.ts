import { UnsupportedError } from '../errors/errors.ts'
import { conjuncts, type Expr } from '../expr/bound.ts'
import type { ReleaseRule } from '../operators/config.ts'
import { joinWithoutWatermark } from '../plan/event-time.ts'
import { attrIds } from '../plan/expr-key.ts'
import type { Attr, Logical, LogicalJoin } from '../plan/logical.ts'
import { BIGINT, BOOLEAN, field } from '../types/data-type.ts'
import { bindExpr, schemaOfAttrs } from './bind.ts'
import { reorder, withColumns } from './fused.ts'
import { joinBounds, lateColumn } from './join-bounds.ts'
import { keyColumns, splitJoinCondition } from './join-keys.ts'
import { joinedAttrs } from './joined-attrs.ts'
import type { Planned, PlannerContext } from './planner-context.ts'
import type { StreamJoinSide } from './spec.ts'

/** A join of two streams, or of a stream with a table on port `kept` whose rows the join keeps. */
export function planStreamJoin(plan: LogicalJoin, kept: 0 | 1 | null, ctx: PlannerContext): Planned {
  const { type } = plan
  if (type === 'cross')
    throw new UnsupportedError('UNSUPPORTED', { feature: 'a cross join of two streams' }, { at: plan.at })
  const ids = (side: Logical): ReadonlySet<number> => new Set(side.attrs.map((a) => a.id))
  const keys = splitJoinCondition(plan.condition, ids(plan.left), ids(plan.right))
  const left = withColumns(ctx, plan.left, keyColumns(keys, 'left'))
  const right = withColumns(ctx, plan.right, keyColumns(keys, 'right'))
  const [l, r] = [left.planned.attrs, right.planned.attrs]
  const [lt, rt] = [kept === 0 ? timeless(l) : l, kept === 1 ? timeless(r) : r]
  const bounds = joinBounds(keys, lt, rt, left.at, right.at)
  const bounded = bounds.left !== null || bounds.right !== null
  if ((type === 'anti' && bounds.left === null) || (kept !== null && type !== 'semi' && bounds[PORTS[kept]] === null))
    throw joinWithoutWatermark(plan)
  const conditions = keys.residual === null ? [] : conjuncts(keys.residual)
  const onlyOf = (side: ReadonlySet<number>): Expr[] =>
    conditions.filter((c) => [...attrIds(c)].every((id) => side.has(id)))
  const [leftOnly, rightOnly] = [onlyOf(ids(plan.left)), onlyOf(ids(plan.right))]
  const residual = allOf(conditions.filter((c) => !leftOnly.includes(c) && !rightOnly.includes(c)))
  const side = (
    name: (typeof PORTS)[number],
    attrs: readonly Attr[],
    at: readonly number[],
    release: ReleaseRule | null,
    only: Expr | null,
  ): StreamJoinSide => ({
    keys: at,
    nullSafe: keys.pairs.map((p) => p.nullSafe),
    late: bounded && (kept === null || name !== PORTS[kept]) ? lateColumn(attrs) : null,
    release,
    only: only && bindExpr(only, attrs),
    state: {
      name,
      keys: [field('row', BIGINT)],
      values: [...attrs.map((a) => field(a.name, a.type)), field('matched', BOOLEAN), field('expiresAt', BIGINT)],
      paned: false,
      packed: true,
    },
  })
  const joined = joinedAttrs(type, l, r)
  const node = ctx.add(
    {
      op: 'stream-join',
      id: ctx.statefulId('join', plan),
      inputs: [left.planned.id, right.planned.id],
      schema: schemaOfAttrs(joined),
      type,
      bounded: kept,
      residual: residual && bindExpr(residual, [...l, ...r]),
      left: side('left', l, left.at, bounds.left, allOf(leftOnly)),
      right: side('right', r, right.at, bounds.right, allOf(rightOnly)),
    },
    joined,
  )
  return reorder(ctx, node, plan.attrs)
}

/** Names of the two sides, by port. */
const PORTS = ['left', 'right'] as const

/** Columns of a bounded table: a watermark set on it bounds nothing. */
const timeless = (attrs: readonly Attr[]): readonly Attr[] => attrs.map((a) => ({ ...a, eventTime: false }))

/** An `and` of conditions; null for none. */
function allOf(list: readonly Expr[]): Expr | null {
  if (list.length <= 1) return list[0] ?? null
  return { kind: 'and', args: list, type: BOOLEAN, nullable: list.some((e) => e.nullable) }
}
