import { AnalysisError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import type { Expr } from '../expr/bound.ts'
import type { AstExpr, AstIn, AstQuery } from '../sql/ast.ts'
import { BIGINT, BOOLEAN, INT, typeName } from '../types/data-type.ts'
import { attrExpr, filter, freshAttr, project, type OuterColumns, type Relation } from './analysis.ts'
import { correlatedScalar, existenceMark, namesOf, onlyValue, subqueryBase } from './correlated-subquery.ts'
import { pullUp } from './decorrelate.ts'
import { attrIds } from './expr-key.ts'
import type { ExprContext } from './expr-context.ts'
import { comparedTypes, resolveExpr } from './resolve-expr.ts'
import { isStreaming, type Attr, type Logical, type LogicalAggregate, type Named } from './logical.ts'
import { callExpr, caseOf, castTo, conjunction, isNull, literal, not, type Term } from './term.ts'
import { Unnesting } from './unnest.ts'

interface Analyzed {
  readonly relation: Relation
  /** Ids of columns of enclosing queries that it reads. */
  readonly used: ReadonlySet<number>
}

/** `asJoin`: it becomes a join, which may have a stream on its right (an extension). */
function analyzeSubquery(query: AstQuery, span: Span | undefined, ctx: ExprContext, asJoin = false): Analyzed {
  const parent = ctx.surroundings.outer
  const outer: OuterColumns = { columns: ctx.names.columns, hidden: [], parent, used: new Set() }
  const relation = ctx.a.query(query, { ...ctx.surroundings, outer })
  if (isStreaming(relation.plan) && !(asJoin && ctx.a.catalog.conf('millrace.extensions') !== 'false'))
    throw new AnalysisError(
      'INVALID_SUBQUERY_EXPRESSION.STREAMING_QUERY',
      {},
      { at: span, hint: 'join with the stream instead' },
    )
  if (!asJoin && outer.used.size > 0) subqueryBase(ctx).reads.push({ ids: outer.used, at: span })
  return { relation, used: outer.used }
}

/** `(SELECT …)` as a value: cross joined with a plan of exactly one row. */
export function resolveScalarSubquery(query: AstQuery, span: Span | undefined, ctx: ExprContext): Term {
  const { relation, used } = analyzeSubquery(query, span, ctx)
  const { columns } = relation
  if (columns.length !== 1)
    throw new AnalysisError(
      'INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN',
      { columns: columns.length },
      { at: span },
    )
  if (used.size > 0) return correlatedScalar(relation, used, span, ctx)
  const value = columns[0]!
  const single = isSingleRow(relation.plan)
    ? { plan: relation.plan, expr: attrExpr(value, span) }
    : firstAndOnly(relation.plan, value, span, ctx)
  subqueryBase(ctx).put((plan) => crossJoin(ctx, plan, single.plan, span))
  const attr = single.plan.attrs.find((x) => x.id === (single.expr as { id?: number }).id)!
  return { expr: { ...attrExpr(attr, span), nullable: true }, text: 'scalarsubquery()' }
}

function crossJoin(ctx: ExprContext, left: Logical, right: Logical, span: Span | undefined): Logical {
  return {
    op: 'join',
    id: ctx.a.freshId(),
    left,
    right,
    type: 'cross',
    condition: null,
    attrs: [...left.attrs, ...right.attrs],
    lowered: ['subquery-to-join'],
    at: span,
  }
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

/** The value of the only row, NULL when there is none; more than one raise. */
function firstAndOnly(
  input: Logical,
  value: Attr,
  span: Span | undefined,
  ctx: ExprContext,
): { readonly plan: Logical; readonly expr: Expr } {
  const { node, expr } = onlyValue(input, [], value, span, ctx)
  const attr = freshAttr(ctx.a, value.name, value.type, true)
  return { plan: project(ctx.a, node, [{ expr, attr }], span), expr: attrExpr(attr, span) }
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
    aggregates: [
      { call: { fn: 'count', args: [literal(1, INT, span)], distinct: false, type: BIGINT, at: span }, attr: rows },
    ],
    attrs: [rows],
    at: span,
  }
  subqueryBase(ctx).put((plan) => crossJoin(ctx, plan, aggregate, span))
  return { expr: callExpr(a.env, '>', [attrExpr(rows, span), literal(0n, BIGINT, span)], span), text: 'exists()' }
}

/**
 * `x IN (SELECT …)` as a value, over the set of the subquery's values. What SQL leaves unknown is false here, for IN and
 * for NOT IN, as recorded: the recorded engine asks whether a row exists that equals, or surely differs from all.
 */
export function resolveInQuery(ast: AstIn, ctx: ExprContext): Term {
  const span = ast.at
  const { relation, used } = analyzeSubquery(ast.query!, span, ctx)
  const left = inSides(ast.arg, relation, span, ctx)
  if (used.size > 0 || left.length !== 1) return existenceOfEqual(ast, relation, used, left, ctx)
  const a = ctx.a
  const column = relation.columns[0]!
  const types = comparedTypes(left[0]!.expr.type, column.type, ctx)
  if (!types)
    throw new AnalysisError(
      'DATATYPE_MISMATCH.IN_SUBQUERY_DATA_TYPE_MISMATCH',
      { left: typeName(left[0]!.expr.type), right: typeName(column.type) },
      { at: span },
    )
  const value = castTo(attrExpr(column, span), types[1], a.env)
  const call = (fn: string, args: readonly Expr[], type: Expr['type']) => ({
    fn,
    args,
    distinct: false,
    type,
    at: span,
  })
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
  const text = `(${left[0]!.text} IN (listquery()))`
  const asked = ast.not ? not(expr, span) : expr
  return {
    expr: { kind: 'coalesce', args: [asked, literal(false, BOOLEAN)], type: BOOLEAN, nullable: false, at: span },
    text: ast.not ? `(NOT ${text})` : text,
  }
}

/** Correlated, or of several columns: whether a row exists that equals; for NOT IN, that none may. */
function existenceOfEqual(
  ast: AstIn,
  relation: Relation,
  used: ReadonlySet<number>,
  left: readonly Term[],
  ctx: ExprContext,
): Term {
  const { a } = ctx
  const found = filter(a, relation.plan, conjunction(equalitiesOf(ast, left, relation, ast.not, ctx))!, ast.at)
  const reading = new Set([...used, ...left.flatMap((t) => [...attrIds(t.expr)])])
  const one: Named = { expr: literal(true, BOOLEAN, ast.at), attr: freshAttr(a, 'exists', BOOLEAN, false) }
  const exists = existenceMark({ ...relation, plan: found }, reading, one, ast.at, ctx)
  const sides = left.map((t) => (left.length === 1 ? t.text : `'${t.name ?? t.text}', ${t.text}`)).join(', ')
  const outer = namesOf(used, ctx)
  const text = `(${left.length === 1 ? sides : `named_struct(${sides})`} IN (listquery(${outer})))`
  return ast.not ? { expr: not(exists.expr, ast.at), text: `(NOT ${text})` } : { ...exists, text }
}

/** That the left side equals a row of the subquery; where `surely`, what is unknown counts as equal. */
function equalitiesOf(
  ast: AstIn,
  left: readonly Term[],
  relation: Relation,
  surely: boolean,
  ctx: ExprContext,
): readonly Expr[] {
  return left.map((t, i) => {
    const column = relation.columns[i]!
    if (!comparedTypes(t.expr.type, column.type, ctx))
      throw new AnalysisError(
        'DATATYPE_MISMATCH.IN_SUBQUERY_DATA_TYPE_MISMATCH',
        { left: typeName(t.expr.type), right: typeName(column.type) },
        { at: ast.at },
      )
    const equal = callExpr(ctx.a.env, '=', [t.expr, attrExpr(column, ast.at)], ast.at)
    return surely && equal.nullable
      ? ({ kind: 'or', args: [equal, isNull(equal)], type: BOOLEAN, nullable: false, at: ast.at } as const)
      : equal
  })
}

/** The left side of IN, one term per column of the subquery. */
function inSides(arg: AstExpr, relation: Relation, span: Span | undefined, ctx: ExprContext): readonly Term[] {
  const left = arg.kind === 'tuple' ? arg.items.map((x) => resolveExpr(x, ctx)) : [resolveExpr(arg, ctx)]
  if (left.length !== relation.columns.length)
    throw new AnalysisError(
      'DATATYPE_MISMATCH.IN_SUBQUERY_LENGTH_MISMATCH',
      { left: left.length, right: relation.columns.length },
      { at: span },
    )
  return left
}

/** A conjunct of WHERE that is a subquery test: a semi or anti join on `ctx.base`. False when `ast` is something else. */
export function applySubqueryConjunct(ast: AstExpr, negated: boolean, ctx: ExprContext): boolean {
  if (ast.kind === 'unary' && ast.op === 'not') return applySubqueryConjunct(ast.arg, !negated, ctx)
  if (ast.kind === 'exists') {
    const { relation, used } = analyzeSubquery(ast.query, ast.at, ctx, true)
    joinOn(relation, used, [], negated ? 'anti' : 'semi', ast.at, ctx)
    return true
  }
  if (ast.kind !== 'in' || !ast.query) return false
  const { relation, used } = analyzeSubquery(ast.query, ast.at, ctx, true)
  const left = inSides(ast.arg, relation, ast.at, ctx)
  const anti = negated !== ast.not
  // NOT IN is false or unknown as soon as one comparison is unknown.
  const equalities = equalitiesOf(ast, left, relation, anti, ctx)
  joinOn(relation, used, equalities, anti ? 'anti' : 'semi', ast.at, ctx)
  return true
}

function joinOn(
  relation: Relation,
  used: ReadonlySet<number>,
  equalities: readonly Expr[],
  type: 'semi' | 'anti',
  span: Span | undefined,
  ctx: ExprContext,
): void {
  const pulled = pullUp(relation.plan, used, ctx.a)
  const joined = (left: Logical, right: Logical, conditions: readonly Expr[]): Logical => ({
    op: 'join',
    id: ctx.a.freshId(),
    left,
    right,
    type,
    condition: conjunction([...equalities, ...conditions]),
    attrs: left.attrs,
    lowered: used.size > 0 ? ['in-to-semi-join', 'decorrelate'] : ['in-to-semi-join'],
    at: span,
  })
  ctx.base.put((left) => {
    if (pulled) return joined(left, pulled.plan, pulled.conditions)
    const unnesting = new Unnesting(
      ctx.a,
      left,
      left.attrs.filter((x) => used.has(x.id)),
    )
    const unnested = unnesting.unnest(relation.plan)
    return joined(left, unnested.plan, [unnesting.matches(unnested)])
  })
}
