import { describe, expect, test } from 'vitest'
import { call, column, fault, generated, of, session, shows, untyped, value } from '../call.ts'

const newYork = session({ timeZone: 'America/New_York' })
const date = (text: string) => of('date', text)
const ts = (text: string, env = session()) => of('timestamp', text, env)
const HOUR = 3_600_000_000n
const hours = (n: bigint) => value('interval hour', n * HOUR)
const days = (n: bigint) => value('interval day', n * 24n * HOUR)
const months = (n: number) => value('interval month', n)

describe('dates and timestamps with intervals', () => {
  test.each([
    ['+', [date('2026-01-31'), months(1)], '2026-02-28', 'date'],
    ['-', [date('2026-01-31'), days(1n)], '2026-01-30', 'date'],
    ['+', [date('2026-01-31'), hours(1n)], '2026-01-31 01:00:00', 'timestamp'],
    ['+', [days(1n), date('2026-01-01')], '2026-01-02', 'date'],
    ['+', [date('2026-01-01'), 1], '2026-01-02', 'date'],
    ['-', [date('2026-01-01'), 1], '2025-12-31', 'date'],
    ['+', [1, date('2026-01-01')], '2026-01-02', 'date'],
    ['-', [ts('2026-03-31 10:00:00'), months(1)], '2026-02-28 10:00:00', 'timestamp'],
    ['+', ['2026-01-01', hours(1n)], '2026-01-01 01:00:00', 'string'],
    ['-', [date('2026-03-01'), date('2026-02-01')], "INTERVAL '28' DAY", 'interval day'],
    [
      '-',
      [ts('2026-01-01 10:00:00'), date('2026-01-01')],
      "INTERVAL '0 10:00:00' DAY TO SECOND",
      'interval day to second',
    ],
    ['-', [date('2026-03-01'), '2026-02-01'], "INTERVAL '28' DAY", 'interval day'],
    ['+', [untyped, days(1n)], 'NULL', 'interval day'],
  ] as const)('%s %#', (op, args, text, type) => expect(call(op, args)).toMatchObject({ text, type }))

  test('where clocks change, days move the clock and hours the instant', () => {
    const before = ts('2026-10-31 01:30:00', newYork)
    expect(shows('+', [before, days(1n)], newYork)).toBe('2026-11-01 01:30:00')
    expect(call('+', [ts('2026-11-01 00:30:00', newYork), hours(2n)], newYork).value).toBe(
      ts('2026-11-01 06:30:00Z').value,
    )
    expect(shows('-', [ts('2026-03-09 00:00:00', newYork), ts('2026-03-08 00:00:00', newYork)], newYork)).toBe(
      "INTERVAL '1 00:00:00' DAY TO SECOND",
    )
  })

  test('a date takes a calendar interval of whole days', () => {
    expect(shows('+', [date('2026-01-31'), of('interval', '1 month 1 day')])).toBe('2026-03-01')
    expect(fault('+', [date('2026-01-31'), of('interval', '1 hour')])).toBe('DATE_PLUS_TIME_OF_DAY')
    expect(shows('+', [date('2026-01-31'), of('interval', '25 hours')], session({ ansi: false }))).toBe('2026-02-01')
  })

  test.each([
    ['+', [date('2026-01-01'), date('2026-01-01')], 'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE'],
    ['+', [date('2026-01-01'), of('decimal(2,1)', '1.5')], 'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE'],
    ['-', [days(1n), date('2026-01-01')], 'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE'],
    ['+', [days(1n), months(1)], 'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE'],
    ['*', [date('2026-01-01'), 2], 'DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES'],
    ['+', [ts('2026-01-01'), 1], 'DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES'],
    ['+', [ts('2026-01-01'), ts('2026-01-01')], 'DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE'],
    ['/', [days(1n), 0], 'INTERVAL_DIVIDED_BY_ZERO'],
    ['+', [days(106751991n), days(106751991n)], 'INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION'],
    ['*', [months(2147483647), 2], 'INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION'],
  ] as const)('refused: %s %#', (op, args, code) => expect(fault(op, args)).toBe(code))
})

test.each([
  ['+', [days(1n), hours(2n)], "INTERVAL '1 02' DAY TO HOUR"],
  ['-', [value('interval year', 12), months(1)], "INTERVAL '0-11' YEAR TO MONTH"],
  ['*', [days(1n), of('decimal(2,1)', '2.5')], "INTERVAL '2 12:00:00' DAY TO SECOND"],
  ['*', [2, months(1)], "INTERVAL '0-2' YEAR TO MONTH"],
  ['/', [value('interval year', 12), 5], "INTERVAL '0-2' YEAR TO MONTH"],
  ['/', [months(-5), 2], "INTERVAL '-0-3' YEAR TO MONTH"],
  ['*', [months(1), of('double', '-1.5')], "INTERVAL '-0-2' YEAR TO MONTH"],
  ['+', [of('interval', '1 month 1 day'), of('interval', '1 hour')], '1 months 1 days 1 hours'],
  ['*', [of('interval', '1 month 1 day'), of('double', '1.5')], '1 months 1 days 12 hours'],
] as const)('interval %s %#', (op, args, text) => expect(shows(op, args)).toBe(text))

test('generated code gives what eval gives', () => {
  const instants = ['2026-03-08 06:30:00Z', '2026-10-31 05:30:00Z', '2026-11-01 05:30:00Z', '1969-12-31 23:59:59.9Z']
  for (const env of [session(), newYork]) {
    for (const text of instants) {
      const t = column(ts(text, env))
      for (const args of [
        [t, hours(30n)],
        [t, column(days(1n))],
        [t, hours(2n)],
      ] as const) {
        for (const op of ['+', '-']) {
          const wanted = call(op, args, env).value
          expect(generated(op, args, 'wide', env)).toBe(wanted)
          expect(generated(op, args, 'narrow', env)).toBe(wanted)
        }
      }
      for (const other of instants) {
        const args = [t, column(ts(other, env))]
        expect(generated('-', args, 'narrow', env)).toBe(call('-', args, env).value)
        expect(generated('-', args, 'wide', env)).toBe(call('-', args, env).value)
      }
    }
  }
  expect(generated('-', [date('2026-03-01'), date('2026-02-01')], 'narrow')).toBe(28n * 24n * HOUR)
  expect(generated('+', [hours(1n), ts('2026-01-01')], 'narrow')).toBe(call('+', [hours(1n), ts('2026-01-01')]).value)
})
