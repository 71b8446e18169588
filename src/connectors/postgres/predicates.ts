import type { DecodePlan } from '../../formats/decode-plan.ts'
import { type Schema, sameType } from '../../types/data-type.ts'
import { decodeLiteral } from '../../types/literal.ts'
import { comparesAlike, declaredType, toText, typeOfField } from './column-types.ts'
import type { ResultField } from './connection.ts'
import { quoted } from './table-name.ts'

/** Conditions in the server's SQL over the row `q`, with the texts of their parameters from `$first` on. */
export interface ServerConditions {
  readonly sql: readonly string[]
  readonly values: readonly string[]
}

/** Those of a plan's predicates that the server judges as the query does; the query checks them all again. */
export function serverConditions(
  plan: DecodePlan,
  schema: Schema,
  found: readonly ResultField[],
  first: number,
): ServerConditions {
  const sql: string[] = []
  const values: string[] = []
  for (const { column, op, literal } of plan.predicates) {
    const [name] = column
    const field = found.find((f) => f.name === name)
    const type = schema.fields.find((f) => f.name === name)?.type
    if (column.length !== 1 || field === undefined || type === undefined) continue
    if (op === 'isnull' || op === 'isnotnull')
      sql.push(`q.${quoted(field.name)} IS ${op === 'isnull' ? '' : 'NOT '}NULL`)
    else if (sameType(type, typeOfField(field)) && comparesAlike(field, op)) {
      const value = decodeLiteral(literal, type)
      if (value === null) continue
      values.push(toText(type, field.name)(value))
      sql.push(`q.${quoted(field.name)} ${op} $${first + values.length - 1}::${declaredType(type)}`)
    }
  }
  return { sql, values }
}
