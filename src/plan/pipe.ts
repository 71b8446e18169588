import { AnalysisError } from '../errors/errors.ts'
import type { AstExpr, AstPipe, AstPipeStep, AstStar } from '../sql/ast.ts'
import { aliased, type Analysis, type Relation, type Surroundings } from './analysis.ts'
import { analyzeJoin, crossJoin } from './join.ts'
import { limited } from './limit.ts'
import type { Logical } from './logical.ts'
import { checkSteps } from './complexity.ts'
import { pivot, unpivot } from './pivot.ts'
import { isLateral, lateralJoin } from './lateral.ts'
import { analyzeRelation, lateralView, sampled } from './relation.ts'
import { unsupported } from './resolve-expr.ts'
import { sameName, unresolvedColumn } from './scope.ts'
import { analyzeSelect } from './select.ts'
import { alignedByName, setOperation, unionAll, unionDistinct } from './set-operation.ts'
import { visitPlan } from './walk.ts'
import { where } from './where.ts'

const star = (at: AstExpr['at']): AstStar => ({ kind: 'star', qualifier: [], at })

/** `FROM t |> …`: every step reads the relation of the step before. */
export function pipe(
  a: Analysis,
  ast: AstPipe,
  body: (input: AstPipe['input']) => Relation,
  surroundings: Surroundings,
): Relation {
  checkSteps(ast.steps.length)
  return ast.steps.reduce((input, step) => pipeStep(a, input, step, body, surroundings), body(ast.input))
}

function pipeStep(
  a: Analysis,
  input: Relation,
  step: AstPipeStep,
  body: (input: AstPipe['input']) => Relation,
  surroundings: Surroundings,
): Relation {
  const at = step.at
  switch (step.op) {
    case 'select': {
      const select = step.query?.body.kind === 'select' ? step.query.body : undefined
      return analyzeSelect(
        a,
        input,
        { items: step.items ?? [], distinct: select?.distinct, windows: select?.windows, at },
        surroundings,
      )
    }
    case 'extend':
      return withoutAggregates(
        () => analyzeSelect(a, input, { items: [star(at), ...(step.items ?? [])], at }, surroundings),
        input,
        step,
      )
    case 'set':
      return setColumns(a, input, step, surroundings)
    case 'drop':
      return dropColumns(a, input, step)
    case 'as':
      return aliased(input, step.alias!.name.name)
    case 'where':
      return where(a, input, step.condition!, surroundings)
    case 'aggregate':
      return aggregateStep(a, input, step, surroundings)
    case 'pivot':
      return step.pivot?.kind === 'pivot' ? pivot(a, input, step.pivot, surroundings) : unsupported('this PIVOT', at)
    case 'unpivot':
      return step.pivot?.kind === 'unpivot'
        ? unpivot(a, input, step.pivot, surroundings)
        : unsupported('this UNPIVOT', at)
    case 'join': {
      const join = step.join!
      if (isLateral(join.right)) return lateralJoin(a, input, join.right, join, surroundings, analyzeRelation)
      const right = analyzeRelation(a, join.right, surroundings)
      return join.on || join.using || join.natural || join.type !== 'inner'
        ? analyzeJoin(a, input, right, join, surroundings)
        : crossJoin(a, input, right, at)
    }
    case 'lateral view':
      return lateralView(a, input, step.lateralView!, surroundings)
    case 'tablesample':
      return sampled(a, input, step.sample!, surroundings)
    case 'union':
    case 'intersect':
    case 'except':
      return setStep(a, input, step, body)
    default:
      return organized(a, input, step, surroundings)
  }
}

function setStep(
  a: Analysis,
  input: Relation,
  step: AstPipeStep,
  body: (input: AstPipe['input']) => Relation,
): Relation {
  const { op, all, byName, queries } = step.setop!
  return queries.reduce((left, q) => {
    const right = body(q)
    if (op !== 'union') return setOperation(a, op, all, left, right, step.at)
    const inputs = byName ? alignedByName(a, [left, right], false, step.at) : [left, right]
    return all ? unionAll(a, inputs, step.at) : unionDistinct(a, inputs, step.at)
  }, input)
}

