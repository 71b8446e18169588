import { ExecutionError, MillraceError } from '../errors/errors.ts'
import { nearestName } from '../errors/suggest.ts'
import { commonType } from '../types/coercion.ts'
import {
  arrayOf,
  BIGINT,
  BINARY,
  BOOLEAN,
  DOUBLE,
  field,
  mapOf,
  STRING,
  structOf,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  typeName,
  VOID,
  type DataType,
  type Field,
  type Schema,
} from '../types/data-type.ts'
import { decimalFromNumber, decimalInType, parseDecimal } from '../types/decimal.ts'
import { parseCalendarInterval, parseDayTimeInterval, parseYearMonthInterval } from '../types/intervals.ts'
import { parseDate, parseTimestamp, parseTimestampNtz, zoneOf } from '../types/time.ts'
import { CalendarInterval, MapValue, type Value } from '../types/value.ts'
import { LocalTimestamp, Timestamp } from './timestamp.ts'

const INT_LIMITS: Readonly<Record<string, number>> = { tinyint: 127, smallint: 32767, int: 2147483647 }
const INT64_MAX = (1n << 63n) - 1n

/**
 * The value of `type` that a JavaScript value stands for; null and undefined are NULL. Takes the forms of Row and their
 * JSON forms:
 *
 *   integers          numbers without fraction, bigint; BIGINT also digits as a string
 *   FLOAT DOUBLE      numbers, bigint, the strings NaN, Infinity, -Infinity
 *   DECIMAL           strings, numbers, bigint; further digits are rounded half up
 *   DATE              `YYYY-MM-DD`, a Date (its UTC day)
 *   TIMESTAMP         a Date, text of a timestamp (without a zone: in `timeZone`), bigint microseconds
 *   TIMESTAMP_NTZ     a LocalTimestamp or Date (its UTC clock), text of a timestamp, bigint microseconds
 *   BINARY            Uint8Array, ArrayBuffer
 *   intervals         their SQL text; day-time: bigint microseconds; year-month: number of months
 *   ARRAY MAP STRUCT  an array; a Map or object; an object or an array of the members in order
 *
 * Anything else raises CANNOT_ACCEPT_OBJECT_IN_TYPE, which names the column by `column`.
 */
