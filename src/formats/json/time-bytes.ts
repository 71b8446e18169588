import { daysFromCivil, isCivil } from '../../types/time.ts'
import type { Zone } from '../../types/time-zone.ts'

function two(b: Buffer, p: number): number {
  const x = b[p]! ^ 48
  const y = b[p + 1]! ^ 48
  return x < 10 && y < 10 ? x * 10 + y : NaN
}

/** Days since the epoch of the `YYYY-MM-DD` at `p`; NaN if there is none. */
export function dateAt(b: Buffer, p: number): number {
  if (b[p + 4] !== 45 || b[p + 7] !== 45) return NaN
  const year = two(b, p) * 100 + two(b, p + 2)
  const month = two(b, p + 5)
  const day = two(b, p + 8)
  return isCivil(year, month, day) ? daysFromCivil(year, month, day) : NaN
}

/** Minutes since the epoch of the `YYYY-MM-DDTHH:MM` at `p`; NaN if there is none. */
export function minuteAt(b: Buffer, p: number): number {
  if (b[p + 10] !== 84 || b[p + 13] !== 58) return NaN
  const hour = two(b, p + 11)
  const minute = two(b, p + 14)
  return hour < 24 && minute < 60 ? dateAt(b, p) * 1440 + hour * 60 + minute : NaN
}

const POWERS = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]

/**
 * Microseconds since the epoch of the timestamp that fills [start, end): `YYYY-MM-DD`, then perhaps `T` or a blank
 * and `HH:MM:SS`, a fraction (cut after six digits), and `Z` or `±HH:MM`. Without an offset it is a clock reading in
 * `zone`; `zone` null (TIMESTAMP_NTZ) reads the clock as it stands and ignores an offset. NaN for every other form
 * and beyond ±2^53: the exact parser has the word then.
 */
export function timestampUs(b: Buffer, start: number, end: number, zone: Zone | null): number {
  const n = end - start
  if (n < 10) return NaN
  const days = dateAt(b, start)
  if (n === 10) return zone === null ? days * 86_400e6 : localToUtc(days * 86_400e6, zone)
  const t = b[start + 10]
  if ((t !== 84 && t !== 32) || n < 19 || b[start + 13] !== 58 || b[start + 16] !== 58) return NaN
  const hour = two(b, start + 11)
  const minute = two(b, start + 14)
  const second = two(b, start + 17)
  if (!(hour < 24 && minute < 60 && second < 60)) return NaN
  let us = (days * 86_400 + hour * 3600 + minute * 60 + second) * 1e6
  let p = start + 19
  if (p < end && b[p] === 46) {
    let digits = 0
    let fraction = 0
    for (p++; p < end && (b[p]! ^ 48) < 10; p++)
      if (digits < 6) {
        fraction = fraction * 10 + (b[p]! ^ 48)
        digits++
      }
    us += fraction * POWERS[6 - digits]!
  }
  if (!(us < 9e15 && us > -9e15)) return NaN
  if (p === end) return zone === null ? us : localToUtc(us, zone)
  if (b[p] === 90 && p + 1 === end) return us
  if ((b[p] === 43 || b[p] === 45) && p + 6 === end && b[p + 3] === 58) {
    const h = two(b, p + 1)
    const m = two(b, p + 4)
    if (!(h <= 18 && m < 60 && h * 60 + m <= 1080)) return NaN
    if (zone === null) return us
    const offset = (h * 60 + m) * 60e6
    return b[p] === 43 ? us - offset : us + offset
  }
  return NaN
}

/** The instant of a clock reading, both in microseconds; exact where the offset is the same a day before and after, NaN elsewhere. */
function localToUtc(localUs: number, zone: Zone): number {
  if (localUs !== localUs) return NaN
  const seconds = localUs / 1e6
  const before = zone.offsetSeconds(seconds - 86_400)
  if (before !== zone.offsetSeconds(seconds + 86_400)) return NaN
  return localUs - before * 1e6
}