/** ORDER BY, SORT BY, LIMIT, OFFSET. */
function organized(a: Analysis, input: Relation, step: AstPipeStep, surroundings: Surroundings): Relation {
  const query = step.query
  if (!query) return unsupported(`|> ${step.op.toUpperCase()}`, step.at)
  let out = input
  if (query.orderBy || query.sortBy) {
    const sortedRelation = analyzeSelect(
      a,
      input,
      { items: [star(step.at)], orderBy: query.orderBy, sortBy: query.sortBy, at: step.at },
      surroundings,
    )
    out = {
      ...sortedRelation,
      columns: sortedRelation.columns.map((c, i) => ({ ...c, qualifier: input.columns[i]!.qualifier })),
    }
  }
  return query.limit || query.offset ? limited(a, out, query.limit, query.offset, surroundings) : out
}

function setColumns(a: Analysis, input: Relation, step: AstPipeStep, surroundings: Surroundings): Relation {
  const cs = a.env.caseSensitive
  const sets = (step.items ?? []).flatMap((i) => (i.kind === 'alias' ? [i] : []))
  for (const s of sets) {
    const name = s.names.at(-1)!
    if (!input.columns.some((c) => sameName(c.name, name.name, cs)))
      throw unresolvedColumn(s.names, input.columns, name.at ?? s.at)
  }
  const items = input.columns.map((c): AstExpr => {
    const set = sets.find((s) => sameName(s.names.at(-1)!.name, c.name, cs))
    const column: AstExpr = {
      kind: 'name',
      parts: [...(c.qualifier[0] === undefined ? [] : [{ name: c.qualifier[0] }]), { name: c.name }],
      at: step.at,
    }
    return set ? { kind: 'alias', arg: set.arg, names: [{ name: c.name }], at: set.at } : column
  })
  return withoutAggregates(() => analyzeSelect(a, input, { items, at: step.at }, surroundings), input, step)
}

function dropColumns(a: Analysis, input: Relation, step: AstPipeStep): Relation {
  const names = (step.items ?? []).flatMap((i) => (i.kind === 'name' ? [i] : []))
  for (const n of names)
    if (!input.columns.some((c) => sameName(c.name, n.parts.at(-1)!.name, a.env.caseSensitive)))
      throw unresolvedColumn(n.parts, input.columns, n.at)
  const gone = (name: string): boolean => names.some((n) => sameName(n.parts.at(-1)!.name, name, a.env.caseSensitive))
  return { plan: input.plan, columns: input.columns.filter((c) => !gone(c.name)), hidden: [] }
}

function aggregateStep(a: Analysis, input: Relation, step: AstPipeStep, surroundings: Surroundings): Relation {
  const groupBy = step.groupBy ?? { elements: [], at: step.at }
  for (const item of step.items ?? []) {
    const single = analyzedAggregates(a, input, item, surroundings)
    if (!single)
      throw new AnalysisError(
        'PIPE_OPERATOR_AGGREGATE_EXPRESSION_CONTAINS_NO_AGGREGATE_FUNCTION',
        { expression: item.kind === 'name' ? item.parts.map((p) => p.name).join('.') : 'an item' },
        { at: item.at, hint: 'grouping columns belong behind GROUP BY' },
      )
  }
  return analyzeSelect(a, input, { items: step.items ?? [], groupBy, keysFirst: true, at: step.at }, surroundings)
}

/** Whether an item holds an aggregate. */
function analyzedAggregates(a: Analysis, input: Relation, item: AstExpr, surroundings: Surroundings): boolean {
  if (item.kind === 'name') return false
  const out = withoutGrouping(() => analyzeSelect(a, input, { items: [item] }, surroundings))
  return out === null || aggregatesIn(out.plan) > aggregatesIn(input.plan)
}

function aggregatesIn(plan: Logical): number {
  let n = 0
  visitPlan(plan, (p) => {
    if (p.op === 'aggregate') n++
  })
  return n
}

/** Null for a list that would need GROUP BY: it holds an aggregate beside columns. */
function withoutGrouping<T>(analyzed: () => T): T | null {
  try {
    return analyzed()
  } catch (error) {
    if (error instanceof AnalysisError && (error.code === 'MISSING_GROUP_BY' || error.code === 'MISSING_AGGREGATION'))
      return null
    throw error
  }
}

function withoutAggregates(made: () => Relation, input: Relation, step: AstPipeStep): Relation {
  const out = withoutGrouping(made)
  if (out === null || aggregatesIn(out.plan) > aggregatesIn(input.plan))
    throw new AnalysisError(
      'PIPE_OPERATOR_CONTAINS_AGGREGATE_FUNCTION',
      { expression: `the list of |> ${step.op.toUpperCase()}` },
      { at: step.at },
    )
  return out
}
