import { jsMaker, rowFromJs, rowMaker } from '../../columns/row.ts'
import type { Schema } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'

/** True when a table is one column `value`: closures then see and give the bare value in place of a row object. */
export const isBare = (schema: Schema): boolean => schema.fields.length === 1 && schema.fields[0]!.name === 'value'

/** What a closure sees of a row: an object by column name, or the value of a single column `value`. */
export function elementMaker(schema: Schema): (values: readonly Value[]) => unknown {
  if (!isBare(schema)) return rowMaker(schema)
  const make = jsMaker(schema.fields[0]!.type)
  return ([v]) => (v === null ? null : make(v!))
}

/**
 * The row a closure's result stands for: an object by column name or an array in column order; for a single column
 * `value` the bare value, also as `{ value }`.
 */
export function resultTaker(schema: Schema, timeZone: string): (js: unknown) => Value[] {
  if (!isBare(schema)) return (js) => rowFromJs(schema, js, timeZone)
  const { kind } = schema.fields[0]!.type
  const boxed = kind !== 'struct' && kind !== 'map'
  return (js) => {
    const named = boxed && typeof js === 'object' && js !== null && !Array.isArray(js) && Object.hasOwn(js, 'value')
    return rowFromJs(schema, named ? js : [js], timeZone)
  }
}
