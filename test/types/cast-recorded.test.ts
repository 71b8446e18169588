import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../src/errors/errors.ts'
import { caster, type CastMode } from '../../src/types/cast.ts'
import {
  BINARY,
  BOOLEAN,
  DATE,
  DOUBLE,
  FLOAT,
  INT,
  BIGINT,
  SMALLINT,
  STRING,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  TINYINT,
  arrayOf,
  dayTimeInterval,
  decimal,
  field,
  mapOf,
  structOf,
  yearMonthInterval,
  type DataType,
} from '../../src/types/data-type.ts'
import { parseType } from '../../src/types/ddl.ts'
import { parseDayTimeInterval, parseYearMonthInterval } from '../../src/types/intervals.ts'
import { parseDate, parseTimestamp, parseTimestampNtz, zoneOf } from '../../src/types/time.ts'
import { MapValue, type Value } from '../../src/types/value.ts'
import { recorded, toJson } from './recorded.ts'

/** The literals that stand in the recorded cast cases. */
function literal(sql: string): [Value, DataType] | null {
  const text = /^'((?:[^'\\]|\\.)*)'$/s.exec(sql) ?? /^"((?:[^"\\]|\\.)*)"$/s.exec(sql)
  if (text) return [text[1]!.replace(/\\t/g, '\t').replace(/\\n/g, '\n'), STRING]
  if (sql === 'true' || sql === 'false') return [sql === 'true', BOOLEAN]
  const number = /^(-?[\d.]+(?:e\d+|e-\d+)?)([YSLFD]?)$/.exec(sql)
  if (number) {
    const [, digits, suffix] = number as unknown as [string, string, string]
    if (suffix === 'Y') return [Number(digits), TINYINT]
    if (suffix === 'S') return [Number(digits), SMALLINT]
    if (suffix === 'L') return [BigInt(digits), BIGINT]
    if (suffix === 'F') return [Math.fround(Number(digits)), FLOAT]
    if (suffix === 'D') return [Number(digits), DOUBLE]
    if (digits.includes('.'))
      return [
        BigInt(digits.replace('.', '')),
        decimal(digits.replace(/[-.]/g, '').length, digits.split('.')[1]!.length),
      ]
    return [Number(digits), INT]
  }
  const special = /^double\('(\w+)'\)$/.exec(sql)
  if (special) return [Number(special[1]), DOUBLE]
  if (sql.startsWith("X'")) return [Uint8Array.from(Buffer.from(sql.slice(2, -1), 'hex')), BINARY]
  const typed = /^(date|timestamp|timestamp_ntz)'(.*)'$/.exec(sql)
  if (typed?.[1] === 'date') return [parseDate(typed[2]!), DATE]
  if (typed?.[1] === 'timestamp') return [parseTimestamp(typed[2]!, zoneOf('UTC')), TIMESTAMP]
  if (typed) return [parseTimestampNtz(typed[2]!), TIMESTAMP_NTZ]
  const dt = /^interval '(.*)' day to second$/.exec(sql)
  if (dt) return [parseDayTimeInterval(dt[1]!, 'day', 'second'), dayTimeInterval()]
  const ym = /^interval '(.*)' year to month$/.exec(sql)
  if (ym) return [parseYearMonthInterval(ym[1]!, 'year', 'month'), yearMonthInterval()]
  if (sql === 'array(1, 2)') return [[1, 2], arrayOf(INT, false)]
  if (sql === "map('a', 1)") return [new MapValue(['a'], [1]), mapOf(STRING, INT, false)]
  if (sql === "named_struct('a', 1)") return [[1], structOf([field('a', INT, false)])]
  return null
}

function run(sql: string, type: string, mode: CastMode): unknown {
  const [value, from] = literal(sql)!
  const to = parseType(type)
  try {
    const nowUs = (): bigint => 1795132800000000n // 2026-11-20
    const out = caster(from, to, { mode, timeZone: 'UTC', nowUs, constant: true })(value)
    return toJson(out, to)
  } catch (e) {
    if (e instanceof MillraceError) return { condition: e.code }
    throw e
  }
}

