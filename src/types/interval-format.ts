import type { DayTimeUnit, YearMonthUnit } from './data-type.ts'
import type { CalendarInterval } from './value.ts'

/** Microseconds of each day-time unit. */
export const UNIT_US: Readonly<Record<DayTimeUnit, bigint>> = {
  day: 86_400_000_000n,
  hour: 3_600_000_000n,
  minute: 60_000_000n,
  second: 1_000_000n,
}

/** Day-time units, coarse to fine. */
export const DAY_TIME_UNITS: readonly DayTimeUnit[] = ['day', 'hour', 'minute', 'second']

/** `day to second`, or one unit alone. */
export const rangeText = (start: string, end: string): string => (start === end ? start : `${start} to ${end}`)

const pad2 = (n: bigint): string => n.toString().padStart(2, '0')

const fractionText = (us: bigint): string => (us === 0n ? '' : `.${us.toString().padStart(6, '0').replace(/0+$/, '')}`)

/** `INTERVAL '1 02:03:04.5' DAY TO SECOND`: parts finer than `end` are not shown. */
export function formatDayTimeInterval(micros: bigint, start: DayTimeUnit, end: DayTimeUnit): string {
  const first = DAY_TIME_UNITS.indexOf(start)
  const last = DAY_TIME_UNITS.indexOf(end)
  let rest = micros < 0n ? -micros : micros
  let text = micros < 0n ? '-' : ''
  for (let i = first; i <= last; i++) {
    const unit = DAY_TIME_UNITS[i]!
    const value = rest / UNIT_US[unit]
    rest -= value * UNIT_US[unit]
    if (i > first) text += i === 1 ? ' ' : ':'
    text += unit === 'day' ? value.toString() : pad2(value)
  }
  if (end === 'second') text += fractionText(rest)
  return `INTERVAL '${text}' ${rangeText(start, end).toUpperCase()}`
}

/** `INTERVAL '1-2' YEAR TO MONTH`. */
export function formatYearMonthInterval(months: number, start: YearMonthUnit, end: YearMonthUnit): string {
  const magnitude = Math.abs(months)
  const years = Math.floor(magnitude / 12)
  const digits = start === 'month' ? String(magnitude) : end === 'year' ? String(years) : `${years}-${magnitude % 12}`
  return `INTERVAL '${months < 0 ? '-' : ''}${digits}' ${rangeText(start, end).toUpperCase()}`
}

/** `1 years 2 months 25 days 5 hours 6 minutes 7.008 seconds`; parts that are 0 are left out, `0 seconds` when all are. */
export function formatCalendarInterval(value: CalendarInterval): string {
  const parts: string[] = []
  const add = (n: number | bigint, unit: string): void => {
    if (Number(n) !== 0) parts.push(`${n} ${unit}`)
  }
  add(Math.trunc(value.months / 12), 'years')
  add(value.months % 12, 'months')
  add(value.days, 'days')
  add(value.micros / UNIT_US.hour, 'hours')
  const rest = value.micros % UNIT_US.hour
  add(rest / UNIT_US.minute, 'minutes')
  const us = rest % UNIT_US.minute
  if (us !== 0n) {
    const magnitude = us < 0n ? -us : us
    parts.push(`${us < 0n ? '-' : ''}${magnitude / UNIT_US.second}${fractionText(magnitude % UNIT_US.second)} seconds`)
  }
  return parts.length === 0 ? '0 seconds' : parts.join(' ')
}
