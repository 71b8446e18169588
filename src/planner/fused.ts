import type { Expr } from '../expr/bound.ts'
import type { Attr, Logical, Named } from '../plan/logical.ts'
import { bindExpr, columnAt, schemaOfAttrs } from './bind.ts'
import type { Planned, PlannerContext } from './planner-context.ts'

/** Adds a node that filters and computes in one pass. Both are bound to the columns of `input`; no `items` keep them. */
export function fused(
  ctx: PlannerContext,
  input: Planned,
  filter: Expr | null,
  items: readonly Expr[] | null,
  attrs: readonly Attr[],
): Planned {
  return ctx.add(
    { op: 'fused', id: ctx.id('fused'), inputs: [input.id], schema: schemaOfAttrs(attrs), filter, items },
    attrs,
  )
}

/**
 * Plans `input` so that every expression is a column: those that are not are computed behind the input's columns.
 * Gives their positions.
 */
export function withColumns(
  ctx: PlannerContext,
  plan: Logical,
  exprs: readonly Named[],
): { readonly planned: Planned; readonly at: readonly number[] } {
  if (exprs.every((e) => e.expr.kind === 'attr')) {
    const planned = ctx.plan(plan)
    return { planned, at: exprs.map((e) => planned.attrs.findIndex((a) => a.id === (e.expr as { id: number }).id)) }
  }
  const filter = plan.op === 'filter' ? plan : null
  const input = ctx.plan(filter ? filter.input : plan)
  const computed = exprs.filter((e) => e.expr.kind !== 'attr')
  const attrs = [...input.attrs, ...computed.map((c) => c.attr)]
  const items = [
    ...input.attrs.map((_, i) => columnAt(input.attrs, i)),
    ...computed.map((c) => bindExpr(c.expr, input.attrs)),
  ]
  const planned = fused(ctx, input, filter ? bindExpr(filter.condition, input.attrs) : null, items, attrs)
  const wanted = exprs.map((e) => (e.expr.kind === 'attr' ? e.expr.id : e.attr.id))
  return { planned, at: wanted.map((id) => attrs.findIndex((a) => a.id === id)) }
}

/** Puts the columns of a node into the order of `attrs`; no node where they are in it. */
export function reorder(ctx: PlannerContext, node: Planned, attrs: readonly Attr[]): Planned {
  if (node.attrs.length === attrs.length && node.attrs.every((a, i) => a.id === attrs[i]!.id))
    return { id: node.id, attrs }
  const items = attrs.map((a) =>
    bindExpr({ kind: 'attr', id: a.id, name: a.name, type: a.type, nullable: a.nullable }, node.attrs),
  )
  return fused(ctx, node, null, items, attrs)
}
