import { AnalysisError } from '../../errors/errors.ts'
import { implicitCast, isOrderable } from '../../types/coercion.ts'
import {
  arrayOf,
  INT,
  mapOf,
  typeName,
  VOID,
  type ArrayType,
  type DataType,
  type MapType,
} from '../../types/data-type.ts'
import { unexpectedType } from '../faults.ts'

/** The array an argument is: an untyped NULL stands for an array of VOID. Refuses what is no array. */
export function arrayArgument(fn: string, position: number, type: DataType): ArrayType {
  if (type.kind === 'array') return type
  if (type.kind === 'void') return arrayOf(VOID)
  return unexpectedType(fn, position, 'an array', type)
}

/** The array an argument is; an untyped NULL is refused as well. */
export function typedArrayArgument(fn: string, position: number, type: DataType): ArrayType {
  return type.kind === 'array' ? type : unexpectedType(fn, position, 'an array', type)
}

/** The map an argument is: an untyped NULL stands for a map of VOID. Refuses what is no map. */
export function mapArgument(fn: string, position: number, type: DataType): MapType {
  if (type.kind === 'map') return type
  if (type.kind === 'void') return mapOf(VOID, VOID)
  return unexpectedType(fn, position, 'a map', type)
}

/** `wanted`, when an argument of type `actual` may stand for it without an explicit cast; refuses it otherwise. */
export function castArgument(
  fn: string,
  position: number,
  actual: DataType,
  wanted: DataType,
  ansi: boolean,
): DataType {
  return implicitCast(actual, wanted, ansi) ?? unexpectedType(fn, position, typeName(wanted), actual)
}

/** INT for an argument that counts elements; only integers that INT holds stand for it. */
export function indexArgument(fn: string, position: number, actual: DataType): DataType {
  return ['int', 'smallint', 'tinyint'].includes(actual.kind) ? INT : unexpectedType(fn, position, 'INT', actual)
}

/** Refuses a type that cannot be the key of a map. */
export function refuseMapKey(key: DataType): void {
  if (holdsMap(key)) throw new AnalysisError('DATATYPE_MISMATCH.INVALID_MAP_KEY_TYPE', { actual: typeName(key) })
}

/** True for a map and for what contains one. */
export function holdsMap(type: DataType): boolean {
  switch (type.kind) {
    case 'map':
      return true
    case 'array':
      return holdsMap(type.element)
    case 'struct':
      return type.fields.some((f) => holdsMap(f.type))
    default:
      return false
  }
}

/** Refuses a type that cannot be sorted or compared (a map, a calendar interval, or what contains one). */
export function requireOrder(fn: string, type: DataType): void {
  if (!isOrderable(type))
    throw new AnalysisError('DATATYPE_MISMATCH.INVALID_ORDERING_TYPE', { function: fn, actual: typeName(type) })
}

/** The message of a pair of collection types that do not fit. */
export function pairMismatch(
  code:
    | 'DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES'
    | 'DATATYPE_MISMATCH.BINARY_ARRAY_DIFF_TYPES'
    | 'DATATYPE_MISMATCH.MAP_FUNCTION_DIFF_TYPES'
    | 'DATATYPE_MISMATCH.MAP_ZIP_WITH_DIFF_TYPES',
  fn: string,
  left: DataType,
  right: DataType,
): never {
  throw new AnalysisError(code, { function: fn, left: typeName(left), right: typeName(right) })
}
