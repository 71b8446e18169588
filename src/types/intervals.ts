import { AnalysisError, ExecutionError } from '../errors/errors.ts'
import type { DayTimeUnit, YearMonthUnit } from './data-type.ts'
import { trimAll } from './decimal.ts'
import { DAY_TIME_UNITS, rangeText, UNIT_US } from './interval-format.ts'
import { CalendarInterval } from './value.ts'

export {
  DAY_TIME_UNITS,
  formatCalendarInterval,
  formatDayTimeInterval,
  formatYearMonthInterval,
  UNIT_US,
} from './interval-format.ts'

const INT64_MAX = (1n << 63n) - 1n
const INT64_MIN = -(1n << 63n)
const INT32_MAX = 2147483647n
const INT32_MIN = -2147483648n

const tooLarge = (text: string): ExecutionError =>
  new ExecutionError('INVALID_INTERVAL_FORMAT.ARITHMETIC_EXCEPTION', { value: text })

function int32(value: bigint, text: string): number {
  if (value > INT32_MAX || value < INT32_MIN) throw tooLarge(text)
  return Number(value)
}

function int64(value: bigint, text: string): bigint {
  if (value > INT64_MAX || value < INT64_MIN) throw tooLarge(text)
  return value
}

interface Unit {
  readonly part: 'months' | 'days' | 'micros'
  readonly factor: bigint
}

const UNITS: Readonly<Record<string, Unit>> = {
  year: { part: 'months', factor: 12n },
  month: { part: 'months', factor: 1n },
  week: { part: 'days', factor: 7n },
  day: { part: 'days', factor: 1n },
  hour: { part: 'micros', factor: UNIT_US.hour },
  minute: { part: 'micros', factor: UNIT_US.minute },
  second: { part: 'micros', factor: UNIT_US.second },
  millisecond: { part: 'micros', factor: 1000n },
  microsecond: { part: 'micros', factor: 1n },
}

/** One number with its unit, as in `2 hours`; `unit` singular and lower case. */
export interface IntervalPart {
  readonly value: string
  readonly unit: string
}

/** True for the units an interval can be written in (singular, lower case). */
export const isIntervalUnit = (unit: string): boolean => Object.hasOwn(UNITS, unit)

const NUMBER = /^([+-]?)\s*(?:(\d+)(?:\.(\d*))?|\.(\d+))$/

/** `-1.5` and `second` as microseconds, days or months; only seconds take a fraction, of at most nine digits. */
function readPart(number: string, unitText: string, whole: string): { readonly unit: Unit; readonly amount: bigint } {
  const m = NUMBER.exec(number)
  if (!m)
    throw new ExecutionError('INVALID_INTERVAL_FORMAT.UNRECOGNIZED_NUMBER', {
      value: whole,
      number: JSON.stringify(number),
    })
  const unit = isIntervalUnit(unitText) ? UNITS[unitText] : undefined
  if (!unit)
    throw new ExecutionError('INVALID_INTERVAL_FORMAT.INVALID_UNIT', { value: whole, unit: JSON.stringify(unitText) })
  const fraction = m[3] ?? m[4]
  if (fraction !== undefined && unitText !== 'second')
    throw new ExecutionError('INVALID_INTERVAL_FORMAT.INVALID_FRACTION', { value: whole, unit: unitText })
  if (fraction !== undefined && fraction.length > 9)
    throw new ExecutionError('INVALID_INTERVAL_FORMAT.INVALID_PRECISION', { value: whole })
  const magnitude = BigInt(m[2] ?? '0') * unit.factor + BigInt((fraction ?? '').slice(0, 6).padEnd(6, '0'))
  // Without a fraction the six zeros read as 0.
  return { unit, amount: m[1] === '-' ? -magnitude : magnitude }
}

/**
 * Adds up `1 day 2 hours` given as parts. Overflow raises INVALID_INTERVAL_FORMAT.ARITHMETIC_EXCEPTION, an unknown unit or
 * number the condition of its kind.
 */
export function intervalOfParts(parts: readonly IntervalPart[], whole: string = partsText(parts)): CalendarInterval {
  let months = 0n
  let days = 0n
  let micros = 0n
  for (const part of parts) {
    const { unit, amount } = readPart(part.value.trim(), part.unit, whole)
    if (unit.part === 'months') months += amount
    else if (unit.part === 'days') days += amount
    else micros += amount
  }
  return new CalendarInterval(int32(months, whole), int32(days, whole), int64(micros, whole))
}

