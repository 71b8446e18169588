import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../../src/errors/errors.ts'
import { formatterOf } from '../../../src/functions/datetime/formatter.ts'
import { parserOf } from '../../../src/functions/datetime/parser.ts'
import { formatLocalUs, parseTimestampNtz, zoneOf } from '../../../src/types/time.ts'

const local = (text: string): bigint => parseTimestampNtz(text)!
const format = (text: string, pattern: string, zone = 'UTC'): string =>
  formatterOf(pattern).format(zoneOf(zone).localToUtcUs(local(text)), zoneOf(zone))
const parse = (text: string, pattern: string): string | null => {
  const p = parserOf(pattern)(text)
  return p === null ? null : formatLocalUs(p.localUs) + (p.zone ? ` ${p.zone.name}` : '')
}
const refusal = (run: () => unknown): string => {
  try {
    run()
  } catch (e) {
    if (e instanceof MillraceError) return e.code
    throw e
  }
  return 'none'
}

describe('writing by a pattern', () => {
  test.each([
    ['2026-05-06 07:08:09.012345', 'yyyy-MM-dd HH:mm:ss.SSSSSS', '2026-05-06 07:08:09.012345'],
    ['2026-05-06 17:08:09', 'yy/M/d h:m:s a', '26/5/6 5:8:9 PM'],
    ['2026-05-06 00:30:00', 'H k K h', '0 24 0 12'],
    ['2026-05-06 12:30:00', 'H k K h', '12 12 0 12'],
    ['2026-12-31 00:00:00', 'D DDD Q QQ QQQ QQQQ F', '365 365 4 04 Q4 4th quarter 3'],
    ['2026-01-09 00:00:00', 'D DD DDD', '9 09 009'],
    ['2026-09-06 00:00:00', 'E EEEE MMM MMMM LLL', 'Sun Sunday Sep September Sep'],
    ['0005-01-01 00:00:00', 'y yyyy G GGGG', '5 0005 AD Anno Domini'],
    ['-0004-01-01 00:00:00', 'yyyy G', '0005 BC'],
    ['-0004-01-01 00:00:00', 'yyyy', '-0004'],
    ['12026-01-01 00:00:00', 'yyyy', '+12026'],
    ['2026-05-06 07:08:09', "yyyy'T''o'''", "2026T'o'"],
    ['2026-05-06 07:08:09', 'yyyy[-MM[-dd]]', '2026-05-06'],
  ])('%s by %s', (text, pattern, wanted) => expect(format(text, pattern)).toBe(wanted))

  test.each([
    [
      'Asia/Kolkata',
      'X XX XXX x xxx Z ZZZZ O OOOO VV',
      '+0530 +0530 +05:30 +0530 +05:30 +0530 GMT+05:30 GMT+5:30 GMT+05:30 Asia/Kolkata',
    ],
    ['America/New_York', 'X XXX z zzzz', '-04 -04:00 EDT Eastern Daylight Time'],
    ['Europe/Paris', 'X z zzzz', '+02 CEST Central European Summer Time'],
    ['Asia/Tokyo', 'XXX z', '+09:00 JST'],
    ['UTC', 'X XXX x xx xxx O z VV', 'Z Z +00 +0000 +00:00 GMT UTC UTC'],
  ])('zones: %s', (zone, pattern, wanted) => expect(format('2026-07-01 12:00:00', pattern, zone)).toBe(wanted))
})

describe('reading by a pattern', () => {
  test.each([
    ['2026-05-06', 'yyyy-MM-dd', '2026-05-06 00:00:00'],
    ['2026-5-6', 'yyyy-MM-dd', null],
    ['20260506123456', 'yyyyMMddHHmmss', '2026-05-06 12:34:56'],
    ['202605061234567', 'yyyyMMddHHmmssS', '2026-05-06 12:34:56.7'],
    // A fraction of several letters may be short, so that the year cannot know where it ends.
    ['20260506123456789', 'yyyyMMddHHmmssSSS', null],
    ['06 MAY 26', 'dd MMM yy', '2026-05-06 00:00:00'],
    ['2024 366', 'yyyy DDD', '2024-12-31 00:00:00'],
    ['2026 366', 'yyyy DDD', null],
    ['12:30 am', 'hh:mm a', '1970-01-01 00:30:00'],
    ['13:30 am', 'hh:mm a', null],
    ['24', 'kk', '1970-01-01 00:00:00'],
    ['PM', 'a', '1970-01-01 12:00:00'],
    ['07:15', 'hh:mm', '1970-01-01 07:15:00'],
    ['1.5', 's.SSS', '1970-01-01 00:00:01.5'],
    ['0005 BC', 'yyyy G', '-0004-01-01 00:00:00'],
    ['2026-02-29', 'yyyy-MM-dd', null],
    ['12026', 'yyyy', null],
    ['+12026', 'yyyy', '+12026-01-01 00:00:00'],
    ['-2026', 'y', '-2026-01-01 00:00:00'],
    ['2026', 'yyyy[-MM]', '2026-01-01 00:00:00'],
    ['2026-07', 'yyyy[-MM]', '2026-07-01 00:00:00'],
    ['2026-', 'yyyy[-MM]', null],
    ['2026 ', 'yyyy', null],
    ['10 10', 'HH kk', '1970-01-01 10:00:00'],
    ['10 11', 'HH kk', null],
  ])('%s by %s', (text, pattern, wanted) => expect(parse(text, pattern)).toBe(wanted))

  test.each([
    ['10:00Z', 'HH:mmX', '1970-01-01 10:00:00 Z'],
    ['10:00+02', 'HH:mmX', '1970-01-01 10:00:00 +02:00'],
    ['10:00+0230', 'HH:mmX', '1970-01-01 10:00:00 +02:30'],
    ['10:00+02', 'HH:mmXXX', null],
    ['10:00 Europe/Paris', 'HH:mm VV', '1970-01-01 10:00:00 Europe/Paris'],
    ['10:00 Mars/Base', 'HH:mm VV', null],
    ['10:00 PST', 'HH:mm z', '1970-01-01 10:00:00 America/Los_Angeles'],
    ['10:00 GMT+2', 'HH:mm O', '1970-01-01 10:00:00 +02:00'],
  ])('zones: %s by %s', (text, pattern, wanted) => expect(parse(text, pattern)).toBe(wanted))
})

test.each([
  ['YYYY', 'INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION'],
  ['MMMMM', 'INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION'],
  ['aa', 'INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION'],
  ['{yyyy}', 'INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION'],
  ['c', 'INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN'],
  ['n', 'INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER'],
  ["yyyy'", 'INVALID_DATETIME_PATTERN.WITH_SUGGESTION'],
  ['foo', 'INVALID_DATETIME_PATTERN.WITH_SUGGESTION'],
  ['QQQQQ', 'INVALID_DATETIME_PATTERN.LENGTH'],
  ['V', 'INVALID_DATETIME_PATTERN.WITH_SUGGESTION'],
])('the pattern %s is refused', (pattern, code) => expect(refusal(() => formatterOf(pattern))).toBe(code))

test('weekdays and quarters are written but not read', () => {
  expect(refusal(() => parserOf('EEE yyyy'))).toBe('INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION')
  expect(refusal(() => parserOf('yyyy Q'))).toBe('INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER')
})
