import { civilFromDays, daysFromCivil, splitLocalUs, type Zone, zoneOf } from '../../types/time.ts'
import { AM_PM, ERAS, MONTHS, QUARTERS, WEEKDAYS, zoneName } from './names.ts'
import { parsePattern, type NumberField, type OffsetForm, type PatternItem } from './pattern.ts'

/** Writes instants by a pattern. */
export interface DatetimeFormatter {
  /** The text of an instant on the clock of `zone`. */
  format(utcUs: bigint, zone: Zone): string
  /** `format` for microseconds as a safe integer: the form of narrow loops. */
  formatNarrow(utcUs: number, zone: Zone): string
  /** The text of a local clock reading. */
  formatLocal(localUs: bigint): string
}

/** A local clock reading taken apart. */
interface Parts {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly days: number
  /** Seconds into the day, and microseconds into the second. */
  readonly second: number
  readonly us: number
  readonly offset: number
  readonly utcSeconds: number
  readonly zone: Zone
}

type Writer = (p: Parts) => string

const NUMBERS: Readonly<Record<NumberField, (p: Parts) => number>> = {
  year: (p) => p.year,
  yearOfEra: (p) => (p.year > 0 ? p.year : 1 - p.year),
  quarter: (p) => Math.floor((p.month + 2) / 3),
  month: (p) => p.month,
  day: (p) => p.day,
  dayOfYear: (p) => p.days - daysFromCivil(p.year, 1, 1) + 1,
  alignedDay: (p) => ((p.day - 1) % 7) + 1,
  hour24: (p) => Math.floor(p.second / 3600),
  clockHour24: (p) => Math.floor(p.second / 3600) || 24,
  hour12: (p) => Math.floor(p.second / 3600) % 12,
  clockHour12: (p) => Math.floor(p.second / 3600) % 12 || 12,
  minute: (p) => Math.floor(p.second / 60) % 60,
  second: (p) => p.second % 60,
}

function textWriter(field: 'era' | 'month' | 'weekday' | 'quarter' | 'amPm', full: boolean): Writer {
  switch (field) {
    case 'era': {
      const names = full ? ERAS.full : ERAS.short
      return (p) => names[p.year > 0 ? 1 : 0]
    }
    case 'month': {
      const names = MONTHS.map((m) => (full ? m : m.slice(0, 3)))
      return (p) => names[p.month - 1]!
    }
    case 'weekday': {
      const names = WEEKDAYS.map((w) => (full ? w : w.slice(0, 3)))
      return (p) => names[(((p.days + 3) % 7) + 7) % 7]!
    }
    case 'quarter':
      return (p) => (full ? QUARTERS[Math.floor((p.month - 1) / 3)]! : `Q${Math.floor((p.month + 2) / 3)}`)
    case 'amPm':
      return (p) => AM_PM[p.second < 43200 ? 0 : 1]!
  }
}

const TWO_DIGITS = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0'))
const two = (n: number): string => TWO_DIGITS[n] ?? String(n)

/** `+05:30` and kin; minutes and seconds in lower case are left out when they are 0. */
function offsetText(offset: number, form: OffsetForm, zero: string): string {
  if (offset === 0) return zero
  const magnitude = Math.abs(offset)
  const minutes = Math.floor(magnitude / 60) % 60
  const seconds = magnitude % 60
  const colon = form.includes(':') ? ':' : ''
  let text = (offset < 0 ? '-' : '+') + two(Math.floor(magnitude / 3600))
  if (form !== '+HHmm' || minutes !== 0) text += colon + two(minutes)
  if (form.endsWith('ss') && seconds !== 0) text += colon + two(seconds)
  // What was cut off may have been all there was.
  return /^[+-][0:]+$/.test(text) ? zero : text
}

