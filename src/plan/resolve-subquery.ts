import { AnalysisError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import { mapChildren as mapExpr, visit, type Expr } from '../expr/bound.ts'
import type { AstExpr, AstIn, AstQuery } from '../sql/ast.ts'
import { BIGINT, BOOLEAN, INT, typeName } from '../types/data-type.ts'
import { attrExpr, freshAttr, passOn, project, type OuterColumns, type Relation } from './analysis.ts'
import { attrIds, conjuncts } from './expr-key.ts'
import type { ExprContext } from './expr-context.ts'
import { comparedTypes, resolveExpr, unsupported } from './resolve-expr.ts'
import { inputsOf, isStreaming, type Attr, type Logical, type LogicalAggregate, type Named } from './logical.ts'
import { callExpr, caseOf, castTo, conjunction, isNotNull, isNull, literal, type Term } from './term.ts'
import { expressionsOf } from './walk.ts'

interface Analyzed {
  readonly relation: Relation
  /** Ids of columns of enclosing queries that it reads. */
  readonly used: ReadonlySet<number>
}

function analyzeSubquery(query: AstQuery, span: Span | undefined, ctx: ExprContext): Analyzed {
  const parent = ctx.surroundings.outer
  const outer: OuterColumns = { columns: ctx.names.columns, hidden: [], parent, used: new Set() }
  const relation = ctx.a.query(query, { ...ctx.surroundings, outer })
  if (isStreaming(relation.plan)) throw new AnalysisError('INVALID_SUBQUERY_EXPRESSION.STREAMING_QUERY', {}, { at: span, hint: 'join with the stream instead' })
  return { relation, used: outer.used }
}

const subqueryBase = (ctx: ExprContext) => (ctx.insideAggregate === undefined ? ctx.subqueryBase : ctx.base)

/** `(SELECT …)` as a value: cross joined with a plan of exactly one row. */
export function resolveScalarSubquery(query: AstQuery, span: Span | undefined, ctx: ExprContext): Term {
  const { relation, used } = analyzeSubquery(query, span, ctx)
  const { columns } = relation
  if (columns.length !== 1)
    throw new AnalysisError('INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN', { columns: columns.length }, { at: span })
  if (used.size > 0) return correlatedScalar(relation, used, span, ctx)
  const value = columns[0]!
  const single = isSingleRow(relation.plan) ? { plan: relation.plan, expr: attrExpr(value, span) } : firstAndOnly(relation.plan, value, span, ctx)
  subqueryBase(ctx).put((plan) => crossJoin(ctx, plan, single.plan, span))
  const attr = single.plan.attrs.find((x) => x.id === (single.expr as { id?: number }).id)!
  subqueryBase(ctx).added.push(attr)
  return { expr: { ...attrExpr(attr, span), nullable: true }, text: 'scalarsubquery()' }
}

function crossJoin(ctx: ExprContext, left: Logical, right: Logical, span: Span | undefined): Logical {
  return { op: 'join', id: ctx.a.freshId(), left, right, type: 'cross', condition: null, attrs: [...left.attrs, ...right.attrs], at: span }
}

/** True when the plan gives one row, whatever the data. */
function isSingleRow(plan: Logical): boolean {
  switch (plan.op) {
    case 'local':
      return plan.rows.length === 1
    case 'project':
      return isSingleRow(plan.input)
    case 'aggregate':
      return plan.keys.length === 0
    case 'join':
      return plan.type === 'cross' && isSingleRow(plan.left) && isSingleRow(plan.right)
    default:
      return false
  }
}

/** The value of the only row, NULL when there is none; more than one raise SCALAR_SUBQUERY_TOO_MANY_ROWS. */
function firstAndOnly(input: Logical, value: Attr, span: Span | undefined, ctx: ExprContext): { readonly plan: Logical; readonly expr: Expr } {
  const a = ctx.a
  const first = freshAttr(a, value.name, value.type, true)
  const rows = freshAttr(a, 'rows', BIGINT, false)
  const aggregate: LogicalAggregate = {
    op: 'aggregate',
    id: a.freshId(),
    input,
    keys: [],
    aggregates: [
      { call: { fn: 'first', args: [attrExpr(value, span)], distinct: false, type: value.type, at: span }, attr: first },
      { call: { fn: 'count', args: [literal(1, INT, span)], distinct: false, type: BIGINT, at: span }, attr: rows },
    ],
    attrs: [first, rows],
    at: span,
  }
  const many = callExpr(a.env, '>', [attrExpr(rows, span), literal(1n, BIGINT, span)], span)
  const raise = castTo(callExpr(a.env, 'raise_error', [literal('SCALAR_SUBQUERY_TOO_MANY_ROWS', { kind: 'string' }, span)], span), value.type, a.env)
  const expr = caseOf([{ when: many, then: raise }], attrExpr(first, span), span)
  const attr = freshAttr(a, value.name, value.type, true)
  return { plan: project(a, aggregate, [{ expr, attr }], span), expr: attrExpr(attr, span) }
}

/** EXISTS as a value: whether the count of rows is above 0. */
export function resolveExists(query: AstQuery, span: Span | undefined, ctx: ExprContext): Term {
  const { relation, used } = analyzeSubquery(query, span, ctx)
  if (used.size > 0) {
    const one: Named = { expr: literal(true, BOOLEAN, span), attr: freshAttr(ctx.a, 'exists', BOOLEAN, false) }
    return existenceMark(relation, used, one, span, ctx)
  }
  const a = ctx.a
  const rows = freshAttr(a, 'rows', BIGINT, false)
  const aggregate: LogicalAggregate = {
    op: 'aggregate',
    id: a.freshId(),
    input: relation.plan,
    keys: [],
    aggregates: [{ call: { fn: 'count', args: [literal(1, INT, span)], distinct: false, type: BIGINT, at: span }, attr: rows }],
    attrs: [rows],
    at: span,
  }
  subqueryBase(ctx).put((plan) => crossJoin(ctx, plan, aggregate, span))
  subqueryBase(ctx).added.push(rows)
  return { expr: callExpr(a.env, '>', [attrExpr(rows, span), literal(0n, BIGINT, span)], span), text: 'exists()' }
}

/** `x IN (SELECT …)` as a value, three-valued, over the set of the subquery's values. */
export function resolveInQuery(ast: AstIn, ctx: ExprContext): Term {
  const span = ast.at
  const { relation, used } = analyzeSubquery(ast.query!, span, ctx)
  const left = inSides(ast.arg, relation, span, ctx)
  if (used.size > 0 || left.length !== 1) return unsupported('a correlated IN subquery outside WHERE', span)
  const a = ctx.a
  const column = relation.columns[0]!
  const types = comparedTypes(left[0]!.expr.type, column.type, ctx)
  if (!types) throw new AnalysisError('DATATYPE_MISMATCH.IN_SUBQUERY_DATA_TYPE_MISMATCH', { left: typeName(left[0]!.expr.type), right: typeName(column.type) }, { at: span })
  const value = castTo(attrExpr(column, span), types[1], a.env)
  const call = (fn: string, args: readonly Expr[], type: Expr['type']) => ({ fn, args, distinct: false, type, at: span })
  const setType: Expr['type'] = { kind: 'array', element: types[1], containsNull: false }
  const set = freshAttr(a, 'values', setType, false)
  const rows = freshAttr(a, 'rows', BIGINT, false)
  const known = freshAttr(a, 'known', BIGINT, false)
  const aggregate: LogicalAggregate = {
    op: 'aggregate',
    id: a.freshId(),
    input: relation.plan,
    keys: [],
    aggregates: [
      { call: call('collect_set', [value], setType), attr: set },
      { call: call('count', [literal(1, INT, span)], BIGINT), attr: rows },
      { call: call('count', [attrExpr(column, span)], BIGINT), attr: known },
    ],
    attrs: [set, rows, known],
    at: span,
  }
  const base = subqueryBase(ctx)
  base.put((plan) => crossJoin(ctx, plan, aggregate, span))
  base.added.push(set, rows, known)
  const arg = castTo(left[0]!.expr, types[0], a.env)
  const none = callExpr(a.env, '=', [attrExpr(rows), literal(0n, BIGINT)], span)
  const hit = callExpr(a.env, 'array_contains', [attrExpr(set), arg], span)
  const hole = callExpr(a.env, '<', [attrExpr(known), attrExpr(rows)], span)
  const expr = caseOf(
    [
      { when: none, then: literal(false, BOOLEAN) },
      { when: isNull(arg), then: literal(null, BOOLEAN) },
      { when: hit, then: literal(true, BOOLEAN) },
      { when: hole, then: literal(null, BOOLEAN) },
    ],
    literal(false, BOOLEAN),
    span,
  )
  return { expr, text: `(${left[0]!.text} IN (listquery()))` }
}

/** The left side of IN, one term per column of the subquery. */
function inSides(arg: AstExpr, relation: Relation, span: Span | undefined, ctx: ExprContext): readonly Term[] {
  const left = arg.kind === 'tuple' ? arg.items.map((x) => resolveExpr(x, ctx)) : [resolveExpr(arg, ctx)]
  if (left.length !== relation.columns.length)
    throw new AnalysisError('DATATYPE_MISMATCH.IN_SUBQUERY_LENGTH_MISMATCH', { left: left.length, right: relation.columns.length }, { at: span })
  return left
}

/** A conjunct of WHERE that is a subquery test: a semi or anti join on `ctx.base`. False when `ast` is something else. */
export function applySubqueryConjunct(ast: AstExpr, negated: boolean, ctx: ExprContext): boolean {
  if (ast.kind === 'unary' && ast.op === 'not') return applySubqueryConjunct(ast.arg, !negated, ctx)
  if (ast.kind === 'exists') {
    const { relation, used } = analyzeSubquery(ast.query, ast.at, ctx)
    joinOn(relation, used, [], negated ? 'anti' : 'semi', ast.at, ctx)
    return true
  }
  if (ast.kind !== 'in' || !ast.query) return false
  const { relation, used } = analyzeSubquery(ast.query, ast.at, ctx)
  const left = inSides(ast.arg, relation, ast.at, ctx)
  const anti = negated !== ast.not
  const equalities = left.map((t, i) => {
    const column = relation.columns[i]!
    if (!comparedTypes(t.expr.type, column.type, ctx))
      throw new AnalysisError('DATATYPE_MISMATCH.IN_SUBQUERY_DATA_TYPE_MISMATCH', { left: typeName(t.expr.type), right: typeName(column.type) }, { at: ast.at })
    const equal = callExpr(ctx.a.env, '=', [t.expr, attrExpr(column, ast.at)], ast.at)
    // NOT IN is false or unknown as soon as one comparison is unknown.
    return anti && equal.nullable ? ({ kind: 'or', args: [equal, isNull(equal)], type: BOOLEAN, nullable: false, at: ast.at } as const) : equal
  })
  joinOn(relation, used, equalities, anti ? 'anti' : 'semi', ast.at, ctx)
  return true
}

function joinOn(relation: Relation, used: ReadonlySet<number>, equalities: readonly Expr[], type: 'semi' | 'anti', span: Span | undefined, ctx: ExprContext): void {
  const pulled = pullUp(relation.plan, used, ctx)
  if (!pulled) return unsupported('a correlated subquery of this form', span)
  const condition = conjunction([...equalities, ...pulled.conditions])
  ctx.base.put((left) => ({ op: 'join', id: ctx.a.freshId(), left, right: pulled.plan, type, condition, attrs: left.attrs, at: span }))
}

/** Whether any expression below reads one of `ids`. */
function reads(plan: Logical, ids: ReadonlySet<number>): boolean {
  let found = false
  for (const e of expressionsOf(plan))
    visit(e, (n) => {
      if (n.kind === 'attr' && ids.has(n.id)) found = true
    })
  return found || inputsOf(plan).some((p) => reads(p, ids))
}

/** The plan without the conjuncts that read columns of outside, and those conjuncts; null where they are out of reach. */
function pullUp(plan: Logical, outer: ReadonlySet<number>, ctx: ExprContext): { readonly plan: Logical; readonly conditions: readonly Expr[] } | null {
  if (outer.size === 0 || !reads(plan, outer)) return { plan, conditions: [] }
  if (plan.op === 'filter') {
    const inner = pullUp(plan.input, outer, ctx)
    if (!inner) return null
    const parts = conjuncts(plan.condition)
    const correlated = parts.filter((e) => [...attrIds(e)].some((id) => outer.has(id)))
    const own = conjunction(parts.filter((e) => !correlated.includes(e)))
    return {
      plan: own ? { ...plan, input: inner.plan, condition: own, attrs: inner.plan.attrs } : inner.plan,
      conditions: [...inner.conditions, ...correlated],
    }
  }
  if (plan.op === 'project') {
    const inner = pullUp(plan.input, outer, ctx)
    if (!inner || plan.items.some((i) => [...attrIds(i.expr)].some((id) => outer.has(id)))) return null
    const missing = neededFrom(inner.plan, inner.conditions).filter((x) => !plan.attrs.some((y) => y.id === x.id))
    return { plan: project(ctx.a, inner.plan, [...plan.items, ...missing.map(passOn)], plan.at), conditions: inner.conditions }
  }
  return null
}

/** The columns of `plan` that `conditions` read. */
function neededFrom(plan: Logical, conditions: readonly Expr[]): readonly Attr[] {
  const ids = new Set(conditions.flatMap((c) => [...attrIds(c)]))
  return plan.attrs.filter((x) => ids.has(x.id))
}

interface Equality {
  readonly inner: Expr
  readonly outer: Expr
}

/** Conditions as equalities of an inner with an outer side; null when one is something else. */
function asEqualities(conditions: readonly Expr[], outer: ReadonlySet<number>): readonly Equality[] | null {
  const out: Equality[] = []
  for (const c of conditions) {
    if (c.kind !== 'call' || c.fn !== '=') return null
    const [l, r] = c.args as [Expr, Expr]
    const isOuter = (e: Expr): boolean => [...attrIds(e)].every((id) => outer.has(id))
    const isInner = (e: Expr): boolean => [...attrIds(e)].every((id) => !outer.has(id))
    if (isInner(l) && isOuter(r)) out.push({ inner: l, outer: r })
    else if (isOuter(l) && isInner(r)) out.push({ inner: r, outer: l })
    else return null
  }
  return out
}

/**
 * `(SELECT agg(x) FROM t WHERE t.k = outer.k)`: the aggregation grouped by k, left joined. What the aggregates give over no
 * rows (0 for count) is put in where no group joins.
 */
function correlatedScalar(relation: Relation, used: ReadonlySet<number>, span: Span | undefined, ctx: ExprContext): Term {
  const a = ctx.a
  const top = relation.plan.op === 'project' ? relation.plan : null
  const aggregate = top ? top.input : relation.plan
  const value = relation.columns[0]!
  const names = [...used].map((id) => ctx.names.columns.find((c) => c.id === id)?.name).filter((n) => n !== undefined)
  const text = `scalarsubquery(${names.join(', ')})`
  if (aggregate.op !== 'aggregate' || aggregate.keys.length > 0) return unsupported('a correlated scalar subquery without an aggregate', span)
  const pulled = pullUp(aggregate.input, used, ctx)
  const equalities = pulled && asEqualities(pulled.conditions, used)
  if (!pulled || !equalities || (top && top.items.some((i) => [...attrIds(i.expr)].some((id) => used.has(id)))))
    return unsupported('a correlated subquery of this form', span)
  const keys = equalities.map((e): Named => ({ expr: e.inner, attr: freshAttr(a, 'key', e.inner.type, e.inner.nullable) }))
  const grouped: Logical = {
    ...aggregate,
    id: a.freshId(),
    input: pulled.plan,
    keys,
    attrs: [...keys.map((k) => k.attr), ...aggregate.aggregates.map((x) => x.attr)],
  }
  const condition = conjunction(equalities.map((e, i) => callExpr(a.env, '=', [e.outer, attrExpr(keys[i]!.attr, span)], span)))
  const right = grouped.attrs.map((x) => ({ ...x, nullable: true }))
  const resultOf = (attr: Attr): Expr => {
    const call = aggregate.aggregates.find((x) => x.attr.id === attr.id)?.call
    const ref: Expr = { ...attrExpr(attr, span), nullable: true }
    return call?.fn === 'count' ? { kind: 'coalesce', args: [ref, literal(0n, BIGINT)], type: BIGINT, nullable: false, at: span } : ref
  }
  const item = top?.items.find((i) => i.attr.id === value.id)
  const expr = item ? substitute(item.expr, aggregate.aggregates.map((x) => x.attr), resultOf) : resultOf(value)
  const out = freshAttr(a, value.name, value.type, true)
  const base = subqueryBase(ctx)
  base.put((left) => {
    const joined: Logical = { op: 'join', id: a.freshId(), left, right: grouped, type: 'left', condition, attrs: [...left.attrs, ...right], at: span }
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
function existenceMark(relation: Relation, used: ReadonlySet<number>, mark: Named, span: Span | undefined, ctx: ExprContext): Term {
  const a = ctx.a
  const pulled = pullUp(relation.plan, used, ctx)
  const equalities = pulled && asEqualities(pulled.conditions, used)
  if (!pulled || !equalities) return unsupported('a correlated subquery of this form', span)
  const keys = equalities.map((e): Named => ({ expr: e.inner, attr: freshAttr(a, 'key', e.inner.type, e.inner.nullable) }))
  const grouped: Logical = { op: 'aggregate', id: a.freshId(), input: pulled.plan, keys, aggregates: [], attrs: keys.map((k) => k.attr), at: span }
  const marked = project(a, grouped, [...keys.map((k) => passOn(k.attr)), mark], span)
  const condition = conjunction(equalities.map((e, i) => callExpr(a.env, '=', [e.outer, attrExpr(keys[i]!.attr, span)], span)))
  const base = subqueryBase(ctx)
  base.put((left) => ({
    op: 'join',
    id: a.freshId(),
    left,
    right: marked,
    type: 'left',
    condition,
    attrs: [...left.attrs, ...marked.attrs.map((x) => ({ ...x, nullable: true }))],
    at: span,
  }))
  base.added.push(mark.attr)
  const names = [...used].map((id) => ctx.names.columns.find((c) => c.id === id)?.name).filter((n) => n !== undefined)
  return { expr: isNotNull({ ...attrExpr(mark.attr, span), nullable: true }), text: `exists(${names.join(', ')})` }
}
