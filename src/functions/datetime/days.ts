import { AnalysisError, ExecutionError } from '../../errors/errors.ts'
import { implicitCast } from '../../types/coercion.ts'
import {
  BIGINT,
  BOOLEAN,
  DATE,
  DOUBLE,
  INT,
  STRING,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  typeName,
  type DataType,
} from '../../types/data-type.ts'
import {
  addMonthsToDays,
  civilFromDays,
  daysInMonth,
  daysOfTimestamp,
  splitLocalUs,
  timestampOfDays,
  US_PER_DAY,
  US_PER_HOUR,
  US_PER_MINUTE,
  US_PER_SECOND,
  zoneOf,
  type Zone,
} from '../../types/time.ts'
import { arg, scalar, type CallSite, type EvalEnv, type EvalFn, type FunctionEntry } from '../entry.ts'
import { unexpectedType } from '../faults.ts'
import { lastDayOfMonth, weekday } from './calendar.ts'
import { zoneFor } from './clock-reading.ts'
import { WEEKDAYS } from './names.ts'
import { checkLong } from '../math/integers.ts'
import { checkDate, shiftTimestamp } from './shift.ts'

/** The weekday (0 Monday) a name means: two letters, three, or all. */
const DAY_NAMES: ReadonlyMap<string, number> = new Map(
  WEEKDAYS.flatMap((name, i) => [name, name.slice(0, 3), name.slice(0, 2)].map((n) => [n.toLowerCase(), i] as const)),
)

/** A day counted from another one, forwards or backwards. */
const addDays = (date: number, days: number): number => checkDate(date + days, 'date_add')
const subtractDays = (date: number, days: number): number => checkDate(date - days, 'date_sub')

/** The first day behind `date` that is the `wanted`th (0 Monday) of the week. */
const dayAfter = (date: number, wanted: number): number =>
  checkDate(date + 1 + ((((wanted - weekday(date) - 1) % 7) + 7) % 7), 'next_day')

interface Unit {
  readonly months?: number
  readonly days?: number
  readonly micros?: bigint
}

const UNITS: ReadonlyMap<string, Unit> = new Map<string, Unit>([
  ['YEAR', { months: 12 }],
  ['QUARTER', { months: 3 }],
  ['MONTH', { months: 1 }],
  ['WEEK', { days: 7 }],
  ['DAY', { days: 1 }],
  ['DAYOFYEAR', { days: 1 }],
  ['HOUR', { micros: US_PER_HOUR }],
  ['MINUTE', { micros: US_PER_MINUTE }],
  ['SECOND', { micros: US_PER_SECOND }],
  ['MILLISECOND', { micros: 1000n }],
  ['MICROSECOND', { micros: 1n }],
])

/** Whether `dateadd(x, …)` with three arguments means the unit `x`, in any case. */
export const isDatetimeUnit = (name: string): boolean => UNITS.has(name.toUpperCase())

function unitOf(fn: string, name: string): Unit {
  const unit = UNITS.get(name.toUpperCase())
  if (unit === undefined)
    throw new AnalysisError('INVALID_PARAMETER_VALUE.DATETIME_UNIT', { function: fn, value: name })
  return unit
}

const tooFar = (): never => {
  throw new ExecutionError('DATETIME_OVERFLOW', { message: 'timestampadd leaves the range of TIMESTAMP' })
}

const int32 = (n: bigint): number => (n > 2147483647n || n < -2147483648n ? tooFar() : Number(n))

function addUnits(us: bigint, unit: Unit, count: bigint, zone: Zone): bigint {
  if (unit.months !== undefined) return shiftTimestamp(us, int32(count * BigInt(unit.months)), 0, 0n, zone)
  if (unit.days !== undefined) return shiftTimestamp(us, 0, int32(count * BigInt(unit.days)), 0n, zone)
  return shiftTimestamp(us, 0, 0, count * unit.micros!, zone)
}

/** Whole months from one local clock reading to another, towards zero. */
function wholeMonths(from: bigint, to: bigint): bigint {
  const a = civilFromDays(splitLocalUs(from).days)
  const b = civilFromDays(splitLocalUs(to).days)
  let months = (b.year - a.year) * 12 + (b.month - a.month)
  const rest = (day: number, us: bigint): bigint => BigInt(day) * US_PER_DAY + BigInt(splitLocalUs(us).us)
  const left = rest(a.day, from)
  const right = rest(b.day, to)
  if (months > 0 && right < left) months--
  else if (months < 0 && right > left) months++
  return BigInt(months)
}