export function valueFromJs(js: unknown, type: DataType, timeZone: string, column = 'value'): Value {
  if (js === null || js === undefined) return null
  const refuse = (hint?: string): never => {
    throw new ExecutionError(
      'CANNOT_ACCEPT_OBJECT_IN_TYPE',
      { column, type: typeName(type).toUpperCase(), value: shown(js) },
      { hint },
    )
  }
  switch (type.kind) {
    case 'boolean':
      return typeof js === 'boolean' ? js : refuse()
    case 'tinyint':
    case 'smallint':
    case 'int': {
      const limit = INT_LIMITS[type.kind]!
      const n = typeof js === 'bigint' ? Number(js) : js
      return typeof n === 'number' && Number.isInteger(n) && n <= limit && n >= -limit - 1 ? n + 0 : refuse()
    }
    case 'bigint': {
      if (typeof js === 'number' && Number.isInteger(js) && !Number.isSafeInteger(js))
        return refuse('the number is beyond 2^53 and not exact: pass a bigint')
      const n =
        typeof js === 'bigint'
          ? js
          : (typeof js === 'number' && Number.isInteger(js)) || (typeof js === 'string' && /^[+-]?\d{1,20}$/.test(js))
            ? BigInt(js)
            : null
      return n !== null && n <= INT64_MAX && n >= -INT64_MAX - 1n ? n : refuse()
    }
    case 'float':
    case 'double': {
      const n = typeof js === 'bigint' || js === 'NaN' || js === 'Infinity' || js === '-Infinity' ? Number(js) : js
      if (typeof n !== 'number') return refuse()
      return type.kind === 'float' ? Math.fround(n) : n
    }
    case 'decimal': {
      const d =
        typeof js === 'bigint'
          ? { unscaled: js, scale: 0 }
          : typeof js === 'number'
            ? decimalFromNumber(js)
            : typeof js === 'string'
              ? parseDecimal(js)
              : null
      const unscaled = d === null ? null : decimalInType(d, type)
      return unscaled ?? refuse()
    }
    case 'string':
      return typeof js === 'string' ? js : refuse()
    case 'binary':
      if (js instanceof Uint8Array) return js
      return js instanceof ArrayBuffer ? new Uint8Array(js) : refuse()
    case 'date': {
      if (js instanceof Date && !Number.isNaN(js.getTime())) return Math.floor(js.getTime() / 86_400_000)
      return (typeof js === 'string' ? parseDate(js) : null) ?? refuse('write a date as "2026-01-31" or pass a Date')
    }
    case 'timestamp':
    case 'timestamp_ntz': {
      const us = js instanceof Date ? microsOf(js) : typeof js === 'bigint' ? js : null
      if (us !== null) return us <= INT64_MAX && us >= -INT64_MAX - 1n ? us : refuse()
      const parsed =
        typeof js !== 'string'
          ? null
          : type.kind === 'timestamp'
            ? parseTimestamp(js, zoneOf(timeZone))
            : parseTimestampNtz(js)
      return parsed ?? refuse('pass a Date, text as "2026-01-31T10:00:00Z", or microseconds as bigint')
    }
    case 'interval':
      return js instanceof CalendarInterval
        ? js
        : typeof js === 'string'
          ? interval(() => parseCalendarInterval(js), refuse)
          : refuse()
    case 'interval_dt':
      if (typeof js === 'bigint') return js <= INT64_MAX && js >= -INT64_MAX - 1n ? js : refuse()
      return typeof js === 'string' ? interval(() => parseDayTimeInterval(js, type.start, type.end), refuse) : refuse()
    case 'interval_ym':
      if (typeof js === 'number') return Number.isInteger(js) && Math.abs(js) <= INT_LIMITS['int']! ? js : refuse()
      return typeof js === 'string'
        ? interval(() => parseYearMonthInterval(js, type.start, type.end), refuse)
        : refuse()
    case 'array': {
      const list = Array.isArray(js)
        ? (js as unknown[])
        : ArrayBuffer.isView(js) && Symbol.iterator in js
          ? [...(js as unknown as Iterable<unknown>)]
          : null
      return list === null ? refuse() : list.map((x, i) => valueFromJs(x, type.element, timeZone, `${column}[${i}]`))
    }
    case 'map': {
      const isMap = js instanceof Map
      if (!isMap && (typeof js !== 'object' || Array.isArray(js))) return refuse()
      const entries: readonly (readonly [unknown, unknown])[] = isMap ? [...js] : Object.entries(js)
      const keys = entries.map(([k]) =>
        valueFromJs(isMap ? k : keyOf(k as string, type.key), type.key, timeZone, `the key of ${column}`),
      )
      if (keys.includes(null)) return refuse('the key of a map is never NULL')
      return new MapValue(
        keys,
        entries.map(([k, v]) => valueFromJs(v, type.value, timeZone, `${column}[${String(k)}]`)),
      )
    }
    case 'struct':
      return Array.isArray(js) || isPlain(js) ? members(type.fields, js, timeZone, `${column}.`) : refuse()
    case 'void':
      return refuse()
  }
}

/** Object keys are always strings: those of a map of numbers or booleans are read. */
function keyOf(key: string, type: DataType): unknown {
  if (type.kind === 'boolean') return key === 'true' ? true : key === 'false' ? false : key
  return type.kind === 'string' ||
    key.trim() === '' ||
    !Number.isFinite(Number(key)) ||
    type.kind === 'bigint' ||
    type.kind === 'decimal'
    ? key
    : Number(key)
}

