import { describe, expect, test } from 'vitest'
import {
  formatCalendarInterval,
  formatDayTimeInterval,
  formatYearMonthInterval,
  intervalParts,
  literalOfParts,
  literalOfRange,
  parseCalendarInterval,
  parseDayTimeInterval,
  parseDurationMs,
  parseDurationUs,
} from '../../src/types/intervals.ts'
import { CalendarInterval } from '../../src/types/value.ts'
import { recorded } from './recorded.ts'

const show = (l: ReturnType<typeof literalOfParts>): string | null =>
  l &&
  (l.kind === 'interval_ym'
    ? formatYearMonthInterval(l.months, l.start, l.end)
    : formatDayTimeInterval(l.micros, l.start, l.end))

test('interval literals as recorded', () => {
  let count = 0
  for (const c of recorded('intervals')) {
    if (!c.rows) continue
    const range = /^SELECT interval (-?)'([^']*)' (\w+)(?: to (\w+))?$/.exec(c.sql)
    const text = /^SELECT interval ('[^']*'|-?[\d.]+ \w+(?: \d+ \w+)*)$/.exec(c.sql)
    if (!range && !text) continue
    count++
    const got = range?.[4]
      ? show(literalOfRange(range[2]!, range[3]!, range[4], range[1] === '-'))
      : show(literalOfParts(intervalParts(range ? `${range[2]} ${range[3]}` : text![1]!.replaceAll("'", ''))))
    expect([c.sql, got]).toEqual([c.sql, c.rows[0]![0]])
  }
  expect(count).toBeGreaterThan(20)
})

describe('text of a calendar interval', () => {
  test.each([
    ['1 day 2 hours', '1 days 2 hours'],
    ['INTERVAL 1 YEAR -2 months', '10 months'],
    ['-1 weeks 3.5 seconds', '-7 days 3.5 seconds'],
    ['  .000001 second ', '0.000001 seconds'],
    ['1 millisecond 1 microsecond', '0.001001 seconds'],
    ['0 days', '0 seconds'],
    ['- 90 minutes', '-1 hours -30 minutes'],
  ])('%s', (text, shown) => expect(formatCalendarInterval(parseCalendarInterval(text))).toBe(shown))
  test.each([
    ['', 'INPUT_IS_EMPTY'],
    ['interval', 'INPUT_IS_EMPTY'],
    ['intervals 1 day', 'INVALID_PREFIX'],
    ['day', 'MISSING_NUMBER'],
    ['1', 'MISSING_UNIT'],
    ['1day', 'INVALID_VALUE'],
    ['1 fortnight', 'INVALID_UNIT'],
    ['1.5 days', 'INVALID_FRACTION'],
    ['1.1234567891 seconds', 'INVALID_PRECISION'],
    ['x days', 'UNRECOGNIZED_NUMBER'],
    ['9999999999 days', 'ARITHMETIC_EXCEPTION'],
  ])('refuses "%s"', (text, code) =>
    expect(() => parseCalendarInterval(text)).toThrow(
      expect.objectContaining({ code: `INVALID_INTERVAL_FORMAT.${code}` }),
    ),
  )
})

test('ranges', () => {
  expect(parseDayTimeInterval("INTERVAL -'1 2:3:4' DAY TO SECOND", 'day', 'second')).toBe(-93784000000n)
  expect(parseDayTimeInterval('100:59', 'hour', 'minute')).toBe(363540000000n)
  expect(parseDayTimeInterval('1.123456789', 'second', 'second')).toBe(1123456n)
  expect(() => parseDayTimeInterval('1 24:00', 'day', 'minute')).toThrow(
    expect.objectContaining({ code: 'INVALID_INTERVAL_FORMAT.INTERVAL_PARSING' }),
  )
  expect(() => literalOfRange('1-13', 'year', 'month')).toThrow(
    expect.objectContaining({ code: 'INVALID_INTERVAL_FORMAT.INTERVAL_PARSING' }),
  )
  expect(() => literalOfRange('13', 'month', 'day')).toThrow(
    expect.objectContaining({ code: 'INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION' }),
  )
  expect(() => literalOfRange('106751992', 'day', 'day')).toThrow(
    expect.objectContaining({ code: 'INVALID_INTERVAL_FORMAT.ARITHMETIC_EXCEPTION' }),
  )
  expect(literalOfParts(intervalParts('1 month 1 day'))).toBe(null)
  expect(formatDayTimeInterval(-1000n, 'day', 'second')).toBe("INTERVAL '-0 00:00:00.001' DAY TO SECOND")
  expect(formatYearMonthInterval(-5, 'year', 'month')).toBe("INTERVAL '-0-5' YEAR TO MONTH")
  expect(formatCalendarInterval(new CalendarInterval(-14, 0, -500000n))).toBe('-1 years -2 months -0.5 seconds')
})

test('durations', () => {
  expect(parseDurationUs('1 month 2 days')).toEqual({ months: 1, days: 2, micros: 0n, totalUs: 33n * 86400000000n })
  expect(parseDurationUs('interval 10 minutes').totalUs).toBe(600000000n)
  expect(parseDurationMs('1 hour 1 microsecond')).toBe(3600000)
  expect(() => parseDurationUs('soon')).toThrow(expect.objectContaining({ code: 'CANNOT_PARSE_INTERVAL' }))
})
