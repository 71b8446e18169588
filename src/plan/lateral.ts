import { AnalysisError, UnsupportedError } from '../errors/errors.ts'
import type { AstJoin, AstRelation, AstTableFunction } from '../sql/ast.ts'
import { filter, passOn, project, type Analysis, type Relation, type Surroundings } from './analysis.ts'
import { Base } from './base.ts'
import { reads } from './decorrelate.ts'
import { generatorColumns, generatorNode } from './generator.ts'
import { analyzeJoin, crossJoin } from './join.ts'
import { generatedAttrs, type Logical, type LogicalJoin } from './logical.ts'
import { calledName, findFunction } from './resolve-call.ts'
import { unsupported } from './resolve-expr.ts'
import { conjunction } from './term.ts'
import { Unnesting } from './unnest.ts'
import { relationContext } from './where.ts'

/** True for LATERAL relations, which may read the columns to their left. */
export const isLateral = (r: AstRelation): boolean =>
  (r.kind === 'subquery' || r.kind === 'tablefunction') && r.lateral === true

type Analyze = (a: Analysis, r: AstRelation, surroundings: Surroundings) => Relation

/** `left, LATERAL r`, and `left JOIN LATERAL r ON …` with `spec`. */
export function lateralJoin(
  a: Analysis,
  left: Relation,
  r: AstRelation,
  spec: AstJoin | null,
  surroundings: Surroundings,
  analyze: Analyze,
): Relation {
  if (spec) checkJoin(spec)
  const isInner = spec === null || spec.type === 'inner' || spec.type === 'cross'
  const generated = isInner && r.kind === 'tablefunction' ? generatedBy(a, left, r, surroundings) : null
  const joined = generated ?? subqueryJoin(a, left, r, isInner ? null : spec, surroundings, analyze)
  return isInner && spec?.on ? analyzeJoin(a, joined, null, spec, surroundings) : joined
}

function checkJoin({ type, using, natural, at }: AstJoin): void {
  if (natural) throw new AnalysisError('INCOMPATIBLE_JOIN_TYPES', { first: 'LATERAL', second: 'NATURAL' }, { at })
  if (using) throw new UnsupportedError('UNSUPPORTED_FEATURE.LATERAL_JOIN_USING', {}, { at })
  if (type !== 'inner' && type !== 'cross' && type !== 'left')
    throw new AnalysisError('INVALID_LATERAL_JOIN_TYPE', { type: type.toUpperCase() }, { at })
}

/** A generator is a generate node over the left side. */
function generatedBy(a: Analysis, left: Relation, r: AstTableFunction, surroundings: Surroundings): Relation | null {
  const entry = findFunction(calledName(r.call), a.env)
  if (entry?.kind !== 'generator') return null
  const base = new Base(a, left.plan)
  const ctx = relationContext(a, left, surroundings, 'LATERAL VIEW', base)
  const g = generatorColumns(r.call, entry, r.alias?.columns ?? [], ctx)
  const plan = generatorNode(a, base.plan, g)
  const qualifier = [r.alias?.name.name ?? calledName(r.call)]
  return { plan, columns: [...left.columns, ...g.attrs.map((x) => ({ ...x, qualifier }))], hidden: left.hidden }
}

function subqueryJoin(
  a: Analysis,
  left: Relation,
  r: AstRelation,
  outer: AstJoin | null,
  surroundings: Surroundings,
  analyze: Analyze,
): Relation {
  const used = new Set<number>()
  const right = analyze(a, r, {
    ...surroundings,
    outer: { columns: left.columns, hidden: left.hidden, parent: surroundings.outer, used },
  })
  const read = left.plan.attrs.filter((x) => used.has(x.id))
  if (read.length === 0)
    return outer ? analyzeJoin(a, left, right, outer, surroundings) : crossJoin(a, left, right, r.at)
  const over = outer === null ? onTop(a, left.plan, right.plan, new Set(read.map((x) => x.id))) : null
  if (over !== null)
    return { plan: over, columns: [...left.columns, ...right.columns], hidden: [...left.hidden, ...right.hidden] }
  const unnesting = new Unnesting(a, left.plan, read)
  const unnested = unnesting.unnest(right.plan)
  const sides = [left, { ...right, plan: unnested.plan }] as const
  const joined = outer ? analyzeJoin(a, ...sides, outer, surroundings) : crossJoin(a, ...sides, r.at)
  if (joined.plan.op !== 'join') return unsupported('a LATERAL join of this form', r.at)
  return { ...joined, plan: matching(joined.plan, unnesting.matches(unnested)) }
}

/** The join on one more condition. */
const matching = (join: LogicalJoin, also: NonNullable<LogicalJoin['condition']>): LogicalJoin => ({
  ...join,
  type: join.type === 'cross' ? 'inner' : join.type,
  condition: conjunction([...(join.condition ? [join.condition] : []), also]),
})

/**
 * The subquery put on top of `left`, where each of its nodes works row by row: the rows it begins with are cross joined
 * with `left`, and what is over them reads the columns of both. null where a node looks at several rows.
 */
function onTop(a: Analysis, left: Logical, plan: Logical, ids: ReadonlySet<number>): Logical | null {
  if (!reads(plan, ids)) {
    const attrs = [...left.attrs, ...plan.attrs]
    return { op: 'join', id: a.freshId(), left, right: plan, type: 'inner', condition: null, attrs, at: plan.at }
  }
  if (plan.op !== 'filter' && plan.op !== 'project' && plan.op !== 'generate') return null
  const input = onTop(a, left, plan.input, ids)
  if (input === null) return null
  if (plan.op === 'filter') return filter(a, input, plan.condition, plan.at)
  if (plan.op === 'generate') return { ...plan, input, attrs: [...input.attrs, ...generatedAttrs(plan)] }
  return project(a, input, [...left.attrs.map(passOn), ...plan.items], plan.at)
}
