import { ExecutionError } from '../../errors/errors.ts'
import {
  CALENDAR_INTERVAL,
  DATE,
  DOUBLE,
  INT,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  dayTimeInterval,
  isIntegral,
  isNumeric,
  yearMonthInterval,
  type DataType,
  type DayTimeIntervalType,
  type DayTimeUnit,
  type YearMonthIntervalType,
} from '../../types/data-type.ts'
import { divideHalfUp, pow10 } from '../../types/decimal.ts'
import { DAY_TIME_UNITS } from '../../types/intervals.ts'
import { addMonthsToDays, formatTimestamp, US_PER_DAY, zoneOf, type Zone } from '../../types/time.ts'
import { CalendarInterval, type Value } from '../../types/value.ts'
import type { CallSite, Codegen, EvalFn } from '../entry.ts'
import { unexpectedType } from '../faults.ts'
import type { OperatorRule } from '../operator-rule.ts'
import { addMonthsToLocal, checkDate, shiftByDayTime, shiftTimestamp } from './shift.ts'

const INT64_MAX = (1n << 63n) - 1n
const INT64_MIN = -(1n << 63n)
const UTC = zoneOf('UTC')

const isTimestamp = (t: DataType): boolean => t.kind === 'timestamp' || t.kind === 'timestamp_ntz'
const isDayTime = (t: DataType): t is DayTimeIntervalType => t.kind === 'interval_dt'
const isYearMonth = (t: DataType): t is YearMonthIntervalType => t.kind === 'interval_ym'
const isInterval = (t: DataType): boolean => isDayTime(t) || isYearMonth(t) || t.kind === 'interval'

function overflow(operation: string): never {
  throw new ExecutionError(
    'INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION',
    { operation },
    { hint: 'try_add, try_subtract and kin give NULL instead' },
  )
}

/** Microseconds of a day-time interval, or INTERVAL_ARITHMETIC_OVERFLOW. */
export function checkMicros(us: bigint, operation: string): bigint {
  return us > INT64_MAX || us < INT64_MIN ? overflow(operation) : us
}

/** Months of a year-month interval, or INTERVAL_ARITHMETIC_OVERFLOW. */
export function checkMonths(months: number, operation: string): number {
  return months > 2147483647 || months < -2147483648 || Number.isNaN(months) ? overflow(operation) : months
}

const rule = (
  args: readonly [DataType, DataType],
  type: DataType,
  bind: (site: CallSite) => EvalFn,
  codegen?: Codegen,
): OperatorRule => ({ args, type, bind, ...(codegen ? { codegen } : {}) })

/** The zone a type's local clock is read in: TIMESTAMP_NTZ is its own clock. */
const clockOf = (type: DataType, site: CallSite): Zone =>
  type.kind === 'timestamp_ntz' ? UTC : zoneOf(site.env.timeZone)

/** TIMESTAMP ± interval; `flip` when the interval is the left operand. A text operand was cast to TIMESTAMP and the result is text again. */
function shiftRule(time: DataType, interval: DataType, sign: 1 | -1, flip: boolean): OperatorRule {
  const clock = time.kind === 'timestamp_ntz' ? TIMESTAMP_NTZ : TIMESTAMP
  const type = time.kind === 'string' ? time : clock
  const big = BigInt(sign)
  const bind = (site: CallSite): EvalFn => {
    const zone = clockOf(clock, site)
    const move = (t: bigint, by: Value): bigint => {
      if (typeof by === 'bigint') return shiftByDayTime(t, big * by, zone)
      if (typeof by === 'number') return shiftTimestamp(t, sign * by, 0, 0n, zone)
      const i = by as CalendarInterval
      return shiftTimestamp(t, sign * i.months, sign * i.days, big * i.micros, zone)
    }
    const show: (t: bigint) => Value = site.type.kind === 'string' ? (t) => formatTimestamp(t, zone) : (t) => t
    return flip ? (by: Value, t: bigint) => show(move(t, by)) : (t: bigint, by: Value) => show(move(t, by))
  }
  const codegen: Codegen = (args, site) => {
    if (!isDayTime(interval) || site.type.kind === 'string') return null
    const [t, by] = flip ? [args[1]!, args[0]!] : [args[0]!, args[1]!]
    const zone = clockOf(clock, site)
    if (site.int64 === 'wide')
      return `${site.constant((a: bigint, b: bigint) => shiftByDayTime(a, big * b, zone))}(${t}, ${by})`
    // Less than a day moves the instant alone, and so does anything where the clock never changes.
    const constant = site.constants[flip ? 0 : 1]
    const short = typeof constant === 'bigint' && constant < US_PER_DAY && constant > -US_PER_DAY
    if (short || zone.nextTransition(0) === null) return `rt.n53(${t} ${sign === 1 ? '+' : '-'} ${by})`
    return `rt.n53(${site.constant((a: number, b: number) => Number(shiftByDayTime(BigInt(a), big * BigInt(b), zone)))}(${t}, ${by}))`
  }
  return rule(flip ? [interval, clock] : [clock, interval], type, bind, codegen)
}

