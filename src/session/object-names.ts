import { AnalysisError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import { nearestName } from '../errors/suggest.ts'
import { dotted } from '../plan/scope.ts'
import type { Ident } from '../sql/ast.ts'
import type { Catalog, View } from './catalog.ts'
import type { Table } from './table.ts'

/** The only catalog and schema there are. */
export const CATALOG = 'spark_catalog'
export const SCHEMA = 'default'

/** The parts of a name. */
export const partsOf = (name: readonly Ident[]): string[] => name.map((i) => i.name)

/** The error for a table nobody knows, with the nearest name. */
export function unknownTable(
  catalog: Catalog,
  name: readonly Ident[],
  at: Span | undefined,
  hint?: string,
): AnalysisError {
  const near = nearestName(dotted(name), catalog.listTables())
  const nameAt = name[0]?.at && name.at(-1)!.at ? { ...name[0].at, end: name.at(-1)!.at!.end } : at
  return new AnalysisError(
    'TABLE_OR_VIEW_NOT_FOUND',
    { name: dotted(name) },
    { at: nameAt, hint: near === undefined ? hint : `did you mean "${near}"?` },
  )
}

/** The table or view of a name. */
export function requireRelation(
  catalog: Catalog,
  name: readonly Ident[],
  at: Span | undefined,
): { readonly table: Table; readonly view?: undefined } | { readonly view: View; readonly table?: undefined } | null {
  const found = catalog.find(partsOf(name))
  if (found) return found.kind === 'table' ? { table: found.table } : { view: found.view }
  if (catalog.lookup(partsOf(name))) return null
  throw unknownTable(catalog, name, at)
}

/** The table of a name; views are refused by what `operation` needs. */
export function requireTable(catalog: Catalog, name: readonly Ident[], operation: string, at: Span | undefined): Table {
  const found = requireRelation(catalog, name, at)
  if (found?.table) return found.table
  throw new AnalysisError(
    'EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE',
    { operation, name: dotted(name) },
    { at: name[0]?.at ?? at },
  )
}

/** Refuses a qualifier other than the only catalog and schema. */
export function requireDefaultSchema(name: readonly Ident[]): void {
  const [first, second] = name.slice(0, -1)
  const schema = second ?? first
  if (second && first!.name.toLowerCase() !== CATALOG)
    throw new AnalysisError(
      'CATALOG_NOT_FOUND',
      { name: first!.name },
      { at: first!.at, hint: `the only catalog is ${CATALOG}` },
    )
  if (
    schema &&
    !(schema.name.toLowerCase() === SCHEMA || (second === undefined && schema.name.toLowerCase() === CATALOG))
  )
    throw new AnalysisError(
      'SCHEMA_NOT_FOUND',
      { name: schema.name },
      { at: schema.at, hint: `the only schema is ${SCHEMA}` },
    )
}
