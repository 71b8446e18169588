import { jsMaker, jsonOf, valueFromJs } from '../../columns/row.ts'
import { ExecutionError } from '../../errors/errors.ts'
import {
  arrayOf,
  BIGINT,
  BINARY,
  BOOLEAN,
  DATE,
  type DataType,
  decimal,
  DOUBLE,
  FLOAT,
  INT,
  SMALLINT,
  STRING,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  typeName,
} from '../../types/data-type.ts'
import { formatDecimal } from '../../types/decimal.ts'
import { formatter } from '../../types/format.ts'
import { bytesOfHex, hexOf } from '../../types/literal.ts'
import { formatDate, formatLocalUs } from '../../types/time.ts'
import type { Value } from '../../types/value.ts'
import { arrayElements, arrayText } from './array-text.ts'
import type { ResultField } from './connection.ts'

/**
 * How each type is declared in a table that is made, chosen so that reading gives back what was written:
 *
 *   BOOLEAN                     boolean
 *   TINYINT SMALLINT            smallint
 *   INT BIGINT                  integer, bigint
 *   FLOAT DOUBLE                real, double precision; NaN and infinities too
 *   DECIMAL(p, s)               numeric(p, s)
 *   STRING                      text
 *   BINARY                      bytea
 *   DATE                        date
 *   TIMESTAMP TIMESTAMP_NTZ     timestamptz, timestamp; microseconds
 *   ARRAY of one of these       its array
 *   other ARRAY, MAP, STRUCT    jsonb
 *   intervals                   text: their SQL text
 */
export function declaredType(type: DataType): string {
  switch (type.kind) {
    case 'tinyint':
    case 'smallint':
      return 'smallint'
    case 'int':
      return 'integer'
    case 'float':
      return 'real'
    case 'double':
      return 'double precision'
    case 'decimal':
      return `numeric(${type.precision}, ${type.scale})`
    case 'binary':
      return 'bytea'
    case 'timestamp':
      return 'timestamptz'
    case 'timestamp_ntz':
      return 'timestamp'
    case 'array':
      return isPlain(type.element) ? `${declaredType(type.element)}[]` : 'jsonb'
    case 'map':
    case 'struct':
      return 'jsonb'
    case 'boolean':
    case 'bigint':
    case 'date':
      return type.kind
    default:
      return 'text'
  }
}

const isPlain = (type: DataType): boolean => type.kind !== 'array' && type.kind !== 'map' && type.kind !== 'struct'

/** Types by their number in pg_type, and the numbers of their arrays; any other type is read as its text. */
const TYPES: readonly (readonly [oid: number, arrayOid: number, type: DataType])[] = [
  [16, 1000, BOOLEAN],
  [17, 1001, BINARY],
  [20, 1016, BIGINT],
  [21, 1005, SMALLINT],
  [23, 1007, INT],
  [25, 1009, STRING],
  [26, 1028, BIGINT],
  [114, 199, STRING],
  [700, 1021, FLOAT],
  [701, 1022, DOUBLE],
  [1042, 1014, STRING],
  [1043, 1015, STRING],
  [1082, 1182, DATE],
  [1114, 1115, TIMESTAMP_NTZ],
  [1184, 1185, TIMESTAMP],
  [2950, 2951, STRING],
  [3802, 3807, STRING],
]
const BY_OID = new Map(TYPES.flatMap(([oid, array, type]) => [[oid, type] as const, [array, arrayOf(type)] as const]))
const NUMERIC = 1700
const NUMERIC_ARRAY = 1231

/** The type a column is read as. Numbers without a precision are DECIMAL(38, 18). */
export function typeOfField({ dataTypeID, dataTypeModifier }: ResultField): DataType {
  if (dataTypeID === NUMERIC) return decimalOf(dataTypeModifier)
  if (dataTypeID === NUMERIC_ARRAY) return arrayOf(decimalOf(dataTypeModifier))
  return BY_OID.get(dataTypeID) ?? STRING
}

function decimalOf(modifier: number): DataType {
  const precision = ((modifier - 4) >> 16) & 0xffff
  const scale = (modifier - 4) & 0x7ff
  return modifier >= 4 && precision <= 38 && scale <= precision ? decimal(precision, scale) : decimal(38, 18)
}

/** Types whose comparisons with a constant give the same here and there, by their number. */
const COMPARABLE = new Set([16, 20, 21, 23, 700, 701, 1082, 1114, 1184])

/** Whether the server may judge a comparison in place of the query: the same rows satisfy it. */
export const comparesAlike = ({ dataTypeID, dataTypeModifier }: ResultField, op: string): boolean =>
  COMPARABLE.has(dataTypeID) ||
  (dataTypeID === NUMERIC && dataTypeModifier >= 4) ||
  // Text is the same text everywhere, but sorts as its collation says.
  ((dataTypeID === 25 || dataTypeID === 1043) && op === '=')

