import type { DataType, Field, Schema } from '../types/data-type.ts'
import { formatDecimal } from '../types/decimal.ts'
import { formatter } from '../types/format.ts'
import { formatDate } from '../types/time.ts'
import type { MapValue, StructValue, Value } from '../types/value.ts'
import { LocalTimestamp, Timestamp } from './timestamp.ts'

export { inferSchema, rowFromJs, valueFromJs } from './row-input.ts'
export { LocalTimestamp, Timestamp } from './timestamp.ts'

/** How values appear in rows. */
export interface RowOptions {
  /** BIGINT as bigint (default) or as number, which is not exact beyond 2^53. */
  readonly int64?: 'bigint' | 'number' | undefined
}

/**
 * A result row or struct: own enumerable properties by column name, in order. A second column of one name becomes `name_2`, a third
 * `name_3`. BIGINT is bigint (see RowOptions), DECIMAL a string with all digits of its scale, DATE `YYYY-MM-DD`, TIMESTAMP a
 * Timestamp, TIMESTAMP_NTZ a LocalTimestamp, BINARY Uint8Array, ARRAY an array, MAP a Map, STRUCT a Row, intervals their SQL text.
 * `toJSON` makes `JSON.stringify(row)` work for every type: safe integers are numbers, others strings, NaN and infinities
 * their names, binary base64, maps objects.
 */
export class Row {
  [column: string]: unknown

  constructor(names: readonly string[], values: readonly unknown[]) {
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!
      if (name === '__proto__' || Object.hasOwn(Row.prototype, name))
        Object.defineProperty(this, name, { value: values[i], enumerable: true, writable: true, configurable: true })
      else this[name] = values[i]
    }
  }
}

// Not enumerable, and not in the way of a column of that name.
Object.defineProperty(Row.prototype, 'toJSON', {
  configurable: true,
  value(this: Row): unknown {
    return jsonOf({ ...this })
  },
})

/** The JSON form of anything that stands in a row: see Row. */
export function jsonOf(x: unknown): unknown {
  switch (typeof x) {
    case 'bigint':
      return x >= -9007199254740991n && x <= 9007199254740991n ? Number(x) : String(x)
    case 'number':
      return Number.isFinite(x) ? x : String(x)
    case 'object':
      break
    default:
      return x
  }
  if (x === null) return null
  if (Array.isArray(x)) return x.map(jsonOf)
  if (x instanceof Date) return x.toJSON()
  if (x instanceof Uint8Array) return Buffer.from(x.buffer, x.byteOffset, x.byteLength).toString('base64')
  if (x instanceof Map) return plain([...x].map(([k, v]) => [keyText(k), jsonOf(v)]))
  return plain(Object.entries(x).map(([k, v]) => [k, jsonOf(v)]))
}

/** An object without a prototype, so that any name can be a key. */
function plain(entries: readonly (readonly [string, unknown])[]): object {
  const out = Object.create(null) as Record<string, unknown>
  for (const [k, v] of entries) out[k] = v
  return out
}

const keyText = (key: unknown): string => {
  const json = jsonOf(key)
  return typeof json === 'string' ? json : typeof json === 'object' ? JSON.stringify(json) : String(json)
}

/** Column names with repeats made distinct: `a, a, b` is `a, a_2, b`. */
export function distinctNames(fields: readonly Field[]): readonly string[] {
  const taken = new Set(fields.map((f) => f.name))
  const seen = new Set<string>()
  return fields.map(({ name }) => {
    let distinct = name
    for (let i = 2; seen.has(distinct) || (distinct !== name && taken.has(distinct)); i++) distinct = `${name}_${i}`
    seen.add(distinct)
    return distinct
  })
}

/** A function from the values of a row to the row as users see it; made once per result. */
export function rowMaker(schema: Schema, options: RowOptions = {}): (values: readonly Value[]) => Row {
  const names = distinctNames(schema.fields)
  const makers = schema.fields.map((f) => jsMaker(f.type, options))
  // A column of that name hides the method, so its row holds JSON forms from the start.
  const hidden = names.includes('toJSON')
  return (values) => {
    const out = makers.map((make, i) => {
      const v = values[i]!
      return v === null ? null : make(v)
    })
    return new Row(names, hidden ? out.map(jsonOf) : out)
  }
}

/** One row of values as users see it; for many rows of one schema make a `rowMaker` once. */
export const toRow = (schema: Schema, values: readonly Value[], options: RowOptions = {}): Row =>
  rowMaker(schema, options)(values)

/** A function from a non-NULL value of a type to its JavaScript form: see Row. */
export function jsMaker(type: DataType, options: RowOptions = {}): (v: Value) => unknown {
  const nullable = (t: DataType): ((v: Value) => unknown) => {
    const make = jsMaker(t, options)
    return (v) => (v === null ? null : make(v))
  }
  switch (type.kind) {
    case 'bigint':
      return options.int64 === 'number' ? (v) => Number(v) : (v) => v
    case 'decimal':
      return (v) => formatDecimal(v as bigint, type.scale)
    case 'date':
      return (v) => formatDate(v as number)
    case 'timestamp':
      return (v) => new Timestamp(v as bigint)
    case 'timestamp_ntz':
      return (v) => new LocalTimestamp(v as bigint)
    case 'interval':
    case 'interval_dt':
    case 'interval_ym':
      return formatter(type, 'UTC')
    case 'array': {
      const element = nullable(type.element)
      return (v) => (v as readonly Value[]).map(element)
    }
    case 'map': {
      const key = nullable(type.key)
      const value = nullable(type.value)
      return (v) => {
        const { keys, values } = v as MapValue
        return new Map(keys.map((k, i) => [key(k), value(values[i]!)]))
      }
    }
    case 'struct': {
      const make = rowMaker({ fields: type.fields }, options)
      return (v) => make(v as StructValue)
    }
    default:
      return (v) => v
  }
}