/** DATE ± an interval that keeps it a DATE. */
function dateRule(interval: DataType, sign: 1 | -1, flip: boolean): OperatorRule {
  return rule(flip ? [interval, DATE] : [DATE, interval], DATE, (site) => {
    const ansi = site.env.ansi
    const move = (date: number, by: Value): number => {
      if (typeof by === 'bigint') return checkDate(date + sign * Number(by / US_PER_DAY), 'the sum')
      if (typeof by === 'number') return checkDate(addMonthsToDays(date, sign * by), 'the sum')
      const i = by as CalendarInterval
      if (i.micros === 0n) return checkDate(addMonthsToDays(date, sign * i.months) + sign * i.days, 'the sum')
      if (ansi) throw new ExecutionError('DATE_PLUS_TIME_OF_DAY', {}, { hint: 'cast the date to TIMESTAMP first' })
      const local =
        addMonthsToLocal(BigInt(date) * US_PER_DAY, sign * i.months) +
        BigInt(sign * i.days) * US_PER_DAY +
        BigInt(sign) * i.micros
      return checkDate(Number((local - (((local % US_PER_DAY) + US_PER_DAY) % US_PER_DAY)) / US_PER_DAY), 'the sum')
    }
    return flip ? (by: Value, date: number) => move(date, by) : (date: number, by: Value) => move(date, by)
  })
}

/** DATE ± a count of days. */
function daysRule(fn: string, other: DataType, sign: 1 | -1, flip: boolean): OperatorRule {
  if (other.kind !== 'int' && other.kind !== 'smallint' && other.kind !== 'tinyint' && other.kind !== 'void')
    unexpectedType(fn, 2, 'INT', other)
  return {
    args: flip ? [INT, DATE] : [DATE, INT],
    type: DATE,
    bind: () =>
      flip
        ? (days: number, date: number) => checkDate(date + sign * days, 'the sum')
        : (date: number, days: number) => checkDate(date + sign * days, 'the sum'),
    codegen: ([a, b], site) => `${site.constant(checkDate)}(${a} ${sign === 1 ? '+' : '-'} ${b}, 'the sum')`,
  }
}

/** The day-time or year-month range that covers both. */
function widestRange(a: DataType, b: DataType): DataType | null {
  if (isDayTime(a) && isDayTime(b)) {
    const at = (u: DayTimeUnit): number => DAY_TIME_UNITS.indexOf(u)
    return dayTimeInterval(
      DAY_TIME_UNITS[Math.min(at(a.start), at(b.start))],
      DAY_TIME_UNITS[Math.max(at(a.end), at(b.end))],
    )
  }
  if (isYearMonth(a) && isYearMonth(b)) {
    return yearMonthInterval(
      a.start === 'year' || b.start === 'year' ? 'year' : 'month',
      a.end === 'month' || b.end === 'month' ? 'month' : 'year',
    )
  }
  return a.kind === 'interval' && b.kind === 'interval' ? a : null
}

/** interval ± interval of one family. */
function sumRule(type: DataType, sign: 1 | -1): OperatorRule {
  const operation = sign === 1 ? 'the sum' : 'the difference'
  return rule([type, type], type, () => {
    if (isDayTime(type))
      return sign === 1
        ? (a: bigint, b: bigint) => checkMicros(a + b, operation)
        : (a: bigint, b: bigint) => checkMicros(a - b, operation)
    if (isYearMonth(type)) return (a: number, b: number) => checkMonths(a + sign * b, operation)
    return (a: CalendarInterval, b: CalendarInterval) =>
      new CalendarInterval(
        checkMonths(a.months + sign * b.months, operation),
        checkMonths(a.days + sign * b.days, operation),
        checkMicros(a.micros + BigInt(sign) * b.micros, operation),
      )
  })
}

