import { trimAll } from './decimal.ts'
import { findZone, type Zone } from './time-zone.ts'

export { findZone, zoneOf, type Zone } from './time-zone.ts'

/** Microseconds in a day, hour, minute, second. */
export const US_PER_DAY = 86_400_000_000n
export const US_PER_HOUR = 3_600_000_000n
export const US_PER_MINUTE = 60_000_000n
export const US_PER_SECOND = 1_000_000n

const INT64_MIN = -(1n << 63n)
const INT64_MAX = (1n << 63n) - 1n

/** A civil date of the proleptic Gregorian calendar; year 0 is 1 BC. */
export interface CivilDate {
  readonly year: number
  /** 1–12. */
  readonly month: number
  /** 1–31. */
  readonly day: number
}

/** Days since 1970-01-01 of a valid civil date. */
export function daysFromCivil(year: number, month: number, day: number): number {
  // Years start in March here, so that the leap day comes last.
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146097 + dayOfEra - 719468
}

/** The civil date of a count of days since 1970-01-01. */
export function civilFromDays(days: number): CivilDate {
  const z = days + 719468
  const era = Math.floor(z / 146097)
  const dayOfEra = z - era * 146097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const m = Math.floor((5 * dayOfYear + 2) / 153)
  const month = m < 10 ? m + 3 : m - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * m + 2) / 5) + 1,
  }
}

/** Whether a year of the proleptic Gregorian calendar has 366 days. */
export const isLeapYear = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0

/** Days of a month (1–12). */
export const daysInMonth = (year: number, month: number): number =>
  month === 2 ? (isLeapYear(year) ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31

/** Whether the three numbers are a date. */
export const isCivil = (year: number, month: number, day: number): boolean =>
  month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)

/** `days` moved by whole months; a day beyond the end of the month becomes its last. */
export function addMonthsToDays(days: number, months: number): number {
  const { year, month, day } = civilFromDays(days)
  const index = year * 12 + (month - 1) + months
  const y = Math.floor(index / 12)
  const m = index - y * 12 + 1
  return daysFromCivil(y, m, Math.min(day, daysInMonth(y, m)))
}

/** Integer division rounded down. */
export function floorDiv(a: bigint, b: bigint): bigint {
  const q = a / b
  return q * b !== a && a < 0n !== b < 0n ? q - 1n : q
}

/** The remainder that goes with `floorDiv`: 0 ≤ r < b for positive b. */
export const floorMod = (a: bigint, b: bigint): bigint => a - floorDiv(a, b) * b

/** Days and the microseconds into the day of a local clock. */
export function splitLocalUs(localUs: bigint): { readonly days: number; readonly us: number } {
  const days = floorDiv(localUs, US_PER_DAY)
  return { days: Number(days), us: Number(localUs - days * US_PER_DAY) }
}

/** The local clock at `us` microseconds into day `days`. */
export const joinLocalUs = (days: number, us: number): bigint => BigInt(days) * US_PER_DAY + BigInt(us)

/** The date an instant has in a zone, in days since the epoch. */
export const daysOfTimestamp = (utcUs: bigint, zone: Zone): number =>
  Number(floorDiv(zone.utcToLocalUs(utcUs), US_PER_DAY))

/** The instant a date begins in a zone. */
export const timestampOfDays = (days: number, zone: Zone): bigint => zone.localToUtcUs(BigInt(days) * US_PER_DAY)

const pad2 = (n: number): string => (n < 10 ? `0${n}` : String(n))

/** `2026-01-31`; years beyond 9999 with `+`, before year 0 with `-`. */
export function formatDate(days: number): string {
  const { year, month, day } = civilFromDays(days)
  const digits = String(Math.abs(year)).padStart(4, '0')
  return `${year < 0 ? '-' : year > 9999 ? '+' : ''}${digits}-${pad2(month)}-${pad2(day)}`
}

/** `2026-01-31 10:00:00[.ffffff]` of a local clock, without trailing zeros in the fraction. */
export function formatLocalUs(localUs: bigint): string {
  const { days, us } = splitLocalUs(localUs)
  const seconds = Math.floor(us / 1e6)
  const fraction = us - seconds * 1e6
  const clock = `${pad2(Math.floor(seconds / 3600))}:${pad2(Math.floor(seconds / 60) % 60)}:${pad2(seconds % 60)}`
  const tail = fraction === 0 ? '' : `.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`
  return `${formatDate(days)} ${clock}${tail}`
}

/** A TIMESTAMP as the cast to STRING prints it in a zone. */
export const formatTimestamp = (utcUs: bigint, zone: Zone): string => formatLocalUs(zone.utcToLocalUs(utcUs))

/** A TIMESTAMP_NTZ as the cast to STRING prints it. */
export const formatTimestampNtz = (localUs: bigint): string => formatLocalUs(localUs)

/**
 * Reads a DATE as CAST does: `[+-]yyyy[yyy]`, `yyyy-[m]m`, `yyyy-[m]m-[d]d`, the last also followed by a blank or `T`
 * and anything. Days since the epoch, or null.
 */
export function parseDate(text: string): number | null {
  const m = /^([+-]?)(\d{4,7})(?:-(\d{1,2})(?:-(\d{1,2})(?:[ T].*)?)?)?$/s.exec(trimAll(text))
  if (!m) return null
  const year = m[1] === '-' ? -Number(m[2]) : Number(m[2])
  const month = m[3] === undefined ? 1 : Number(m[3])
  const day = m[4] === undefined ? 1 : Number(m[4])
  return isCivil(year, month, day) ? daysFromCivil(year, month, day) : null
}

