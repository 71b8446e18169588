import {
  formatDate,
  parseDate,
  parseTimestamp,
  parseTimestampNtz,
  splitLocalUs,
  zoneOf,
  type Zone,
} from '../../types/time.ts'
import { formatterOf } from '../datetime/formatter.ts'
import { parserOf } from '../datetime/parser.ts'

/** How dates and timestamps stand in JSON and CSV. */
export interface DatetimeFormats {
  readonly timeZone: string
  readonly dateFormat?: string | undefined
  readonly timestampFormat?: string | undefined
  readonly timestampNtzFormat?: string | undefined
}

/** Reads dates and timestamps by the formats, or without them as CAST does; null for what does not fit. */
export interface DatetimeReading {
  date(text: string): number | null
  timestamp(text: string): bigint | null
  timestampNtz(text: string): bigint | null
}

/** The readers for one set of formats. Raises the errors of patterns. */
export function datetimeReading(formats: DatetimeFormats): DatetimeReading {
  const zone = zoneOf(formats.timeZone)
  const date = formats.dateFormat === undefined ? undefined : parserOf(formats.dateFormat)
  const timestamp = formats.timestampFormat === undefined ? undefined : parserOf(formats.timestampFormat)
  const ntz = formats.timestampNtzFormat === undefined ? undefined : parserOf(formats.timestampNtzFormat)
  return {
    date: (text) => {
      if (date === undefined) return parseDate(text)
      const parsed = date(text)
      return parsed === null ? null : splitLocalUs(parsed.localUs).days
    },
    timestamp: (text) => {
      if (timestamp === undefined) return parseTimestamp(text, zone)
      const parsed = timestamp(text)
      return parsed === null ? null : (parsed.zone ?? zone).localToUtcUs(parsed.localUs)
    },
    timestampNtz: (text) => (ntz === undefined ? parseTimestampNtz(text) : (ntz(text)?.localUs ?? null)),
  }
}

/** Writes dates and timestamps by the formats; without them dates as `2026-01-31`, timestamps as ISO 8601 with milliseconds. */
export interface DatetimeWriting {
  date(days: number): string
  timestamp(us: bigint): string
  timestampNtz(us: bigint): string
}

/** The writers for one set of formats. Raises the errors of patterns. */
export function datetimeWriting(formats: DatetimeFormats): DatetimeWriting {
  const zone = zoneOf(formats.timeZone)
  const date = formats.dateFormat === undefined ? undefined : formatterOf(formats.dateFormat)
  const timestamp = formats.timestampFormat === undefined ? undefined : formatterOf(formats.timestampFormat)
  const ntz = formats.timestampNtzFormat === undefined ? undefined : formatterOf(formats.timestampNtzFormat)
  return {
    date: (days) => (date === undefined ? formatDate(days) : date.formatLocal(BigInt(days) * 86_400_000_000n)),
    timestamp: timestamp === undefined ? isoWriter(zone) : (us) => timestamp.format(us, zone),
    timestampNtz: (us) => (ntz === undefined ? isoLocal(us) : ntz.formatLocal(us)),
  }
}

/** `2026-01-31T10:00:00.000`: milliseconds always, the rest cut off. */
function isoLocal(us: bigint): string {
  const { days, us: inDay } = splitLocalUs(us)
  const ms = Math.floor(inDay / 1000)
  const hour = Math.floor(ms / 3_600_000)
  const minute = Math.floor(ms / 60_000) % 60
  const second = Math.floor(ms / 1000) % 60
  return `${formatDate(days)}T${padded(hour, 2)}:${padded(minute, 2)}:${padded(second, 2)}.${padded(ms % 1000, 3)}`
}

const padded = (n: number, width: number): string => String(n).padStart(width, '0')

/** `2026-01-31T10:00:00.000-05:00`; the text of the offset is made again only when the offset changes. */
function isoWriter(zone: Zone): (us: bigint) => string {
  const offsets = formatterOf('XXX')
  let lastOffset: bigint | undefined
  let suffix = ''
  return (us) => {
    const offset = zone.offsetUs(us)
    if (offset !== lastOffset) {
      lastOffset = offset
      suffix = offsets.format(us, zone)
    }
    return isoLocal(us + offset) + suffix
  }
}
