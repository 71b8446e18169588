import { UnsupportedError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import { mapChildren as mapExpr, type Expr } from '../expr/bound.ts'
import { BIGINT, INT, mapOf, STRING } from '../types/data-type.ts'
import { MapValue } from '../types/value.ts'
import { attrExpr, extended, freshAttr, passOn, project, type Analysis, type Relation } from './analysis.ts'
import type { Base } from './base.ts'
import { asEqualities, type Equality, pullUp } from './decorrelate.ts'
import { attrIds } from './expr-key.ts'
import type { ExprContext } from './expr-context.ts'
import type { AggregateCall, Attr, Logical, LogicalAggregate, Named } from './logical.ts'
import { callExpr, caseOf, castTo, conjunction, isNotNull, literal, type Term } from './term.ts'
import { Unnesting } from './unnest.ts'

/** The outer columns a subquery reads, as Spark writes them behind its kind. */
export const namesOf = (used: ReadonlySet<number>, ctx: ExprContext): string =>
  ctx.names.columns
    .filter((c) => used.has(c.id))
    .map((c) => c.name)
    .join(', ')

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
    callExpr(
      a.env,
      'raise_error',
      [literal('SCALAR_SUBQUERY_TOO_MANY_ROWS', STRING, span), literal(new MapValue([], []), mapOf(STRING, STRING))],
      span,
    ),
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
  const text = `scalarsubquery(${namesOf(used, ctx)})`
  if (aggregate.op !== 'aggregate' || aggregate.keys.length > 0) return correlatedRow(relation, used, text, span, ctx)
  const pulled = pullUp(aggregate.input, used, ctx.a)
  const equalities = pulled && asEqualities(pulled.conditions, used)
  const isOuter = (e: Expr): boolean => [...attrIds(e)].some((id) => used.has(id))
  const argsOf = ({ call }: { readonly call: AggregateCall }): readonly Expr[] =>
    call.filter ? [...call.args, call.filter] : call.args
  const mixed = aggregate.aggregates.find((x) => argsOf(x).some(isOuter))
  const readsAbove = top?.items.some((i) => isOuter(i.expr)) === true
  if (mixed && !extended(a))
    throw new UnsupportedError(
      'UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.AGGREGATE_FUNCTION_MIXED_OUTER_LOCAL_REFERENCES',
      { function: mixed.call.fn },
      { at: mixed.call.at ?? span },
    )
  if (readsAbove && !extended(a))
    throw new UnsupportedError('UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.CORRELATED_REFERENCE', {}, { at: span })
  // What they give over no rows is no NULL that a left join could stand for.
  const keepsEmpty = aggregate.aggregates.some((x) => !x.attr.nullable && x.call.fn !== 'count')
  if (!pulled || !equalities || mixed || readsAbove || keepsEmpty)
    return unnestedScalar(relation, used, text, span, ctx)
  const { keys, condition } = linkedBy(equalities, span, a)
  const grouped: Logical = {
    ...aggregate,
    id: a.freshId(),
    input: pulled.plan,
    keys,
    attrs: [...keys.map((k) => k.attr), ...aggregate.aggregates.map((x) => x.attr)],
  }
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
  base.put((left) =>
    project(a, leftJoin(a, left, grouped, condition, span), [...left.attrs.map(passOn), { expr, attr: out }], span),
  )
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
  if (!pulled || !equalities) return unnestedScalar(relation, used, text, span, ctx)
  const { keys, condition } = linkedBy(equalities, span, a)
  const { node, expr } = onlyValue(pulled.plan, keys, value, span, ctx)
  const out = freshAttr(a, value.name, value.type, true)
  const base = subqueryBase(ctx)
  base.put((left) =>
    project(a, leftJoin(a, left, node, condition, span), [...left.attrs.map(passOn), { expr, attr: out }], span),
  )
  return { expr: attrExpr(out, span), text }
}

/** A subquery of any other form: its only value for each of the values of the columns it reads, left joined. */
function unnestedScalar(
  relation: Relation,
  used: ReadonlySet<number>,
  text: string,
  span: Span | undefined,
  ctx: ExprContext,
): Term {
  const a = ctx.a
  const value = relation.columns[0]!
  const out = freshAttr(a, value.name, value.type, true)
  const base = subqueryBase(ctx)
  base.put((left) => {
    const unnesting = new Unnesting(
      a,
      left,
      left.attrs.filter((x) => used.has(x.id)),
    )
    const unnested = unnesting.unnest(relation.plan)
    const { node, expr } = onlyValue(unnested.plan, unnested.keys.map(passOn), value, span, ctx)
    const joined = leftJoin(a, left, node, unnesting.matches(unnested), span)
    return project(a, joined, [...left.attrs.map(passOn), { expr, attr: out }], span)
  })
  return { expr: attrExpr(out, span), text }
}

/** The inner sides as keys of a grouping, and that the outer ones equal them. */
function linkedBy(
  equalities: readonly Equality[],
  span: Span | undefined,
  a: Analysis,
): { readonly keys: readonly Named[]; readonly condition: Expr | null } {
  const keys = equalities.map(({ inner }): Named => ({
    expr: inner,
    attr: freshAttr(a, 'key', inner.type, inner.nullable),
  }))
  const equal = equalities.map((e, i) => callExpr(a.env, '=', [e.outer, attrExpr(keys[i]!.attr, span)], span))
  return { keys, condition: conjunction(equal) }
}

function leftJoin(a: Analysis, left: Logical, right: Logical, condition: Expr | null, at: Span | undefined): Logical {
  const attrs = [...left.attrs, ...right.attrs.map((x) => ({ ...x, nullable: true }))]
  const lowered = ['subquery-to-join', 'decorrelate'] as const
  return { op: 'join', id: a.freshId(), left, right, type: 'left', condition, attrs, lowered, at }
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
  if (!pulled || !equalities) return unnestedMark(relation, used, mark, span, ctx)
  const { keys, condition } = linkedBy(equalities, span, a)
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
  const base = subqueryBase(ctx)
  base.put((left) => leftJoin(a, left, marked, condition, span))
  return markTerm(used, mark, span, ctx)
}

function unnestedMark(
  relation: Relation,
  used: ReadonlySet<number>,
  mark: Named,
  span: Span | undefined,
  ctx: ExprContext,
): Term {
  const a = ctx.a
  subqueryBase(ctx).put((left) => {
    const unnesting = new Unnesting(
      a,
      left,
      left.attrs.filter((x) => used.has(x.id)),
    )
    const unnested = unnesting.unnest(relation.plan)
    const keys = unnested.keys.map(passOn)
    const values: Logical = {
      op: 'aggregate',
      id: a.freshId(),
      input: unnested.plan,
      keys,
      aggregates: [],
      attrs: unnested.keys,
      at: span,
    }
    const marked = project(a, values, [...keys, mark], span)
    return leftJoin(a, left, marked, unnesting.matches(unnested), span)
  })
  return markTerm(used, mark, span, ctx)
}

/** That `mark` was joined. */
function markTerm(used: ReadonlySet<number>, mark: Named, span: Span | undefined, ctx: ExprContext): Term {
  return { expr: isNotNull({ ...attrExpr(mark.attr, span), nullable: true }), text: `exists(${namesOf(used, ctx)})` }
}
