import { AnalysisError } from '../errors/errors.ts'
import type {
  AstLateralView,
  AstRelation,
  AstSample,
  AstTableAlias,
  AstTableFunction,
  AstWatermark,
} from '../sql/ast.ts'
import {
  aliased,
  extended,
  passOn,
  project,
  relationOf,
  type Analysis,
  type Relation,
  type Surroundings,
} from './analysis.ts'
import { Base } from './base.ts'
import { checkSteps } from './complexity.ts'
import { generatorColumns, generatorNode } from './generator.ts'
import { analyzeJoin, crossJoin } from './join.ts'
import { isLateral, lateralJoin } from './lateral.ts'
import { limited } from './limit.ts'
import { pivot, unpivot } from './pivot.ts'
import { rangeRelation } from './range.ts'
import { calledName, findFunction, OVER_ONLY } from './resolve-call.ts'
import { tableRoutine } from './routine.ts'
import { SPECIAL_FORMS } from './special-forms.ts'
import { lookupTable } from './table.ts'

import { values } from './values.ts'
import { relationContext } from './where.ts'
import { watermarkClause } from './watermark.ts'
import { isWindowTableFunction, windowTableFunction } from './window-table-function.ts'

/** FROM: relations joined left to right; LATERAL ones see those before them. */
export function fromClause(a: Analysis, list: readonly AstRelation[], surroundings: Surroundings): Relation {
  checkSteps(list.length)
  let out: Relation | null = null
  for (const r of list) {
    const lateral = out !== null && isLateral(r)
    if (lateral) out = lateralJoin(a, out!, r, null, surroundings, analyzeRelation)
    else {
      const next = analyzeRelation(a, r, surroundings)
      out = out ? crossJoin(a, out, next, r.at) : next
    }
  }
  return out!
}

/** One relation with its alias, watermark and sample. */
export function analyzeRelation(a: Analysis, r: AstRelation, surroundings: Surroundings): Relation {
  let out = bare(a, r, surroundings)
  if (r.sample) out = sampled(a, out, r.sample, surroundings)
  if (r.watermark) out = watermark(a, out, r.watermark, surroundings)
  if (r.kind === 'values' && r.alias?.columns && r.alias.columns.length !== out.columns.length)
    throw new AnalysisError(
      'INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH',
      { expected: r.alias.columns.length, row: 1, actual: out.columns.length },
      { at: r.alias.at },
    )
  return r.alias ? withAlias(out, r.alias) : out
}

function bare(a: Analysis, r: AstRelation, surroundings: Surroundings): Relation {
  switch (r.kind) {
    case 'table':
      return lookupTable(a, r.name, surroundings, r.at, r.stream ? { options: r.options ?? {} } : undefined)
    case 'subquery': {
      const inner = a.query(r.query, surroundings)
      return { plan: inner.plan, columns: inner.columns.map((c) => ({ ...c, qualifier: [] })), hidden: [] }
    }
    case 'values':
      return values(a, r.values, surroundings)
    case 'tablefunction':
      return tableFunction(a, r, surroundings)
    case 'join':
      return joinRelation(a, r, surroundings)
    case 'pivot':
      return pivot(a, analyzeRelation(a, r.input, surroundings), r, surroundings)
    case 'unpivot':
      return unpivot(a, analyzeRelation(a, r.input, surroundings), r, surroundings)
  }
}

function joinRelation(a: Analysis, r: AstRelation & { kind: 'join' }, surroundings: Surroundings): Relation {
  const left = analyzeRelation(a, r.left, surroundings)
  if (isLateral(r.right)) return lateralJoin(a, left, r.right, r, surroundings, analyzeRelation)
  return analyzeJoin(a, left, analyzeRelation(a, r.right, surroundings), r, surroundings)
}

/** `AS t(a, b)`: the only qualifier from here on. */
export function withAlias(r: Relation, alias: AstTableAlias): Relation {
  const columns = alias.columns?.map((c) => c.name)
  if (columns && columns.length !== r.columns.length)
    throw new AnalysisError(
      'ASSIGNMENT_ARITY_MISMATCH',
      { target: alias.name.name, names: columns.length, columns: r.columns.length },
      { at: alias.at },
    )
  return aliased(r, alias.name.name, columns)
}

function watermark(a: Analysis, r: Relation, w: AstWatermark, surroundings: Surroundings): Relation {
  return watermarkClause(a, r, w, surroundings)
}

/** TABLESAMPLE: a count of rows is a LIMIT, a share draws each row by itself. */
export function sampled(a: Analysis, r: Relation, sample: AstSample, surroundings: Surroundings): Relation {
  if ('rows' in sample) return limited(a, r, sample.rows, undefined, surroundings)
  const { fraction, seed = null, text, at } = sample
  return { ...r, plan: { op: 'sample', id: a.freshId(), input: r.plan, fraction, seed, text, attrs: r.plan.attrs, at } }
}

function tableFunction(a: Analysis, r: AstTableFunction, surroundings: Surroundings): Relation {
  const name = calledName(r.call)
  if (name === 'range') return rangeRelation(a, r.call, surroundings)
  const routine = a.catalog.routine?.(name)
  if (routine) return tableRoutine(a, r.call, routine, surroundings)
  if (isWindowTableFunction(name) && extended(a)) return windowTableFunction(a, r.call, surroundings)
  const entry = findFunction(name, a.env)
  if (entry?.kind !== 'generator') {
    if (entry || SPECIAL_FORMS[name] || OVER_ONLY.has(name))
      throw new AnalysisError(
        'NOT_A_TABLE_FUNCTION',
        { function: name },
        { at: r.call.at, hint: 'call it in an expression' },
      )
    throw new AnalysisError('UNRESOLVABLE_TABLE_VALUED_FUNCTION', { name }, { at: r.call.at })
  }
  const plan = { op: 'local', id: a.freshId(), rows: [[]], attrs: [] } as const
  const base = new Base(a, plan)
  const g = generatorColumns(
    r.call,
    entry,
    [],
    relationContext(a, relationOf(plan), surroundings, 'LATERAL VIEW', base),
  )
  const node = generatorNode(a, base.plan, g)
  return relationOf(project(a, node, g.attrs.map(passOn), r.at))
}

/** LATERAL VIEW [OUTER] f(…) t AS a, b. */
export function lateralView(a: Analysis, input: Relation, view: AstLateralView, surroundings: Surroundings): Relation {
  const name = calledName(view.call)
  const entry = findFunction(name, a.env)
  if (entry?.kind !== 'generator')
    throw new AnalysisError('UNSUPPORTED_GENERATOR.NOT_GENERATOR', { function: name }, { at: view.call.at })
  const base = new Base(a, input.plan)
  const ctx = relationContext(a, input, surroundings, 'LATERAL VIEW', base)
  const g = generatorColumns(view.call, entry, view.columns, ctx, view.outer)
  const qualifier = view.table ? [view.table.name] : []
  return {
    plan: generatorNode(a, base.plan, g),
    columns: [...input.columns, ...g.attrs.map((x) => ({ ...x, qualifier }))],
    hidden: input.hidden,
  }
}
