import { AnalysisError } from '../errors/errors.ts'
import type { AstCache, AstRefresh, AstSet, AstUse } from '../sql/ast.ts'
import { CATALOG, partsOf, requireDefaultSchema, requireRelation, SCHEMA } from './object-names.ts'
import { NOTHING, table, type Outcome, type StatementContext } from './statement-context.ts'

/** SET and RESET. SET without a value, and SET alone, only show. */
export function setting(s: AstSet, ctx: StatementContext): Outcome {
  const { conf } = ctx
  if (s.reset === true) {
    conf.reset(s.key)
    return NOTHING
  }
  if (s.key === undefined || (s.key === '-v' && s.value === undefined))
    return table(
      'key STRING, value STRING',
      Object.entries(conf.getAll()).sort(([a], [b]) => (a < b ? -1 : 1)),
    )
  if (s.value !== undefined) conf.set(s.key, s.value)
  return table('key STRING, value STRING', [[s.key, conf.get(s.key) ?? '<undefined>']])
}

/** USE: there is one catalog and one schema. */
export function use(s: AstUse): Outcome {
  const parts = partsOf(s.name)
  const name = parts.at(-1)!.toLowerCase()
  const at = s.name[0]?.at ?? s.at
  if (s.what === 'catalog') {
    if (name !== CATALOG)
      throw new AnalysisError(
        'CATALOG_NOT_FOUND',
        { name: parts.at(-1)! },
        { at, hint: `the only catalog is ${CATALOG}` },
      )
    return NOTHING
  }
  if (s.what === undefined && parts.length === 1 && name === CATALOG) return NOTHING
  requireDefaultSchema([...s.name, { name: '' }])
  if (name !== SCHEMA)
    throw new AnalysisError('SCHEMA_NOT_FOUND', { name: parts.join('.') }, { at, hint: `the only schema is ${SCHEMA}` })
  return NOTHING
}

/** CACHE and UNCACHE: nothing is kept beside the tables themselves, so only the name is checked; CACHE TABLE v AS query makes the view. */
export function cache(s: AstCache, ctx: StatementContext): Outcome {
  if (s.action === 'clear') return NOTHING
  const name = s.name!
  if (s.query) {
    ctx.plans.analyze({ op: 'sql', query: s.query })
    ctx.catalog.createView(name.at(-1)!.name, { op: 'sql', query: s.query }, undefined, false)
    return NOTHING
  }
  if (s.action === 'uncache' && s.ifExists && !ctx.catalog.lookup(partsOf(name))) return NOTHING
  requireRelation(ctx.catalog, name, s.at)
  return NOTHING
}

/** REFRESH TABLE: tables are read anew each time, so only the name is checked. */
export function refresh(s: AstRefresh, ctx: StatementContext): Outcome {
  requireRelation(ctx.catalog, s.name, s.at)
  return NOTHING
}
