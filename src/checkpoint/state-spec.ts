import { CheckpointError } from '../errors/errors.ts'
import { type DataType, sameType, typeName } from '../types/data-type.ts'
import type { Json } from '../types/json.ts'

interface Column {
  readonly name: string
  readonly type: DataType
}

/**
 * Throws unless a table written with the spec `before` can be read as `after`: as many keys and values of the same
 * types, in order, and windowed alike. Names and nullability may differ. Specs are the plain JSON of a StateTableSpec.
 */
export function checkSpec(table: string, before: Json, after: Json): void {
  const keysBefore = columnsOf(before, 'keys')
  const keysAfter = columnsOf(after, 'keys')
  const hint = 'a query with another state needs a new checkpoint location'
  if (!sameColumns(keysBefore, keysAfter) || paned(before) !== paned(after))
    throw new CheckpointError(
      'STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE',
      { table, before: text(keysBefore, paned(before)), after: text(keysAfter, paned(after)) },
      { hint },
    )
  const valuesBefore = columnsOf(before, 'values')
  const valuesAfter = columnsOf(after, 'values')
  if (!sameColumns(valuesBefore, valuesAfter))
    throw new CheckpointError(
      'STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE',
      { table, before: text(valuesBefore, false), after: text(valuesAfter, false) },
      { hint },
    )
}

function member(spec: Json, name: string): Json {
  return spec !== null && typeof spec === 'object' && !Array.isArray(spec)
    ? ((spec as { readonly [key: string]: Json })[name] ?? null)
    : null
}

const columnsOf = (spec: Json, part: string): readonly Column[] =>
  (member(spec, part) ?? []) as unknown as readonly Column[]

const paned = (spec: Json): boolean => member(spec, 'paned') === true

const sameColumns = (a: readonly Column[], b: readonly Column[]): boolean =>
  a.length === b.length && a.every((c, i) => sameType(c.type, b[i]!.type))

function text(columns: readonly Column[], withPane: boolean): string {
  const list = columns.map((c) => `${c.name} ${typeName(c.type)}`).join(', ')
  return `(${list})${withPane ? ' by window' : ''}`
}