/** A function from a non-NULL value of a type to its text; ExecutionError names the column where there is none. */
export function toText(type: DataType, column: string): (v: Value) => string {
  switch (type.kind) {
    case 'boolean':
      return (v) => (v === true ? 't' : 'f')
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
    case 'float':
    case 'double':
      return (v) => (Object.is(v, -0) ? '-0' : String(v as number | bigint))
    case 'decimal':
      return (v) => formatDecimal(v as bigint, type.scale)
    case 'string':
      return (v) => withoutNul(v as string, column)
    case 'binary':
      return (v) => `\\x${hexOf(v as Uint8Array)}`
    case 'date':
      return (v) => serverTime(formatDate(v as number), '')
    case 'timestamp':
      return (v) => serverTime(formatLocalUs(v as bigint), '+00')
    case 'timestamp_ntz':
      return (v) => serverTime(formatLocalUs(v as bigint), '')
    case 'array': {
      if (!isPlain(type.element)) break
      const element = toText(type.element, column)
      return (v) => arrayText((v as readonly Value[]).map((x) => (x === null ? null : element(x))))
    }
    case 'map':
    case 'struct':
      break
    default:
      return formatter(type, 'UTC')
  }
  const js = jsMaker(type)
  return (v) => {
    const text = JSON.stringify(jsonOf(js(v)))
    if (NUL_IN_JSON.test(text)) throw holdsNul(text, column)
    return text
  }
}

/** The escape of a NUL, and not the end of an escaped backslash. */
const NUL_IN_JSON = /(?<!\\)(?:\\\\)*\\u0000/

function withoutNul(text: string, column: string): string {
  if (text.includes('\0')) throw holdsNul(text, column)
  return text
}

const holdsNul = (text: string, column: string): ExecutionError =>
  new ExecutionError(
    'CANNOT_ACCEPT_OBJECT_IN_TYPE',
    { column, type: 'text of PostgreSQL', value: JSON.stringify(text.slice(0, 80)) },
    { hint: `PostgreSQL holds no NUL characters: replace(${column}, char(0), '') takes them out` },
  )

/** A date or time as the server reads it: it writes BC where our years have a sign, and counts no year 0. */
function serverTime(text: string, zone: string): string {
  const first = text[0]!
  if (first !== '-' && first !== '+' && !text.startsWith('0000-')) return text + zone
  if (first === '+') return text.slice(1) + zone
  const [, year, rest] = /^-?(\d+)(-.*)$/.exec(text)!
  return `${String(Number(year) + 1).padStart(4, '0')}${rest!}${zone} BC`
}

/** The inverse, for a session whose zone is UTC. */
function ourTime(text: string): string {
  const bc = text.endsWith(' BC')
  const [, year, rest] = /^(\d+)(-.*)$/.exec(bc ? text.slice(0, -3) : text) ?? [null, '', text]
  const iso = rest!.replace(' ', 'T').replace(/\+00$/, 'Z')
  if (year === '') return text
  if (!bc) return `${year!.length > 4 ? `+${year!}` : year!}${iso}`
  return `${Number(year) === 1 ? '' : '-'}${String(Number(year) - 1).padStart(4, '0')}${iso}`
}

/** A function from the server's text to a value of a type; ExecutionError names the column where it does not fit. */
export function fromText(type: DataType, column: string, timeZone: string): (text: string) => Value {
  const read = (js: unknown): Value => valueFromJs(js, type, timeZone, column)
  switch (type.kind) {
    case 'boolean':
      return (s) => (s === 't' ? true : s === 'f' ? false : read(s))
    case 'tinyint':
    case 'smallint':
    case 'int':
      return (s) => read(/^-?\d+$/.test(s) ? Number(s) : s)
    case 'float':
    case 'double':
      return (s) => read(s === '' || s === 'NaN' || Number.isNaN(Number(s)) ? s : Number(s))
    case 'binary':
      return (s) => (s.startsWith('\\x') ? bytesOfHex(s.slice(2)) : read(s))
    case 'date':
    case 'timestamp':
    case 'timestamp_ntz':
      return (s) => read(ourTime(s))
    case 'array':
    case 'map':
    case 'struct':
      return nested(type, column, timeZone, read)
    default:
      return read
  }
}

/** From the text of an array, or from JSON. */
function nested(
  type: DataType,
  column: string,
  timeZone: string,
  read: (js: unknown) => Value,
): (text: string) => Value {
  const element = type.kind === 'array' ? fromText(type.element, `${column}[]`, timeZone) : null
  return (text) => {
    if (element !== null && /^(?:\{|\[-?\d)/.test(text)) {
      const elements = arrayElements(text)
      if (elements !== null) return elements.map((e) => (e === null ? null : element(e)))
    }
    try {
      return read(JSON.parse(text))
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause
      const value = JSON.stringify(text.slice(0, 80))
      throw new ExecutionError(
        'CANNOT_ACCEPT_OBJECT_IN_TYPE',
        { column, type: typeName(type).toUpperCase(), value },
        { cause, hint: 'such columns are read from arrays of one dimension, json and jsonb' },
      )
    }
  }
}
