import { AnalysisError } from '../../errors/errors.ts'
import {
  CALENDAR_INTERVAL,
  DATE,
  decimal,
  DOUBLE,
  INT,
  STRING,
  TIMESTAMP,
  TINYINT,
  typeName,
  type DataType,
} from '../../types/data-type.ts'
import { DAY_TIME_UNITS } from '../../types/intervals.ts'
import { splitLocalUs, US_PER_DAY, US_PER_HOUR, US_PER_MINUTE } from '../../types/time.ts'
import type { CalendarInterval, Value } from '../../types/value.ts'
import {
  arg,
  scalar,
  type CallSite,
  type CodegenSite,
  type EvalFn,
  type FunctionEntry,
  type Resolved,
} from '../entry.ts'
import { unexpectedType } from '../faults.ts'
import { plain } from '../math/integers.ts'
import * as calendar from './calendar.ts'
import { localSecondOf, secondOfDayNarrow, zoneFor } from './clock-reading.ts'

const SECONDS = decimal(8, 6)

type Field =
  | 'year'
  | 'yearofweek'
  | 'quarter'
  | 'month'
  | 'week'
  | 'day'
  | 'dayofweek'
  | 'dow_iso'
  | 'doy'
  | 'hour'
  | 'minute'
  | 'second'

/** Every name a field can be asked for by. */
const FIELDS: ReadonlyMap<string, Field> = new Map(
  (
    [
      ['year', 'year y years yr yrs'],
      ['yearofweek', 'yearofweek'],
      ['quarter', 'quarter qtr'],
      ['month', 'month mon mons months'],
      ['week', 'week w weeks'],
      ['day', 'day d days'],
      ['dayofweek', 'dayofweek dow'],
      ['dow_iso', 'dayofweek_iso dow_iso'],
      ['doy', 'doy'],
      ['hour', 'hour h hours hr hrs'],
      ['minute', 'minute m min mins minutes'],
      ['second', 'second s sec seconds secs'],
    ] as const
  ).flatMap(([field, names]) => names.split(' ').map((n) => [n, field] as const)),
)

const OF_DATE: Partial<Record<Field, (days: number) => number>> = {
  year: calendar.yearOf,
  yearofweek: calendar.yearOfWeek,
  quarter: calendar.quarterOf,
  month: calendar.monthOf,
  week: calendar.weekOfYear,
  day: calendar.dayOf,
  dayofweek: calendar.dayOfWeek,
  dow_iso: calendar.dayOfWeekIso,
  doy: calendar.dayOfYear,
}

const noField = (field: string, type: DataType): never => {
  throw new AnalysisError('INVALID_EXTRACT_FIELD', { field, type: typeName(type) })
}

/** The type of a field of an interval; refuses what the interval's range leaves out. */
function intervalField(name: string, field: Field | undefined, type: DataType): DataType {
  if (type.kind === 'interval_ym') {
    if (field === 'year' && type.start === 'year') return INT
    if (field === 'month' && type.end === 'month') return TINYINT
    return noField(name, type)
  }
  const at = (DAY_TIME_UNITS as readonly string[]).indexOf(field ?? '')
  if (type.kind === 'interval_dt') {
    if (at < DAY_TIME_UNITS.indexOf(type.start) || at > DAY_TIME_UNITS.indexOf(type.end)) return noField(name, type)
  } else if (field === 'year') return INT
  else if (field === 'month') return TINYINT
  else if (at < 0) return noField(name, type)
  return field === 'day' ? INT : field === 'second' ? SECONDS : TINYINT
}

const isInterval = (t: DataType): boolean =>
  t.kind === 'interval' || t.kind === 'interval_dt' || t.kind === 'interval_ym'

function resolve(fn: string, args: readonly DataType[], constant: Value | undefined): Resolved {
  const source = args[1]!
  if (constant === undefined || (constant !== null && typeof constant !== 'string'))
    throw new AnalysisError('NON_FOLDABLE_ARGUMENT', { function: fn, name: 'field' })
  if (constant === null) return { args: [STRING, source], type: DOUBLE, nullable: true }
  const field = FIELDS.get(constant.toLowerCase())
  if (isInterval(source)) return { args: [STRING, source], type: intervalField(constant, field, source) }
  const known = ['date', 'timestamp', 'timestamp_ntz', 'string', 'void'].includes(source.kind)
  if (!known) return unexpectedType(fn, 2, 'a date, a timestamp or an interval', source)
  if (field === undefined) return noField(constant, source)
  const ofDate = field in OF_DATE
  const type = source.kind === 'timestamp_ntz' ? source : source.kind === 'date' && ofDate ? DATE : TIMESTAMP
  return { args: [STRING, type], type: field === 'second' ? SECONDS : INT }
}

