import { IANAZone } from 'luxon'
import { describe, expect, test } from 'vitest'
import { CalendarPeriods, type CalendarSpec, parseCalendarPeriod, parseWeekday } from '../../src/types/calendar.ts'
import { random } from '../../src/testing/random.ts'

const HOUR = 3600
const DAY = 24 * HOUR

/** The first instant of each day of the calendar by looking at every minute near `aroundS`, at quarters of an hour elsewhere, with luxon alone. */
function dayStarts(zone: string, aroundS: number, days: number): Map<number, number> {
  const iana = IANAZone.create(zone)
  const starts = new Map<number, number>()
  const first = Math.floor(aroundS / DAY) * DAY - days * DAY
  let reached = -Infinity
  for (
    let t = first;
    t < first + (2 * days + 1) * DAY;
    t += Math.abs(t - aroundS) <= 6 * HOUR ? 60 : 900 - (((t % 900) + 900) % 900)
  ) {
    const day = Math.floor((t + Math.round(iana.offset(t * 1000) * 60)) / DAY)
    if (reached === -Infinity) reached = day
    // Days that the clock leaps over begin where it lands, and so have no length.
    for (; reached < day; starts.set(++reached, t));
  }
  return starts
}

/** The period of whole days from 1970-01-01 (`length` of them) that holds `t`. */
function expected(starts: Map<number, number>, t: number, periodOf: (day: number) => number): [number, number] {
  const firsts = new Map<number, number>()
  for (const [day, at] of starts) if (!firsts.has(periodOf(day))) firsts.set(periodOf(day), at)
  const known = [...firsts.values()].slice(1)
  return [Math.max(...known.filter((s) => s <= t)), Math.min(...known.filter((s) => s > t))]
}

const find = (periods: CalendarPeriods, t: number): [number, number] => {
  periods.find(t)
  return [periods.start, periods.end]
}

const spec = (zone: string | null, unit: CalendarSpec['unit'] = 'day', count = 1, weekStart = 0): CalendarSpec => ({
  unit,
  count,
  zone,
  weekStart,
})

