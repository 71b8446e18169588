import { ExecutionError } from '../../errors/errors.ts'
import { addMonthsToDays, joinLocalUs, splitLocalUs, US_PER_DAY, type Zone } from '../../types/time.ts'

const INT64_MAX = (1n << 63n) - 1n
const INT64_MIN = -(1n << 63n)
const INT32_MAX = 2147483647
const INT32_MIN = -2147483648

/** `us` when it is an int64; DATETIME_OVERFLOW otherwise. */
export function checkTimestamp(us: bigint, what: string): bigint {
  if (us > INT64_MAX || us < INT64_MIN)
    throw new ExecutionError('DATETIME_OVERFLOW', { message: `${what} leaves the range of TIMESTAMP` })
  return us
}

/** `days` when it is an int32; DATETIME_OVERFLOW otherwise. */
export function checkDate(days: number, what: string): number {
  if (!(days <= INT32_MAX && days >= INT32_MIN))
    throw new ExecutionError('DATETIME_OVERFLOW', { message: `${what} leaves the range of DATE` })
  return days
}

/** The local clock moved by whole months; a day beyond the end of the month becomes its last. */
export function addMonthsToLocal(localUs: bigint, months: number): bigint {
  const { days, us } = splitLocalUs(localUs)
  return joinLocalUs(addMonthsToDays(days, months), us)
}

/** The instant of a local clock that was reached from one with `offset`: in an overlap the offset is kept. */
export function resolveLocal(localUs: bigint, offset: bigint, zone: Zone): bigint {
  const kept = localUs - offset
  return zone.offsetUs(kept) === offset ? kept : zone.localToUtcUs(localUs)
}

/**
 * An instant moved by an interval: months and days move the local clock of the zone, in that order,
 * microseconds move the instant. Raises DATETIME_OVERFLOW.
 */
export function shiftTimestamp(utcUs: bigint, months: number, days: number, micros: bigint, zone: Zone): bigint {
  let t = utcUs
  if (months !== 0) {
    const offset = zone.offsetUs(t)
    t = resolveLocal(addMonthsToLocal(t + offset, months), offset, zone)
  }
  if (days !== 0) {
    const offset = zone.offsetUs(t)
    t = resolveLocal(t + offset + BigInt(days) * US_PER_DAY, offset, zone)
  }
  return checkTimestamp(t + micros, 'the sum')
}

/** An instant moved by a day-time interval: whole days move the local clock, the rest the instant. */
export function shiftByDayTime(utcUs: bigint, micros: bigint, zone: Zone): bigint {
  const days = micros / US_PER_DAY
  return shiftTimestamp(utcUs, 0, Number(days), micros - days * US_PER_DAY, zone)
}
