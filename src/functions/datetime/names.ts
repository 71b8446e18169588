import type { Zone } from '../../types/time.ts'

/** English names, as Spark writes and reads them whatever the machine's language. */
export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const
export const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const
export const QUARTERS = ['1st quarter', '2nd quarter', '3rd quarter', '4th quarter'] as const
export const ERAS = { short: ['BC', 'AD'], full: ['Before Christ', 'Anno Domini'] } as const
export const AM_PM = ['AM', 'PM'] as const

const names = new Map<string, string>()

/**
 * The name of a zone at an instant: `EDT`, `Eastern Daylight Time`, or without regard to summer time (`generic`) `ET`.
 * Kept per zone and offset, so that the slow look-up runs once for each.
 */
export function zoneName(zone: Zone, utcSeconds: number, full: boolean, generic: boolean): string {
  const key = `${zone.name} ${zone.offsetSeconds(utcSeconds)} ${full} ${generic}`
  let name = names.get(key)
  if (name === undefined) {
    if (names.size > 5000) names.clear()
    names.set(key, (name = findName(zone.name, utcSeconds, full, generic)))
  }
  return name
}

function intlName(
  zone: string,
  utcSeconds: number,
  style: 'long' | 'short' | 'longGeneric' | 'shortGeneric',
): string | null {
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: style })
    return format.formatToParts(utcSeconds * 1000).find((p) => p.type === 'timeZoneName')?.value ?? null
  } catch (e) {
    // Intl does not know every form of an offset that SQL takes; such a zone is named by its own text.
    if (e instanceof RangeError) return null
    throw e
  }
}

function findName(zone: string, utcSeconds: number, full: boolean, generic: boolean): string {
  if (zone === 'UTC' || zone === 'Etc/UTC') return full ? 'Coordinated Universal Time' : 'UTC'
  if (zone === 'GMT') return full ? 'Greenwich Mean Time' : 'GMT'
  if (!/^[A-Z]/.test(zone)) return zone
  if (generic) return intlName(zone, utcSeconds, full ? 'longGeneric' : 'shortGeneric') ?? zone
  const long = intlName(zone, utcSeconds, 'long')
  if (full) return long ?? zone
  const short = intlName(zone, utcSeconds, 'short') ?? zone
  // Intl writes GMT+1 for what it thinks foreign to an American reader; Java writes the initials: CET, JST.
  return /^GMT[+-]/.test(short) && long !== null && !long.startsWith('GMT') ? initials(long) : short
}

function initials(long: string): string {
  const european = /^(\w)\w* European Standard Time$/.exec(long)
  if (european) return `${european[1]}ET`
  return long
    .split(/[ -]/)
    .map((word) => word[0]!)
    .join('')
}

/** The zones the abbreviations in texts mean. */
export const ABBREVIATIONS: Readonly<Record<string, string>> = {
  AEDT: 'Australia/Sydney',
  AEST: 'Australia/Sydney',
  AKDT: 'America/Anchorage',
  AKST: 'America/Anchorage',
  BST: 'Europe/London',
  CDT: 'America/Chicago',
  CEST: 'Europe/Paris',
  CET: 'Europe/Paris',
  CST: 'America/Chicago',
  EDT: 'America/New_York',
  EEST: 'Europe/Helsinki',
  EET: 'Europe/Helsinki',
  EST: 'America/New_York',
  GMT: 'GMT',
  HST: 'Pacific/Honolulu',
  IST: 'Asia/Kolkata',
  JST: 'Asia/Tokyo',
  KST: 'Asia/Seoul',
  MDT: 'America/Denver',
  MSK: 'Europe/Moscow',
  MST: 'America/Denver',
  NZDT: 'Pacific/Auckland',
  NZST: 'Pacific/Auckland',
  PDT: 'America/Los_Angeles',
  PST: 'America/Los_Angeles',
  UTC: 'UTC',
  WEST: 'Europe/Lisbon',
  WET: 'Europe/Lisbon',
}
