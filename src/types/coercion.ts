import { isAtomic, isInterval } from './common-type.ts'
import {
  arrayOf,
  decimal,
  DOUBLE,
  INT,
  isDatetime,
  isIntegral,
  isNumeric,
  mapOf,
  sameType,
  structOf,
  type DataType,
} from './data-type.ts'
import { decimalForType } from './decimal.ts'

export { commonType, commonTypeOf, tightestCommonType } from './common-type.ts'
export { literalDecimal } from './decimal.ts'
export { binaryOperands, datetimeForm, type BinaryOp, type DatetimeForm, type Operands } from './operands.ts'

/** A class of types a parameter may ask for; the same names as in functions/entry.ts. */
export type TypeClass =
  'ANY' | 'NUMERIC' | 'INTEGRAL' | 'DECIMAL' | 'ORDERABLE' | 'ARRAY' | 'MAP' | 'STRUCT' | 'INTERVAL' | 'FUNCTION'
/** What a parameter takes: a type, a class, or a list of those. */
export type TypeSpec = DataType | TypeClass | readonly (DataType | TypeClass)[]
/** Whether values of a type have an order. */
export function isOrderable(t: DataType): boolean {
  switch (t.kind) {
    case 'map':
    case 'interval':
      return false
    case 'array':
      return isOrderable(t.element)
    case 'struct':
      return t.fields.every((f) => isOrderable(f.type))
    default:
      return true
  }
}

const isList = (spec: TypeSpec): spec is readonly (DataType | TypeClass)[] => Array.isArray(spec)

/** Whether a type is of a class, or the type asked for, without any cast. DECIMAL(p,s) types must be equal; arrays, maps and structs in their members too. */
export function accepts(spec: TypeSpec, type: DataType): boolean {
  if (isList(spec)) return spec.some((s) => accepts(s, type))
  if (typeof spec !== 'string') return sameType(spec, type)
  switch (spec) {
    case 'ANY':
    case 'FUNCTION':
      return true
    case 'NUMERIC':
      return isNumeric(type)
    case 'INTEGRAL':
      return isIntegral(type)
    case 'DECIMAL':
      return type.kind === 'decimal'
    case 'ORDERABLE':
      return isOrderable(type)
    case 'ARRAY':
      return type.kind === 'array'
    case 'MAP':
      return type.kind === 'map'
    case 'STRUCT':
      return type.kind === 'struct'
    case 'INTERVAL':
      return isInterval(type) || type.kind === 'interval'
  }
}

/** The type a NULL literal takes for a parameter. */
function defaultOf(spec: DataType | TypeClass): DataType {
  if (typeof spec !== 'string') return spec
  switch (spec) {
    case 'NUMERIC':
      return DOUBLE
    case 'INTEGRAL':
      return INT
    case 'DECIMAL':
      return decimal(38, 18)
    case 'ARRAY':
      return arrayOf({ kind: 'void' })
    case 'MAP':
      return mapOf({ kind: 'void' }, { kind: 'void' })
    case 'STRUCT':
      return structOf([])
    case 'INTERVAL':
      return { kind: 'interval' }
    default:
      return { kind: 'void' }
  }
}

/**
 * The type an argument is cast to for a parameter, its own type when it fits as it is, or null when the implicit
 * casts of the mode do not reach. In a list the first that fits without a cast counts, else (ANSI) the one that casts to
 * all others that can be reached, else (legacy) the first.
 */
export function implicitCast(from: DataType, to: TypeSpec, ansi: boolean): DataType | null {
  if (accepts(to, from)) return from
  if (isList(to)) {
    const reachable = to.flatMap((s) => implicitCast(from, s, ansi) ?? [])
    if (!ansi || reachable.length < 2) return reachable[0] ?? null
    const closest = reachable.find((t) => reachable.every((u) => implicitCast(t, u, true) !== null)) ?? null
    return closest?.kind === 'float' && reachable.some((t) => t.kind === 'double') ? DOUBLE : closest
  }
  if (from.kind === 'void') return defaultOf(to)
  if (to === 'DECIMAL') return isNumeric(from) ? decimalForType(from) : from.kind === 'string' ? decimal(38, 18) : null
  if (to === 'NUMERIC') return from.kind === 'string' ? DOUBLE : null
  if (typeof to === 'string') return null
  if (isContainer(to)) return intoContainer(from, to, ansi)
  return ansi ? ansiCast(from, to) : legacyCast(from, to)
}

const isContainer = (t: DataType): boolean => t.kind === 'array' || t.kind === 'map' || t.kind === 'struct'

/** ANSI: strings to any atomic type, numbers and datetimes among themselves, anything atomic to a string. */
function ansiCast(from: DataType, to: DataType): DataType | null {
  if (from.kind === 'string') return isAtomic(to) ? to : null
  if (isNumeric(from) && isNumeric(to)) return to
  if (isDatetime(from) && isDatetime(to)) return to
  if (to.kind === 'string') return isAtomic(from) || from.kind === 'interval' ? to : null
  return from.kind === to.kind && isInterval(from) ? to : null
}

function legacyCast(from: DataType, to: DataType): DataType | null {
  if (isNumeric(from) && isNumeric(to)) return to
  if (isDatetime(from) && isDatetime(to)) return to
  if (from.kind === 'string') return isNumeric(to) || isDatetime(to) || to.kind === 'binary' ? to : null
  return to.kind === 'string' && isAtomic(from) ? to : null
}

function intoContainer(from: DataType, to: DataType, ansi: boolean): DataType | null {
  const part = (f: DataType, t: DataType): boolean => implicitCast(f, t, ansi) !== null
  if (from.kind === 'array' && to.kind === 'array')
    return part(from.element, to.element) && (to.containsNull || !from.containsNull) ? to : null
  if (from.kind === 'map' && to.kind === 'map')
    return part(from.key, to.key) && part(from.value, to.value) && (to.valueContainsNull || !from.valueContainsNull)
      ? to
      : null
  if (from.kind === 'struct' && to.kind === 'struct')
    return from.fields.length === to.fields.length && from.fields.every((f, i) => part(f.type, to.fields[i]!.type))
      ? to
      : null
  return null
}