const CAST =
  /(try_)?cast\((.*?) AS ([A-Z_]+(?:\(\d+, ?\d+\))?(?:<[^>]*>)?(?: [A-Z]+(?: TO [A-Z]+)?)?)\)(?=, try_cast|$)/gis

const same = (a: unknown, b: unknown): boolean => {
  if (typeof a === 'number' && typeof b === 'number')
    return a === b || (Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= 1e-6 * Math.abs(a)
  return JSON.stringify(a) === JSON.stringify(b)
}

describe.each([
  ['cast-matrix', 320],
  ['casts-from-doubles', 80],
  ['casts-from-strings', 120],
])('%s', (group, least) => {
  test('casts as recorded', () => {
    const wrong: unknown[] = []
    let count = 0
    for (const c of recorded(group)) {
      if (c.error?.condition === 'PARSE_SYNTAX_ERROR') continue
      const casts = [...c.sql.replace(/^SELECT /, '').matchAll(CAST)]
      expect([c.sql, casts.length]).toEqual([c.sql, c.rows?.[0]?.length ?? 1])
      casts.forEach((m, i) => {
        count++
        const want = c.error ? { condition: c.error.condition } : c.rows![0]![i]
        const got = run(m[2]!, m[3]!, m[1] ? 'try' : 'ansi')
        if (!same(want, got)) wrong.push([m[0], { want, got }])
      })
    }
    expect(wrong).toEqual([])
    expect(count).toBeGreaterThan(least - 1)
  })
})

test('casts without ANSI, as recorded in integer-overflow-without-ansi', () => {
  expect(run("'3.7'", 'INT', 'legacy')).toBe(3)
  expect(run('300', 'TINYINT', 'legacy')).toBe(44)
  expect(run('1e10D', 'INT', 'legacy')).toBe(2147483647)
  expect(run("double('NaN')", 'INT', 'legacy')).toBe(0)
  expect(run("''", 'INT', 'legacy')).toBe(null)
  expect(run('12345.67', 'DECIMAL(5,2)', 'legacy')).toBe(null)
  expect(run("'1e3'", 'INT', 'legacy')).toBe(null)
  expect(run('true', 'TIMESTAMP', 'legacy')).toBe('1970-01-01 00:00:00.000001')
  expect(run('258', 'BINARY', 'legacy')).toBe('00000102')
  expect(run("date'2026-01-01'", 'INT', 'legacy')).toBe(null)
})

test('found with a real Spark 4.3 beside the recorded cases', () => {
  expect(run("'1e400'", 'DECIMAL(6,2)', 'ansi')).toEqual({ condition: 'NUMERIC_OUT_OF_SUPPORTED_RANGE' })
  expect(run("'٣'", 'DECIMAL(6,2)', 'ansi')).toBe('3.00')
  expect(run("'bad'", 'INTERVAL', 'ansi')).toBe(null)
  expect(run('3000000000L', 'INTERVAL YEAR', 'legacy')).toEqual({ condition: 'CAST_OVERFLOW' })
  expect(run("interval '1 02:03:04' day to second", 'TINYINT', 'legacy')).toEqual({ condition: 'CAST_OVERFLOW' })
  expect(run("interval '1 02:03:04' day to second", 'TINYINT', 'try')).toBe(null)
  expect(run("timestamp'1800-05-06 07:08:09'", 'INT', 'legacy')).toBe(null)
  expect(run("'1234567890'", 'INTERVAL DAY', 'ansi')).toEqual({
    condition: 'INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE',
  })
  expect(run("'11111111111'", 'INTERVAL MONTH', 'ansi')).toEqual({
    condition: 'INVALID_INTERVAL_FORMAT.INTERVAL_PARSING',
  })
  expect(run("timestamp'1960-05-06 07:08:09.123456'", 'STRING', 'ansi')).toBe('1960-05-06 07:08:09.123456')
})
