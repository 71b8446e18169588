import { AnalysisError } from '../errors/errors.ts'
import { dotted } from '../plan/scope.ts'
import type { Unresolved } from '../plan/unresolved.ts'
import type { AstCreateView, AstDropView } from '../sql/ast.ts'
import type { Catalog, View } from './catalog.ts'
import { partsOf, requireDefaultSchema, unknownTable } from './object-names.ts'
import { NOTHING, type Outcome, type StatementContext } from './statement-context.ts'

/** CREATE VIEW: the query is checked now and analyzed anew at each use. */
export function createView(s: AstCreateView, ctx: StatementContext): Outcome {
  const parts = partsOf(s.name)
  const name = parts.at(-1)!
  const plan: Unresolved = { op: 'sql', query: s.query }
  const columns = s.columns?.map((c) => c.name)
  if (!s.temporary) requireDefaultSchema(s.name)
  const found = ctx.catalog.find(parts, !s.temporary)
  const exists = found !== null && (!s.temporary || (found.kind === 'view' && found.view.temporary))
  if (s.ifNotExists && exists) return NOTHING
  const analyzed = ctx.plans.analyze(plan)
  if (columns && columns.length !== analyzed.attrs.length)
    throw new AnalysisError(
      columns.length > analyzed.attrs.length
        ? 'CREATE_VIEW_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS'
        : 'CREATE_VIEW_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS',
      { view: name, expected: columns.length, given: analyzed.attrs.length },
      { at: s.at },
    )
  if (!s.temporary) refuseTemporary(s, ctx.catalog)
  const view = viewOf(s, name)
  ctx.catalog.addView(view, { replace: s.replace, global: s.global === true })
  if (!view.temporary) ctx.catalog.file?.put('view', view.name, s)
  return NOTHING
}

/** The view a statement defines. */
export function viewOf(s: AstCreateView, name: string): View {
  return {
    name,
    plan: { op: 'sql', query: s.query },
    temporary: s.temporary,
    ...(s.columns ? { columns: s.columns.map((c) => c.name) } : {}),
    ...(s.comment === undefined ? {} : { comment: s.comment }),
    ...(s.columnComments ? { columnComments: s.columnComments } : {}),
    definition: s,
  }
}

/** A view that stays cannot read one that goes. */
function refuseTemporary(s: AstCreateView, catalog: Catalog): void {
  const look = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(look)
    else if (node !== null && typeof node === 'object') {
      const n = node as { kind?: unknown; name?: unknown }
      if (n.kind === 'table' && Array.isArray(n.name)) {
        const parts = partsOf(n.name as AstCreateView['name'])
        const found = catalog.find(parts)
        if (found?.kind === 'view' && found.view.temporary)
          throw new AnalysisError(
            'INVALID_TEMP_OBJ_REFERENCE',
            { what: 'view', name: dotted(s.name), temporary: found.view.name },
            { at: s.at, hint: 'make this one temporary too' },
          )
      }
      for (const [key, child] of Object.entries(node)) if (key !== 'at') look(child)
    }
  }
  look(s.query)
}

/** DROP VIEW. */
export function dropView(s: AstDropView, ctx: StatementContext): Outcome {
  const parts = partsOf(s.name)
  const found = ctx.catalog.find(parts)
  if (!found) {
    if (s.ifExists) return NOTHING
    throw unknownTable(ctx.catalog, s.name, s.at, 'DROP VIEW IF EXISTS does nothing when it is missing')
  }
  if (found.kind === 'table')
    throw new AnalysisError(
      'WRONG_COMMAND_FOR_OBJECT_TYPE',
      { operation: 'DROP VIEW', required: 'view', name: found.table.name, found: 'table' },
      { at: s.at, hint: 'use DROP TABLE' },
    )
  const name = parts.at(-1)!
  if (parts.length === 2 && parts[0]!.toLowerCase() === 'global_temp') ctx.catalog.dropGlobalTempView(name)
  else if (found.view.temporary) ctx.catalog.dropTempView(name)
  else {
    ctx.catalog.dropView(name)
    ctx.catalog.file?.remove('view', name)
  }
  return NOTHING
}
