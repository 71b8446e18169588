import { resolve } from 'node:path'
import { CheckpointError } from '../errors/errors.ts'
import { CatalogFile } from './catalog-file.ts'
import { routineOf } from './function-statements.ts'
import type { StatementContext } from './statement-context.ts'
import { tableOf } from './table-statements.ts'
import { viewOf } from './view-statements.ts'

/** The catalog file of a session: what it defines is in the session's catalog, and follows what others define there. */
export function openCatalog(path: string, ctx: StatementContext): CatalogFile {
  const { catalog } = ctx
  const file = new CatalogFile(resolve(path), (kind, name, definition) => {
    if (definition === null) {
      if (kind === 'table') catalog.dropTable(name)
      else if (kind === 'view') catalog.dropView(name)
      else catalog.dropRoutine(name)
    } else if (definition.kind === 'create_table') catalog.addTable(tableOf(definition, ctx), true)
    else if (definition.kind === 'create_view')
      catalog.addView(viewOf(definition, definition.name.at(-1)!.name), { replace: true, global: false })
    else if (definition.kind === 'create_function') catalog.addRoutine(routineOf(definition), true)
    else throw new CheckpointError('CATALOG_DEFINITION', { path, name })
  })
  file.refresh()
  return file
}
