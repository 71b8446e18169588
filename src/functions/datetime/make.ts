import { ExecutionError } from '../../errors/errors.ts'
import {
  CALENDAR_INTERVAL,
  DATE,
  dayTimeInterval,
  decimal,
  INT,
  STRING,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  yearMonthInterval,
  type DataType,
} from '../../types/data-type.ts'
import { daysFromCivil, isCivil, US_PER_DAY, US_PER_HOUR, US_PER_MINUTE, zoneOf } from '../../types/time.ts'
import { CalendarInterval, type Value } from '../../types/value.ts'
import { arg, scalar, type CallSite, type EvalFn, type FunctionEntry, type Param } from '../entry.ts'
import { checkTimestamp } from './shift.ts'

/** The widest year an int32 of days reaches. */
const MAX_YEAR = 5_881_580

function outOfBounds(message: string): never {
  throw new ExecutionError('DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION', { message })
}

function dateOf(year: number, month: number, day: number): number {
  if (Math.abs(year) > MAX_YEAR) outOfBounds(`year ${year} is outside -${MAX_YEAR} to ${MAX_YEAR}`)
  if (month < 1 || month > 12) outOfBounds(`month ${month} is outside 1 to 12`)
  if (!isCivil(year, month, day)) outOfBounds(`${year}-${month} has no day ${day}`)
  return daysFromCivil(year, month, day)
}

/** A local clock reading; `seconds` in microseconds. 60 seconds and no fraction are the next minute. */
function localOf(year: number, month: number, day: number, hour: number, minute: number, seconds: bigint): bigint {
  const days = dateOf(year, month, day)
  if (hour < 0 || hour > 23) outOfBounds(`hour ${hour} is outside 0 to 23`)
  if (minute < 0 || minute > 59) outOfBounds(`minute ${minute} is outside 0 to 59`)
  if (seconds < 0n || seconds >= US_PER_MINUTE + 1_000_000n)
    outOfBounds(`second ${Number(seconds) / 1e6} is outside 0 to 60`)
  if (seconds > US_PER_MINUTE) throw new ExecutionError('INVALID_FRACTION_OF_SECOND', { value: Number(seconds) / 1e6 })
  return BigInt(days) * US_PER_DAY + BigInt(hour) * US_PER_HOUR + BigInt(minute) * US_PER_MINUTE + seconds
}

/** Gives NULL for what is out of bounds: without ANSI, and for the functions that try. */
function orNull(f: EvalFn, quiet: boolean): EvalFn {
  if (!quiet) return f
  return (...args: never[]) => {
    try {
      return f(...args)
    } catch (e) {
      if (e instanceof ExecutionError && QUIET.has(e.code)) return null
      throw e
    }
  }
}

const QUIET = new Set<string>([
  'INVALID_FRACTION_OF_SECOND',
  'DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION',
  'DATETIME_OVERFLOW',
  'INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION',
])

const fields: readonly Param[] = [
  arg('year', INT),
  arg('month', INT),
  arg('day', INT),
  arg('hour', INT),
  arg('minute', INT),
  arg('second', decimal(16, 6)),
]

function bindTimestamp(site: CallSite, type: DataType): EvalFn {
  const session = zoneOf(type.kind === 'timestamp_ntz' ? 'UTC' : site.env.timeZone)
  return (year: number, month: number, day: number, hour: number, minute: number, seconds: bigint, zone?: string) =>
    checkTimestamp(
      (zone === undefined ? session : zoneOf(zone)).localToUtcUs(localOf(year, month, day, hour, minute, seconds)),
      'make_timestamp',
    )
}

const makeTimestamp = (name: string, type: DataType, quiet: boolean, doc: string): FunctionEntry =>
  scalar(
    name,
    type.kind === 'timestamp_ntz' ? fields : [...fields, arg('time_zone', STRING, { optional: true })],
    type,
    {
      group: 'datetime',
      doc,
      examples: [{ sql: `${name}(2026, 11, 20, 10, 20, 30.5)`, gives: '2026-11-20 10:20:30.5' }],
      canBeNull: true,
      bind: (site) => orNull(bindTimestamp(site, type), quiet || !site.env.ansi),
    },
  )

const overflow = (operation: string): never => {
  throw new ExecutionError('INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION', { operation })
}

