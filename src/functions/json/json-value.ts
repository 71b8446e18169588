import { parseCalendarInterval, parseDayTimeInterval, parseYearMonthInterval } from '../../types/intervals.ts'
import { ExecutionError } from '../../errors/errors.ts'
import type { DataType, StructType } from '../../types/data-type.ts'
import { decimalInType, formatDecimal, parseDecimal } from '../../types/decimal.ts'
import { formatDouble, formatFloat, textMaker } from '../../types/format.ts'
import { MapValue, type StructValue, type Value } from '../../types/value.ts'
import { JsonArray, JsonNumber, JsonObject, type JsonNode } from './json-text.ts'
import { quoteJson } from './json-write.ts'
import {
  datetimeReading,
  datetimeWriting,
  type DatetimeFormats,
  type DatetimeReading,
  type DatetimeWriting,
} from './text-conversion.ts'

/** How JSON becomes values. */
export interface JsonReading extends DatetimeFormats {
  /** Called for every part that does not fit its type; the part becomes NULL. */
  readonly bad: () => void
  /** `"NaN"`, `"Infinity"` and kin are numbers. */
  readonly nonNumericNumbers: boolean
}

/** A JSON value as a value of some type; `text` is what the node was read from. */
export type NodeReader = (node: JsonNode, text: string) => Value

/**
 * The function from a JSON value to a value of `type`. A part that does not fit is NULL and reported to `bad`.
 * Struct members are found by name, with regard to case; of a repeated name the last counts.
 */
export function jsonToValue(type: DataType, reading: JsonReading): NodeReader {
  return nodeReader(type, reading, datetimeReading(reading))
}

const INTEGER_BOUNDS: Readonly<Record<'tinyint' | 'smallint' | 'int', number>> = {
  tinyint: 128,
  smallint: 32768,
  int: 2147483648,
}

function nodeReader(type: DataType, reading: JsonReading, times: DatetimeReading): NodeReader {
  const bad = (): null => {
    reading.bad()
    return null
  }
  const orNull =
    (read: NodeReader): NodeReader =>
    (node, text) =>
      node === null ? null : read(node, text)
  /** A string read by `read`, which gives null for what does not fit. */
  const ofString = (read: (s: string) => Value): NodeReader =>
    orNull((node) => (typeof node === 'string' ? (read(node) ?? bad()) : bad()))
  switch (type.kind) {
    case 'boolean':
      return orNull((node) => (typeof node === 'boolean' ? node : bad()))
    case 'tinyint':
    case 'smallint':
    case 'int': {
      const bound = INTEGER_BOUNDS[type.kind]
      return orNull((node) => {
        if (!(node instanceof JsonNumber) || !/^-?\d+$/.test(node.raw)) return bad()
        const n = Number(node.raw)
        return n >= -bound && n < bound ? n + 0 : bad()
      })
    }
    case 'bigint':
      return orNull((node) => {
        if (!(node instanceof JsonNumber) || !/^-?\d+$/.test(node.raw)) return bad()
        const n = BigInt(node.raw)
        return BigInt.asIntN(64, n) === n ? n : bad()
      })
    case 'float':
    case 'double': {
      const round = type.kind === 'float' ? Math.fround : (n: number) => n
      return orNull((node) => {
        if (node instanceof JsonNumber) return round(Number(node.raw.replace('INF', 'Infinity')))
        const special = typeof node === 'string' && reading.nonNumericNumbers ? SPECIAL_NUMBERS.get(node) : undefined
        return special ?? bad()
      })
    }
    case 'decimal':
      return orNull((node) => {
        const digits = node instanceof JsonNumber ? node.raw : typeof node === 'string' ? node : ''
        const d = parseDecimal(digits)
        return (d === null ? null : decimalInType(d, type)) ?? bad()
      })
    case 'string':
      return orNull((node, text) => {
        if (typeof node === 'string') return node
        if (node instanceof JsonNumber) return node.raw
        return node instanceof JsonArray || node instanceof JsonObject ? text.slice(node.start, node.end) : String(node)
      })
    case 'binary':
      return ofString((s) =>
        /^[A-Za-z0-9+/]*={0,2}$/.test(s) && s.length % 4 === 0 ? new Uint8Array(Buffer.from(s, 'base64')) : null,
      )
    case 'date':
      return ofString((s) => times.date(s))
    case 'timestamp':
      return orNull((node) => {
        if (node instanceof JsonNumber && /^-?\d{1,13}$/.test(node.raw)) return BigInt(node.raw) * 1_000_000n
        return (typeof node === 'string' ? times.timestamp(node) : null) ?? bad()
      })
    case 'timestamp_ntz':
      return ofString((s) => times.timestampNtz(s))
    case 'interval':
      return ofString(quietly(parseCalendarInterval))
    case 'interval_dt':
      return ofString(quietly((s) => parseDayTimeInterval(s, type.start, type.end)))
    case 'interval_ym':
      return ofString(quietly((s) => parseYearMonthInterval(s, type.start, type.end)))
    case 'array': {
      const element = nodeReader(type.element, reading, times)
      return orNull((node, text) => (node instanceof JsonArray ? node.items.map((x) => element(x, text)) : bad()))
    }
    case 'map': {
      const value = nodeReader(type.value, reading, times)
      const key: (name: string) => Value = type.key.kind === 'string' ? (name) => name : () => bad()
      return orNull((node, text) => {
        if (!(node instanceof JsonObject)) return bad()
        // Of a repeated name the last value counts.
        const found = new Map<string, JsonNode>(node.names.map((name, i) => [name, node.values[i]!]))
        return new MapValue(
          [...found.keys()].map(key),
          [...found.values()].map((v) => value(v, text)),
        )
      })
    }
    case 'struct': {
      const object = objectReader(type, reading, times)
      return orNull((node, text) => (node instanceof JsonObject ? object(node, text) : bad()))
    }
    case 'void':
      return (node) => (node === null ? null : bad())
  }
}

