import { DATE, STRING, TIMESTAMP } from '../../types/data-type.ts'
import { daysOfTimestamp, timestampOfDays, type Zone, zoneOf } from '../../types/time.ts'
import { arg, scalar, type FunctionEntry } from '../entry.ts'
import { truncateDays, type DateUnit } from './calendar.ts'
import { resolveLocal } from './shift.ts'
import { checkDate, checkTimestamp } from './shift.ts'

const DATE_UNITS: ReadonlyMap<string, DateUnit> = new Map([
  ['year', 'year'],
  ['yyyy', 'year'],
  ['yy', 'year'],
  ['quarter', 'quarter'],
  ['month', 'month'],
  ['mon', 'month'],
  ['mm', 'month'],
  ['week', 'week'],
])

/** Units of the clock in microseconds; those from a minute on depend on the zone. */
const CLOCK_UNITS: ReadonlyMap<string, number> = new Map([
  ['microsecond', 1],
  ['millisecond', 1e3],
  ['second', 1e6],
  ['minute', 60e6],
  ['hour', 3600e6],
  ['day', 86400e6],
  ['dd', 86400e6],
])

const floorTo = (value: bigint, unit: bigint): bigint => {
  const rest = value % unit
  return value - (rest < 0n ? rest + unit : rest)
}

const inRange = (us: bigint): bigint => checkTimestamp(us, 'date_trunc')

/** Cuts an instant down to a unit on the clock of a zone; null for a unit that does not exist. */
export function truncator(unit: string, zone: Zone): ((us: bigint) => bigint) | null {
  const name = unit.toLowerCase()
  const clock = CLOCK_UNITS.get(name)
  if (clock !== undefined) {
    const step = BigInt(clock)
    if (clock < 60e6) return (us) => inRange(floorTo(us, step))
    return (us) => {
      const offset = zone.offsetUs(us)
      return inRange(resolveLocal(floorTo(us + offset, step), offset, zone))
    }
  }
  const date = DATE_UNITS.get(name)
  return date === undefined
    ? null
    : (us) => inRange(timestampOfDays(truncateDays(daysOfTimestamp(us, zone), date), zone))
}

/** `truncator` over safe integers: the form of narrow loops; the result is not above its argument. */
function narrowTruncator(unit: string, zone: Zone): ((us: number) => number) | null {
  const wide = truncator(unit, zone)
  const clock = CLOCK_UNITS.get(unit.toLowerCase())
  if (wide === null) return null
  const slow = (us: number): number => Number(wide(BigInt(us)))
  if (clock === undefined) return slow
  const floor = (us: number): number => {
    let n = Math.floor(us / clock)
    if (n * clock > us) n--
    return n * clock
  }
  if (clock < 60e6) return floor
  return (us) => {
    let seconds = Math.floor(us / 1e6)
    // The quotient may be rounded up to a whole second that the instant has not reached.
    if (seconds * 1e6 > us) seconds--
    const offset = zone.offsetSeconds(seconds) * 1e6
    const local = us + offset
    if (!Number.isSafeInteger(local)) return slow(us)
    const cut = floor(local) - offset
    // A change of offset between the cut and the instant needs the careful way.
    return zone.offsetSeconds(Math.floor(cut / 1e6)) * 1e6 === offset ? cut : slow(us)
  }
}

/** Keeps what was made for the last unit: units are nearly always constant. */
function lastUnit<T>(make: (unit: string) => T): (unit: string) => T {
  let last: string | undefined
  let made: T
  return (unit) => {
    if (unit !== last) {
      made = make(unit)
      last = unit
    }
    return made
  }
}

/** Cutting dates and timestamps down to a unit. */
export const entries: readonly FunctionEntry[] = [
  scalar('trunc', [arg('date', DATE), arg('unit', STRING)], DATE, {
    group: 'datetime',
    doc: 'The first day of the YEAR, QUARTER, MONTH or WEEK of a date; NULL for any other unit.',
    examples: [{ sql: `trunc(date'2026-11-20', 'WEEK')`, gives: '2026-11-16' }],
    canBeNull: true,
    eval: (days: number, unit: string) => {
      const u = DATE_UNITS.get(unit.toLowerCase())
      return u === undefined ? null : checkDate(truncateDays(days, u), 'trunc')
    },
  }),
  scalar('date_trunc', [arg('unit', STRING), arg('timestamp', TIMESTAMP)], TIMESTAMP, {
    group: 'datetime',
    doc: 'A timestamp cut down to a unit on the clock of the session: YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, MILLISECOND or MICROSECOND; NULL for any other unit.',
    examples: [{ sql: `date_trunc('HOUR', timestamp'2026-11-20 10:20:30')`, gives: '2026-11-20 10:00:00' }],
    canBeNull: true,
    bind: (site) => {
      const zone = zoneOf(site.env.timeZone)
      const truncatorOf = lastUnit((unit) => truncator(unit, zone))
      return (unit: string, us: bigint) => truncatorOf(unit)?.(us) ?? null
    },
    codegen: ([, us], site) => {
      const unit = site.constants[0]
      if (typeof unit !== 'string') return null
      const zone = zoneOf(site.env.timeZone)
      const cut = site.int64 === 'narrow' ? narrowTruncator(unit, zone) : truncator(unit, zone)
      if (cut === null) return null
      return site.int64 === 'narrow' ? `rt.n53(${site.constant(cut)}(${us}))` : `${site.constant(cut)}(${us})`
    },
  }),
]
