import type { DataType } from '../../types/data-type.ts'
import { zoneOf, type Zone } from '../../types/time.ts'
import type { CallSite } from '../entry.ts'

const US_PER_DAY = 86_400_000_000n

/** The zone a timestamp's clock is read in: the session's, or for TIMESTAMP_NTZ none. */
export const zoneFor = (type: DataType, site: CallSite): Zone =>
  zoneOf(type.kind === 'timestamp_ntz' ? 'UTC' : site.env.timeZone)

/** Seconds into the local day of an instant in microseconds. */
export function secondOfDay(us: bigint, zone: Zone): number {
  const local = zone.utcToLocalUs(us)
  const inDay = local % US_PER_DAY
  return Math.floor(Number(inDay < 0n ? inDay + US_PER_DAY : inDay) / 1e6)
}

/** The local clock of an instant in whole seconds since 1970, for microseconds as a safe integer: the form of narrow loops. */
export function localSecondOf(us: number, zone: Zone): number {
  let seconds = Math.floor(us / 1e6)
  // The quotient may be rounded up to a whole second that the instant has not reached.
  if (seconds * 1e6 > us) seconds--
  return seconds + zone.offsetSeconds(seconds)
}

/** As `secondOfDay`, in narrow loops. */
export function secondOfDayNarrow(us: number, zone: Zone): number {
  const local = localSecondOf(us, zone)
  return local - Math.floor(local / 86400) * 86400
}
