import type { DataType, Field } from '../../types/data-type.ts'
import { formatDecimal } from '../../types/decimal.ts'
import { formatDouble, formatFloat, formatValue } from '../../types/format.ts'
import { formatDate, formatLocalUs } from '../../types/time.ts'
import type { Zone } from '../../types/time-zone.ts'
import type { MapValue, Value } from '../../types/value.ts'

/** Dates and times as text, where they are not written in the standard form. */
export interface TimeWriters {
  readonly date?: (days: number) => string
  readonly timestamp?: (us: bigint) => string
  readonly timestampNtz?: (us: bigint) => string
}

/** The JSON text of one value as `jsonEncoder` writes it: its slow way, and its judge. */
export function jsonText(
  value: Value,
  type: DataType,
  zone: Zone,
  ignoreNulls: boolean,
  times: TimeWriters = {},
): string {
  if (value === null) return 'null'
  switch (type.kind) {
    case 'boolean':
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return String(value)
    case 'float':
    case 'double': {
      const x = value as number
      if (!Number.isFinite(x)) return `"${String(x)}"`
      return type.kind === 'float' ? formatFloat(x) : formatDouble(x)
    }
    case 'decimal':
      return formatDecimal(value as bigint, type.scale)
    case 'string':
      return quoted(value as string)
    case 'binary':
      return `"${Buffer.from(value as Uint8Array).toString('base64')}"`
    case 'date':
      return times.date ? quoted(times.date(value as number)) : `"${formatDate(value as number)}"`
    case 'timestamp':
      return times.timestamp ? quoted(times.timestamp(value as bigint)) : `"${timestampText(value as bigint, zone)}"`
    case 'timestamp_ntz':
      return times.timestampNtz
        ? quoted(times.timestampNtz(value as bigint))
        : `"${timestampText(value as bigint, null)}"`
    case 'array':
      return `[${(value as readonly Value[]).map((v) => jsonText(v, type.element, zone, ignoreNulls, times)).join(',')}]`
    case 'map': {
      const { keys, values } = value as MapValue
      const key = (k: Value): string =>
        quoted(type.key.kind === 'string' ? (k as string) : formatValue(k, type.key, zone.name))
      return `{${keys.map((k, i) => `${key(k)}:${jsonText(values[i]!, type.value, zone, ignoreNulls, times)}`).join(',')}}`
    }
    case 'struct': {
      const members = type.fields.map((f, i) =>
        memberText(f, (value as readonly Value[])[i] ?? null, zone, ignoreNulls, times),
      )
      return `{${members.filter((m) => m !== '').join(',')}}`
    }
    default:
      return quoted(formatValue(value, type, zone.name))
  }
}

function memberText(f: Field, value: Value, zone: Zone, ignoreNulls: boolean, times: TimeWriters): string {
  return value === null && ignoreNulls ? '' : `${quoted(f.name)}:${jsonText(value, f.type, zone, ignoreNulls, times)}`
}

/** A JSON string: quotes, backslashes and control characters escaped, all else as it is. */
export function quoted(text: string): string {
  // eslint-disable-next-line no-control-regex
  const body = text.replace(/["\\\u0000-\u001f]/g, (c) => {
    const short = SHORT[c]
    return short ?? `\\u${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
  })
  return `"${body}"`
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
}

/** `2026-01-01T00:00:00.000Z`: the clock of `zone` in milliseconds and its offset; without a zone no offset. */
export function timestampText(us: bigint, zone: Zone | null): string {
  const offsetUs = zone === null ? 0n : zone.offsetUs(us)
  const local = us + offsetUs
  const ms = (((local / 1000n) % 1000n) + 1000n) % 1000n
  const whole = local - (((local % 1_000_000n) + 1_000_000n) % 1_000_000n)
  const fraction = local % 1000n < 0n ? (ms + 999n) % 1000n : ms
  const text = `${formatLocalUs(whole).replace(' ', 'T')}.${String(fraction).padStart(3, '0')}`
  if (zone === null) return text
  const minutes = Number(offsetUs / 60_000_000n)
  if (minutes === 0) return `${text}Z`
  const two = (x: number): string => String(Math.trunc(Math.abs(x))).padStart(2, '0')
  return `${text}${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`
}