const SPECIAL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['+Infinity', Infinity],
  ['INF', Infinity],
  ['+INF', Infinity],
  ['-Infinity', -Infinity],
  ['-INF', -Infinity],
])

/** Turns the errors of reading an interval into null. */
const quietly =
  (read: (s: string) => Value) =>
  (s: string): Value => {
    try {
      return read(s)
    } catch (e) {
      if (e instanceof ExecutionError) return null
      throw e
    }
  }

function objectReader(
  type: StructType,
  reading: JsonReading,
  times: DatetimeReading,
): (node: JsonObject, text: string) => StructValue {
  const members = type.fields.map((f) => nodeReader(f.type, reading, times))
  const places = new Map(type.fields.map((f, i) => [f.name, i]))
  return (node, text) => {
    const out = new Array<Value>(members.length).fill(null)
    for (let i = 0; i < node.names.length; i++) {
      const place = places.get(node.names[i]!)
      if (place !== undefined) out[place] = members[place]!(node.values[i]!, text)
    }
    return out
  }
}

/** How values become JSON. */
export interface JsonWriting extends DatetimeFormats {
  /** Leave out struct members that are NULL. */
  readonly ignoreNullFields: boolean
}

/**
 * The function from a value of `type`, NULL too, to its JSON text: dates and timestamps in the formats of
 * `writing`, BINARY as base64, NaN and infinities as strings, map keys as strings, intervals as CAST prints them.
 */
export function valueToJson(type: DataType, writing: JsonWriting): (v: Value) => string {
  return writer(type, writing, datetimeWriting(writing))
}

function writer(type: DataType, writing: JsonWriting, times: DatetimeWriting): (v: Value) => string {
  const orNull =
    (write: (v: Value) => string) =>
    (v: Value): string =>
      v === null ? 'null' : write(v)
  const special = (text: (n: number) => string) => (v: Value) =>
    Number.isFinite(v) ? text(v as number) : `"${v as number}"`
  switch (type.kind) {
    case 'boolean':
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return (v) => String(v)
    case 'float':
      return orNull(special(formatFloat))
    case 'double':
      return orNull(special(formatDouble))
    case 'decimal':
      return orNull((v) => formatDecimal(v as bigint, type.scale))
    case 'string':
      return orNull((v) => quoteJson(v as string))
    case 'binary':
      return orNull((v) => `"${Buffer.from(v as Uint8Array).toString('base64')}"`)
    case 'date':
      return orNull((v) => quoteJson(times.date(v as number)))
    case 'timestamp':
      return orNull((v) => quoteJson(times.timestamp(v as bigint)))
    case 'timestamp_ntz':
      return orNull((v) => quoteJson(times.timestampNtz(v as bigint)))
    case 'interval':
    case 'interval_dt':
    case 'interval_ym': {
      const text = castText(type, writing)
      return orNull((v) => quoteJson(text(v)))
    }
    case 'array': {
      const element = writer(type.element, writing, times)
      return orNull((v) => `[${(v as readonly Value[]).map(element).join(',')}]`)
    }
    case 'map': {
      const key = type.key.kind === 'string' ? (k: Value) => k as string : castText(type.key, writing)
      const value = writer(type.value, writing, times)
      return orNull((v) => {
        const m = v as MapValue
        return `{${m.keys.map((k, i) => `${quoteJson(key(k))}:${value(m.values[i]!)}`).join(',')}}`
      })
    }
    case 'struct': {
      const members = type.fields.map((f) => ({ name: quoteJson(f.name), write: writer(f.type, writing, times) }))
      return orNull((v) => {
        const s = v as StructValue
        let out = ''
        for (let i = 0; i < members.length; i++) {
          if (s[i] === null && writing.ignoreNullFields) continue
          const { name, write } = members[i]!
          out += `${out === '' ? '' : ','}${name}:${write(s[i]!)}`
        }
        return `{${out}}`
      })
    }
    case 'void':
      return () => 'null'
  }
}

const castText = (type: DataType, writing: JsonWriting): ((v: Value) => string) =>
  textMaker(type, { timeZone: writing.timeZone, nullText: 'null', binary: 'utf8', scientificDecimals: false })