/** Whole units from one local clock reading to another, towards zero. */
function unitsBetween(from: bigint, to: bigint, unit: Unit): bigint {
  if (unit.months !== undefined) return wholeMonths(from, to) / BigInt(unit.months)
  return (to - from) / (unit.micros ?? BigInt(unit.days!) * US_PER_DAY)
}

/** Months from one instant to another by the rule of Hive: whole between equal days or ends of months, else by 31-day months. */
function monthsBetween(end: bigint, start: bigint, round: boolean, zone: Zone): number {
  const daysEnd = daysOfTimestamp(end, zone)
  const daysStart = daysOfTimestamp(start, zone)
  const e = civilFromDays(daysEnd)
  const s = civilFromDays(daysStart)
  const months = (e.year - s.year) * 12 + (e.month - s.month)
  const lastDays = e.day === daysInMonth(e.year, e.month) && s.day === daysInMonth(s.year, s.month)
  if (e.day === s.day || lastDays) return months
  const secondIn = (us: bigint, days: number): number => Number((us - timestampOfDays(days, zone)) / US_PER_SECOND)
  const seconds = (e.day - s.day) * 86400 + secondIn(end, daysEnd) - secondIn(start, daysStart)
  const exact = months + seconds / (31 * 86400)
  return round ? Math.floor(exact * 1e8 + 0.5) / 1e8 : exact
}

/** TIMESTAMP_NTZ stays what it is; everything else that reads as a time is a TIMESTAMP. */
const TIMES: readonly DataType[] = [TIMESTAMP, TIMESTAMP_NTZ]

/** The casts of the arguments of one call. */
const castsOf =
  (fn: string, args: readonly DataType[], env: EvalEnv) =>
  (i: number, to: DataType | readonly DataType[]): DataType =>
    implicitCast(args[i]!, to, env.ansi) ??
    unexpectedType(fn, i + 1, 'kind' in to ? typeName(to) : 'a timestamp', args[i]!)

/** INT for a count of days, which integers that INT holds and text stand for. */
const dayCount = (fn: string, type: DataType): DataType =>
  ['int', 'smallint', 'tinyint', 'string', 'void'].includes(type.kind) ? INT : unexpectedType(fn, 2, 'INT', type)

/** The body of timestampadd. */
function adder(site: CallSite): EvalFn {
  const zone = zoneFor(site.args[2]!, site)
  return (unit: string, count: bigint, us: bigint) => addUnits(us, unitOf('timestampadd', unit), count, zone)
}

/** The body of timestampdiff. */
function counter(site: CallSite): EvalFn {
  const from = zoneFor(site.args[1]!, site)
  const to = zoneFor(site.args[2]!, site)
  return (unit: string, start: bigint, end: bigint) =>
    checkLong(unitsBetween(from.utcToLocalUs(start), to.utcToLocalUs(end), unitOf('timestampdiff', unit)))
}