function interval<T>(read: () => T, refuse: () => never): T {
  try {
    return read()
  } catch (e) {
    if (e instanceof MillraceError) return refuse()
    throw e
  }
}

function microsOf(date: Date): bigint | null {
  if (date instanceof Timestamp) return date.micros
  const ms = date.getTime()
  return Number.isNaN(ms) ? null : BigInt(ms) * 1000n
}

function shown(js: unknown): string {
  switch (typeof js) {
    case 'string':
      return JSON.stringify(js.length > 80 ? `${js.slice(0, 80)}…` : js)
    case 'bigint':
      return `${js}n`
    case 'object':
      return js instanceof Date
        ? `Date ${String(js)}`
        : Array.isArray(js)
          ? `an array of ${js.length}`
          : `an object (${js?.constructor?.name ?? 'without prototype'})`
    case 'function':
      return 'a function'
    default:
      return String(js)
  }
}

const isPlain = (js: unknown): js is Readonly<Record<string, unknown>> =>
  typeof js === 'object' &&
  js !== null &&
  !(js instanceof Date) &&
  !(js instanceof Map) &&
  !ArrayBuffer.isView(js) &&
  !Array.isArray(js)

/** Members by position from an array, by name (else without regard to case) from an object; `prefix` names what they are members of. */
function members(
  fields: readonly Field[],
  js: readonly unknown[] | Readonly<Record<string, unknown>>,
  timeZone: string,
  prefix: string,
): Value[] {
  let at: (f: Field, i: number) => unknown
  if (Array.isArray(js)) {
    if (js.length !== fields.length)
      throw new ExecutionError('ROW_SHAPE_MISMATCH', { reason: `${js.length} values for ${fields.length} columns` })
    at = (_, i) => js[i]
  } else at = byName(fields, js as Readonly<Record<string, unknown>>, prefix)
  return fields.map((f, i) => {
    const column = prefix + f.name
    const v = valueFromJs(at(f, i), f.type, timeZone, column)
    if (v === null && !f.nullable) throw new ExecutionError('NOT_NULL_ASSERT_VIOLATION', { column })
    return v
  })
}

function byName(
  fields: readonly Field[],
  js: Readonly<Record<string, unknown>>,
  prefix: string,
): (f: Field) => unknown {
  const lower = new Map<string, string>()
  for (const k of Object.keys(js)) lower.set(k.toLowerCase(), k)
  const keyFor = (f: Field): string | undefined =>
    Object.hasOwn(js, f.name) ? f.name : lower.get(f.name.toLowerCase())
  // A column left out is NULL, further properties are ignored; both at once is most likely a slip of the pen.
  if (fields.some((f) => keyFor(f) === undefined)) {
    const known = new Set(fields.map((f) => f.name.toLowerCase()))
    const missing = fields.filter((f) => keyFor(f) === undefined).map((f) => f.name)
    for (const [low, key] of lower) {
      if (known.has(low)) continue
      const near = nearestName(key, missing)
      throw new ExecutionError(
        'ROW_SHAPE_MISMATCH',
        { reason: `there is no column "${prefix}${key}", and ${missing.join(', ')} is missing` },
        { hint: near ? `did you mean "${near}"?` : undefined },
      )
    }
  }
  return (f) => {
    const key = keyFor(f)
    return key === undefined ? null : js[key]
  }
}

/**
 * The values of one row given as an object by column name, as an array in column order or, when there is just one column, as the bare
 * value. Raises CANNOT_ACCEPT_OBJECT_IN_TYPE, NOT_NULL_ASSERT_VIOLATION (both name the column) or ROW_SHAPE_MISMATCH.
 */