/** The clock fields of a count of microseconds that are not whole days. */
function clockField(field: Field, us: bigint): Value {
  switch (field) {
    case 'day':
      return Number(us / US_PER_DAY)
    case 'hour':
      return Number((us % US_PER_DAY) / US_PER_HOUR)
    case 'minute':
      return Number((us % US_PER_HOUR) / US_PER_MINUTE)
    default:
      return us % US_PER_MINUTE
  }
}

function bind(site: CallSite): EvalFn {
  const name = site.constants[0]
  const source = site.args[1]!
  const field = typeof name === 'string' ? FIELDS.get(name.toLowerCase()) : undefined
  if (field === undefined) return () => null
  switch (source.kind) {
    case 'interval_ym':
      return (_f: string, months: number) => plain(field === 'year' ? Math.trunc(months / 12) : months % 12)
    case 'interval_dt':
      return (_f: string, us: bigint) => clockField(field, us)
    case 'interval':
      return (_f: string, i: CalendarInterval) => {
        if (field === 'year') return plain(Math.trunc(i.months / 12))
        if (field === 'month') return plain(i.months % 12)
        return field === 'day'
          ? i.days
          : field === 'hour'
            ? Number(i.micros / US_PER_HOUR)
            : clockField(field, i.micros)
      }
  }
  const ofDate = OF_DATE[field]
  if (source.kind === 'date') return (_f: string, days: number) => ofDate!(days)
  const zone = zoneFor(source, site)
  return (_f: string, us: bigint) => {
    const local = splitLocalUs(zone.utcToLocalUs(us))
    return ofDate ? ofDate(local.days) : clockField(field, BigInt(local.us))
  }
}

/** Fields of dates and, in narrow loops, of timestamps by a constant name. */
function code(source: string, site: CodegenSite): string | null {
  const name = site.constants[0]
  const type = site.args[1]!
  const field = typeof name === 'string' ? FIELDS.get(name.toLowerCase()) : undefined
  if (field === undefined) return null
  const ofDate = OF_DATE[field]
  if (type.kind === 'date') return ofDate === undefined ? null : `${site.constant(ofDate)}(${source})`
  if (site.int64 !== 'narrow' || (type.kind !== 'timestamp' && type.kind !== 'timestamp_ntz')) return null
  const zone = zoneFor(type, site)
  if (ofDate !== undefined)
    return `${site.constant((us: number) => ofDate(Math.floor(localSecondOf(us, zone) / 86400)))}(${source})`
  const read = (us: number): number => {
    const second = secondOfDayNarrow(us, zone)
    if (field === 'hour') return Math.floor(second / 3600)
    if (field === 'minute') return Math.floor(second / 60) % 60
    // Offsets are whole seconds: what is behind them is the same on every clock.
    const micros = us % 1e6
    return (second % 60) * 1e6 + (micros < 0 ? micros + 1e6 : micros)
  }
  return `${site.constant(read)}(${source})`
}

/** The entry under one of its names; `extract(field FROM source)` is a call with the field as text. */
const entry = (name: string, aliases: readonly string[]): FunctionEntry => ({
  ...scalar(name, [arg('field', STRING), arg('source', [DATE, TIMESTAMP, CALENDAR_INTERVAL])], undefined, {
    group: 'datetime',
    doc: 'A part of a date, timestamp or interval: `field` is YEAR, QUARTER, MONTH, WEEK, DAY, DAYOFWEEK, DOW, DOW_ISO, DOY, YEAROFWEEK, HOUR, MINUTE or SECOND (with its fraction).',
    examples: [
      { sql: `${name}('week', date'2026-11-22')`, gives: '47' },
      { sql: `${name}('seconds', timestamp'2026-11-20 10:20:30.5')`, gives: '30.500000' },
    ],
    total: true,
    resolve: (args, _env, constants) => resolve(name, args, constants[0]),
    bind,
    codegen: ([, source], site) => code(source!, site),
  }),
  aliases,
})

/** Parts by name. */
export const entries: readonly FunctionEntry[] = [entry('date_part', ['datepart', 'extract'])]
