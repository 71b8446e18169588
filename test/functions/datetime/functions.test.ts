import { describe, expect, test } from 'vitest'
import { call, column, fault, generated, of, session, shows, untyped, value } from '../call.ts'

const newYork = session({ timeZone: 'America/New_York' })
const legacy = session({ ansi: false })
const date = (text: string) => of('date', text)
const ts = (text: string, env = session()) => of('timestamp', text, env)

describe('parts', () => {
  test.each([
    ['year', '-0001-12-31', '-1'],
    ['quarter', '2026-03-31', '1'],
    ['quarter', '2026-04-01', '2'],
    ['dayofyear', '2024-12-31', '366'],
    ['dayofweek', '2026-11-22', '1'],
    ['dayofweek', '1969-12-28', '1'],
    ['weekday', '2026-11-22', '6'],
    ['weekofyear', '2027-01-01', '53'],
    ['weekofyear', '2026-12-28', '53'],
    ['weekofyear', '2025-12-29', '1'],
    ['dayname', '1969-12-31', 'Wed'],
    ['monthname', '2026-02-01', 'Feb'],
  ])('%s of %s', (fn, text, wanted) => expect(shows(fn, [date(text)])).toBe(wanted))

  test('the clock is that of the session, summer time included', () => {
    expect(shows('hour', [ts('2026-07-01 12:00:00Z')], newYork)).toBe('8')
    expect(shows('hour', [ts('2026-01-01 12:00:00Z')], newYork)).toBe('7')
    expect(shows('minute', [ts('1969-12-31 23:59:59.5Z')], session({ timeZone: '+05:30' }))).toBe('29')
    expect(shows('hour', [of('timestamp_ntz', '2026-07-01 05:00:00')], newYork)).toBe('5')
  })

  test.each([
    ['YEAROFWEEK', date('2027-01-01'), '2026', 'int'],
    ['hour', date('2026-01-01'), '0', 'int'],
    ['SECONDS', ts('2026-01-01 00:00:30.123456'), '30.123456', 'decimal(8,6)'],
    ['hour', value('interval day to second', -90_061_000_000n), '-1', 'tinyint'],
    ['day', value('interval day to second', 450_000_000_000n), '5', 'int'],
    ['month', value('interval year to month', -43), '-7', 'tinyint'],
  ])('extract %s', (field, source, text, type) =>
    expect(call('extract', [field, source])).toMatchObject({ text, type }),
  )

  test('extract refuses fields a type does not have', () => {
    expect(fault('extract', ['century', date('2026-01-01')])).toBe('INVALID_EXTRACT_FIELD')
    expect(fault('extract', ['day', value('interval hour', 0n)])).toBe('INVALID_EXTRACT_FIELD')
    expect(fault('extract', [column(of('string', 'day')), date('2026-01-01')])).toBe('NON_FOLDABLE_ARGUMENT')
    expect(call('date_part', [of('string', null), date('2026-01-01')])).toMatchObject({ text: 'NULL', type: 'double' })
  })
})

describe('days and units', () => {
  test.each([
    ['date_add', [date('2024-02-28'), 1], '2024-02-29'],
    ['date_sub', [date('2026-03-01'), 1], '2026-02-28'],
    ['add_months', [date('2024-01-31'), 1], '2024-02-29'],
    ['add_months', [date('2024-02-29'), -12], '2023-02-28'],
    ['last_day', [date('1900-02-01')], '1900-02-28'],
    ['next_day', [date('2026-11-20'), 'fr'], '2026-11-27'],
    ['datediff', [date('2026-01-01'), date('2025-01-01')], '365'],
    ['date_add', ['MONTH', 1, date('2026-01-31')], '2026-02-28 00:00:00'],
    ['timestampdiff', ['MONTH', ts('2026-01-31 00:00:00'), ts('2026-02-28 00:00:00')], '0'],
    ['timestampdiff', ['MONTH', ts('2026-02-28 12:00:00'), ts('2026-01-28 13:00:00')], '0'],
    ['timestampdiff', ['YEAR', ts('2026-02-28 12:00:00'), ts('2024-02-28 12:00:00')], '-2'],
    ['timestampdiff', ['MILLISECOND', ts('2026-02-28 12:00:00'), ts('2026-02-28 12:00:01')], '1000'],
    ['months_between', [ts('2026-03-31 10:00:00'), ts('2026-02-28 20:00:00')], '1.0'],
    ['months_between', [ts('2026-02-01 00:00:00'), ts('2026-03-15 12:00:00')], '-1.46774194'],
  ] as const)('%s %#', (fn, args, wanted) => expect(shows(fn, args)).toBe(wanted))

  test('a day is a day and an hour an hour where clocks change', () => {
    const before = ts('2026-03-07 12:00:00', newYork)
    expect(shows('timestampadd', ['DAY', 1, before], newYork)).toBe('2026-03-08 12:00:00')
    expect(shows('timestampadd', ['HOUR', 24, before], newYork)).toBe('2026-03-08 13:00:00')
    expect(shows('timestampdiff', ['HOUR', before, ts('2026-03-08 12:00:00', newYork)], newYork)).toBe('24')
  })

  test('what does not exist', () => {
    expect(fault('next_day', [date('2026-01-01'), 'noday'])).toBe('ILLEGAL_DAY_OF_WEEK')
    expect(shows('next_day', [date('2026-01-01'), 'noday'], legacy)).toBe('NULL')
    expect(fault('date_add', [date('2026-01-01'), 2147483647])).toBe('DATETIME_OVERFLOW')
    expect(fault('timestampadd', ['FORTNIGHT', 1, ts('2026-01-01')])).toBe('INVALID_PARAMETER_VALUE.DATETIME_UNIT')
  })
})