export function rowFromJs(schema: Schema, js: unknown, timeZone: string): Value[] {
  const { fields } = schema
  if (Array.isArray(js)) return members(fields, js, timeZone, '')
  if (isPlain(js)) return members(fields, js, timeZone, '')
  const only = fields[0]
  if (fields.length !== 1 || only === undefined)
    throw new ExecutionError(
      'ROW_SHAPE_MISMATCH',
      { reason: `${shown(js)} for ${fields.length} columns` },
      { hint: 'pass an object by column name or an array' },
    )
  return members(fields, [js], timeZone, '')
}

function inferType(js: unknown, column: string): DataType {
  switch (typeof js) {
    case 'undefined':
      return VOID
    case 'boolean':
      return BOOLEAN
    case 'bigint':
      return BIGINT
    case 'number':
      return Number.isSafeInteger(js) && !Object.is(js, -0) ? BIGINT : DOUBLE
    case 'string':
      return STRING
    case 'object':
      break
    default:
      throw new ExecutionError('CANNOT_ACCEPT_OBJECT_IN_TYPE', { column, type: 'any type', value: shown(js) })
  }
  if (js === null) return VOID
  if (js instanceof LocalTimestamp) return TIMESTAMP_NTZ
  if (js instanceof Date) return TIMESTAMP
  if (js instanceof Uint8Array) return BINARY
  if (Array.isArray(js))
    return arrayOf(
      mergeAll(
        js.map((x, i) => inferType(x, `${column}[${i}]`)),
        column,
      ),
    )
  if (js instanceof Map)
    return mapOf(
      mergeAll(
        [...js.keys()].map((k) => inferType(k, `the key of ${column}`)),
        `the key of ${column}`,
      ),
      mergeAll(
        [...js.values()].map((v) => inferType(v, column)),
        column,
      ),
    )
  return structOf(Object.entries(js).map(([k, v]) => field(k, inferType(v, `${column}.${k}`))))
}

const mergeAll = (types: readonly DataType[], column: string): DataType =>
  types.reduce((a, b) => merge(a, b, column), VOID)

/** As `commonType`, but a struct takes the members of both. */
function merge(a: DataType, b: DataType, column: string): DataType {
  if (a.kind === 'struct' && b.kind === 'struct') {
    const merged = a.fields.map((f) => {
      const g = b.fields.find((x) => x.name === f.name)
      return g ? field(f.name, merge(f.type, g.type, `${column}.${f.name}`)) : f
    })
    return structOf([...merged, ...b.fields.filter((g) => !a.fields.some((f) => f.name === g.name))])
  }
  if (a.kind === 'array' && b.kind === 'array') return arrayOf(merge(a.element, b.element, `${column}[]`))
  if (a.kind === 'map' && b.kind === 'map') return mapOf(merge(a.key, b.key, column), merge(a.value, b.value, column))
  // Strings are never read as something else here.
  const common =
    (a.kind === 'string') === (b.kind === 'string') || a.kind === 'void' || b.kind === 'void'
      ? commonType(a, b, true)
      : null
  if (common !== null) return common
  throw new ExecutionError(
    'ROW_SHAPE_MISMATCH',
    { reason: `column "${column}" is ${typeName(a)} in one row and ${typeName(b)} in another` },
    { hint: 'give a schema' },
  )
}

/**
 * The schema of rows given without one: whole numbers and bigint are BIGINT, other numbers DOUBLE, Date TIMESTAMP, objects STRUCT, Map MAP. Arrays name their
 * columns `_1`, `_2`, …; bare values make one column `value`. A column that is NULL in every row is VOID.
 */
export function inferSchema(rows: Iterable<unknown>): Schema {
  let shape: DataType = VOID
  for (const row of rows) {
    const named = Array.isArray(row)
      ? structOf(row.map((x, i) => field(`_${i + 1}`, inferType(x, `_${i + 1}`))))
      : isPlain(row)
        ? structOf(Object.entries(row).map(([k, v]) => field(k, inferType(v, k))))
        : structOf([field('value', inferType(row, 'value'))])
    shape = merge(shape, named, 'row')
  }
  return { fields: shape.kind === 'struct' ? shape.fields : [] }
}
