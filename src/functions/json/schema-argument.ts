import { AnalysisError, ParseError } from '../../errors/errors.ts'
import { parseSchema, parseType } from '../../types/ddl.ts'
import { structOf, typeName, type DataType } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'

/** The type with every part nullable: what comes from outside may lack anything. */
function asNullable(type: DataType): DataType {
  switch (type.kind) {
    case 'array':
      return { ...type, element: asNullable(type.element), containsNull: true }
    case 'map':
      return { ...type, key: asNullable(type.key), value: asNullable(type.value), valueContainsNull: true }
    case 'struct':
      return structOf(type.fields.map((f) => ({ ...f, type: asNullable(f.type), nullable: true })))
    default:
      return type
  }
}

/**
 * The type a schema argument names: a type (`ARRAY<INT>`) or a list of columns (`a INT, b STRING`). Raises
 * INVALID_SCHEMA.NON_STRING_LITERAL when it is no constant string, and the errors of the DDL reader.
 */
export function schemaArgument(type: DataType, constant: Value | undefined): DataType {
  if (typeof constant !== 'string')
    throw new AnalysisError('INVALID_SCHEMA.NON_STRING_LITERAL', { actual: typeName(type) })
  let fault: unknown
  try {
    return asNullable(parseType(constant))
  } catch (e) {
    if (!(e instanceof ParseError) && !(e instanceof AnalysisError)) throw e
    fault = e
  }
  try {
    return asNullable(structOf(parseSchema(constant).fields))
  } catch (e) {
    if (!(e instanceof ParseError) && !(e instanceof AnalysisError)) throw e
    // What is neither is told as what it fails to be as a type; a second word is no part of one.
    const second = /^\s*\w+\s+(\w+)/.exec(constant)?.[1]
    if (second !== undefined) throw new ParseError('PARSE_SYNTAX_ERROR', { found: `"${second}"` }, { cause: fault })
    throw fault
  }
}
