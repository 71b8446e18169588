import { jsMaker, jsonOf, valueFromJs } from '../../columns/row.ts'
import { ExecutionError } from '../../errors/errors.ts'
import type { SqlValue } from '../../storage/database.ts'
import {
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
  TINYINT,
  typeName,
} from '../../types/data-type.ts'
import { formatDecimal } from '../../types/decimal.ts'
import { formatter } from '../../types/format.ts'
import { formatDate } from '../../types/time.ts'
import type { Value } from '../../types/value.ts'

/**
 * How each type is declared and stored, chosen so that reading gives back what was written and SQLite's own functions and
 * comparisons work on it:
 *
 *   BOOLEAN                 BOOLEAN            0, 1
 *   TINYINT … BIGINT        the same name      integer
 *   FLOAT DOUBLE            the same name      real; NaN as the text NaN
 *   DECIMAL(p, s) p <= 15   DECIMAL(p, s)      number, exact to 15 digits
 *   DECIMAL(p, s) above     DECIMAL_TEXT(p, s) text
 *   STRING                  TEXT               text
 *   BINARY                  BLOB               blob
 *   DATE                    DATE               YYYY-MM-DD
 *   TIMESTAMP               TIMESTAMP          YYYY-MM-DDTHH:MM:SS.ffffffZ, in UTC; sorts as text
 *   TIMESTAMP_NTZ           TIMESTAMP_NTZ      the same without Z
 *   ARRAY MAP STRUCT        JSON               JSON text
 *   intervals               TEXT               their SQL text
 */
export function declaredType(type: DataType): string {
  switch (type.kind) {
    case 'boolean':
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
    case 'float':
    case 'double':
    case 'date':
    case 'timestamp':
    case 'timestamp_ntz':
      return type.kind.toUpperCase()
    case 'decimal':
      return `${type.precision <= 15 ? 'DECIMAL' : 'DECIMAL_TEXT'}(${type.precision}, ${type.scale})`
    case 'binary':
      return 'BLOB'
    case 'array':
    case 'map':
    case 'struct':
      return 'JSON'
    default:
      return 'TEXT'
  }
}

/** The type a declared column type is read as: ours by name, others by SQLite's rules of affinity. */
export function typeOfDeclared(declared: string | null): DataType {
  const text = (declared ?? '').trim().toUpperCase()
  const [, name = '', precision, scale] = /^([A-Z0-9_ ]*?)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?$/.exec(text) ?? [
    null,
    text,
  ]
  switch (name) {
    case 'BOOLEAN':
    case 'BOOL':
      return BOOLEAN
    case 'TINYINT':
      return TINYINT
    case 'SMALLINT':
      return SMALLINT
    case 'INT':
      return INT
    case 'FLOAT':
      return FLOAT
    case 'DATE':
      return DATE
    case 'TIMESTAMP':
    case 'DATETIME':
      return TIMESTAMP
    case 'TIMESTAMP_NTZ':
      return TIMESTAMP_NTZ
    case 'DECIMAL':
    case 'DECIMAL_TEXT':
    case 'NUMERIC': {
      const p = Number(precision ?? 10)
      const s = Number(scale ?? 0)
      return precision !== undefined && p >= 1 && p <= 38 && s <= p ? decimal(p, s) : DOUBLE
    }
    case 'JSON':
      return STRING
  }
  if (name.includes('INT')) return BIGINT
  if (/CHAR|CLOB|TEXT/.test(name)) return STRING
  if (name.includes('BLOB')) return BINARY
  return /REAL|FLOA|DOUB/.test(name) ? DOUBLE : STRING
}

const fixedMicros = (iso: string): string =>
  iso.replace(
    /^([^.Z]*)(?:\.(\d{1,6}))?(Z?)$/,
    (_, head: string, fraction: string | undefined, z: string) => `${head}.${(fraction ?? '').padEnd(6, '0')}${z}`,
  )

/** A function from a value of a type to what SQLite stores. */
export function toSql(type: DataType): (v: Value) => SqlValue {
  const make = toSqlOf(type)
  return (v) => (v === null ? null : make(v))
}

function toSqlOf(type: DataType): (v: Value) => SqlValue {
  switch (type.kind) {
    case 'boolean':
      return (v) => (v === true ? 1 : 0)
    case 'tinyint':
    case 'smallint':
    case 'int':
      // a number would be bound as a real
      return (v) => BigInt(v as number)
    case 'bigint':
      return (v) => v as bigint
    case 'float':
    case 'double':
      return (v) => (Number.isNaN(v) ? 'NaN' : (v as number))
    case 'decimal':
      return (v) => formatDecimal(v as bigint, type.scale)
    case 'string':
      return (v) => v as string
    case 'binary':
      return (v) => v as Uint8Array
    case 'date':
      return (v) => formatDate(v as number)
    case 'timestamp':
    case 'timestamp_ntz': {
      const js = jsMaker(type)
      return (v) => fixedMicros(String(jsonOf(js(v))))
    }
    case 'array':
    case 'map':
    case 'struct': {
      const js = jsMaker(type)
      return (v) => JSON.stringify(jsonOf(js(v)))
    }
    default: {
      const text = formatter(type, 'UTC')
      return (v) => text(v)
    }
  }
}

/** A function from what SQLite gives to a value of a type; ExecutionError names the column where it does not fit. */
export function fromSql(type: DataType, column: string, timeZone: string): (v: SqlValue) => Value {
  const read = (js: unknown): Value => valueFromJs(js, type, timeZone, column)
  switch (type.kind) {
    case 'boolean':
      return (v) => (v === 0n || v === 1n ? v === 1n : read(v))
    case 'string':
      return (v) => (typeof v === 'bigint' || typeof v === 'number' ? String(v) : read(v))
    case 'timestamp':
    case 'timestamp_ntz':
      // numbers are what SQLite calls unixepoch
      return (v) =>
        typeof v === 'bigint' ? v * 1_000_000n : typeof v === 'number' ? BigInt(Math.round(v * 1e6)) : read(v)
    case 'array':
    case 'map':
    case 'struct':
      return (v) => {
        if (typeof v !== 'string') return read(v)
        try {
          return read(JSON.parse(v))
        } catch (cause) {
          if (!(cause instanceof SyntaxError)) throw cause
          const value = JSON.stringify(v.slice(0, 80))
          throw new ExecutionError(
            'CANNOT_ACCEPT_OBJECT_IN_TYPE',
            { column, type: typeName(type).toUpperCase(), value },
            { cause, hint: 'such columns are read from JSON text' },
          )
        }
      }
    default:
      return read
  }
}
