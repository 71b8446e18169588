import type { SchemaInput, StandardSchema } from '../columns/typed-row.ts'
import { resultSchema } from '../functions/user/definition.ts'
import type { Schema } from '../types/data-type.ts'
import { parseSchema } from '../types/ddl.ts'
import { standardColumns } from './standard-schema.ts'

/** Options of closures. */
export interface ClosureOptions {
  /** Changes when the meaning of the function changes: a query with state above it is not continued with another version. */
  readonly version?: string | number
}

const isStandard = (schema: object): schema is StandardSchema => '~standard' in schema

/** The columns of a table given as DDL, as a Schema, or by a Standard Schema object. */
export function tableColumns(schema: SchemaInput): Schema {
  if (typeof schema === 'string') return parseSchema(schema)
  return isStandard(schema) ? standardColumns(schema) : (schema as Schema)
}

/** The columns of a state; those of one type are a column `value`. */
export const stateColumns = (schema: SchemaInput): Schema =>
  typeof schema === 'string' ? resultSchema(schema) : tableColumns(schema)

/** The columns of a closure's results; DDL of one type is a column `value`. null: not given. */
export const resultColumns = (schema: SchemaInput | undefined): Schema | null =>
  schema === undefined ? null : stateColumns(schema)

/** The column `key` of a declared type; several columns make a struct. null: not given. */
export function keyColumn(type: SchemaInput | undefined): Schema | null {
  const columns = resultColumns(type)
  if (columns === null) return null
  const only = columns.fields[0]
  const bare = columns.fields.length === 1 && only!.name === 'value'
  return {
    fields: [{ name: 'key', type: bare ? only!.type : { kind: 'struct', fields: columns.fields }, nullable: true }],
  }
}