const int32 = (n: number, operation: string): number => (n > 2147483647 || n < -2147483648 ? overflow(operation) : n)
const int64 = (n: bigint, operation: string): bigint => (BigInt.asIntN(64, n) === n ? n : overflow(operation))

const count = (name: string): Param => arg(name, INT, { optional: true })

const makeInterval = (name: string, quiet: boolean): FunctionEntry =>
  scalar(
    name,
    [
      count('years'),
      count('months'),
      count('weeks'),
      count('days'),
      count('hours'),
      count('minutes'),
      arg('seconds', decimal(18, 6), { optional: true }),
    ],
    CALENDAR_INTERVAL,
    {
      group: 'datetime',
      doc: `A calendar interval of its parts${quiet ? '; NULL when it does not fit' : ''}.`,
      examples: [
        { sql: `${name}(1, 2, 3, 4, 5, 6, 7.008)`, gives: '1 years 2 months 25 days 5 hours 6 minutes 7.008 seconds' },
      ],
      canBeNull: true,
      bind: (site) =>
        orNull(
          (years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0n) =>
            new CalendarInterval(
              int32(years * 12 + months, name),
              int32(weeks * 7 + days, name),
              int64(BigInt(hours) * US_PER_HOUR + BigInt(minutes) * US_PER_MINUTE + seconds, name),
            ),
          quiet || !site.env.ansi,
        ),
    },
  )

/** Dates, timestamps and intervals made of numbers. */
export const entries: readonly FunctionEntry[] = [
  scalar('make_date', [arg('year', INT), arg('month', INT), arg('day', INT)], DATE, {
    group: 'datetime',
    doc: 'The date of a year, a month and a day. One that does not exist is an error (NULL without ANSI).',
    examples: [{ sql: 'make_date(2026, 2, 28)', gives: '2026-02-28' }],
    canBeNull: true,
    bind: (site) => orNull(dateOf, !site.env.ansi),
  }),
  makeTimestamp(
    'make_timestamp',
    TIMESTAMP,
    false,
    'The timestamp of its parts on the clock of `time_zone`, or of the session. One that does not exist is an error (NULL without ANSI).',
  ),
  makeTimestamp('make_timestamp_ltz', TIMESTAMP, false, 'As make_timestamp.'),
  makeTimestamp(
    'make_timestamp_ntz',
    TIMESTAMP_NTZ,
    false,
    'The TIMESTAMP_NTZ of its parts. One that does not exist is an error (NULL without ANSI).',
  ),
  makeTimestamp(
    'try_make_timestamp',
    TIMESTAMP,
    true,
    'As make_timestamp, but NULL for a timestamp that does not exist.',
  ),
  makeTimestamp(
    'try_make_timestamp_ltz',
    TIMESTAMP,
    true,
    'As make_timestamp_ltz, but NULL for a timestamp that does not exist.',
  ),
  makeTimestamp(
    'try_make_timestamp_ntz',
    TIMESTAMP_NTZ,
    true,
    'As make_timestamp_ntz, but NULL for a timestamp that does not exist.',
  ),
  makeInterval('make_interval', false),
  makeInterval('try_make_interval', true),
  scalar('make_ym_interval', [count('years'), count('months')], yearMonthInterval(), {
    group: 'datetime',
    doc: 'A year-month interval of years and months.',
    examples: [{ sql: 'make_ym_interval(1, 2)', gives: `INTERVAL '1-2' YEAR TO MONTH` }],
    eval: (years = 0, months = 0): Value => int32(years * 12 + months, 'make_ym_interval'),
  }),
  scalar(
    'make_dt_interval',
    [count('days'), count('hours'), count('minutes'), arg('seconds', decimal(18, 6), { optional: true })],
    dayTimeInterval(),
    {
      group: 'datetime',
      doc: 'A day-time interval of days, hours, minutes and seconds.',
      examples: [{ sql: 'make_dt_interval(1, 2, 3, 4.5)', gives: `INTERVAL '1 02:03:04.5' DAY TO SECOND` }],
      eval: (days = 0, hours = 0, minutes = 0, seconds = 0n): Value =>
        int64(
          BigInt(days) * US_PER_DAY + BigInt(hours) * US_PER_HOUR + BigInt(minutes) * US_PER_MINUTE + seconds,
          'make_dt_interval',
        ),
    },
  ),
]