const partsText = (parts: readonly IntervalPart[]): string => parts.map((p) => `${p.value} ${p.unit}`).join(' ')

/**
 * Splits `interval 1 day -2 hours` (the word INTERVAL may be left out) into parts. Raises INVALID_INTERVAL_FORMAT.* with
 * Spark's subclasses.
 */
export function intervalParts(text: string): readonly IntervalPart[] {
  const trimmed = trimAll(text).toLowerCase()
  if (trimmed === '') throw new ExecutionError('INVALID_INTERVAL_FORMAT.INPUT_IS_EMPTY', { value: text })
  let rest = trimmed
  if (rest.startsWith('interval')) {
    if (rest.length === 8) throw new ExecutionError('INVALID_INTERVAL_FORMAT.INPUT_IS_EMPTY', { value: text })
    if (!/^\s/.test(rest.slice(8)))
      throw new ExecutionError('INVALID_INTERVAL_FORMAT.INVALID_PREFIX', {
        value: text,
        prefix: JSON.stringify(rest.split(/\s/)[0]!),
      })
    rest = rest.slice(8).trimStart()
  }
  const parts: IntervalPart[] = []
  while (rest !== '') {
    const number = /^[+-]?\s*(?:\d+(?:\.\d*)?|\.\d*)/.exec(rest)
    if (!number) {
      const word = rest.split(/\s/)[0]!
      if (isIntervalUnit(word.replace(/s$/, '')))
        throw new ExecutionError('INVALID_INTERVAL_FORMAT.MISSING_NUMBER', { value: text })
      throw new ExecutionError('INVALID_INTERVAL_FORMAT.UNRECOGNIZED_NUMBER', {
        value: text,
        number: JSON.stringify(word),
      })
    }
    rest = rest.slice(number[0].length)
    if (rest === '') throw new ExecutionError('INVALID_INTERVAL_FORMAT.MISSING_UNIT', { value: text })
    if (!/^\s/.test(rest))
      throw new ExecutionError('INVALID_INTERVAL_FORMAT.INVALID_VALUE', {
        value: text,
        number: JSON.stringify(number[0] + rest.split(/\s/)[0]!),
      })
    rest = rest.trimStart()
    const unit = /^\S+/.exec(rest)![0]
    rest = rest.slice(unit.length).trimStart()
    const singular = unit.replace(/s$/, '')
    if (!isIntervalUnit(singular))
      throw new ExecutionError('INVALID_INTERVAL_FORMAT.INVALID_UNIT', { value: text, unit: JSON.stringify(unit) })
    parts.push({ value: number[0].replace(/\s+/g, ''), unit: singular })
  }
  return parts
}

/** Reads `1 day 2 hours` with or without INTERVAL before it. Raises INVALID_INTERVAL_FORMAT.*. */
export const parseCalendarInterval = (text: string): CalendarInterval => intervalOfParts(intervalParts(text), text)

/**
 * The type and value of an interval literal of parts: months alone give a year-month interval, everything else without
 * months a day-time interval, of the units that occur (weeks count as days, fractions as seconds).
 * Months and days together are no ANSI interval: null, and the caller says so.
 */
export function literalOfParts(parts: readonly IntervalPart[]):
  | {
      readonly kind: 'interval_ym'
      readonly start: YearMonthUnit
      readonly end: YearMonthUnit
      readonly months: number
    }
  | { readonly kind: 'interval_dt'; readonly start: DayTimeUnit; readonly end: DayTimeUnit; readonly micros: bigint }
  | null {
  const value = intervalOfParts(parts)
  const units = parts.map((p) => p.unit)
  const hasYear = units.includes('year')
  const hasMonth = units.includes('month')
  if (hasYear || hasMonth) {
    if (units.some((u) => u !== 'year' && u !== 'month')) return null
    return {
      kind: 'interval_ym',
      start: hasYear ? 'year' : 'month',
      end: hasMonth ? 'month' : 'year',
      months: value.months,
    }
  }
  const used = new Set(units.map((u) => (u === 'week' ? 'day' : u.endsWith('second') ? 'second' : u) as DayTimeUnit))
  const present = DAY_TIME_UNITS.filter((u) => used.has(u))
  const micros = BigInt(value.days) * UNIT_US.day + value.micros
  if (micros > INT64_MAX || micros < INT64_MIN)
    throw new ExecutionError('INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION', { operation: 'INTERVAL' })
  return { kind: 'interval_dt', start: present[0] ?? 'second', end: present.at(-1) ?? 'second', micros }
}

