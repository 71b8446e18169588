import { expect, test } from 'vitest'
import {
  addMonthsToDays,
  civilFromDays,
  daysFromCivil,
  formatDate,
  formatTimestampNtz,
  parseDate,
  parseTimestamp,
  parseTimestampNtz,
  specialDate,
  specialTimestamp,
  zoneOf,
} from '../../src/types/time.ts'

const utc = zoneOf('UTC')

test('civil dates agree with Date.UTC and go back and forth', () => {
  for (let days = -800000; days < 3000000; days += 997) {
    const { year, month, day } = civilFromDays(days)
    const date = new Date(days * 86400000)
    expect([year, month, day]).toEqual([date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()])
    expect(daysFromCivil(year, month, day)).toBe(days)
  }
})

test('dates beyond four digits and before year 1', () => {
  for (const text of [
    '0000-01-01',
    '+10000-01-01',
    '-2026-03-04',
    '-0001-12-31',
    '0001-01-01',
    '9999-12-31',
    '+262143-12-31',
  ])
    expect(formatDate(parseDate(text)!)).toBe(text)
})

test('months are clamped to the end', () => {
  expect(formatDate(addMonthsToDays(parseDate('2026-01-31')!, 1))).toBe('2026-02-28')
  expect(formatDate(addMonthsToDays(parseDate('2024-02-29')!, -12))).toBe('2023-02-28')
  expect(formatDate(addMonthsToDays(parseDate('0001-01-15')!, -13))).toBe('-0001-12-15')
})

test.each([
  ['2026-01-05T10:11:12.123456789Z', '2026-01-05 10:11:12.123456'],
  ['1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999'],
  ['2026', '2026-01-01 00:00:00'],
  ['2026-1', '2026-01-01 00:00:00'],
  ['  2026-1-5 1:2 ', '2026-01-05 01:02:00'],
  ['2026-01-05 10:11:12.', '2026-01-05 10:11:12'],
  ['2026-01-05 10:11:12.5 +1:00', '2026-01-05 09:11:12.5'],
  ['-0001-01-01 00:00:00', '-0001-01-01 00:00:00'],
  ['2026-01-05T', null],
  ['2026-01-05 10Z', null],
  ['2026-01-05 10:11Z', null],
  ['2026-01-05  10:11:12', null],
  ['2026-01-05 10:60:00', null],
  ['2026-01-05 10:11:12 Mars/Base', null],
  ['10', null],
  ['T10:11', null],
  ['2026-02-30 00:00:00', null],
  ['1234567-01-01 00:00:00', null],
])('timestamp %s', (text, shown) => {
  const us = parseTimestamp(text, utc)
  expect(us === null ? null : formatTimestampNtz(us)).toBe(shown)
})

test('times of day take the date of the batch', () => {
  const now = (): bigint => parseTimestampNtz('2026-11-20 23:30:00')!
  expect(formatTimestampNtz(parseTimestamp('10:11:12', utc, now)!)).toBe('2026-11-20 10:11:12')
  expect(formatTimestampNtz(parseTimestamp('T1:2', zoneOf('Asia/Tokyo'), now)!)).toBe('2026-11-20 16:02:00')
  expect(parseTimestampNtz('10:11:12')).toBe(null)
})

test('special words', () => {
  const now = (): bigint => parseTimestampNtz('2026-11-20 23:30:00')!
  expect(specialDate('epoch', utc, now)).toBe(0)
  expect(formatDate(specialDate('Tomorrow', zoneOf('Asia/Tokyo'), now)!)).toBe('2026-11-22')
  expect(specialTimestamp('now', utc, now)).toBe(now())
  expect(formatTimestampNtz(specialTimestamp('yesterday UTC', utc, now)!)).toBe('2026-11-19 00:00:00')
  expect(specialTimestamp('now nowhere', utc, now)).toBe(null)
  expect(specialTimestamp('never', utc, now)).toBe(null)
})