/** DATE − DATE in days; TIMESTAMP − TIMESTAMP by the local clocks (so that a day of 23 hours counts as a day). */
function differenceRule(l: DataType, r: DataType): OperatorRule | null {
  if (isTimestamp(l) || isTimestamp(r)) {
    const readable = (t: DataType): boolean =>
      isTimestamp(t) || t.kind === 'date' || t.kind === 'string' || t.kind === 'void'
    if (!readable(l)) return unexpectedType('-', 1, 'a timestamp', l)
    if (!readable(r)) return unexpectedType('-', 2, 'a timestamp', r)
    const type = l.kind === 'timestamp' || r.kind === 'timestamp' ? TIMESTAMP : TIMESTAMP_NTZ
    const subtract = (site: CallSite) => {
      const zone = clockOf(type, site)
      return (a: bigint, b: bigint) => checkMicros(zone.utcToLocalUs(a) - zone.utcToLocalUs(b), 'the difference')
    }
    return rule([type, type], dayTimeInterval(), subtract, ([a, b], site) => {
      if (site.int64 === 'wide') return `${site.constant(subtract(site))}(${a}, ${b})`
      const zone = clockOf(type, site)
      if (zone.nextTransition(0) === null) return `rt.n53(${a} - ${b})`
      const offset = site.constant((us: number) => Number(zone.offsetUs(BigInt(us))))
      return `rt.n53(rt.n53(${a} + ${offset}(${a})) - rt.n53(${b} + ${offset}(${b})))`
    })
  }
  if (r.kind === 'date' || (l.kind === 'date' && r.kind === 'string')) {
    const readable = (t: DataType): boolean => t.kind === 'date' || t.kind === 'string' || t.kind === 'void'
    if (!readable(l)) return unexpectedType('-', 1, 'DATE', l)
    const subtract = (a: number, b: number): bigint => checkMicros(BigInt(a - b) * US_PER_DAY, 'the difference')
    return rule(
      [DATE, DATE],
      dayTimeInterval('day', 'day'),
      () => subtract,
      ([a, b], site) =>
        site.int64 === 'wide' ? `${site.constant(subtract)}(${a}, ${b})` : `rt.n53((${a} - ${b}) * 86400000000)`,
    )
  }
  return null
}

/** A number rounded half away from zero, as an exact integer. */
function roundHalfUp(x: number, operation: string): bigint {
  if (!Number.isFinite(x)) return overflow(operation)
  const magnitude = Math.abs(x)
  const whole = Math.floor(magnitude)
  const rounded = BigInt(whole) + (magnitude - whole >= 0.5 ? 1n : 0n)
  return x < 0 ? -rounded : rounded
}

const divideByZero = (): never => {
  throw new ExecutionError('INTERVAL_DIVIDED_BY_ZERO', {}, { hint: 'try_divide gives NULL instead' })
}

/** A count (months or microseconds) times or through a number, rounded half up. */
function scaler(op: '*' | '/', number: DataType): (count: bigint, by: Value) => bigint {
  const operation = op === '*' ? 'the product' : 'the quotient'
  if (isIntegral(number)) {
    return op === '*'
      ? (count, by) => count * BigInt(by as number | bigint)
      : (count, by) => {
          const divisor = BigInt(by as number | bigint)
          return divisor === 0n ? divideByZero() : halfUp(count, divisor)
        }
  }
  if (number.kind === 'decimal') {
    const unit = pow10(number.scale)
    return op === '*'
      ? (count, by) => halfUp(count * (by as bigint), unit)
      : (count, by) => ((by as bigint) === 0n ? divideByZero() : halfUp(count * unit, by as bigint))
  }
  return op === '*'
    ? (count, by) => roundHalfUp(Number(count) * (by as number), operation)
    : (count, by) => ((by as number) === 0 ? divideByZero() : roundHalfUp(Number(count) / (by as number), operation))
}

const halfUp = (value: bigint, divisor: bigint): bigint =>
  divisor < 0n ? divideHalfUp(-value, -divisor) : divideHalfUp(value, divisor)