/** A duration for watermarks, windows, triggers and timeouts. */
export interface Duration {
  readonly months: number
  readonly days: number
  readonly micros: bigint
  /** All of it in microseconds, a month counted as 31 days (as Spark does for watermark delays). */
  readonly totalUs: bigint
}

/** Reads `10 minutes`, `interval 1 hour 30 minutes`, `1 month`. Anything else raises CANNOT_PARSE_INTERVAL. */
export function parseDurationUs(text: string): Duration {
  let value: CalendarInterval
  try {
    value = parseCalendarInterval(text)
  } catch (cause) {
    throw new AnalysisError(
      'CANNOT_PARSE_INTERVAL',
      { value: text },
      { hint: 'write a duration as "10 minutes" or "1 hour 30 minutes"', cause },
    )
  }
  const { months, days, micros } = value
  return { months, days, micros, totalUs: (BigInt(months) * 31n + BigInt(days)) * UNIT_US.day + micros }
}

/** `parseDurationUs` in whole milliseconds, rounded down, a month counted as 31 days: for triggers and timeouts. */
export const parseDurationMs = (text: string): number => Number(parseDurationUs(text).totalUs / 1000n)

const sign = (s: string | undefined): bigint => (s === '-' ? -1n : 1n)

const outOfRange = (value: string, start: string, end: string, reason: string): ExecutionError =>
  new ExecutionError('INVALID_INTERVAL_FORMAT.INTERVAL_PARSING', { value, range: rangeText(start, end), reason })

interface Shape {
  readonly pattern: string
  readonly form: string
}

/** The text between the quotes of a day-time interval, by range; groups in the order of the units, then the fraction. The first number may have as many digits as Spark allows its unit. */
const DAY_TIME_SHAPES: Readonly<Record<string, Shape>> = {
  day: { pattern: String.raw`(\d{1,9})`, form: '[+|-]d' },
  hour: { pattern: String.raw`(\d{1,10})`, form: '[+|-]h' },
  minute: { pattern: String.raw`(\d{1,12})`, form: '[+|-]m' },
  second: { pattern: String.raw`(\d{1,13})(?:\.(\d{1,9}))?`, form: '[+|-]s.n' },
  'day to hour': { pattern: String.raw`(\d{1,9}) (\d{1,2})`, form: '[+|-]d h' },
  'day to minute': { pattern: String.raw`(\d{1,9}) (\d{1,2}):(\d{1,2})`, form: '[+|-]d h:m' },
  'day to second': {
    pattern: String.raw`(\d{1,9}) (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?`,
    form: '[+|-]d h:m:s.n',
  },
  'hour to minute': { pattern: String.raw`(\d{1,10}):(\d{1,2})`, form: '[+|-]h:m' },
  'hour to second': { pattern: String.raw`(\d{1,10}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?`, form: '[+|-]h:m:s.n' },
  'minute to second': { pattern: String.raw`(\d{1,12}):(\d{1,2})(?:\.(\d{1,9}))?`, form: '[+|-]m:s.n' },
}

const YEAR_MONTH_SHAPES: Readonly<Record<string, Shape>> = {
  year: { pattern: String.raw`(\d+)`, form: '[+|-]y' },
  month: { pattern: String.raw`(\d+)`, form: '[+|-]m' },
  'year to month': { pattern: String.raw`(\d+)-(\d+)`, form: '[+|-]y-m' },
}

/** The range as it is named, when there is such a range. */
function shapeOf(start: string, end: string): Shape {
  const range = rangeText(start, end)
  const shape = Object.hasOwn(DAY_TIME_SHAPES, range)
    ? DAY_TIME_SHAPES[range]
    : Object.hasOwn(YEAR_MONTH_SHAPES, range)
      ? YEAR_MONTH_SHAPES[range]
      : undefined
  if (!shape)
    throw new ExecutionError('INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION', { from: start, to: end })
  return shape
}

const compiled = new Map<string, RegExp>()

/** Groups: outer sign, inner sign, then those of the shape. `quoted` also takes `INTERVAL -'…' UNITS`. */
function match(text: string, start: string, end: string): RegExpExecArray | null {
  const range = rangeText(start, end)
  let bare = compiled.get(range)
  let quoted = compiled.get(`quoted ${range}`)
  if (!bare || !quoted) {
    const { pattern } = shapeOf(start, end)
    bare = new RegExp(String.raw`^()([+-]?)${pattern}$`)
    quoted = new RegExp(
      String.raw`^interval\s+([+-]?)'([+-]?)${pattern}'\s+${range.replaceAll(' ', String.raw`\s+`)}$`,
      'i',
    )
    compiled.set(range, bare)
    compiled.set(`quoted ${range}`, quoted)
  }
  return bare.exec(text) ?? quoted.exec(text)
}