describe('cutting down', () => {
  test.each([
    ['WEEK', '2026-01-01 10:00:00', '2025-12-29 00:00:00'],
    ['quarter', '2026-06-30 10:00:00', '2026-04-01 00:00:00'],
    ['MINUTE', '1969-12-31 23:59:59.9', '1969-12-31 23:59:00'],
    ['MILLISECOND', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999'],
  ])('date_trunc %s of %s', (unit, text, wanted) => expect(shows('date_trunc', [unit, ts(text)])).toBe(wanted))

  test('the second of two equal hours keeps its place', () => {
    const second = ts('2026-11-01 06:30:00Z')
    expect(call('date_trunc', ['HOUR', second], newYork).value).toBe(ts('2026-11-01 06:00:00Z').value)
    expect(call('date_trunc', ['DAY', second], newYork).value).toBe(ts('2026-11-01 04:00:00Z').value)
    expect(generated('date_trunc', ['DAY', second], 'narrow', newYork)).toBe(ts('2026-11-01 04:00:00Z').value)
  })

  test('trunc knows no units below a week', () => {
    expect(shows('trunc', [date('2026-11-20'), 'yy'])).toBe('2026-01-01')
    expect(shows('trunc', [date('2026-11-20'), 'day'])).toBe('NULL')
  })
})

describe('made of numbers', () => {
  const seconds = (text: string) => of('decimal(16,6)', text)
  test('make_timestamp', () => {
    expect(shows('make_timestamp', [2026, 11, 20, 10, 20, seconds('60')])).toBe('2026-11-20 10:21:00')
    expect(shows('make_timestamp', [2026, 3, 8, 2, 30, 0], newYork)).toBe('2026-03-08 03:30:00')
    expect(shows('make_timestamp', [2026, 1, 1, 0, 0, 0, 'CET'])).toBe('2025-12-31 23:00:00')
    expect(fault('make_timestamp', [2026, 11, 20, 10, 20, seconds('60.5')])).toBe('INVALID_FRACTION_OF_SECOND')
    expect(shows('try_make_timestamp', [2026, 11, 20, 10, 20, seconds('60.5')])).toBe('NULL')
    expect(fault('make_timestamp', [2026, 11, 20, 10, 20, 61])).toBe('DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION')
    expect(shows('make_timestamp', [2026, 2, 30, 0, 0, 0], legacy)).toBe('NULL')
    expect(fault('make_timestamp', [2026, 1, 1, 0, 0, 0, 'Mars/Base'])).toBe('INVALID_TIMEZONE')
  })
  test('intervals', () => {
    expect(shows('make_interval', [1, 2, 3])).toBe('1 years 2 months 21 days')
    expect(shows('make_dt_interval', [0, 0, 0, of('decimal(18,6)', '-0.001')])).toBe(
      "INTERVAL '-0 00:00:00.001' DAY TO SECOND",
    )
    expect(fault('make_ym_interval', [178956970, 8])).toBe('INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION')
    expect(shows('try_make_interval', [2147483647])).toBe('NULL')
  })
})

describe('text', () => {
  test.each([
    ['to_date', ['20/11/2026', 'dd/MM/yyyy'], '2026-11-20'],
    ['to_timestamp', ['2026-11-20T10:20:30+0530', "yyyy-MM-dd'T'HH:mm:ssZ"], '2026-11-20 04:50:30'],
    ['to_timestamp_ntz', ['2026-11-20 10:00 +02:00', 'yyyy-MM-dd HH:mm XXX'], '2026-11-20 10:00:00'],
    ['try_to_timestamp', ['bad', 'yyyy'], 'NULL'],
    ['try_to_date', ['garbage'], 'NULL'],
    ['date_format', [ts('2026-11-20 22:00:00'), 'hh a'], '10 PM'],
    ['from_unixtime', [value('bigint', -1n)], '1969-12-31 23:59:59'],
    ['unix_timestamp', ['2026-11-20', 'yyyy-MM-dd'], '1795132800'],
    ['unix_timestamp', [], '1795168800'],
  ] as const)('%s %#', (fn, args, wanted) => expect(shows(fn, args)).toBe(wanted))

  test('what cannot be read', () => {
    expect(fault('to_date', ['2026', 'dd/MM/yyyy'])).toBe('CANNOT_PARSE_TIMESTAMP')
    expect(fault('to_date', ['garbage'])).toBe('CAST_INVALID_INPUT')
    expect(shows('to_date', ['garbage'], legacy)).toBe('NULL')
    expect(shows('unix_timestamp', ['nope'], legacy)).toBe('NULL')
    expect(fault('to_timestamp', ['2026', 'nn'])).toBe('INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER')
    expect(shows('to_timestamp', ['2026', untyped])).toBe('NULL')
  })

  test('the clock of the session', () => {
    expect(shows('to_timestamp', ['2026-07-01 12:00', 'yyyy-MM-dd HH:mm'], newYork)).toBe('2026-07-01 12:00:00')
    expect(shows('to_date', ['2026-07-01 01:00 +00:00', 'yyyy-MM-dd HH:mm XXX'], newYork)).toBe('2026-06-30')
    expect(shows('current_date', [], session({ timeZone: 'Pacific/Auckland' }))).toBe('2026-11-20')
    expect(shows('localtimestamp', [], newYork)).toBe('2026-11-20 05:00:00')
  })
})

describe('epochs, zones and buckets', () => {
  test.each([
    ['unix_seconds', [ts('1969-12-31 23:59:59.5')], '-1'],
    ['timestamp_seconds', [of('double', '-1.5')], '1969-12-31 23:59:58.5'],
    ['timestamp_seconds', [of('double', 'NaN')], 'NULL'],
    ['from_utc_timestamp', [ts('2026-07-01 12:00:00'), 'America/New_York'], '2026-07-01 08:00:00'],
    ['to_utc_timestamp', [ts('2026-03-08 02:30:00'), 'America/New_York'], '2026-03-08 07:30:00'],
    ['convert_timezone', ['Europe/Paris', of('timestamp_ntz', '2026-07-01 00:00:00')], '2026-07-01 02:00:00'],
    [
      'time_bucket',
      [value('interval day', 86_400_000_000n), ts('2026-11-20 05:00:00'), ts('2026-11-20 06:00:00')],
      '2026-11-19 06:00:00',
    ],
    ['time_bucket', [value('interval month', 3), ts('2026-11-20 05:00:00')], '2026-10-01 00:00:00'],
  ] as const)('%s %#', (fn, args, wanted) => expect(shows(fn, args)).toBe(wanted))

  test('overflow', () => {
    expect(fault('timestamp_seconds', [value('bigint', 9223372036854775807n)])).toBe('DATETIME_OVERFLOW')
    expect(fault('time_bucket', [value('interval day', 0n), ts('2026-01-01')])).toBe(
      'INVALID_PARAMETER_VALUE.BUCKET_WIDTH',
    )
    expect(fault('from_utc_timestamp', [ts('2026-01-01'), 'Mars/Base'])).toBe('INVALID_TIMEZONE')
  })
})

describe('generated code gives what eval gives', () => {
  const instants = [
    '1969-12-31 23:59:59.999999',
    '1970-01-01 00:00:00',
    '2026-03-08 06:59:59.999999Z',
    '2026-03-08 07:00:00Z',
    '2026-11-01 05:30:00Z',
    '2026-11-01 06:30:00.5Z',
    '2155-07-01 12:34:56.789Z',
  ]
  const calls = [
    ...['hour', 'minute', 'second', 'unix_seconds', 'unix_millis', 'unix_micros'].map((fn) => [fn, []] as const),
    ...['YEAR', 'QUARTER', 'MONTH', 'WEEK', 'DAY', 'HOUR', 'MINUTE', 'SECOND', 'MILLISECOND', 'MICROSECOND'].map(
      (u) => ['date_trunc', [u]] as const,
    ),
  ]
  test.each(calls)('%s %s', (fn, before) => {
    for (const env of [session(), newYork, session({ timeZone: '+05:45' })]) {
      for (const text of instants) {
        const args = [...before, column(ts(text, env))]
        const wanted = call(fn, args, env).value
        expect(generated(fn, args, 'wide', env)).toBe(wanted)
        expect(generated(fn, args, 'narrow', env)).toBe(wanted)
      }
    }
  })

  test.each([
    'year',
    'quarter',
    'month',
    'day',
    'dayofyear',
    'dayofweek',
    'weekday',
    'weekofyear',
    'dayname',
    'unix_date',
  ])('%s', (fn) => {
    for (const text of ['-0001-01-01', '1600-02-29', '1969-12-31', '2026-11-20', '9999-12-31']) {
      expect(generated(fn, [date(text)], 'narrow')).toBe(call(fn, [date(text)]).value)
    }
  })

  test('sums of days and units', () => {
    expect(generated('date_add', [date('2026-12-31'), 1], 'wide')).toBe(date('2027-01-01').value)
    expect(generated('timestamp_millis', [value('bigint', 1500n)], 'narrow')).toBe(1_500_000n)
    expect(generated('timestamp_seconds', [value('bigint', -2n)], 'wide')).toBe(-2_000_000n)
  })
})
