import { DATE, INT, STRING, TIMESTAMP, TIMESTAMP_NTZ } from '../../types/data-type.ts'
import type { Zone } from '../../types/time.ts'
import { arg, scalar, type FunctionEntry } from '../entry.ts'
import { dayOf, dayOfWeek, dayOfYear, monthOf, quarterOf, weekday, weekOfYear, yearOf } from './calendar.ts'
import { secondOfDay, secondOfDayNarrow, zoneFor } from './clock-reading.ts'
import { MONTHS, WEEKDAYS } from './names.ts'

/** A whole number read off a date. */
const ofDate = (
  name: string,
  part: (days: number) => number,
  doc: string,
  gives: string,
  aliases: readonly string[] = [],
): FunctionEntry => ({
  ...scalar(name, [arg('date', DATE)], INT, {
    group: 'datetime',
    doc,
    examples: [{ sql: `${name}(date'2026-11-20')`, gives }],
    total: true,
    eval: part,
    codegen: ([days], site) => `${site.constant(part)}(${days})`,
  }),
  aliases,
})

/** A whole number read off the clock of a timestamp. */
const ofTime = (name: string, part: (second: number) => number, doc: string, gives: string): FunctionEntry =>
  scalar(name, [arg('timestamp', [TIMESTAMP, TIMESTAMP_NTZ])], INT, {
    group: 'datetime',
    doc,
    examples: [{ sql: `${name}(timestamp'2026-11-20 10:20:30')`, gives }],
    total: true,
    bind: (site) => {
      const zone = zoneFor(site.args[0]!, site)
      return (us: bigint) => part(secondOfDay(us, zone))
    },
    codegen: ([us], site) => {
      const zone: Zone = zoneFor(site.args[0]!, site)
      return site.int64 === 'narrow'
        ? `${site.constant((n: number) => part(secondOfDayNarrow(n, zone)))}(${us})`
        : `${site.constant((n: bigint) => part(secondOfDay(n, zone)))}(${us})`
    },
  })

const ofName = (name: string, read: (days: number) => string, doc: string, gives: string): FunctionEntry =>
  scalar(name, [arg('date', DATE)], STRING, {
    group: 'datetime',
    doc,
    examples: [{ sql: `${name}(date'2026-11-20')`, gives }],
    eval: read,
    codegen: ([days], site) => `${site.constant(read)}(${days})`,
  })

/** Parts of dates and times. */
export const entries: readonly FunctionEntry[] = [
  ofDate('year', yearOf, 'The year of a date.', '2026'),
  ofDate('quarter', quarterOf, 'The quarter of a date, 1 to 4.', '4'),
  ofDate('month', monthOf, 'The month of a date, 1 to 12.', '11'),
  ofDate('day', dayOf, 'The day of the month, 1 to 31.', '20', ['dayofmonth']),
  ofDate('dayofyear', dayOfYear, 'The day of the year, 1 to 366.', '324'),
  ofDate('dayofweek', dayOfWeek, 'The day of the week, 1 for Sunday to 7 for Saturday.', '6'),
  ofDate('weekday', weekday, 'The day of the week, 0 for Monday to 6 for Sunday.', '4'),
  ofDate(
    'weekofyear',
    weekOfYear,
    'The ISO week of the year, 1 to 53: weeks begin on Monday, week 1 has the first Thursday.',
    '47',
  ),
  ofTime(
    'hour',
    (s) => Math.floor(s / 3600),
    'The hour of a timestamp in the time zone of the session, 0 to 23.',
    '10',
  ),
  ofTime('minute', (s) => Math.floor(s / 60) % 60, 'The minute of a timestamp, 0 to 59.', '20'),
  ofTime('second', (s) => s % 60, 'The second of a timestamp, 0 to 59.', '30'),
  ofName('dayname', (days) => WEEKDAYS[weekday(days)]!.slice(0, 3), 'The day of the week as three letters.', 'Fri'),
  ofName('monthname', (days) => MONTHS[monthOf(days) - 1]!.slice(0, 3), 'The month as three letters.', 'Nov'),
]