const BOUND: Readonly<Record<DayTimeUnit, bigint>> = { day: INT64_MAX, hour: 23n, minute: 59n, second: 59n }

function dayTimeValue(m: RegExpExecArray, text: string, start: DayTimeUnit, end: DayTimeUnit): bigint {
  const units = DAY_TIME_UNITS.slice(DAY_TIME_UNITS.indexOf(start), DAY_TIME_UNITS.indexOf(end) + 1)
  let total = 0n
  units.forEach((unit, i) => {
    const value = BigInt(m[3 + i]!)
    if (i > 0 && value > BOUND[unit]) throw outOfRange(text, start, end, `${unit} ${value} outside 0 to ${BOUND[unit]}`)
    total += value * UNIT_US[unit]
  })
  if (end === 'second') total += BigInt((m[3 + units.length] ?? '').slice(0, 6).padEnd(6, '0'))
  return int64(sign(m[1]) * sign(m[2]) * total, text)
}

function yearMonthValue(m: RegExpExecArray, text: string, start: YearMonthUnit, end: YearMonthUnit): number {
  const first = BigInt(m[3]!)
  const months = m[4] === undefined ? 0n : BigInt(m[4])
  if (months > 11n) throw outOfRange(text, start, end, `month ${months} outside 0 to 11`)
  const total = sign(m[1]) * sign(m[2]) * (first * (start === 'year' ? 12n : 1n) + months)
  if (total > INT32_MAX || total < INT32_MIN) throw outOfRange(text, start, end, 'more months than fit 32 bits')
  return Number(total)
}

/**
 * The text of a literal `INTERVAL '1 02:03' DAY TO MINUTE`, in microseconds. A text of another form raises
 * INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING…, a part out of bounds INTERVAL_PARSING, a range
 * that does not exist UNSUPPORTED_FROM_TO_EXPRESSION.
 */
export function parseDayTimeInterval(text: string, start: DayTimeUnit, end: DayTimeUnit): bigint {
  const trimmed = trimAll(text)
  const m = match(trimmed, start, end)
  if (m) return dayTimeValue(m, trimmed, start, end)
  throw new ExecutionError('INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE', {
    value: text,
    type: `interval ${rangeText(start, end)}`,
    forms: shapeOf(start, end).form,
  })
}

/** The text of a literal `INTERVAL '1-2' YEAR TO MONTH`, in months; errors as `parseDayTimeInterval`. */
export function parseYearMonthInterval(text: string, start: YearMonthUnit, end: YearMonthUnit): number {
  const trimmed = trimAll(text)
  const m = match(trimmed, start, end)
  if (m) return yearMonthValue(m, trimmed, start, end)
  throw new ExecutionError('INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING', {
    value: text,
    type: `interval ${rangeText(start, end)}`,
    forms: shapeOf(start, end).form,
  })
}

const isYearMonthUnit = (unit: string): unit is YearMonthUnit => unit === 'year' || unit === 'month'
const isDayTimeUnit = (unit: string): unit is DayTimeUnit => (DAY_TIME_UNITS as readonly string[]).includes(unit)

/** A literal `INTERVAL [-]'text' from TO to` of any units, with its type. Errors as `parseDayTimeInterval`. */
export function literalOfRange(
  text: string,
  from: string,
  to: string,
  negative = false,
):
  | {
      readonly kind: 'interval_ym'
      readonly start: YearMonthUnit
      readonly end: YearMonthUnit
      readonly months: number
    }
  | { readonly kind: 'interval_dt'; readonly start: DayTimeUnit; readonly end: DayTimeUnit; readonly micros: bigint } {
  shapeOf(from, to)
  if (isYearMonthUnit(from) && isYearMonthUnit(to)) {
    const months = parseYearMonthInterval(text, from, to)
    return { kind: 'interval_ym', start: from, end: to, months: negative ? int32(-BigInt(months), text) : months }
  }
  if (isDayTimeUnit(from) && isDayTimeUnit(to)) {
    const micros = parseDayTimeInterval(text, from, to)
    return { kind: 'interval_dt', start: from, end: to, micros: negative ? int64(-micros, text) : micros }
  }
  throw new ExecutionError('INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION', { from, to })
}
