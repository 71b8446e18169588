import type { Span } from '../errors/span.ts'
import { mapChildren as mapExpr, type Expr } from '../expr/bound.ts'
import { BIGINT, INT } from '../types/data-type.ts'
import { attrExpr, freshAttr, passOn, project, type Relation } from './analysis.ts'
import type { Base } from './base.ts'
import { asEqualities, pullUp } from './decorrelate.ts'
import { attrIds } from './expr-key.ts'
import type { ExprContext } from './expr-context.ts'
import { unsupported } from './resolve-expr.ts'
import type { Attr, Logical, LogicalAggregate, Named } from './logical.ts'
import { callExpr, caseOf, castTo, conjunction, isNotNull, literal, type Term } from './term.ts'

/** Where a subquery's plan goes: inside an aggregate's arguments below it, else above. */
export const subqueryBase = (ctx: ExprContext): Base =>
  ctx.insideAggregate === undefined ? ctx.subqueryBase : ctx.base

/** An aggregation by `keys`, and over it the only value of each group. */
export function onlyValue(
  input: Logical,
  keys: readonly Named[],
  value: Attr,
  span: Span | undefined,
  ctx: ExprContext,
): { readonly node: LogicalAggregate; readonly expr: Expr } {
  const a = ctx.a
  const first = freshAttr(a, value.name, value.type, true)
  const rows = freshAttr(a, 'rows', BIGINT, false)
  const node: LogicalAggregate = {
    op: 'aggregate',
    id: a.freshId(),
    input,
    keys,
    aggregates: [
      {
        call: { fn: 'first', args: [attrExpr(value, span)], distinct: false, type: value.type, at: span },
        attr: first,
      },
      { call: { fn: 'count', args: [literal(1, INT, span)], distinct: false, type: BIGINT, at: span }, attr: rows },
    ],
    attrs: [...keys.map((k) => k.attr), first, rows],
    at: span,
  }
  const many = callExpr(a.env, '>', [attrExpr(rows, span), literal(1n, BIGINT, span)], span)
  const raise = castTo(
    callExpr(a.env, 'raise_error', [literal('SCALAR_SUBQUERY_TOO_MANY_ROWS', { kind: 'string' }, span)], span),
    value.type,
    a.env,
  )
  return { node, expr: caseOf([{ when: many, then: raise }], { ...attrExpr(first, span), nullable: true }, span) }
}

/**
 * `(SELECT agg(x) FROM t WHERE t.k = outer.k)`: the aggregation grouped by k, left joined. What the aggregates give over no
 * rows (0 for count) is put in where no group joins.
 */
export function correlatedScalar(
  relation: Relation,
  used: ReadonlySet<number>,
  span: Span | undefined,
  ctx: ExprContext,
): Term {
  const a = ctx.a
  const top = relation.plan.op === 'project' ? relation.plan : null
  const aggregate = top ? top.input : relation.plan
  const value = relation.columns[0]!
  const names = [...used].map((id) => ctx.names.columns.find((c) => c.id === id)?.name).filter((n) => n !== undefined)
  const text = `scalarsubquery(${names.join(', ')})`
  if (aggregate.op !== 'aggregate' || aggregate.keys.length > 0) return correlatedRow(relation, used, text, span, ctx)
  const pulled = pullUp(aggregate.input, used, ctx.a)
  const equalities = pulled && asEqualities(pulled.conditions, used)
  if (!pulled || !equalities || (top && top.items.some((i) => [...attrIds(i.expr)].some((id) => used.has(id)))))
    return unsupported('a correlated subquery of this form', span)
  const keys = equalities.map((e): Named => ({
    expr: e.inner,
    attr: freshAttr(a, 'key', e.inner.type, e.inner.nullable),
  }))
  const grouped: Logical = {
    ...aggregate,
    id: a.freshId(),
    input: pulled.plan,
    keys,
    attrs: [...keys.map((k) => k.attr), ...aggregate.aggregates.map((x) => x.attr)],
  }
  const condition = conjunction(
    equalities.map((e, i) => callExpr(a.env, '=', [e.outer, attrExpr(keys[i]!.attr, span)], span)),
  )
  const right = grouped.attrs.map((x) => ({ ...x, nullable: true }))
  const resultOf = (attr: Attr): Expr => {
    const call = aggregate.aggregates.find((x) => x.attr.id === attr.id)?.call
    const ref: Expr = { ...attrExpr(attr, span), nullable: true }
    return call?.fn === 'count'
      ? { kind: 'coalesce', args: [ref, literal(0n, BIGINT)], type: BIGINT, nullable: false, at: span }
      : ref
  }
  const item = top?.items.find((i) => i.attr.id === value.id)
  const expr = item
    ? substitute(
        item.expr,
        aggregate.aggregates.map((x) => x.attr),
        resultOf,
      )
    : resultOf(value)
  const out = freshAttr(a, value.name, value.type, true)
  const base = subqueryBase(ctx)
  base.put((left) => {
    const joined: Logical = {
      op: 'join',
      id: a.freshId(),
      left,
      right: grouped,
      type: 'left',
      condition,
      attrs: [...left.attrs, ...right],
      lowered: ['subquery-to-join', 'decorrelate'],
      at: span,
    }
    return project(a, joined, [...left.attrs.map(passOn), { expr, attr: out }], span)
  })
  base.added.push(out)
  return { expr: attrExpr(out, span), text }
}

