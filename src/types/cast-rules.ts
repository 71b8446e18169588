import { AnalysisError, type ErrorExtras } from '../errors/errors.ts'
import { isIntegral, isNumeric, typeName, type DataType } from './data-type.ts'

/** `ansi`: bad input raises; `legacy`: it gives NULL or wraps; `try`: it gives NULL. */
export type CastMode = 'ansi' | 'legacy' | 'try'

const isExact = (t: DataType): boolean => isIntegral(t) || t.kind === 'decimal'

/** Whether CAST (`ansi`, `legacy`) or TRY_CAST (`try`, the rules of ANSI) exists between two types. */
export function canCast(from: DataType, to: DataType, mode: CastMode): boolean {
  const ansi = mode !== 'legacy'
  if (from.kind === 'void' || to.kind === 'string') return true
  switch (to.kind) {
    case 'boolean':
      return (
        from.kind === 'boolean' ||
        from.kind === 'string' ||
        isNumeric(from) ||
        (!ansi && (from.kind === 'date' || from.kind === 'timestamp'))
      )
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
    case 'decimal':
      if (from.kind === 'interval_dt' || from.kind === 'interval_ym') return true
      return isNumberSource(from, ansi)
    case 'float':
    case 'double':
      return isNumberSource(from, ansi)
    case 'binary':
      return from.kind === 'binary' || from.kind === 'string' || (!ansi && isIntegral(from))
    case 'date':
      return (
        from.kind === 'date' || from.kind === 'string' || from.kind === 'timestamp' || from.kind === 'timestamp_ntz'
      )
    case 'timestamp':
      if (from.kind === 'boolean') return !ansi
      return (
        from.kind === 'string' ||
        from.kind === 'date' ||
        from.kind === 'timestamp' ||
        from.kind === 'timestamp_ntz' ||
        isNumeric(from)
      )
    case 'timestamp_ntz':
      return (
        from.kind === 'string' || from.kind === 'date' || from.kind === 'timestamp' || from.kind === 'timestamp_ntz'
      )
    case 'interval':
      return from.kind === 'interval' || from.kind === 'string'
    case 'interval_dt':
      return from.kind === 'interval_dt' || from.kind === 'string' || isExact(from)
    case 'interval_ym':
      return from.kind === 'interval_ym' || from.kind === 'string' || isExact(from)
    case 'void':
      return false
    case 'array':
      return (
        from.kind === 'array' &&
        canCast(from.element, to.element, mode) &&
        nullsFit(from.element, to.element, from.containsNull, to.containsNull, mode)
      )
    case 'map':
      return (
        from.kind === 'map' &&
        canCast(from.key, to.key, mode) &&
        !makesNull(from.key, to.key, mode) &&
        canCast(from.value, to.value, mode) &&
        nullsFit(from.value, to.value, from.valueContainsNull, to.valueContainsNull, mode)
      )
    case 'struct':
      return (
        from.kind === 'struct' &&
        from.fields.length === to.fields.length &&
        from.fields.every((f, i) => {
          const target = to.fields[i]!
          return canCast(f.type, target.type, mode) && nullsFit(f.type, target.type, f.nullable, target.nullable, mode)
        })
      )
  }
}

const isNumberSource = (from: DataType, ansi: boolean): boolean =>
  isNumeric(from) ||
  from.kind === 'string' ||
  from.kind === 'boolean' ||
  from.kind === 'timestamp' ||
  (!ansi && from.kind === 'date')

/** A cast that may give NULL does not fit where the target says NOT NULL. */
function nullsFit(from: DataType, to: DataType, fromNullable: boolean, toNullable: boolean, mode: CastMode): boolean {
  return toNullable || (!fromNullable && !makesNull(from, to, mode))
}

/** Whether a cast of a non-NULL value can give NULL. In ANSI mode only where the type itself says so. */
function makesNull(from: DataType, to: DataType, mode: CastMode): boolean {
  // The element of an empty array or map: there is no value to cast (a NULL element shows as containsNull).
  if (from.kind === 'void') return false
  if (mode === 'ansi') return false
  if (from.kind === to.kind && from.kind !== 'decimal') return false
  if (to.kind === 'string' || to.kind === 'binary') return false
  if (from.kind === 'string') return true
  if (to.kind === 'decimal') {
    const whole = to.precision - to.scale
    if (from.kind === 'decimal') return whole < from.precision - from.scale
    const digits = { boolean: 1, tinyint: 3, smallint: 5, int: 10, bigint: 20 }[from.kind as string]
    return digits === undefined || whole < digits
  }
  if (mode === 'try')
    return !(isNumeric(from) && (to.kind === 'double' || to.kind === 'float' || to.kind === 'boolean'))
  if (to.kind === 'timestamp') return from.kind === 'float' || from.kind === 'double'
  return to.kind === 'date'
    ? from.kind !== 'timestamp' && from.kind !== 'timestamp_ntz'
    : from.kind === 'date' && isNumeric(to)
}

/** The error for a cast that does not exist, with what to do instead. */
export function castError(from: DataType, to: DataType, mode: CastMode, extras: ErrorExtras = {}): AnalysisError {
  const params = { from: typeName(from), to: typeName(to) }
  const make = (code: 'FUNC' | 'CONF', hint: string): AnalysisError =>
    new AnalysisError(`DATATYPE_MISMATCH.CAST_WITH_${code}_SUGGESTION`, params, {
      ...extras,
      hint: extras.hint ?? hint,
    })
  if (mode !== 'legacy') {
    if (isNumeric(from) && to.kind === 'timestamp') return make('FUNC', 'use timestamp_seconds')
    if (isNumeric(from) && to.kind === 'date') return make('FUNC', 'use date_from_unix_date')
    if (from.kind === 'timestamp' && isNumeric(to)) return make('FUNC', 'use unix_seconds')
    if (from.kind === 'date' && isNumeric(to)) return make('FUNC', 'use unix_date')
  }
  if (mode === 'ansi' && canCast(from, to, 'legacy'))
    return make('CONF', 'set spark.sql.ansi.enabled to false to allow it')
  return new AnalysisError('DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION', params, extras)
}
