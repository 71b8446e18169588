import { inferSchema, rowFromJs } from '../columns/row.ts'
import { Column } from '../dataframe/column.ts'
import type { AstExpr, AstParameter } from '../sql/ast.ts'
import { BIGINT, DOUBLE, INT, VOID, type DataType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { ParameterValues } from './bind.ts'

/** Values for `:name` (a record) or `?` (an array) of `session.sql(text, params)`. */
export type SqlParams = readonly unknown[] | Readonly<Record<string, unknown>>

/**
 * Parameters from values of a program: whole numbers are INT or BIGINT, other numbers DOUBLE, the rest as
 * `createDataFrame` infers it; a Column stands for its expression. Names are matched exactly.
 */
export function valuesOf(params: SqlParams | undefined, timeZone: string): ParameterValues {
  if (params === undefined) return () => undefined
  return (parameter) => {
    const [known, value] = find(params, parameter)
    if (!known) return undefined
    if (value instanceof Column) return value.expr
    return boundParameter(parameter, typed(value, timeZone))
  }
}

/** The parameter with its value. */
export const boundParameter = (
  parameter: AstParameter,
  bound: { readonly value: Value; readonly type: DataType },
): AstExpr => ({ ...parameter, bound })

function find(params: SqlParams, p: AstParameter): readonly [known: boolean, value?: unknown] {
  if (Array.isArray(params)) {
    const list: readonly unknown[] = params
    return p.index !== undefined && p.index < list.length ? [true, list[p.index]] : [false]
  }
  if (p.name === undefined || !Object.hasOwn(params, p.name)) return [false]
  return [true, (params as Readonly<Record<string, unknown>>)[p.name]]
}

function typed(value: unknown, timeZone: string): { readonly value: Value; readonly type: DataType } {
  if (value === null || value === undefined) return { value: null, type: VOID }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) return { value, type: DOUBLE }
    return value === (value | 0) ? { value, type: INT } : { value: BigInt(value), type: BIGINT }
  }
  const schema = inferSchema([{ value }])
  return { value: rowFromJs(schema, { value }, timeZone)[0]!, type: schema.fields[0]!.type }
}