/** What the text of a timestamp says, before any zone is applied. */
export interface TimestampParts {
  /** Days since the epoch; null when the text has only a time of day. */
  readonly days: number | null
  /** Microseconds into the day. */
  readonly us: number
  /** The zone the text names. */
  readonly zone: Zone | null
}

const DATE_PART = /^([+-]?)(\d{4,6})(?:-(\d{1,2})(?:-(\d{1,2})(?:[ T]|$)|$)|$)/
const TIME_PART = /^(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?(.*))?)?$/s

/**
 * Reads a timestamp by the rules of CAST: a date as in `parseDate` (years of 4–6 digits), then after a blank or `T`
 * `h`, `h:m`, `h:m:s` or `h:m:s.f` (digits beyond the sixth are dropped), and behind the seconds a zone; or only a time of day,
 * `h:m…` or `Th…`. Null for anything else and for unknown zones.
 */
export function parseTimestampParts(text: string): TimestampParts | null {
  const s = trimAll(text)
  if (s === '') return null
  let days: number | null = null
  let rest: string
  const date = DATE_PART.exec(s)
  if (date) {
    const year = date[1] === '-' ? -Number(date[2]) : Number(date[2])
    const month = date[3] === undefined ? 1 : Number(date[3])
    const day = date[4] === undefined ? 1 : Number(date[4])
    if (!isCivil(year, month, day)) return null
    days = daysFromCivil(year, month, day)
    rest = s.slice(date[0].length)
    if (rest === '') return /[ T]$/.test(date[0]) ? null : { days, us: 0, zone: null }
  } else {
    // Only a time: a bare hour would read as a year, so it needs the T.
    rest = s.startsWith('T') ? s.slice(1) : s
    if (rest === s && !/^\d{1,2}:/.test(s)) return null
  }
  const time = TIME_PART.exec(rest)
  if (!time) return null
  const hour = Number(time[1])
  const minute = Number(time[2] ?? 0)
  const second = Number(time[3] ?? 0)
  if (hour > 23 || minute > 59 || second > 59) return null
  const fraction = Number((time[4] ?? '').slice(0, 6).padEnd(6, '0'))
  let zone: Zone | null = null
  if (time[5]) {
    zone = findZone(trimAll(time[5]))
    if (zone === null) return null
  }
  return { days, us: ((hour * 60 + minute) * 60 + second) * 1e6 + fraction, zone }
}

const inInt64 = (us: bigint): bigint | null => (us >= INT64_MIN && us <= INT64_MAX ? us : null)

/**
 * Reads a TIMESTAMP as CAST does: microseconds since the epoch, or null. `zone` counts where the text names none;
 * a text that is only a time of day takes the date of `nowUs` (without it: null).
 */
export function parseTimestamp(text: string, zone: Zone, nowUs?: () => bigint): bigint | null {
  const parts = parseTimestampParts(text)
  if (parts === null) return null
  const at = parts.zone ?? zone
  let days = parts.days
  if (days === null) {
    if (!nowUs) return null
    days = daysOfTimestamp(nowUs(), at)
  }
  return inInt64(at.localToUtcUs(joinLocalUs(days, parts.us)))
}

/** Reads a TIMESTAMP_NTZ as CAST does: microseconds of the local clock, or null. A zone in the text must exist and is ignored. */
export function parseTimestampNtz(text: string): bigint | null {
  const parts = parseTimestampParts(text)
  return parts === null || parts.days === null ? null : inInt64(joinLocalUs(parts.days, parts.us))
}

const SPECIAL = /^([A-Za-z]+)[ \t]*(.*)$/s

/** `epoch`, `now`, `today`, `tomorrow`, `yesterday`, as far as the text is one, with a valid zone behind it or none. */
function specialWord(text: string): string | null {
  const m = SPECIAL.exec(trimAll(text))
  if (!m) return null
  const word = m[1]!.toLowerCase()
  if (!['epoch', 'now', 'today', 'tomorrow', 'yesterday'].includes(word)) return null
  return m[2] === '' || findZone(m[2]!) !== null ? word : null
}

const dayShift = (word: string): number => (word === 'tomorrow' ? 1 : word === 'yesterday' ? -1 : 0)

/** The DATE a special word stands for in a constant (Spark: only there), or null. */
export function specialDate(text: string, zone: Zone, nowUs: () => bigint): number | null {
  const word = specialWord(text)
  if (word === null) return null
  return word === 'epoch' ? 0 : daysOfTimestamp(nowUs(), zone) + dayShift(word)
}

/** The TIMESTAMP a special word stands for in a constant, or null. */
export function specialTimestamp(text: string, zone: Zone, nowUs: () => bigint): bigint | null {
  const word = specialWord(text)
  if (word === null) return null
  if (word === 'epoch') return 0n
  if (word === 'now') return nowUs()
  return timestampOfDays(daysOfTimestamp(nowUs(), zone) + dayShift(word), zone)
}

/** The TIMESTAMP_NTZ a special word stands for in a constant, or null. */
export function specialTimestampNtz(text: string, zone: Zone, nowUs: () => bigint): bigint | null {
  const word = specialWord(text)
  if (word === null) return null
  if (word === 'epoch') return 0n
  if (word === 'now') return zone.utcToLocalUs(nowUs())
  return BigInt(daysOfTimestamp(nowUs(), zone) + dayShift(word)) * US_PER_DAY
}