function localizedOffset(offset: number, full: boolean): string {
  if (offset === 0) return 'GMT'
  const magnitude = Math.abs(offset)
  const hours = Math.floor(magnitude / 3600)
  const minutes = Math.floor(magnitude / 60) % 60
  const seconds = magnitude % 60
  const sign = offset < 0 ? '-' : '+'
  const tail = seconds === 0 ? '' : `:${two(seconds)}`
  if (full) return `GMT${sign}${two(hours)}:${two(minutes)}${tail}`
  return `GMT${sign}${hours}${minutes === 0 && seconds === 0 ? '' : `:${two(minutes)}${tail}`}`
}

function writer(item: PatternItem): Writer {
  switch (item.kind) {
    case 'literal':
      return () => item.text
    case 'number': {
      const value = NUMBERS[item.field]
      const { min, sign } = item
      if (min === 2 && sign === 'never') return (p) => two(value(p))
      return (p) => {
        const n = value(p)
        const digits = String(Math.abs(n)).padStart(min, '0')
        return n < 0 ? `-${digits}` : sign === 'exceeds' && digits.length > min ? `+${digits}` : digits
      }
    }
    case 'reducedYear': {
      const value = NUMBERS[item.field]
      return (p) => two(Math.abs(value(p)) % 100)
    }
    case 'text':
      return textWriter(item.field, item.full)
    case 'fraction':
      return (p) => `${String(p.us).padStart(6, '0')}000`.slice(0, item.max)
    case 'offset':
      return (p) => offsetText(p.offset, item.form, item.zero)
    case 'localizedOffset':
      return (p) => localizedOffset(p.offset, item.full)
    case 'zoneId':
      return (p) => p.zone.name
    case 'zoneName':
      return (p) => zoneName(p.zone, p.utcSeconds, item.full, item.generic)
    case 'optional':
      return chain(item.items.map(writer))
  }
}

function chain(writers: readonly Writer[]): Writer {
  return (p) => {
    let text = ''
    for (const w of writers) text += w(p)
    return text
  }
}

const UTC = zoneOf('UTC')

function compile(pattern: string): DatetimeFormatter {
  const write = chain(parsePattern(pattern, false).map(writer))
  let last = 0
  let date = civilFromDays(last)
  const compose = (days: number, second: number, us: number, offset: number, zone: Zone): string => {
    // Instants that follow each other are often of one day.
    if (days !== last) {
      date = civilFromDays(days)
      last = days
    }
    const { year, month, day } = date
    return write({ year, month, day, days, second, us, offset, utcSeconds: days * 86400 + second - offset, zone })
  }
  const at = (localUs: bigint, offset: number, zone: Zone): string => {
    const { days, us } = splitLocalUs(localUs)
    const second = Math.floor(us / 1e6)
    return compose(days, second, us - second * 1e6, offset, zone)
  }
  return {
    formatNarrow: (utcUs, zone) => {
      let seconds = Math.floor(utcUs / 1e6)
      // The quotient may be rounded up to a whole second that the instant has not reached.
      if (seconds * 1e6 > utcUs) seconds--
      const offset = zone.offsetSeconds(seconds)
      const days = Math.floor((seconds + offset) / 86400)
      return compose(days, seconds + offset - days * 86400, utcUs - seconds * 1e6, offset, zone)
    },
    format: (utcUs, zone) => {
      const offsetUs = zone.offsetUs(utcUs)
      return at(utcUs + offsetUs, Number(offsetUs) / 1e6, zone)
    },
    formatLocal: (localUs) => at(localUs, 0, UTC),
  }
}

const compiled = new Map<string, DatetimeFormatter>()

/** The formatter of a pattern, made once per pattern. Raises the errors of `parsePattern`. */
export function formatterOf(pattern: string): DatetimeFormatter {
  let f = compiled.get(pattern)
  if (f === undefined) {
    // Patterns may come from data: a bound keeps them from filling memory.
    if (compiled.size > 500) compiled.clear()
    compiled.set(pattern, (f = compile(pattern)))
  }
  return f
}
