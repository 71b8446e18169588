import { AnalysisError, UnsupportedError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import type { AstQuery, AstQueryBody } from '../sql/ast.ts'
import { sameType, typeName } from '../types/data-type.ts'
import { freshAttr, relationOf, type Analysis, type Cte, type Recursion, type Relation } from './analysis.ts'
import { limited } from './limit.ts'
import { inputsOf, isStreaming, type Logical, type LogicalRecursive } from './logical.ts'
import { widened } from './set-operation.ts'

/** Rounds after which a recursive table has failed, where its definition does not say (spark.sql.cteRecursionLevelLimit). */
const MAX_LEVEL = 100

/** WITH RECURSIVE: a first part UNION ALL a part that reads the rows of the round before. */
export function recursiveRelation(a: Analysis, cte: Cte, recursion: Recursion): Relation {
  const { query, columns, surroundings } = cte
  const { name, at } = recursion
  const { body } = query
  if (body.kind !== 'setop' || body.op !== 'union' || query.orderBy || query.sortBy)
    throw new AnalysisError('INVALID_RECURSIVE_CTE', { name }, { at })
  if (!body.all)
    throw new AnalysisError('UNION_NOT_SUPPORTED_IN_RECURSIVE_CTE', { name }, { at, hint: 'write UNION ALL' })
  const part = (b: AstQueryBody): AstQuery => ({
    kind: 'query',
    ...(query.with ? { with: query.with } : {}),
    body: b,
    at: b.at ?? query.at,
  })
  const first = a.query(part(body.left), surroundings)
  if (columns && columns.length !== first.columns.length)
    throw new AnalysisError(
      'ASSIGNMENT_ARITY_MISMATCH',
      { target: name, names: columns.length, columns: first.columns.length },
      { at },
    )
  const id = a.freshId()
  const fresh = () => first.columns.map((c, i) => freshAttr(a, columns?.[i] ?? c.name, c.type, true))
  const previous = (): Relation => relationOf({ op: 'previous', id: a.freshId(), recursion: id, attrs: fresh() })
  const ctes = new Map([...surroundings.ctes, [name.toLowerCase(), { query, surroundings, previous }]])
  const next = a.query(part(body.right), { ...surroundings, ctes })
  const { plans, types } = widened(a, [first, next], 'UNION', body.at)
  const [anchor, step] = plans as [Logical, Logical]
  if (isStreaming(anchor) || isStreaming(step)) throw new UnsupportedError('STREAMING_RECURSIVE_CTE', {}, { at })
  types.forEach((type, i) => {
    const from = first.columns[i]!.type
    if (!sameType(type, from))
      throw new AnalysisError(
        'INVALID_RECURSIVE_REFERENCE.DATA_TYPE',
        { name, from: typeName(from), to: typeName(type) },
        { at, hint: 'cast the columns of the first part' },
      )
  })
  const references = countReferences(step, id, name, at)
  if (references === 0) throw new AnalysisError('INVALID_RECURSIVE_CTE', { name }, { at })
  if (references > 1) throw new AnalysisError('INVALID_RECURSIVE_REFERENCE.NUMBER', { name }, { at })
  const maxLevel = recursion.maxLevel ?? MAX_LEVEL
  const node: LogicalRecursive = { op: 'recursive', id, anchor, step, name, maxLevel, attrs: fresh(), at }
  const { limit, offset } = query
  return limit || offset ? limited(a, relationOf(node), limit, offset, surroundings) : relationOf(node)
}

/** How often a plan reads the rows of the round before. Refused where the rows of one round would not be enough. */
function countReferences(plan: Logical, id: number, name: string, at: Span | undefined, allowed = true): number {
  if (plan.op === 'previous') {
    if (plan.recursion !== id) return 0
    if (!allowed) throw new AnalysisError('INVALID_RECURSIVE_REFERENCE.PLACE', { name }, { at })
    return 1
  }
  const inputs = inputsOf(plan)
  return inputs.reduce((n, p, i) => n + countReferences(p, id, name, at, allowed && !wantsAll(plan, i)), 0)
}

/** Whether a node must see every row of its input before it may give the first. */
function wantsAll(plan: Logical, input: number): boolean {
  if (plan.op === 'aggregate') return plan.aggregates.length > 0
  if (plan.op !== 'join') return false
  if (plan.type === 'full') return true
  return input === 0 ? plan.type === 'right' : plan.type === 'left' || plan.type === 'semi' || plan.type === 'anti'
}