/** `(SELECT x FROM t WHERE t.k = outer.k)`: the only x of each k, left joined; more than one raise. */
function correlatedRow(
  relation: Relation,
  used: ReadonlySet<number>,
  text: string,
  span: Span | undefined,
  ctx: ExprContext,
): Term {
  const a = ctx.a
  const value = relation.columns[0]!
  const pulled = pullUp(relation.plan, used, ctx.a)
  const equalities = pulled && asEqualities(pulled.conditions, used)
  if (!pulled || !equalities) return unsupported('a correlated subquery of this form', span)
  const keys = equalities.map((e): Named => ({
    expr: e.inner,
    attr: freshAttr(a, 'key', e.inner.type, e.inner.nullable),
  }))
  const { node, expr } = onlyValue(pulled.plan, keys, value, span, ctx)
  const condition = conjunction(
    equalities.map((e, i) => callExpr(a.env, '=', [e.outer, attrExpr(keys[i]!.attr, span)], span)),
  )
  const right = node.attrs.map((x) => ({ ...x, nullable: true }))
  const out = freshAttr(a, value.name, value.type, true)
  const base = subqueryBase(ctx)
  base.put((left) => {
    const joined: Logical = {
      op: 'join',
      id: a.freshId(),
      left,
      right: node,
      type: 'left',
      condition,
      attrs: [...left.attrs, ...right],
      lowered: ['subquery-to-join', 'decorrelate'],
      at: span,
    }
    return project(a, joined, [...left.attrs.map(passOn), { expr, attr: out }], span)
  })
  base.added.push(out)
  return { expr: attrExpr(out, span), text }
}

function substitute(e: Expr, attrs: readonly Attr[], by: (attr: Attr) => Expr): Expr {
  if (e.kind === 'attr') {
    const attr = attrs.find((x) => x.id === e.id)
    return attr ? by(attr) : e
  }
  return mapExpr(e, (c) => substitute(c, attrs, by))
}

/** A correlated EXISTS as a value: left joined with the distinct keys that exist. */
export function existenceMark(
  relation: Relation,
  used: ReadonlySet<number>,
  mark: Named,
  span: Span | undefined,
  ctx: ExprContext,
): Term {
  const a = ctx.a
  const pulled = pullUp(relation.plan, used, ctx.a)
  const equalities = pulled && asEqualities(pulled.conditions, used)
  if (!pulled || !equalities) return unsupported('a correlated subquery of this form', span)
  const keys = equalities.map((e): Named => ({
    expr: e.inner,
    attr: freshAttr(a, 'key', e.inner.type, e.inner.nullable),
  }))
  const grouped: Logical = {
    op: 'aggregate',
    id: a.freshId(),
    input: pulled.plan,
    keys,
    aggregates: [],
    attrs: keys.map((k) => k.attr),
    at: span,
  }
  const marked = project(a, grouped, [...keys.map((k) => passOn(k.attr)), mark], span)
  const condition = conjunction(
    equalities.map((e, i) => callExpr(a.env, '=', [e.outer, attrExpr(keys[i]!.attr, span)], span)),
  )
  const base = subqueryBase(ctx)
  base.put((left) => ({
    op: 'join',
    id: a.freshId(),
    left,
    right: marked,
    type: 'left',
    condition,
    attrs: [...left.attrs, ...marked.attrs.map((x) => ({ ...x, nullable: true }))],
    lowered: ['subquery-to-join', 'decorrelate'],
    at: span,
  }))
  base.added.push(mark.attr)
  const names = [...used].map((id) => ctx.names.columns.find((c) => c.id === id)?.name).filter((n) => n !== undefined)
  return { expr: isNotNull({ ...attrExpr(mark.attr, span), nullable: true }), text: `exists(${names.join(', ')})` }
}
