import type { DataType } from './data-type.ts'
import { formatDecimal, formatDecimalScientific } from './decimal.ts'
import { formatCalendarInterval, formatDayTimeInterval, formatYearMonthInterval } from './intervals.ts'
import { formatDouble, formatFloat } from './number-text.ts'
import { formatDate, formatLocalUs, zoneOf } from './time.ts'
import type { CalendarInterval, MapValue, StructValue, Value } from './value.ts'

export { formatDouble, formatFloat } from './number-text.ts'

/** How the parts of a value are written. */
export interface TextStyle {
  readonly timeZone: string
  /** What stands for NULL inside arrays, maps and structs. */
  readonly nullText: string
  /** `utf8`: the bytes as text; `hex`: `[31 32]`. */
  readonly binary: 'utf8' | 'hex'
  /** Small decimals as `1E-7`, as casts without ANSI print them. */
  readonly scientificDecimals: boolean
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** A function from a non-NULL value of `type` to its text; made once, called per row. */
export function textMaker(type: DataType, style: TextStyle): (v: Value) => string {
  switch (type.kind) {
    case 'boolean':
      return (v) => (v ? 'true' : 'false')
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return (v) => String(v)
    case 'float':
      return (v) => formatFloat(v as number)
    case 'double':
      return (v) => formatDouble(v as number)
    case 'decimal': {
      const { scale } = type
      return style.scientificDecimals
        ? (v) => formatDecimalScientific(v as bigint, scale)
        : (v) => formatDecimal(v as bigint, scale)
    }
    case 'string':
      return (v) => v as string
    case 'binary':
      return style.binary === 'utf8' ? (v) => decoder.decode(v as Uint8Array) : (v) => hexList(v as Uint8Array)
    case 'date':
      return (v) => formatDate(v as number)
    case 'timestamp': {
      const zone = zoneOf(style.timeZone)
      return (v) => formatLocalUs(zone.utcToLocalUs(v as bigint))
    }
    case 'timestamp_ntz':
      return (v) => formatLocalUs(v as bigint)
    case 'interval':
      return (v) => formatCalendarInterval(v as CalendarInterval)
    case 'interval_dt':
      return (v) => formatDayTimeInterval(v as bigint, type.start, type.end)
    case 'interval_ym':
      return (v) => formatYearMonthInterval(v as number, type.start, type.end)
    case 'void':
      return () => style.nullText
    case 'array': {
      const element = orNull(textMaker(type.element, style), style.nullText)
      return (v) => `[${(v as readonly Value[]).map(element).join(', ')}]`
    }
    case 'map': {
      const key = orNull(textMaker(type.key, style), style.nullText)
      const value = orNull(textMaker(type.value, style), style.nullText)
      return (v) => {
        const { keys, values } = v as MapValue
        return `{${keys.map((k, i) => `${key(k)} -> ${value(values[i]!)}`).join(', ')}}`
      }
    }
    case 'struct': {
      const members = type.fields.map((f) => orNull(textMaker(f.type, style), style.nullText))
      return (v) => `{${(v as StructValue).map((x, i) => members[i]!(x)).join(', ')}}`
    }
  }
}

const orNull =
  (text: (v: Value) => string, nullText: string) =>
  (v: Value): string =>
    v === null ? nullText : text(v)

const hexList = (bytes: Uint8Array): string =>
  `[${Array.from(bytes, (b) => b.toString(16).toUpperCase().padStart(2, '0')).join(' ')}]`

/** What `show()` prints for values of a type: NULL as `NULL` at every depth, binary as `[31 32]`; made once per column. */
export function formatter(type: DataType, timeZone: string): (v: Value) => string {
  return orNull(textMaker(type, { timeZone, nullText: 'NULL', binary: 'hex', scientificDecimals: false }), 'NULL')
}

/** One value as `show()` prints it. */
export const formatValue = (v: Value, type: DataType, timeZone: string): string => formatter(type, timeZone)(v)
