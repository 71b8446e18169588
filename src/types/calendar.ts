import { addMonthsToDays, civilFromDays } from './time.ts'
import { zoneOf, type Zone } from './time-zone.ts'

/**
 * Periods of the calendar, one after the other: `count` days, weeks or months of the clock of `zone` (null: of the
 * reading itself, for TIMESTAMP_NTZ). They are counted from 1970-01-01, weeks from the `weekStart` (0 Monday … 6 Sunday)
 * at or before it. Plain JSON.
 */
export interface CalendarSpec {
  readonly unit: 'day' | 'week' | 'month'
  readonly count: number
  readonly zone: string | null
  readonly weekStart: number
}

const DAY_S = 86_400
const US = 1_000_000n
/** 1970-01-01 was a Thursday. */
const EPOCH_WEEKDAY = 3
const CACHE = 256

/**
 * The periods of a spec on the time line, in whole seconds since the epoch (the clocks of zones move at whole seconds).
 * A period begins at the first instant that shows its first midnight, or, where the clock leaps over that midnight, at
 * the leap; it ends where the next one begins. So they leave no gap and never overlap, whatever the clock does: a day
 * has 23, 24 or 25 hours, and a day that a zone left out has none.
 */
export class CalendarPeriods {
  readonly #spec: CalendarSpec
  readonly #zone: Zone | null
  /** Day of the calendar on which period 0 begins, for days and weeks. */
  readonly #firstDay: number
  /** By local day: the period that was found last for a reading of it. */
  readonly #days = new Float64Array(CACHE).fill(NaN)
  readonly #starts = new Float64Array(CACHE)
  readonly #ends = new Float64Array(CACHE)
  /** Start and end of what `find` found. */
  start = 0
  end = 0

  constructor(spec: CalendarSpec) {
    this.#spec = spec
    this.#zone = spec.zone === null ? null : zoneOf(spec.zone)
    this.#firstDay =
      spec.unit === 'week' ? spec.weekStart - EPOCH_WEEKDAY - (spec.weekStart > EPOCH_WEEKDAY ? 7 : 0) : 0
  }

  /** Sets `start` and `end` to the period that holds the instant `seconds`. */
  find(seconds: number): void {
    const shift = this.#zone === null ? 0 : this.#zone.offsetSeconds(seconds)
    const day = Math.floor((seconds + shift) / DAY_S)
    const at = ((day % CACHE) + CACHE) % CACHE
    if (this.#days[at] === day && seconds >= this.#starts[at]! && seconds < this.#ends[at]!) {
      this.start = this.#starts[at]!
      this.end = this.#ends[at]!
      return
    }
    // The clock may show a day twice, or one before a midnight that has been: what counts is where the starts lie.
    let period = this.#periodOf(day)
    let start = this.#startOf(period)
    while (seconds < start) start = this.#startOf(--period)
    let end = this.#startOf(period + 1)
    while (seconds >= end) {
      start = end
      end = this.#startOf(++period + 1)
    }
    this.#days[at] = day
    this.#starts[at] = this.start = start
    this.#ends[at] = this.end = end
  }

  /** Number of the period that a day of the calendar falls into. */
  #periodOf(day: number): number {
    const { unit, count } = this.#spec
    if (unit === 'month') {
      const { year, month } = civilFromDays(day)
      return Math.floor(((year - 1970) * 12 + month - 1) / count)
    }
    return Math.floor((day - this.#firstDay) / (unit === 'week' ? 7 * count : count))
  }

  #startOf(period: number): number {
    const { unit, count } = this.#spec
    const day =
      unit === 'month'
        ? addMonthsToDays(0, period * count)
        : this.#firstDay + period * (unit === 'week' ? 7 * count : count)
    return this.#zone === null ? day * DAY_S : firstInstantOf(day, this.#zone)
  }
}

/** The first instant, in seconds, at which a clock shows a day or a later one. */
function firstInstantOf(day: number, zone: Zone): number {
  const midnight = day * DAY_S
  const found = Number(zone.localToUtcUs(BigInt(midnight) * US) / US)
  if (found + zone.offsetSeconds(found) === midnight) return found
  // The clock leapt over midnight: the last leap up to the instant found is the one.
  let leap = found
  for (let t = zone.nextTransition(found - 2 * DAY_S); t !== null && t <= found; t = zone.nextTransition(t)) leap = t
  return leap
}

const UNITS: Readonly<Record<string, readonly [CalendarSpec['unit'], number]>> = {
  day: ['day', 1],
  week: ['week', 1],
  month: ['month', 1],
  quarter: ['month', 3],
  year: ['month', 12],
}

/** The names of units that `parseCalendarPeriod` reads. */
export const CALENDAR_UNITS = Object.keys(UNITS)
/** The days a week may begin on, Monday first. */
export const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const

/** `month`, `2 weeks`, `1 year`: unit and count (a quarter is 3 months, a year 12); null for anything else. */
export function parseCalendarPeriod(text: string): Pick<CalendarSpec, 'unit' | 'count'> | null {
  const m = /^\s*(?:(\d{1,4})\s+)?([a-z]+?)s?\s*$/i.exec(text)
  const unit = m ? UNITS[m[2]!.toLowerCase()] : undefined
  const count = Number(m?.[1] ?? 1)
  return unit === undefined || count === 0 ? null : { unit: unit[0], count: unit[1] * count }
}

/** The weekday of a name or its first three letters, 0 Monday … 6 Sunday; null for anything else. */
export function parseWeekday(text: string): number | null {
  const name = text.trim().toLowerCase()
  const at = WEEKDAYS.findIndex((d) => d === name || d.slice(0, 3) === name)
  return at < 0 ? null : at
}