/** Days and units added to dates and timestamps, and counted between them. */
export const entries: readonly FunctionEntry[] = [
  {
    ...scalar(
      'date_add',
      [arg('date', 'ANY'), arg('days', 'ANY'), arg('timestamp', 'ANY', { optional: true })],
      undefined,
      {
        group: 'datetime',
        doc: 'The date `days` after a date. With a unit and three arguments, `date_add(unit, count, timestamp)`, as timestampadd.',
        examples: [
          { sql: `date_add(date'2026-12-31', 1)`, gives: '2027-01-01' },
          { sql: `date_add(DAY, 3, date'2026-01-01')`, gives: '2026-01-04 00:00:00' },
        ],
        resolve: (args, env) => {
          const cast = castsOf('date_add', args, env)
          if (args.length === 2) return { args: [cast(0, DATE), dayCount('date_add', args[1]!)], type: DATE }
          const time = cast(2, TIMES)
          return { args: [cast(0, STRING), cast(1, BIGINT), time], type: time }
        },
        bind: (site) => (site.args.length === 2 ? addDays : adder(site)),
        codegen: ([date, days], site) =>
          site.args.length === 2 ? `${site.constant(addDays)}(${date}, ${days})` : null,
      },
    ),
    aliases: ['dateadd'],
  },
  scalar('date_sub', [arg('date', DATE), arg('days', INT)], undefined, {
    group: 'datetime',
    resolve: (args, env) => ({
      args: [castsOf('date_sub', args, env)(0, DATE), dayCount('date_sub', args[1]!)],
      type: DATE,
    }),
    doc: 'The date `days` before a date.',
    examples: [{ sql: `date_sub(date'2026-01-01', 1)`, gives: '2025-12-31' }],
    eval: subtractDays,
    codegen: ([date, days], site) => `${site.constant(subtractDays)}(${date}, ${days})`,
  }),
  {
    ...scalar(
      'datediff',
      [arg('end', 'ANY'), arg('start', 'ANY'), arg('timestamp', 'ANY', { optional: true })],
      undefined,
      {
        group: 'datetime',
        doc: 'The days from `start` to `end`. With a unit and three arguments, `datediff(unit, start, end)`, as timestampdiff.',
        examples: [
          { sql: `datediff(date'2026-03-01', date'2026-02-01')`, gives: '28' },
          { sql: `datediff(WEEK, date'2026-01-01', date'2026-01-20')`, gives: '2' },
        ],
        resolve: (args, env) => {
          const cast = castsOf('datediff', args, env)
          if (args.length === 2) return { args: [cast(0, DATE), cast(1, DATE)], type: INT }
          return { args: [cast(0, STRING), cast(1, TIMES), cast(2, TIMES)], type: BIGINT }
        },
        bind: (site) => (site.args.length === 2 ? (end: number, start: number) => (end - start) | 0 : counter(site)),
        codegen: ([end, start], site) => (site.args.length === 2 ? `((${end} - ${start}) | 0)` : null),
      },
    ),
    aliases: ['date_diff'],
  },
  scalar('add_months', [arg('date', DATE), arg('months', INT)], DATE, {
    group: 'datetime',
    doc: 'The date `months` after a date; a day beyond the end of the month becomes its last.',
    examples: [{ sql: `add_months(date'2026-01-31', 1)`, gives: '2026-02-28' }],
    eval: (date: number, months: number) => checkDate(addMonthsToDays(date, months), 'add_months'),
  }),
  scalar(
    'months_between',
    [arg('end', TIMESTAMP), arg('start', TIMESTAMP), arg('round', BOOLEAN, { optional: true })],
    DOUBLE,
    {
      group: 'datetime',
      doc: 'The months from `start` to `end`: whole between equal days of the month or last days of months, else with a fraction by months of 31 days, rounded to 8 digits unless `round` is false.',
      examples: [{ sql: `months_between(date'2026-03-31', date'2026-02-28')`, gives: '1.0' }],
      bind: (site) => {
        const zone = zoneOf(site.env.timeZone)
        return (end: bigint, start: bigint, round = true) => monthsBetween(end, start, round, zone)
      },
    },
  ),
  scalar('last_day', [arg('date', DATE)], DATE, {
    group: 'datetime',
    doc: 'The last day of the month of a date.',
    examples: [{ sql: `last_day(date'2026-02-10')`, gives: '2026-02-28' }],
    eval: (days: number) => checkDate(lastDayOfMonth(days), 'last_day'),
  }),
  scalar('next_day', [arg('date', DATE), arg('day_of_week', STRING)], DATE, {
    group: 'datetime',
    doc: 'The first date after a date that falls on a day of the week: `MO`, `MON` or `MONDAY`. Another name is an error (NULL without ANSI).',
    examples: [{ sql: `next_day(date'2026-11-20', 'MON')`, gives: '2026-11-23' }],
    canBeNull: true,
    bind: (site) => (date: number, name: string) => {
      const wanted = DAY_NAMES.get(name.trim().toLowerCase())
      if (wanted !== undefined) return dayAfter(date, wanted)
      if (!site.env.ansi) return null
      throw new ExecutionError('ILLEGAL_DAY_OF_WEEK', { value: name })
    },
    codegen: ([date], site) => {
      const name = site.constants[1]
      const wanted = typeof name === 'string' ? DAY_NAMES.get(name.trim().toLowerCase()) : undefined
      return wanted === undefined ? null : `${site.constant((d: number) => dayAfter(d, wanted))}(${date})`
    },
  }),
  scalar('timestampadd', [arg('unit', STRING), arg('count', BIGINT), arg('timestamp', TIMES)], (args) => args[2]!, {
    group: 'datetime',
    doc: 'A timestamp moved by `count` units; `dateadd(unit, count, timestamp)` is the same. Units from DAY on move the clock of the session, smaller ones the instant.',
    examples: [{ sql: `timestampadd(HOUR, 5, timestamp'2026-01-01 22:00:00')`, gives: '2026-01-02 03:00:00' }],
    bind: adder,
  }),
  scalar('timestampdiff', [arg('unit', STRING), arg('start', TIMES), arg('end', TIMES)], BIGINT, {
    group: 'datetime',
    doc: 'The whole units from `start` to `end` by the clock of the session; `datediff(unit, start, end)` is the same.',
    examples: [
      { sql: `timestampdiff(HOUR, timestamp'2026-01-01 00:30:00', timestamp'2026-01-01 02:29:59')`, gives: '1' },
    ],
    bind: counter,
  }),
]
