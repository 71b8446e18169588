/**
 * SQL types as plain frozen data, so that a type survives JSON unchanged (a PipelineSpec and a
 * checkpoint both hold types). Compare with `sameType`, print with `typeName` (Spark's catalog string).
 */

/** Types without parameters. */
export type AtomicKind =
  | 'boolean'
  | 'tinyint'
  | 'smallint'
  | 'int'
  | 'bigint'
  | 'float'
  | 'double'
  | 'string'
  | 'binary'
  | 'date'
  | 'timestamp'
  | 'timestamp_ntz'
  | 'interval'
  | 'void'

/** Day-time interval units, coarse to fine. */
export type DayTimeUnit = 'day' | 'hour' | 'minute' | 'second'
/** Year-month interval units, coarse to fine. */
export type YearMonthUnit = 'year' | 'month'

export type AtomicType = { readonly kind: AtomicKind }
export type DecimalType = { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
/** Day-time interval: a count of microseconds. */
export type DayTimeIntervalType = {
  readonly kind: 'interval_dt'
  readonly start: DayTimeUnit
  readonly end: DayTimeUnit
}
/** Year-month interval: a count of months. */
export type YearMonthIntervalType = {
  readonly kind: 'interval_ym'
  readonly start: YearMonthUnit
  readonly end: YearMonthUnit
}
export type ArrayType = { readonly kind: 'array'; readonly element: DataType; readonly containsNull: boolean }
export type MapType = {
  readonly kind: 'map'
  readonly key: DataType
  readonly value: DataType
  readonly valueContainsNull: boolean
}
export type StructType = { readonly kind: 'struct'; readonly fields: readonly Field[] }

/** Every SQL type millrace knows. */
export type DataType =
  AtomicType | DecimalType | DayTimeIntervalType | YearMonthIntervalType | ArrayType | MapType | StructType

export type TypeKind = DataType['kind']

/** A named column or struct member. */
export interface Field {
  readonly name: string
  readonly type: DataType
  readonly nullable: boolean
}

/** The columns of a table or batch, in order. */
export interface Schema {
  readonly fields: readonly Field[]
}

const atomic = <K extends AtomicKind>(kind: K): { readonly kind: K } => Object.freeze({ kind })

export const BOOLEAN = atomic('boolean')
export const TINYINT = atomic('tinyint')
export const SMALLINT = atomic('smallint')
export const INT = atomic('int')
export const BIGINT = atomic('bigint')
export const FLOAT = atomic('float')
export const DOUBLE = atomic('double')
export const STRING = atomic('string')
export const BINARY = atomic('binary')
export const DATE = atomic('date')
export const TIMESTAMP = atomic('timestamp')
export const TIMESTAMP_NTZ = atomic('timestamp_ntz')
/** The legacy calendar interval: months, days and microseconds. */
export const CALENDAR_INTERVAL = atomic('interval')
/** The type of an untyped NULL. */
export const VOID = atomic('void')

/** `DECIMAL(precision, scale)`; precision 1–38, scale 0–precision. */
export const decimal = (precision: number, scale: number): DecimalType => ({ kind: 'decimal', precision, scale })
export const arrayOf = (element: DataType, containsNull = true): ArrayType => ({ kind: 'array', element, containsNull })
export const mapOf = (key: DataType, value: DataType, valueContainsNull = true): MapType => ({
  kind: 'map',
  key,
  value,
  valueContainsNull,
})
export const structOf = (fields: readonly Field[]): StructType => ({ kind: 'struct', fields })
export const field = (name: string, type: DataType, nullable = true): Field => ({ name, type, nullable })
export const dayTimeInterval = (start: DayTimeUnit = 'day', end: DayTimeUnit = 'second'): DayTimeIntervalType => ({
  kind: 'interval_dt',
  start,
  end,
})
export const yearMonthInterval = (
  start: YearMonthUnit = 'year',
  end: YearMonthUnit = 'month',
): YearMonthIntervalType => ({
  kind: 'interval_ym',
  start,
  end,
})
export const schemaOf = (...fields: readonly Field[]): Schema => ({ fields })

/** Equal types, ignoring whether parts may be NULL; struct member names count, without regard to case. */
export function sameType(a: DataType, b: DataType): boolean {
  if (a.kind !== b.kind) return false
  switch (a.kind) {
    case 'decimal': {
      const d = b as DecimalType
      return a.precision === d.precision && a.scale === d.scale
    }
    case 'interval_dt':
    case 'interval_ym': {
      const i = b as DayTimeIntervalType | YearMonthIntervalType
      return a.start === i.start && a.end === i.end
    }
    case 'array':
      return sameType(a.element, (b as ArrayType).element)
    case 'map':
      return sameType(a.key, (b as MapType).key) && sameType(a.value, (b as MapType).value)
    case 'struct': {
      const s = b as StructType
      return (
        a.fields.length === s.fields.length &&
        a.fields.every((f, i) => {
          const g = s.fields[i]
          return g !== undefined && f.name.toLowerCase() === g.name.toLowerCase() && sameType(f.type, g.type)
        })
      )
    }
    default:
      return true
  }
}

/** Spark's catalog string: `decimal(10,2)`, `array<int>`, `struct<a:int>`, `interval day to second`. */
export function typeName(type: DataType): string {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'interval_dt':
    case 'interval_ym':
      return type.start === type.end ? `interval ${type.start}` : `interval ${type.start} to ${type.end}`
    case 'array':
      return `array<${typeName(type.element)}>`
    case 'map':
      return `map<${typeName(type.key)},${typeName(type.value)}>`
    case 'struct':
      return `struct<${type.fields.map((f) => `${f.name}:${typeName(f.type)}`).join(',')}>`
    default:
      return type.kind
  }
}

/** True for TINYINT … BIGINT. */
export const isIntegral = (t: DataType): boolean =>
  t.kind === 'tinyint' || t.kind === 'smallint' || t.kind === 'int' || t.kind === 'bigint'
/** True for integral types, FLOAT, DOUBLE and DECIMAL. */
export const isNumeric = (t: DataType): boolean =>
  isIntegral(t) || t.kind === 'float' || t.kind === 'double' || t.kind === 'decimal'
/** True for DATE, TIMESTAMP and TIMESTAMP_NTZ. */
export const isDatetime = (t: DataType): boolean =>
  t.kind === 'date' || t.kind === 'timestamp' || t.kind === 'timestamp_ntz'
