import { describe, expect, test } from 'vitest'
import {
  binaryOperands,
  commonType,
  commonTypeOf,
  datetimeForm,
  implicitCast,
  tightestCommonType,
} from '../../src/types/coercion.ts'
import {
  arrayOf,
  BIGINT,
  BINARY,
  BOOLEAN,
  DATE,
  DOUBLE,
  FLOAT,
  INT,
  isNumeric,
  STRING,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  TINYINT,
  typeName,
  VOID,
  dayTimeInterval,
  decimal,
  field,
  structOf,
  yearMonthInterval,
  type DataType,
} from '../../src/types/data-type.ts'
import { decimalResult, literalDecimal, type DecimalOp } from '../../src/types/decimal.ts'
import { parseType } from '../../src/types/ddl.ts'
import { recorded } from './recorded.ts'

const OPERANDS: Readonly<Record<string, [DataType, (number | bigint)?]>> = {
  '7Y': [TINYINT, 7],
  '40000': [INT, 40000],
  '3000000000L': [BIGINT, 3000000000n],
  '2.5F': [FLOAT],
  '-1234.567D': [DOUBLE],
  '99.95': [decimal(4, 2)],
  "'3'": [STRING],
  true: [BOOLEAN],
  "date'2026-05-06'": [DATE],
  "timestamp'2026-05-06 07:08:09.5'": [TIMESTAMP],
  "timestamp_ntz'2026-05-06 07:08:09.5'": [TIMESTAMP_NTZ],
  "interval '1 02:03:04.5' day to second": [dayTimeInterval()],
  "interval '3-4' year to month": [yearMonthInterval()],
  "X'3132'": [BINARY],
}

const name = (t: DataType | null): string | null => t && typeName(t)

test('the common type of two, as recorded in coercion-in-coalesce', () => {
  const wrong: unknown[] = []
  let count = 0
  for (const c of recorded('coercion-in-coalesce')) {
    const m = /^SELECT coalesce\((.*?), (.*?)\) AS r/.exec(c.sql)!
    const [a, b] = [OPERANDS[m[1]!]!, OPERANDS[m[2]!]!]
    const got = name(commonType(a[0], b[0], true))
    if (got !== name(commonType(b[0], a[0], true))) wrong.push(['not symmetric', c.sql])
    count++
    // A cast that fails at run time shows no type.
    if (c.error?.condition === 'CAST_INVALID_INPUT' ? got === null : got !== (c.schema?.[0]![1] ?? null))
      wrong.push([c.sql, got])
  }
  expect(wrong).toEqual([])
  expect(count).toBeGreaterThan(100)
})

test('operands of =, as recorded in coercion-in-comparison', () => {
  for (const c of recorded('coercion-in-comparison')) {
    const m = /^SELECT (.*?) = (.*) AS r/.exec(c.sql)!
    const got = binaryOperands('=', OPERANDS[m[1]!]![0], OPERANDS[m[2]!]![0], true)
    expect([c.sql, got !== null]).toEqual([c.sql, c.error?.condition !== 'DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES'])
  }
})

test('operands of +, as recorded in coercion-in-addition', () => {
  for (const c of recorded('coercion-in-addition')) {
    const m = /^SELECT (.*?) \+ (.*?) AS r/.exec(c.sql)!
    const [a, b] = [OPERANDS[m[1]!]!, OPERANDS[m[2]!]!]
    const form = datetimeForm('+', a[0], b[0])
    if (form) {
      expect([c.sql, c.error?.condition]).not.toEqual([c.sql, 'DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES'])
      continue
    }
    const got = binaryOperands('+', a[0], b[0], true, { left: a[1], right: b[1] })
    let outcome: string
    if (got === null) outcome = 'DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES'
    else if (datetimeForm('+', got.left, got.right)) outcome = 'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE'
    else if (got.left.kind === 'decimal' && got.right.kind === 'decimal')
      outcome = typeName(decimalResult('+', got.left, got.right))
    else if (isNumeric(got.left) || got.left.kind.startsWith('interval')) outcome = typeName(got.left)
    else outcome = 'DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE'
    expect([c.sql, outcome]).toEqual([c.sql, c.error?.condition ?? c.schema![0]![1]])
  }
})

test('types of - * / %, as recorded in numeric-type-pairs', () => {
  const literal: Record<string, [DataType, (number | bigint)?]> = {
    '2Y': [TINYINT, 2],
    '300S': [{ kind: 'smallint' }, 300],
    '7': [INT, 7],
    '3000000000L': [BIGINT, 3000000000n],
    '2.5F': [FLOAT],
    '0.5D': [DOUBLE],
    '1.25': [decimal(3, 2)],
  }
  let count = 0
  for (const c of recorded('numeric-type-pairs')) {
    if (!c.schema) continue
    for (const [i, m] of [...c.sql.matchAll(/(?<=[ ,]) ?([\w.]+) ([-*/%]) ([\w.]+) AS/g)].entries()) {
      const [a, b] = [literal[m[1]!]!, literal[m[3]!]!]
      const op = m[2] as DecimalOp & ('-' | '*' | '/' | '%')
      const got = binaryOperands(op, a[0], b[0], true, { left: a[1], right: b[1] })!
      const type =
        got.left.kind === 'decimal' && got.right.kind === 'decimal' ? decimalResult(op, got.left, got.right) : got.left
      expect([m[0], typeName(type)]).toEqual([m[0], c.schema[i]![1]])
      count++
    }
  }
  expect(count).toBe(192)
})

