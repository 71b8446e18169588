import { expect, test } from 'vitest'
import { parseType } from '../../src/types/ddl.ts'
import { formatDouble, formatFloat, formatValue } from '../../src/types/format.ts'
import { decodeLiteral, encodeLiteral } from '../../src/types/literal.ts'
import { parseDouble, parseInteger } from '../../src/types/number-text.ts'
import { CalendarInterval, MapValue, type Value } from '../../src/types/value.ts'

test.each([
  [1e10, '1.0E10'],
  [1e-5, '1.0E-5'],
  [0.1, '0.1'],
  [Infinity, 'Infinity'],
  [-Infinity, '-Infinity'],
  [NaN, 'NaN'],
  [-0, '-0.0'],
  [100, '100.0'],
  [9999999, '9999999.0'],
  [1e7, '1.0E7'],
  [12345678.9, '1.23456789E7'],
  [0.001, '0.001'],
  [0.00099, '9.9E-4'],
  [1.7976931348623157e308, '1.7976931348623157E308'],
  [5e-324, '4.9E-324'],
  [1e21, '1.0E21'],
  [4611686018427387904, '4.6116860184273879E18'],
  [2 ** -44, '5.6843418860808015E-14'],
  [1.2345678901234567e18, '1.23456789012345677E18'],
  [123456789012345680000, '1.2345678901234568E20'],
  [2 ** 52 + 1, '4.503599627370497E15'],
])('double %s', (x, text) => expect(formatDouble(x)).toBe(text))

test.each([
  [0.1, '0.1'],
  [3.4028235e38, '3.4028235E38'],
  [1.4e-45, '1.4E-45'],
  [16777216, '1.6777216E7'],
  [1e10, '1.0E10'],
  [2.5, '2.5'],
  [1.17549435e-38, '1.17549435E-38'],
  [0.3, '0.3'],
  [99999999999, '9.9999998E10'],
  [2771862.25, '2771862.2'],
  [0.000244140625, '2.4414062E-4'],
  [123456789, '1.23456792E8'],
])('float %s', (x, text) => expect(formatFloat(Math.fround(x))).toBe(text))

test('show() forms', () => {
  expect(formatValue(null, parseType('int'), 'UTC')).toBe('NULL')
  expect(formatValue([1, null], parseType('array<int>'), 'UTC')).toBe('[1, NULL]')
  expect(
    formatValue(new MapValue(['a'], [[1.5, 'x']]), parseType('map<string,struct<d:double,s:string>>'), 'UTC'),
  ).toBe('{a -> {1.5, x}}')
  expect(formatValue(Uint8Array.of(0x31, 0xff), parseType('binary'), 'UTC')).toBe('[31 FF]')
  expect(formatValue(0n, parseType('timestamp'), 'America/New_York')).toBe('1969-12-31 19:00:00')
  expect(formatValue(150n, parseType('decimal(3,2)'), 'UTC')).toBe('1.50')
})

test('numbers from text', () => {
  for (const [text, x] of [
    ['1.5d', 1.5],
    ['.5', 0.5],
    ['5.', 5],
    ['0x1.8p1', 3],
    ['-inf', -Infinity],
    ['1e400', Infinity],
  ] as const)
    expect([text, parseDouble(text)]).toEqual([text, x])
  for (const text of ['', 'e5', '1e', '0x10', 'infinit', '1_0', '--1'])
    expect([text, parseDouble(text)]).toEqual([text, null])
  expect(parseInteger(' -0012 ', -128n, 127n, false)).toBe(-12n)
  expect(parseInteger('.', -128n, 127n, true)).toBe(0n)
  for (const text of ['+', '-', '', '1.5', '٣'])
    expect([text, parseInteger(text, -128n, 127n, false)]).toEqual([text, null])
})

test.each<[string, Value]>([
  ['bigint', -9223372036854775808n],
  ['double', NaN],
  ['double', -0],
  ['double', -Infinity],
  ['float', 0.5],
  ['string', 'é"'],
  ['boolean', false],
  ['binary', Uint8Array.of(1, 255)],
  ['date', -5],
  ['decimal(38,2)', 12345678901234567890n],
  ['interval', new CalendarInterval(1, -2, 3n)],
  ['interval day to second', 5n],
  ['interval year', 12],
  ['array<struct<a:int,b:timestamp>>', [[1, 2n], null, [null, null]]],
  ['map<string,array<double>>', new MapValue(['a', 'b'], [[NaN], null])],
  ['void', null],
])('literal %s', (ddl, v) => {
  const type = parseType(ddl)
  expect(decodeLiteral(JSON.parse(JSON.stringify(encodeLiteral(v, type))), type)).toEqual(v)
})

test('a form of another type is refused', () => {
  expect(() => decodeLiteral('x', parseType('bigint'))).toThrow(expect.objectContaining({ code: 'INTERNAL_ERROR' }))
})
