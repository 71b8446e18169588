import { type ArrayType, type DataType, type DecimalType, type MapType, type StructType } from '../types/data-type.ts'
import { formatDecimal } from '../types/decimal.ts'
import { formatFloat, formatter } from '../types/format.ts'
import type { Json } from '../types/json.ts'
import { formatDate, formatTimestamp, formatTimestampNtz, zoneOf } from '../types/time.ts'
import type { MapValue } from '../types/value.ts'
import { type Value } from '../types/value.ts'

/** The two encodings of recorded values; they differ on purpose. */
export interface Encoding {
  /** Zone in which TIMESTAMP is written. */
  readonly timeZone: string
  readonly binary: 'upper-hex' | 'lower-hex'
  /** Day-time intervals: Spark's text, or `INTERVAL_US n`. */
  readonly interval: 'text' | 'micros'
  readonly structs: 'object-or-array' | 'object'
  /** Maps sorted by the JSON text of the key. */
  readonly sortMaps: boolean
}

/** Section "Values" of conformance/data/sql/README.md. */
export const sqlEncoding = (timeZone: string): Encoding => ({
  timeZone,
  binary: 'upper-hex',
  interval: 'text',
  structs: 'object-or-array',
  sortMaps: true,
})
/** Section 5 of conformance/data/scenarios/README.md. */
export const scenarioEncoding: Encoding = {
  timeZone: 'UTC',
  binary: 'lower-hex',
  interval: 'micros',
  structs: 'object',
  sortMaps: false,
}

/** A function that writes values of one type. */
export function valueEncoder(type: DataType, encoding: Encoding): (v: Value) => Json {
  const notNull = encoderOf(type, encoding)
  return (v) => (v === null ? null : notNull(v))
}

function encoderOf(type: DataType, encoding: Encoding): (v: Value) => Json {
  switch (type.kind) {
    case 'bigint':
      return (v) => (Number.isSafeInteger(Number(v as bigint)) ? Number(v as bigint) : String(v as bigint))
    case 'float':
    case 'double': {
      const float = type.kind === 'float'
      return (v) => {
        const n = v as number
        if (!Number.isFinite(n)) return String(n)
        // A FLOAT is written with the digits that identify it as a float.
        return float ? Number(formatFloat(n)) : n
      }
    }
    case 'decimal':
      return (v) => formatDecimal(v as bigint, (type as DecimalType).scale)
    case 'binary':
      return (v) => {
        const hex = Buffer.from(v as Uint8Array).toString('hex')
        return encoding.binary === 'upper-hex' ? hex.toUpperCase() : hex
      }
    case 'date':
      return (v) => formatDate(v as number)
    case 'timestamp': {
      const zone = zoneOf(encoding.timeZone)
      return (v) => formatTimestamp(v as bigint, zone)
    }
    case 'timestamp_ntz':
      return (v) => formatTimestampNtz(v as bigint)
    case 'interval_dt':
      if (encoding.interval === 'micros') return (v) => `INTERVAL_US ${v as bigint}`
      return formatter(type, encoding.timeZone)
    case 'interval_ym':
    case 'interval':
      return formatter(type, encoding.timeZone)
    case 'array': {
      const element = valueEncoder((type as ArrayType).element, encoding)
      return (v) => (v as readonly Value[]).map(element)
    }
    case 'map': {
      const key = valueEncoder((type as MapType).key, encoding)
      const value = valueEncoder((type as MapType).value, encoding)
      return (v) => {
        const map = v as MapValue
        const entries = map.keys.map((k, i): [Json, Json] => [key(k), value(map.values[i]!)])
        return encoding.sortMaps
          ? entries.sort((a, b) => (JSON.stringify(a[0]) < JSON.stringify(b[0]) ? -1 : 1))
          : entries
      }
    }
    case 'struct': {
      const { fields } = type as StructType
      const members = fields.map((f) => valueEncoder(f.type, encoding))
      const distinct = new Set(fields.map((f) => f.name)).size === fields.length
      return (v) => {
        const values = (v as readonly Value[]).map((x, i) => members[i]!(x))
        return distinct || encoding.structs === 'object'
          ? Object.fromEntries(fields.map((f, i) => [f.name, values[i]!]))
          : values
      }
    }
    default:
      return (v) => v as Json
  }
}
