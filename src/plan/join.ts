import { AnalysisError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import type { Expr } from '../expr/bound.ts'
import type { AstExpr, AstJoin } from '../sql/ast.ts'
import { BOOLEAN, typeName } from '../types/data-type.ts'
import {
  attrExpr,
  filter,
  freshAttr,
  passOn,
  project,
  type Analysis,
  type Relation,
  type Surroundings,
} from './analysis.ts'
import { Base } from './base.ts'
import type { Attr, Logical, LogicalJoin } from './logical.ts'
import { resolveExpr } from './resolve-expr.ts'
import { columnNames } from './resolve-name.ts'
import { sameName } from './scope.ts'
import { callExpr, castTo, conjunction } from './term.ts'
import type { JoinType } from './unresolved.ts'

/** `left, right`. */
export function crossJoin(a: Analysis, left: Relation, right: Relation, at: Span | undefined): Relation {
  return joined(a, left, right, 'inner', null, at)
}

const nullable = (x: Attr): Attr => ({ ...x, nullable: true })

function joined(
  a: Analysis,
  left: Relation,
  right: Relation,
  type: JoinType,
  condition: Expr | null,
  at: Span | undefined,
): Relation {
  const l = type === 'right' || type === 'full' ? nullable : (x: Attr): Attr => x
  const r = type === 'left' || type === 'full' ? nullable : (x: Attr): Attr => x
  const one = type === 'semi' || type === 'anti'
  const node: LogicalJoin = {
    op: 'join',
    id: a.freshId(),
    left: left.plan,
    right: right.plan,
    type,
    condition,
    attrs: one ? left.plan.attrs : [...left.plan.attrs.map(l), ...right.plan.attrs.map(r)],
    at,
  }
  return {
    plan: node,
    columns: one ? left.columns : [...left.columns.map(l), ...right.columns.map(r)],
    hidden: one ? left.hidden : [...left.hidden.map(l), ...right.hidden.map(r)],
  }
}

/** What a join is asked to do, from SQL or from a DataFrame. */
export interface JoinSpec {
  readonly type: JoinType
  readonly on?: AstExpr | undefined
  readonly using?: readonly { readonly name: string; readonly at?: Span | undefined }[] | undefined
  readonly natural?: boolean | undefined
  readonly at?: Span | undefined
}

/** A join of two relations. Without a right side: the ON condition of a join that is made already. */
export function analyzeJoin(
  a: Analysis,
  left: Relation,
  right: Relation | null,
  spec: JoinSpec | AstJoin,
  surroundings: Surroundings,
): Relation {
  if (right === null)
    return { ...left, plan: filter(a, left.plan, onCondition(a, left, null, spec.on!, surroundings), spec.on!.at) }
  if (spec.natural) {
    const shared = left.columns.filter((l) => right.columns.some((r) => sameName(l.name, r.name, a.env.caseSensitive)))
    return usingJoin(
      a,
      left,
      right,
      spec.type,
      shared.map((c) => ({ name: c.name })),
      spec.at,
    )
  }
  if (spec.using) return usingJoin(a, left, right, spec.type, spec.using, spec.at)
  if (!spec.on) return joined(a, left, right, spec.type === 'cross' ? 'cross' : spec.type, null, spec.at)
  const base = new Base(a, left.plan)
  const condition = onCondition(a, left, right, spec.on, surroundings, base)
  return joined(a, { ...left, plan: base.plan }, right, spec.type === 'cross' ? 'inner' : spec.type, condition, spec.at)
}

function onCondition(
  a: Analysis,
  left: Relation,
  right: Relation | null,
  on: AstExpr,
  surroundings: Surroundings,
  base = new Base(a, left.plan),
): Expr {
  const columns = [...left.columns, ...(right?.columns ?? [])]
  const hidden = [...left.hidden, ...(right?.hidden ?? [])]
  const names = columnNames(a, columns, hidden, surroundings.outer)
  const term = resolveExpr(on, { a, surroundings, clause: 'ON', names, base, subqueryBase: base })
  if (term.expr.type.kind !== 'boolean' && term.expr.type.kind !== 'void')
    throw new AnalysisError('JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE', { actual: typeName(term.expr.type) }, { at: on.at })
  return castTo(term.expr, BOOLEAN, a.env)
}

/** USING and NATURAL: shared columns come once, first; the sides' own stay reachable by qualifier. */
function usingJoin(
  a: Analysis,
  left: Relation,
  right: Relation,
  type: JoinType,
  using: readonly { readonly name: string; readonly at?: Span | undefined }[],
  at: Span | undefined,
): Relation {
  const side = (r: Relation, name: string, which: string, span: Span | undefined): Attr => {
    const found = r.columns.filter((c) => sameName(c.name, name, a.env.caseSensitive))
    if (found.length > 1)
      throw new AnalysisError(
        'AMBIGUOUS_REFERENCE',
        { name, candidates: found.map((c) => c.name).join(', ') },
        { at: span ?? at },
      )
    if (!found[0])
      throw new AnalysisError(
        'UNRESOLVED_USING_COLUMN_FOR_JOIN',
        { name, side: which },
        { at: span ?? at, hint: `visible there: ${r.columns.map((c) => c.name).join(', ')}` },
      )
    return found[0]
  }
  const pairs = using.map((u) => ({ l: side(left, u.name, 'left', u.at), r: side(right, u.name, 'right', u.at) }))
  const condition = conjunction(pairs.map((p) => callExpr(a.env, '=', [attrExpr(p.l, at), attrExpr(p.r, at)], at)))
  const out = joined(a, left, right, pairs.length === 0 && type === 'inner' ? 'inner' : type, condition, at)
  const leftIds = new Set(pairs.map((p) => p.l.id))
  const rightIds = new Set(pairs.map((p) => p.r.id))
  const own = (list: readonly Attr[], ids: ReadonlySet<number>): Attr[] => list.filter((c) => !ids.has(c.id))
  const byId = (id: number): Attr => out.columns.find((c) => c.id === id)!
  const restLeft = own(out.columns.slice(0, left.columns.length), leftIds)
  const restRight = own(out.columns.slice(left.columns.length), rightIds)
  if (type === 'semi' || type === 'anti') return { ...out, columns: [...pairs.map((p) => byId(p.l.id)), ...restLeft] }
  if (type === 'full') {
    const keys = pairs.map((p) => {
      const [l, r] = [attrExpr(byId(p.l.id), at), attrExpr(byId(p.r.id), at)]
      const both = castTo(r, l.type, a.env)
      const expr: Expr = { kind: 'coalesce', args: [l, both], type: l.type, nullable: true, at }
      return { expr, attr: freshAttr(a, p.l.name, l.type, true) }
    })
    const plan: Logical = project(a, out.plan, [...keys, ...out.plan.attrs.map(passOn)], at)
    const sides = pairs.flatMap((p) => [byId(p.l.id), byId(p.r.id)])
    return { plan, columns: [...keys.map((k) => k.attr), ...restLeft, ...restRight], hidden: [...sides, ...out.hidden] }
  }
  const key = (p: { readonly l: Attr; readonly r: Attr }): Attr => byId(type === 'right' ? p.r.id : p.l.id)
  const other = (p: { readonly l: Attr; readonly r: Attr }): Attr => byId(type === 'right' ? p.l.id : p.r.id)
  return {
    plan: out.plan,
    columns: [...pairs.map(key), ...restLeft, ...restRight],
    hidden: [...pairs.map(other), ...out.hidden],
  }
}
