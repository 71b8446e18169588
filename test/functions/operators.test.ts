import { describe, expect, test } from 'vitest'
import { lookup, resolveCall, type CallArgument } from '../../src/functions/registry.ts'
import { typeName, type DataType } from '../../src/types/data-type.ts'
import { parseType } from '../../src/types/ddl.ts'
import { runSelect, testEnv } from './run-select.ts'

const ansi = testEnv(true)
const legacy = testEnv(false)
const value = (sql: string, env = ansi): unknown => runSelect(`SELECT ${sql}`, env).rows[0]![0]
const code = (sql: string, env = ansi): string => {
  try {
    return `gives ${String(value(sql, env))}`
  } catch (e) {
    return (e as { code: string }).code
  }
}

/** `types` of the operands; an operand written as digits is an integer literal. */
function typeOf(op: string, ...types: readonly string[]): string {
  const args = types.map((t): CallArgument => {
    if (/^\d+$/.test(t)) return { type: { kind: 'int' }, nullable: false, constant: Number(t) }
    return { type: parseType(t), nullable: true }
  })
  const r = resolveCall(lookup(op)!, args, ansi)
  return `${r.args.map((a: DataType) => typeName(a)).join(' ')} -> ${typeName(r.type)}`
}

describe('result types', () => {
  test.each([
    ['+', ['tinyint', 'smallint'], 'smallint smallint -> smallint'],
    ['+', ['int', 'bigint'], 'bigint bigint -> bigint'],
    ['/', ['int', 'int'], 'double double -> double'],
    ['div', ['int', 'int'], 'bigint bigint -> bigint'],
    ['%', ['int', 'tinyint'], 'int int -> int'],
    ['+', ['decimal(10,2)', 'decimal(5,4)'], 'decimal(10,2) decimal(5,4) -> decimal(13,4)'],
    ['*', ['decimal(38,18)', 'decimal(38,18)'], 'decimal(38,18) decimal(38,18) -> decimal(38,6)'],
    ['/', ['decimal(38,0)', '3'], 'decimal(38,0) decimal(1,0) -> decimal(38,6)'],
    ['%', ['decimal(10,2)', 'decimal(5,4)'], 'decimal(10,2) decimal(5,4) -> decimal(5,4)'],
    ['*', ['decimal(3,2)', '7'], 'decimal(3,2) decimal(1,0) -> decimal(5,2)'],
    ['*', ['decimal(3,2)', 'int'], 'decimal(3,2) decimal(10,0) -> decimal(14,2)'],
    ['+', ['decimal(3,2)', 'float'], 'double double -> double'],
    ['<', ['int', 'string'], 'bigint bigint -> boolean'],
    ['&', ['tinyint', 'smallint'], 'smallint smallint -> smallint'],
    ['>>', ['bigint', 'int'], 'bigint int -> bigint'],
    ['||', ['string', 'int'], 'string string -> string'],
    ['||', ['binary', 'binary'], 'binary binary -> binary'],
  ])('%s on %j', (op, types, expected) => expect(typeOf(op, ...types)).toBe(expected))
})

describe('overflow', () => {
  test.each([
    ['2147483647 + 1', 'ARITHMETIC_OVERFLOW', 'gives -2147483648'],
    ['-2147483648 - 1', 'ARITHMETIC_OVERFLOW', 'gives 2147483647'],
    ['65536 * 65536', 'ARITHMETIC_OVERFLOW', 'gives 0'],
    ['9223372036854775807 * 2', 'ARITHMETIC_OVERFLOW', 'gives -2'],
    ['100Y + 100Y', 'BINARY_ARITHMETIC_OVERFLOW', 'gives -56'],
    ['30000S * 2S', 'BINARY_ARITHMETIC_OVERFLOW', 'gives -5536'],
    ['-(-128Y)', 'ARITHMETIC_OVERFLOW', 'gives -128'],
    ['abs(-2147483648)', 'ARITHMETIC_OVERFLOW', 'gives -2147483648'],
    ['-9223372036854775808 div -1', 'ARITHMETIC_OVERFLOW', 'gives -9223372036854775808'],
    ['round(2147483647, -1)', 'ARITHMETIC_OVERFLOW', 'gives -2147483646'],
    ['1 / 0', 'DIVIDE_BY_ZERO', 'gives null'],
    ['1 % 0', 'REMAINDER_BY_ZERO', 'gives null'],
    ['pmod(1.5, 0)', 'REMAINDER_BY_ZERO', 'gives null'],
    [
      'CAST(99999999999999999999999999999999999999 AS DECIMAL(38, 0)) + 1',
      'NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION',
      'gives null',
    ],
  ])('%s', (sql, withAnsi, without) => {
    expect(code(sql, ansi)).toBe(withAnsi)
    expect(code(sql, legacy)).toBe(without)
  })

  test('try_ functions give NULL where the operator fails, in both modes', () => {
    for (const env of [ansi, legacy]) {
      expect(value('try_add(2147483647, 1)', env)).toBeNull()
      expect(value('try_multiply(9223372036854775807, 2)', env)).toBeNull()
      expect(value('try_divide(1.5, 0)', env)).toBeNull()
      expect(value('try_mod(5, 0)', env)).toBeNull()
      expect(value('try_subtract(5, 7)', env)).toBe(-2)
    }
  })
})

describe('integers never show a negative zero', () => {
  test.each(['0 * -5', '-4 % 2', 'pmod(-4, 2)', '-0', '0 * -5Y'])('%s', (sql) =>
    expect(Object.is(value(sql), 0)).toBe(true),
  )
})

describe('comparison', () => {
  test('NaN equals itself and is above every number', () => {
    expect(value("double('NaN') = double('NaN')")).toBe(true)
    expect(value("double('NaN') > double('Infinity')")).toBe(true)
    expect(value("double('NaN') <= 1")).toBe(false)
    expect(value("1 < double('NaN')")).toBe(true)
    expect(value('0.0D = -0.0D')).toBe(true)
  })

  test('texts compare by code point, not by UTF-16 unit', () => {
    expect(value("'\\uFF5E' < '\\U0001F600'")).toBe(true)
  })

  test('what has no order is refused', () => {
    expect(code('map(1, 2) < map(1, 3)')).toBe('DATATYPE_MISMATCH.INVALID_ORDERING_TYPE')
    expect(code('1 = array(1)')).toBe('DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES')
    expect(code("'a' + 'b'")).toBe('DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE')
  })
})

describe('argument checks', () => {
  test.each([
    ['upper()', 'WRONG_NUM_ARGS.WITHOUT_SUGGESTION'],
    ['greatest(1)', 'WRONG_NUM_ARGS.WITHOUT_SUGGESTION'],
    ['upper(array(1))', 'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE'],
    ['round(1.5, id) FROM VALUES (1) AS t(id)', 'DATATYPE_MISMATCH.NON_FOLDABLE_INPUT'],
    ['percentile(x, 2) FROM VALUES (1) AS t(x)', 'DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE'],
    ['max(x) FROM VALUES (map(1, 2)) AS t(x)', 'DATATYPE_MISMATCH.INVALID_ORDERING_TYPE'],
    ['hash(map(1, 2))', 'DATATYPE_MISMATCH.HASH_MAP_TYPE'],
  ])('%s', (sql, condition) => expect(code(sql)).toBe(condition))

  test('the hint shows the signature', () => {
    expect(() => value('left(1)')).toThrow(/the signature is left\(text STRING or BINARY, count INT\)/)
  })
})