describe('nested and special cases', () => {
  test('arrays, structs and NULL', () => {
    expect(name(commonType(arrayOf(INT), arrayOf(BIGINT), true))).toBe('array<bigint>')
    expect(name(commonType(structOf([field('a', INT)]), structOf([field('A', STRING)]), true))).toBe('struct<a:bigint>')
    expect(commonType(structOf([field('a', INT)]), structOf([field('b', INT)]), true)).toBe(null)
    expect(commonTypeOf([VOID, INT, decimal(3, 1), VOID], true)).toEqual(decimal(11, 1))
    expect(commonTypeOf([], true)).toEqual(VOID)
    expect(commonType(arrayOf(INT, false), arrayOf(INT, true), true)).toEqual(arrayOf(INT, true))
    expect(tightestCommonType(INT, STRING, true)).toBe(null)
  })
  test('intervals widen to the range of both', () => {
    expect(name(commonType(dayTimeInterval('day', 'day'), dayTimeInterval('hour', 'hour'), true))).toBe(
      'interval day to hour',
    )
    expect(name(commonType(yearMonthInterval('year', 'year'), yearMonthInterval('month', 'month'), true))).toBe(
      'interval year to month',
    )
  })
  test('without ANSI', () => {
    expect(name(commonType(INT, STRING, false))).toBe('string')
    expect(commonType(BOOLEAN, STRING, false)).toBe(null)
    expect(name(commonType(INT, FLOAT, false))).toBe('float')
    expect(binaryOperands('+', STRING, INT, false)).toEqual({ left: DOUBLE, right: DOUBLE } satisfies object)
    expect(binaryOperands('=', STRING, INT, false)).toEqual({ left: INT, right: INT })
    expect(binaryOperands('=', INT, BOOLEAN, false)).toEqual({ left: INT, right: INT })
    expect(binaryOperands('*', STRING, STRING, false)).toEqual({ left: DOUBLE, right: DOUBLE })
  })
  test('division', () => {
    expect(binaryOperands('/', INT, INT, true)).toEqual({ left: DOUBLE, right: DOUBLE })
    expect(binaryOperands('div', INT, TINYINT, true)).toEqual({ left: BIGINT, right: BIGINT })
    expect(binaryOperands('+', VOID, VOID, true)).toEqual({ left: DOUBLE, right: DOUBLE })
    expect(binaryOperands('and', STRING, BOOLEAN, true)).toEqual({ left: BOOLEAN, right: BOOLEAN })
    expect(binaryOperands('and', INT, BOOLEAN, true)).toBe(null)
    expect(binaryOperands('|', STRING, INT, true)).toEqual({ left: BIGINT, right: BIGINT })
    expect(binaryOperands('/', VOID, INT, true)).toEqual({ left: DOUBLE, right: DOUBLE })
  })
  test('found with a real Spark 4.3 beside the recorded cases', () => {
    expect(datetimeForm('+', TIMESTAMP, VOID)).toEqual({ form: 'timestamp_add_interval', swap: false })
    expect(binaryOperands('/', VOID, decimal(4, 2), true)).toEqual({ left: DOUBLE, right: DOUBLE })
    expect(binaryOperands('&', decimal(4, 2), FLOAT, true)).toBe(null)
    expect(binaryOperands('&', decimal(4, 2), DOUBLE, true)).toEqual({ left: DOUBLE, right: DOUBLE })
    expect(binaryOperands('&', INT, decimal(4, 2), true)).toBe(null)
    expect(binaryOperands('=', STRING, dayTimeInterval(), false)).toBe(null)
    expect(binaryOperands('+', STRING, DATE, false)).toEqual({ left: DOUBLE, right: DATE })
  })
  test('implicit casts', () => {
    expect(implicitCast(STRING, 'NUMERIC', true)).toEqual(DOUBLE)
    expect(implicitCast(BIGINT, INT, true)).toEqual(INT)
    expect(implicitCast(INT, STRING, true)).toEqual(STRING)
    expect(implicitCast(BOOLEAN, INT, true)).toBe(null)
    expect(implicitCast(arrayOf(INT), STRING, true)).toBe(null)
    expect(implicitCast(INT, [STRING, BINARY], true)).toEqual(STRING)
    expect(implicitCast(STRING, [DATE, TIMESTAMP], true)).toEqual(DATE)
    expect(implicitCast(VOID, 'INTEGRAL', true)).toEqual(INT)
    expect(implicitCast(decimal(4, 2), 'DECIMAL', true)).toEqual(decimal(4, 2))
    expect(implicitCast(arrayOf(INT), arrayOf(STRING), true)).toEqual(parseType('array<string>'))
    expect(implicitCast(BINARY, STRING, false)).toEqual(STRING)
    expect(implicitCast(STRING, BOOLEAN, false)).toBe(null)
  })
  test('integer literals beside decimals', () => {
    expect(literalDecimal(40000, INT)).toEqual(decimal(5, 0))
    expect(literalDecimal(7, TINYINT)).toEqual(decimal(3, 0))
    expect(literalDecimal(0n, BIGINT)).toEqual(decimal(1, 0))
  })
})
