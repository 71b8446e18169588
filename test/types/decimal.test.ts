import { expect, test } from 'vitest'
import { decimal } from '../../src/types/data-type.ts'
import {
  decimalArithmetic,
  decimalFromNumber,
  decimalInType,
  decimalLiteralShape,
  decimalResult,
  decimalToNumber,
  formatDecimal,
  formatDecimalScientific,
  parseDecimal,
  rescale,
  type DecimalOp,
} from '../../src/types/decimal.ts'

test.each<[string, DecimalOp, string, string, string]>([
  ['1.5', '+', '2.25', '3.75', 'decimal(4,2)'],
  ['1.5', '*', '2.25', '3.375', 'decimal(6,3)'],
  ['1.5', '/', '2.25', '0.666667', 'decimal(9,6)'],
  ['7.5', '%', '2.2', '0.9', 'decimal(2,1)'],
  ['-7.5', '%', '2.2', '-0.9', 'decimal(2,1)'],
  ['-7.5', 'pmod', '2.2', '1.3', 'decimal(2,1)'],
  ['10.0', 'div', '3.0', '3', 'decimal(3,0)'],
  ['-2.0', '/', '3.0', '-0.666667', 'decimal(8,6)'],
  [
    '12345678901234567890.123456789',
    '*',
    '9876543210.98765',
    '121932631137021741879287174187.8067848',
    'decimal(38,7)',
  ],
])('%s %s %s', (a, op, b, shown, type) => {
  const [x, y] = [decimalLiteralShape(parseDecimal(a)!), decimalLiteralShape(parseDecimal(b)!)]
  const [ta, tb] = [decimal(x.precision, x.scale), decimal(y.precision, y.scale)]
  const result = decimalResult(op, ta, tb)
  expect(`decimal(${result.precision},${result.scale})`).toBe(type)
  expect(formatDecimal(decimalArithmetic(op, ta, tb, result)(x.unscaled, y.unscaled)!, result.scale)).toBe(shown)
})

test('overflow is null', () => {
  const wide = decimal(38, 0)
  expect(decimalArithmetic('+', wide, wide, decimalResult('+', wide, wide))(10n ** 38n - 1n, 1n)).toBe(null)
  expect(decimalInType({ unscaled: 1n, scale: -2000000000 }, wide)).toBe(null)
  expect(decimalInType({ unscaled: 1n, scale: 2000000000 }, wide)).toBe(0n)
})

test('text and numbers', () => {
  expect(parseDecimal(' -.50 ')).toEqual({ unscaled: -50n, scale: 2 })
  expect(parseDecimal('1e-3')).toEqual({ unscaled: 1n, scale: 3 })
  for (const bad of ['', '.', '1,0', 'e3', '1e', '0x1', '1 2']) expect([bad, parseDecimal(bad)]).toEqual([bad, null])
  expect(decimalLiteralShape(parseDecimal('0.001')!)).toEqual({ unscaled: 1n, precision: 3, scale: 3 })
  expect(decimalLiteralShape(parseDecimal('123e2')!)).toEqual({ unscaled: 12300n, precision: 5, scale: 0 })
  expect(rescale(-15n, 1, 0)).toBe(-2n)
  expect(decimalFromNumber(0.1)).toEqual({ unscaled: 1n, scale: 1 })
  expect(decimalToNumber(123456789012345678901234567890n, 10)).toBe(12345678901234567890.123456789)
  expect(formatDecimal(-5n, 2)).toBe('-0.05')
  expect(formatDecimalScientific(10n, 8)).toBe('1.0E-7')
  expect(formatDecimalScientific(0n, 8)).toBe('0E-8')
  expect(formatDecimalScientific(1n, 6)).toBe('0.000001')
})
