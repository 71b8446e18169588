import { assert, MillraceError } from '../errors/errors.ts'
import { badInput, castOverflow, strict, type Cast, type CastSite } from './cast-site.ts'
import { isIntegral, type DataType, type DayTimeIntervalType, type YearMonthIntervalType } from './data-type.ts'
import { rescale } from './decimal.ts'
import { parseCalendarInterval, parseDayTimeInterval, parseYearMonthInterval, UNIT_US } from './intervals.ts'
import {
  daysOfTimestamp,
  floorDiv,
  parseDate,
  parseTimestamp,
  parseTimestampNtz,
  specialDate,
  specialTimestamp,
  specialTimestampNtz,
  timestampOfDays,
  US_PER_DAY,
  zoneOf,
} from './time.ts'

const INT64_MAX = (1n << 63n) - 1n
const INT64_MIN = -(1n << 63n)

/** Casts to DATE, TIMESTAMP, TIMESTAMP_NTZ and the intervals. */
export function toTimeCaster(from: DataType, to: DataType, site: CastSite): Cast {
  switch (to.kind) {
    case 'date':
      return toDate(from, to, site)
    case 'timestamp':
      return toTimestamp(from, to, site)
    case 'timestamp_ntz':
      return toTimestampNtz(from, to, site)
    case 'interval':
      return toCalendarInterval()
    case 'interval_dt':
      return toDayTimeInterval(from, to, site)
    case 'interval_ym':
      return toYearMonthInterval(from, to, site)
    default:
      assert(false, `cast to ${to.kind} is not a cast to time`)
  }
}

function toDate(from: DataType, to: DataType, site: CastSite): Cast {
  const zone = zoneOf(site.timeZone)
  switch (from.kind) {
    case 'string': {
      const now = site.constant ? site.nowUs : undefined
      return (v) =>
        parseDate(v as string) ?? (now ? specialDate(v as string, zone, now) : null) ?? badInput(v, from, to, site)
    }
    case 'timestamp':
      return (v) => daysOfTimestamp(v as bigint, zone)
    case 'timestamp_ntz':
      return (v) => Number(floorDiv(v as bigint, US_PER_DAY))
    default:
      assert(false, `cast from ${from.kind} to date`)
  }
}

const clamp64 = (x: bigint): bigint => (x > INT64_MAX ? INT64_MAX : x < INT64_MIN ? INT64_MIN : x)

/** A timestamp computed from `v`: one that leaves int64 raises without ANSI too, as Spark's does. */
const inRange = (us: bigint, v: Parameters<Cast>[0], from: DataType, to: DataType, site: CastSite): bigint | null =>
  us > INT64_MAX || us < INT64_MIN ? castOverflow(v, from, to, strict(site)) : us

function toTimestamp(from: DataType, to: DataType, site: CastSite): Cast {
  const zone = zoneOf(site.timeZone)
  switch (from.kind) {
    case 'string': {
      const now = site.constant ? site.nowUs : undefined
      return (v) =>
        parseTimestamp(v as string, zone, site.nowUs) ??
        (now ? specialTimestamp(v as string, zone, now) : null) ??
        badInput(v, from, to, site)
    }
    case 'boolean':
      return (v) => (v ? 1n : 0n)
    case 'date':
      return (v) => inRange(timestampOfDays(v as number, zone), v, from, to, site)
    case 'timestamp_ntz':
      return (v) => inRange(zone.localToUtcUs(v as bigint), v, from, to, site)
    case 'float':
    case 'double':
      return (v) => {
        const x = v as number
        if (!Number.isFinite(x)) return badInput(v, from, to, site)
        const us = x * 1e6
        if (Math.floor(us) <= Number(INT64_MAX) && Math.ceil(us) >= Number(INT64_MIN))
          return clamp64(BigInt(Math.trunc(us)))
        return site.legacy ? (us > 0 ? INT64_MAX : INT64_MIN) : castOverflow(v, from, to, site)
      }
    case 'decimal':
      // Microseconds are cut, not rounded; beyond int64 the low bits stay, as in Spark.
      return (v) =>
        BigInt.asIntN(
          64,
          from.scale <= 6 ? rescale(v as bigint, from.scale, 6) : (v as bigint) / 10n ** BigInt(from.scale - 6),
        )
    default:
      assert(isIntegral(from), `cast from ${from.kind} to timestamp`)
      return (v) => clamp64(BigInt(v as number | bigint) * 1_000_000n)
  }
}

function toTimestampNtz(from: DataType, to: DataType, site: CastSite): Cast {
  const zone = zoneOf(site.timeZone)
  switch (from.kind) {
    case 'string': {
      const now = site.constant ? site.nowUs : undefined
      return (v) =>
        parseTimestampNtz(v as string) ??
        (now ? specialTimestampNtz(v as string, zone, now) : null) ??
        badInput(v, from, to, site)
    }
    case 'date':
      return (v) => inRange(BigInt(v as number) * US_PER_DAY, v, from, to, site)
    case 'timestamp':
      return (v) => inRange(zone.utcToLocalUs(v as bigint), v, from, to, site)
    default:
      assert(false, `cast from ${from.kind} to timestamp_ntz`)
  }
}

/** `read`, with NULL for a typed error of its own. */
const orNull =
  (read: Cast): Cast =>
  (v) => {
    try {
      return read(v)
    } catch (e) {
      if (e instanceof MillraceError && e.code.startsWith('INVALID_INTERVAL_FORMAT')) return null
      throw e
    }
  }

/** Bad text of an ANSI interval raises in `legacy` mode too, as Spark's does. */
const orNullInTry = (site: CastSite, read: Cast): Cast => (site.mode === 'try' ? orNull(read) : read)

/** Bad text of a calendar interval is NULL in every mode, as in Spark. */
const toCalendarInterval = (): Cast => orNull((v) => parseCalendarInterval(v as string))

function toDayTimeInterval(from: DataType, to: DayTimeIntervalType, site: CastSite): Cast {
  const unit = UNIT_US[to.end]
  const fit = (us: bigint, v: Parameters<Cast>[0]): bigint | null =>
    us >= INT64_MIN && us <= INT64_MAX ? us : castOverflow(v, from, to, strict(site))
  switch (from.kind) {
    case 'string':
      return orNullInTry(site, (v) => parseDayTimeInterval(v as string, to.start, to.end))
    case 'interval_dt':
      return to.end === 'second' ? (v) => v : (v) => (v as bigint) - ((v as bigint) % unit)
    case 'decimal':
      return (v) => fit(rescale((v as bigint) * unit, from.scale, 0), v)
    default:
      return (v) => fit(BigInt(v as number | bigint) * unit, v)
  }
}

function toYearMonthInterval(from: DataType, to: YearMonthIntervalType, site: CastSite): Cast {
  const unit = to.end === 'year' ? 12n : 1n
  const fit = (months: bigint, v: Parameters<Cast>[0]): number | null =>
    months >= -2147483648n && months <= 2147483647n ? Number(months) : castOverflow(v, from, to, strict(site))
  switch (from.kind) {
    case 'string':
      return orNullInTry(site, (v) => parseYearMonthInterval(v as string, to.start, to.end))
    case 'interval_ym':
      return to.end === 'month' ? (v) => v : (v) => (v as number) - ((v as number) % 12)
    case 'decimal':
      return (v) => fit(rescale((v as bigint) * unit, from.scale, 0), v)
    default:
      return (v) => fit(BigInt(v as number | bigint) * unit, v)
  }
}