/** interval * number and interval / number. */
function scaleRule(op: '*' | '/', interval: DataType, number: DataType, flip: boolean): OperatorRule | null {
  const fits = isNumeric(number) || number.kind === 'string' || number.kind === 'void'
  if (!fits) return unexpectedType(op, flip ? 1 : 2, 'a number', number)
  const calendar = interval.kind === 'interval'
  const factor = calendar || !isNumeric(number) ? DOUBLE : number
  const type = isDayTime(interval) ? dayTimeInterval() : isYearMonth(interval) ? yearMonthInterval() : CALENDAR_INTERVAL
  const operation = op === '*' ? 'the product' : 'the quotient'
  return rule(flip ? [factor, interval] : [interval, factor], type, () => {
    const order = (f: (i: never, by: never) => Value): EvalFn => (flip ? (by: never, i: never) => f(i, by) : f)
    if (calendar) {
      return order((i: CalendarInterval, by: number) => {
        if (op === '/' && by === 0) return divideByZero()
        const scaled = (n: number): number => (op === '*' ? n * by : n / by)
        const days = scaled(i.days)
        const micros = scaled(Number(i.micros)) + Number(US_PER_DAY) * (days - Math.trunc(days))
        return new CalendarInterval(
          checkMonths(Math.trunc(scaled(i.months)), operation),
          checkMonths(Math.trunc(days), operation),
          checkMicros(roundHalfUp(micros, operation), operation),
        )
      })
    }
    const scale = scaler(op, factor)
    if (isYearMonth(interval))
      return order((months: number, by: Value) => checkMonths(Number(scale(BigInt(months), by)), operation))
    return order((micros: bigint, by: Value) => checkMicros(scale(micros, by), operation))
  })
}

function addition(l: DataType, r: DataType): OperatorRule | null {
  const sum = widestRange(l, r)
  if (sum) return sumRule(sum, 1)
  if (l.kind === 'void' && isInterval(r)) return sumRule(r, 1)
  if (r.kind === 'void' && isInterval(l)) return sumRule(l, 1)
  return shifted('+', l, r, 1, false) ?? shifted('+', r, l, 1, true)
}

/** `time ± by` where `by` is an interval or, beside a DATE, a count of days. */
function shifted(op: string, time: DataType, by: DataType, sign: 1 | -1, flip: boolean): OperatorRule | null {
  if (isInterval(by)) {
    if (time.kind === 'date') {
      const staysDate = !isDayTime(by) || by.end === 'day'
      return staysDate ? dateRule(by, sign, flip) : shiftRule(time, by, sign, flip)
    }
    if (isTimestamp(time) || (time.kind === 'string' && !isYearMonth(by))) return shiftRule(time, by, sign, flip)
    // A number or text beside months is for the caller to refuse as two types that differ; all else here wants a time.
    if (isYearMonth(by) && !isInterval(time)) return null
    return unexpectedType(op, flip ? 2 : 1, 'a timestamp', time)
  }
  if (time.kind === 'date') return daysRule(op, by, sign, flip)
  return null
}

function subtraction(l: DataType, r: DataType): OperatorRule | null {
  const difference = widestRange(l, r)
  if (difference) return sumRule(difference, -1)
  if (l.kind === 'void' && isInterval(r)) return sumRule(r, -1)
  if (r.kind === 'void' && isInterval(l)) return sumRule(l, -1)
  if (isInterval(r)) return shifted('-', l, r, -1, false)
  return differenceRule(l, r) ?? shifted('-', l, r, -1, false)
}

/**
 * What `left op right` means when an operand is a date, timestamp or interval: the types the operands are cast
 * to, the type of the result and the body. Null when it means nothing special, and the rules for numbers
 * (or their refusals) take over; raises DATATYPE_MISMATCH where the pair asks for another operand.
 * Asked again with the cast types, it gives the same rule.
 */
export function datetimeOperator(op: string, left: DataType, right: DataType): OperatorRule | null {
  switch (op) {
    case '+':
      return addition(left, right)
    case '-':
      return subtraction(left, right)
    case '*':
      if (isInterval(left))
        return isInterval(right) || right.kind === 'date' || isTimestamp(right)
          ? null
          : scaleRule('*', left, right, false)
      return isInterval(right) && left.kind !== 'date' && !isTimestamp(left) ? scaleRule('*', right, left, true) : null
    case '/':
      return isInterval(left) && !isInterval(right) ? scaleRule('/', left, right, false) : null
    default:
      return null
  }
}
