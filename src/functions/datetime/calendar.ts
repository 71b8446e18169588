import { civilFromDays, daysFromCivil, daysInMonth } from '../../types/time.ts'

/** What can be read off a date, as whole numbers; dates are days since 1970-01-01. */
export const yearOf = (days: number): number => civilFromDays(days).year
export const quarterOf = (days: number): number => Math.floor((civilFromDays(days).month + 2) / 3)
export const monthOf = (days: number): number => civilFromDays(days).month
export const dayOf = (days: number): number => civilFromDays(days).day
/** 1 to 366. */
export const dayOfYear = (days: number): number => days - daysFromCivil(civilFromDays(days).year, 1, 1) + 1
/** 0 Monday to 6 Sunday. */
export const weekday = (days: number): number => (((days + 3) % 7) + 7) % 7
/** 1 Sunday to 7 Saturday. */
export const dayOfWeek = (days: number): number => ((((days + 4) % 7) + 7) % 7) + 1
/** 1 Monday to 7 Sunday. */
export const dayOfWeekIso = (days: number): number => weekday(days) + 1
/** The year of the ISO week: that of the week's Thursday. */
export const yearOfWeek = (days: number): number => yearOf(days - weekday(days) + 3)
/** The ISO week, 1 to 53: week 1 has the year's first Thursday. */
export const weekOfYear = (days: number): number => Math.floor((dayOfYear(days - weekday(days) + 3) - 1) / 7) + 1

/** Units a date can be cut down to. */
export type DateUnit = 'year' | 'quarter' | 'month' | 'week'

/** The first day of the year, quarter, month or week (from Monday) of a date. */
export function truncateDays(days: number, unit: DateUnit): number {
  if (unit === 'week') return days - weekday(days)
  const { year, month } = civilFromDays(days)
  switch (unit) {
    case 'year':
      return daysFromCivil(year, 1, 1)
    case 'quarter':
      return daysFromCivil(year, month - ((month - 1) % 3), 1)
    case 'month':
      return daysFromCivil(year, month, 1)
  }
}

/** The last day of the month of a date. */
export function lastDayOfMonth(days: number): number {
  const { year, month, day } = civilFromDays(days)
  return days + daysInMonth(year, month) - day
}
