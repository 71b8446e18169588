import {
  arrayOf,
  BIGINT,
  dayTimeInterval,
  DOUBLE,
  isDatetime,
  isIntegral,
  isNumeric,
  mapOf,
  sameType,
  STRING,
  structOf,
  TIMESTAMP,
  yearMonthInterval,
  type DataType,
  type DecimalType,
  type YearMonthUnit,
} from './data-type.ts'
import { decimalForType, holdsDecimal, widerDecimal } from './decimal.ts'
import { DAY_TIME_UNITS } from './intervals.ts'

type Widen = (a: DataType, b: DataType) => DataType | null

const NUMERIC_ORDER = ['tinyint', 'smallint', 'int', 'bigint', 'float', 'double']

/** Types without parts; neither VOID nor the calendar interval counts. */
export const isAtomic = (t: DataType): boolean =>
  t.kind !== 'array' && t.kind !== 'map' && t.kind !== 'struct' && t.kind !== 'void' && t.kind !== 'interval'
/** True for day-time and year-month intervals. */
export const isInterval = (t: DataType): boolean => t.kind === 'interval_dt' || t.kind === 'interval_ym'
/** True for FLOAT and DOUBLE. */
export const isFloating = (t: DataType): boolean => t.kind === 'float' || t.kind === 'double'

/** The common type without reading or making strings and without loss: numbers, dates, intervals of one family, NULL. */
export function tightestCommonType(a: DataType, b: DataType, ansi: boolean): DataType | null {
  if (sameType(a, b)) return mergeNulls(a, b)
  if (a.kind === 'void') return b
  if (b.kind === 'void') return a
  if (isNumeric(a) && isNumeric(b)) {
    if (a.kind === 'decimal' || b.kind === 'decimal') {
      const [dec, other] = a.kind === 'decimal' ? [a, b] : [b as DecimalType, a]
      return isIntegral(other) && holdsDecimal(dec, decimalForType(other)!) ? dec : null
    }
    const wider = NUMERIC_ORDER.indexOf(a.kind) > NUMERIC_ORDER.indexOf(b.kind) ? a : b
    // An integer next to FLOAT loses digits, so ANSI goes on to DOUBLE.
    return ansi && wider.kind === 'float' ? DOUBLE : wider
  }
  if (isDatetime(a) && isDatetime(b)) {
    if (a.kind === 'date') return b
    return b.kind === 'date' ? a : TIMESTAMP
  }
  if (a.kind === 'interval_dt' && b.kind === 'interval_dt') {
    const at = (u: (typeof a)['start']): number => DAY_TIME_UNITS.indexOf(u)
    return dayTimeInterval(
      DAY_TIME_UNITS[Math.min(at(a.start), at(b.start))],
      DAY_TIME_UNITS[Math.max(at(a.end), at(b.end))],
    )
  }
  if (a.kind === 'interval_ym' && b.kind === 'interval_ym') {
    const start: YearMonthUnit = a.start === 'year' || b.start === 'year' ? 'year' : 'month'
    return yearMonthInterval(start, a.end === 'month' || b.end === 'month' ? 'month' : 'year')
  }
  return inside(a, b, (x, y) => tightestCommonType(x, y, ansi))
}

/** Text that would be read as another type may give NULL, which no key may be. */
const readsText = (a: DataType, b: DataType): boolean =>
  (a.kind === 'string') !== (b.kind === 'string') &&
  isAtomic(a) &&
  isAtomic(b) &&
  a.kind !== 'binary' &&
  b.kind !== 'binary'

/** Arrays, maps and structs member by member. Struct members pair by position and need one name. */
function inside(a: DataType, b: DataType, widen: Widen): DataType | null {
  if (a.kind === 'array' && b.kind === 'array') {
    const element = widen(a.element, b.element)
    return element && arrayOf(element, a.containsNull || b.containsNull)
  }
  if (a.kind === 'map' && b.kind === 'map') {
    const key = readsText(a.key, b.key) ? null : widen(a.key, b.key)
    const value = widen(a.value, b.value)
    return key && value && mapOf(key, value, a.valueContainsNull || b.valueContainsNull)
  }
  if (a.kind === 'struct' && b.kind === 'struct') {
    if (a.fields.length !== b.fields.length) return null
    const fields = []
    for (const [i, f] of a.fields.entries()) {
      const g = b.fields[i]!
      const type = f.name.toLowerCase() === g.name.toLowerCase() ? widen(f.type, g.type) : null
      if (!type) return null
      fields.push({ name: f.name, type, nullable: f.nullable || g.nullable })
    }
    return structOf(fields)
  }
  return null
}

/** Two equal types, with a part nullable where it is in either. */
function mergeNulls(a: DataType, b: DataType): DataType {
  if (isAtomic(a) || a === b) return a
  return inside(a, b, mergeNulls) ?? a
}

/** DECIMAL with DECIMAL or an integer: the DECIMAL that holds both; with FLOAT or DOUBLE: DOUBLE. */
function withDecimal(a: DataType, b: DataType): DataType | null {
  if (a.kind !== 'decimal' && b.kind !== 'decimal') return null
  if (!isNumeric(a) || !isNumeric(b)) return null
  if (isFloating(a) || isFloating(b)) return DOUBLE
  return widerDecimal(decimalForType(a)!, decimalForType(b)!)
}

/** What ANSI reads a string as next to a value of type `other`; null when that is undecided. */
function stringNextTo(other: DataType): DataType | null {
  if (isIntegral(other)) return BIGINT
  if (isNumeric(other)) return DOUBLE
  if (other.kind === 'void') return STRING
  return isAtomic(other) && !isInterval(other) && other.kind !== 'string' ? other : null
}

/** The type two operands get under ANSI because just one of them is a string; null when that is undecided. */
export function ansiString(a: DataType, b: DataType): DataType | null {
  if (a.kind === 'string' && b.kind !== 'string') return stringNextTo(b)
  return b.kind === 'string' && a.kind !== 'string' ? stringNextTo(a) : null
}

/** Without ANSI everything but BOOLEAN and BINARY becomes a string next to one. */
function legacyString(a: DataType, b: DataType): DataType | null {
  const fits = (t: DataType): boolean => isAtomic(t) && t.kind !== 'binary' && t.kind !== 'boolean'
  return (a.kind === 'string' && fits(b)) || (b.kind === 'string' && fits(a)) ? STRING : null
}

/**
 * The one type for values of both: CASE, IF, COALESCE, IN, UNION, array(), map(), greatest. Null when there is
 * none. Fold it over more than two with `commonTypeOf`.
 */
export function commonType(a: DataType, b: DataType, ansi: boolean): DataType | null {
  return (
    tightestCommonType(a, b, ansi) ??
    withDecimal(a, b) ??
    (ansi ? ansiString(a, b) : legacyString(a, b)) ??
    inside(a, b, (x, y) => commonType(x, y, ansi))
  )
}

/** `commonType` over a list; strings go first without ANSI so that the order of the others does not count. Null when there is none; VOID for an empty list. */
export function commonTypeOf(types: readonly DataType[], ansi: boolean): DataType | null {
  const hasString = types.some((t) => t.kind === 'string')
  const ordered = hasString
    ? [...types.filter((t) => t.kind === 'string'), ...types.filter((t) => t.kind !== 'string')]
    : types
  let common: DataType | null = { kind: 'void' }
  for (const t of ordered) {
    common = commonType(common, t, ansi)
    if (common === null) return null
  }
  return common
}