/** Clocks that move around midnight, by odd amounts, or by a day. */
const CASES: readonly (readonly [zone: string, at: string, why: string])[] = [
  ['Europe/Berlin', '2026-03-29T01:00:00Z', 'a day of 23 hours'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z', 'a day of 25 hours'],
  ['America/New_York', '2026-11-01T06:00:00Z', 'a day of 25 hours'],
  ['America/Sao_Paulo', '2018-11-04T03:00:00Z', 'no midnight'],
  ['America/Sao_Paulo', '2018-02-18T02:00:00Z', 'back from midnight to 23:00'],
  ['Asia/Beirut', '2026-03-28T22:00:00Z', 'no midnight'],
  ['Asia/Beirut', '2026-10-24T21:00:00Z', 'back from midnight to 23:00'],
  ['America/Havana', '2026-03-08T05:00:00Z', 'no midnight'],
  ['America/Havana', '2026-11-01T05:00:00Z', 'midnight twice, the second time at 01:00'],
  ['America/St_Johns', '2010-11-07T02:31:00Z', 'back over midnight at 00:01'],
  ['America/Toronto', '1919-03-31T04:30:00Z', 'from 23:30 to 00:30'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z', 'a day left out'],
  ['Pacific/Kwajalein', '1993-08-21T12:00:00Z', 'a day left out'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z', 'half an hour'],
  ['Africa/Cairo', '2026-04-23T22:00:00Z', 'no midnight'],
  ['Asia/Kathmandu', '1985-12-31T18:30:00Z', 'a quarter of an hour at new year'],
  ['America/Santiago', '2026-09-06T04:00:00Z', 'no midnight'],
]

describe('days', () => {
  test.each(CASES)('%s around %s: %s', (zone, at, _why) => {
    const around = Date.parse(at) / 1000
    const starts = dayStarts(zone, around, 8)
    const periods = new CalendarPeriods(spec(zone))
    const next = random(5)
    const times = [...starts.values()].flatMap((s) => [s - 1, s, s + 1])
    for (let i = 0; i < 300; i++) times.push(Math.floor(around + (next() - 0.5) * 8 * DAY))
    for (let i = 0; i < 60; i++) times.push(around + Math.floor((next() - 0.5) * 3 * HOUR))
    for (const t of times.filter((x) => Math.abs(x - around) < 5 * DAY))
      expect([new Date(t * 1000).toISOString(), ...find(periods, t)]).toEqual([
        new Date(t * 1000).toISOString(),
        ...expected(starts, t, (d) => d),
      ])
  })

  test('lengths in hours', () => {
    const hours = (zone: string, at: string): number => {
      const [start, end] = find(new CalendarPeriods(spec(zone)), Date.parse(at) / 1000)
      return (end - start) / HOUR
    }
    expect(hours('Europe/Berlin', '2026-03-29T12:00:00Z')).toBe(23)
    expect(hours('Europe/Berlin', '2026-10-25T12:00:00Z')).toBe(25)
    expect(hours('America/Sao_Paulo', '2018-11-04T12:00:00Z')).toBe(23)
    expect(hours('America/Havana', '2026-11-01T12:00:00Z')).toBe(25)
    expect(hours('Australia/Lord_Howe', '2026-04-05T12:00:00Z')).toBe(24.5)
    // 29 December is followed by the 31st.
    expect(find(new CalendarPeriods(spec('Pacific/Apia')), Date.parse('2011-12-30T09:59:59Z') / 1000)).toEqual(
      ['2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z'].map((t) => Date.parse(t) / 1000),
    )
    expect(find(new CalendarPeriods(spec('Pacific/Apia')), Date.parse('2011-12-30T10:00:00Z') / 1000)).toEqual(
      ['2011-12-30T10:00:00Z', '2011-12-31T10:00:00Z'].map((t) => Date.parse(t) / 1000),
    )
  })
})

describe('weeks and months', () => {
  test.each(CASES)('%s around %s: %s', (zone, at, _why) => {
    const around = Date.parse(at) / 1000
    const starts = dayStarts(zone, around, 40)
    const next = random(11)
    for (const weekStart of [0, 3, 6]) {
      const periods = new CalendarPeriods(spec(zone, 'week', 1, weekStart))
      for (let i = 0; i < 40; i++) {
        const t = Math.floor(around + (next() - 0.5) * 20 * DAY)
        // Day 4 of the epoch was a Monday.
        expect(find(periods, t)).toEqual(expected(starts, t, (d) => Math.floor((d - 4 - weekStart) / 7)))
      }
    }
    const months = new CalendarPeriods(spec(zone, 'month'))
    const monthOf = (day: number): number => {
      const date = new Date(day * DAY * 1000)
      return date.getUTCFullYear() * 12 + date.getUTCMonth()
    }
    for (let i = 0; i < 40; i++) {
      const t = Math.floor(around + (next() - 0.5) * 6 * DAY)
      const [start, end] = find(months, t)
      const day = [...starts].filter(([, s]) => s <= t).at(-1)![0]
      const firstOf = (month: number): number | undefined => [...starts].find(([d]) => monthOf(d) === month)?.[1]
      if (firstOf(monthOf(day) - 1) !== undefined) expect(start).toBe(firstOf(monthOf(day)))
      if (firstOf(monthOf(day) + 2) !== undefined) expect(end).toBe(firstOf(monthOf(day) + 1))
    }
  })

  test('several at a time are counted from 1970-01-01', () => {
    const at = (s: CalendarSpec, t: string): string[] =>
      find(new CalendarPeriods(s), Date.parse(t) / 1000).map((x) => new Date(x * 1000).toISOString().slice(0, 10))
    expect(at(spec(null, 'month', 3), '2026-05-17T00:00:00Z')).toEqual(['2026-04-01', '2026-07-01'])
    expect(at(spec(null, 'month', 12), '2026-05-17T00:00:00Z')).toEqual(['2026-01-01', '2027-01-01'])
    expect(at(spec(null, 'day', 2), '1970-01-02T23:00:00Z')).toEqual(['1970-01-01', '1970-01-03'])
    expect(at(spec(null, 'week'), '1970-01-01T00:00:00Z')).toEqual(['1969-12-29', '1970-01-05'])
    expect(at(spec(null, 'week', 1, 6), '1970-01-01T00:00:00Z')).toEqual(['1969-12-28', '1970-01-04'])
    expect(at(spec(null, 'week', 2), '1969-12-28T00:00:00Z')).toEqual(['1969-12-15', '1969-12-29'])
    expect(at(spec(null, 'month'), '1969-12-31T23:59:59Z')).toEqual(['1969-12-01', '1970-01-01'])
  })

  test('far from now, and before standard time', () => {
    for (const zone of ['Europe/Paris', 'America/New_York', '+05:30', 'UTC'])
      for (const year of [-200, 1, 1583, 1850, 2500, 9999, 20000]) {
        const periods = new CalendarPeriods(spec(zone, 'month', 12))
        const t = Date.UTC(2000, 5, 1) / 1000 + Math.round((year - 2000) * 365.2425 * DAY)
        const [start, end] = find(periods, t)
        expect([zone, year, start <= t && t < end, Math.round((end - start) / DAY) - 365 <= 1]).toEqual([
          zone,
          year,
          true,
          true,
        ])
        expect(find(periods, end)[0]).toBe(end)
        expect(find(periods, start)[0]).toBe(start)
        expect(find(periods, start - 1)[1]).toBe(start)
      }
  })
})

test('periods and weekdays as text', () => {
  expect(parseCalendarPeriod('month')).toEqual({ unit: 'month', count: 1 })
  expect(parseCalendarPeriod(' 2  Weeks ')).toEqual({ unit: 'week', count: 2 })
  expect(parseCalendarPeriod('quarter')).toEqual({ unit: 'month', count: 3 })
  expect(parseCalendarPeriod('5 years')).toEqual({ unit: 'month', count: 60 })
  for (const bad of ['', 'hour', '0 days', '-1 day', '1.5 days', 'dayss', '1', '10000 days', '1 month 2 days'])
    expect([bad, parseCalendarPeriod(bad)]).toEqual([bad, null])
  expect([parseWeekday('Monday'), parseWeekday('sun'), parseWeekday(' WED ')]).toEqual([0, 6, 2])
  expect([parseWeekday('someday'), parseWeekday(''), parseWeekday('mo')]).toEqual([null, null, null])
})
