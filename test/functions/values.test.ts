import { describe, expect, test } from 'vitest'
import { estimate, addRegister } from '../../src/functions/aggregates/hyperloglog.ts'
import { compress, insert, query, summaryOf } from '../../src/functions/aggregates/quantile-summary.ts'
import { murmurBytes, murmurInt, murmurLong } from '../../src/functions/hash/murmur3.ts'
import { xxBytes, xxInt, xxLong } from '../../src/functions/hash/xxhash64.ts'
import { XorShift } from '../../src/functions/misc/xorshift.ts'
import { decimalPattern } from '../../src/functions/string/decimal-pattern.ts'
import { javaFormat } from '../../src/functions/string/java-format.ts'
import { numberFormat, readNumber, writeNumber } from '../../src/functions/string/number-format.ts'
import { DOUBLE, INT, STRING } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { runSelect } from './run-select.ts'

describe('hashes of Spark', () => {
  test('murmur3', () => {
    expect(murmurInt(1, 42)).toBe(-559580957)
    expect(murmurLong(1n, 42)).toBe(-1712319331)
    expect(murmurBytes(Buffer.from('mill'), 42)).toBe(2007120477)
    expect(murmurBytes(Buffer.from([1, 2]), 42)).toBe(1964783052)
  })
  test('xxhash64', () => {
    expect(xxInt(1, 42n)).toBe(-6698625589789238999n)
    expect(xxLong(1n, 42n)).toBe(-7001672635703045582n)
    expect(xxBytes(Buffer.from('mill'), 42n)).toBe(-1903347359646013654n)
    expect(xxBytes(Buffer.from('a long string that spans many xx blocks of thirty-two bytes each'), 42n)).toBe(
      5428484713754377763n,
    )
  })
  test('seeded random numbers', () => {
    // The documentation of Spark shows these for rand(0) and randn(0).
    expect(new XorShift(0n).double()).toBe(0.7604953758285915)
    expect(new XorShift(0n).gaussian()).toBe(1.6034991609278433)
  })
})

describe('sketches', () => {
  test('few different values are counted exactly', () => {
    const registers = new Uint8Array(512)
    for (let i = 0n; i < 100n; i++) addRegister(registers, xxLong(i % 7n, 42n))
    expect(estimate(registers)).toBe(7)
  })
  test('many different values are counted within three standard deviations', () => {
    for (const n of [500, 1000, 3000, 20_000]) {
      const registers = new Uint8Array(1 << 12)
      for (let i = 0; i < n; i++) addRegister(registers, xxLong(BigInt(i), 42n))
      expect(Math.abs(estimate(registers) / n - 1)).toBeLessThan(3 * 0.0165)
    }
  })
  test('quantiles stay within the error when the summary is compressed', () => {
    const error = 0.001
    const state: Value[] = [[], [], [], [], 0]
    const n = 200_000
    for (let i = 0; i < n; i++) insert(state, (i * 7919) % n, error)
    const s = compress(summaryOf(state), error)
    expect(s.values.length).toBeLessThan(20_000)
    for (const p of [0.01, 0.25, 0.5, 0.9, 0.999])
      expect(Math.abs(query(s, p, error) - p * n)).toBeLessThanOrEqual(2 * error * n)
  })
})

describe('java.util.Formatter', () => {
  const format = (pattern: string, types: Parameters<typeof javaFormat>[1], ...args: Value[]): string =>
    javaFormat(pattern, types, 'UTC')(args)
  test('conversions', () => {
    expect(format('%5d|%-5d|%05d|%,d|%+d|%(d', [INT, INT, INT, INT, INT, INT], 42, 42, -42, 1234567, 5, -5)).toBe(
      '   42|42   |-0042|1,234,567|+5|(5)',
    )
    expect(format('%x %X %o %c', [INT, INT, INT, INT], -1, 255, 8, 65)).toBe('ffffffff FF 10 A')
    expect(
      format(
        '%.2f %08.3f %e %.3e %g',
        [DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE],
        2.345,
        3.14159,
        12345.678,
        9.9999,
        0.0001234,
      ),
    ).toBe('2.35 0003.142 1.234568e+04 1.000e+01 0.000123400')
    expect(format('%2$s-%1$S-%s %% %b', [STRING, STRING], 'a', 'b')).toBe('b-A-a % true')
    expect(format('%s %5s %d', [STRING, STRING, INT], null, 'x', null)).toBe('null     x null')
  })
  test('what does not fit is refused', () => {
    expect(() => format('%d', [DOUBLE], 1.5)).toThrow(expect.objectContaining({ code: 'INVALID_FORMAT_STRING' }))
    expect(() => format('%s %s', [STRING], 'a')).toThrow(expect.objectContaining({ code: 'INVALID_FORMAT_STRING' }))
    expect(() => format('%q', [STRING], 'a')).toThrow(expect.objectContaining({ code: 'INVALID_FORMAT_STRING' }))
  })
})

test('DecimalFormat patterns, ties to even on the exact value', () => {
  expect(decimalPattern('#,##0.00')(1234.565)).toBe('1,234.57')
  expect(decimalPattern('#,##0')(2.5)).toBe('2')
  expect(decimalPattern('#,##0')(-0.4)).toBe('-0')
  expect(decimalPattern('#.##%')(0.256)).toBe('25.6%')
  expect(decimalPattern('000.0#')({ unscaled: 725n, scale: 2 })).toBe('007.25')
  expect(() => decimalPattern('#.#.#')).toThrow(expect.objectContaining({ code: 'INVALID_FORMAT_STRING' }))
})

describe('to_number and to_char', () => {
  test.each([
    ['$9,999.99', '$1,234.50', 123450n],
    ['S99', '-12', -12n],
    ['99.9MI', '12.5-', -125n],
    ['9PR', '<7>', -7n],
    ['9,999', '999', 999n],
    ['9,999', '1,23', null],
    ['000', '12', null],
    ['999', 'abc', null],
    ['99', '-1', null],
  ])('%s reads %s', (format, text, unscaled) => expect(readNumber(text, numberFormat(format))).toBe(unscaled))

  test.each([
    ['999', 12n, 0, ' 12'],
    ['000D00', 45400n, 2, '454.00'],
    ['S99.9', -125n, 1, '-12.5'],
    ['9,999,999', 1234567n, 0, '1,234,567'],
    ['$99.99', 7812n, 2, '$78.12'],
    ['9', 12n, 0, '#'],
    ['99G999D9S', -124548n, 1, '12,454.8-'],
  ])('%s writes %s', (format, unscaled, scale, text) =>
    expect(writeNumber(unscaled, scale, numberFormat(format))).toBe(text),
  )

  test('a bad format is refused', () => {
    for (const bad of ['9A9', ',9', '9,,9', '$9$', 'S9MI'])
      expect(() => numberFormat(bad)).toThrow(expect.objectContaining({ code: 'INVALID_FORMAT.UNEXPECTED_TOKEN' }))
    expect(() => numberFormat('')).toThrow(expect.objectContaining({ code: 'INVALID_FORMAT.EMPTY' }))
    expect(() => numberFormat('S')).toThrow(expect.objectContaining({ code: 'INVALID_FORMAT.WRONG_NUM_DIGIT' }))
    expect(() => numberFormat('9.9.9')).toThrow(expect.objectContaining({ code: 'INVALID_FORMAT.WRONG_NUM_TOKEN' }))
  })
})

test('characters outside the basic plane count as one', () => {
  const { rows } = runSelect(
    "SELECT length('a😀b'), substring('a😀b', 2, 1), reverse('a😀b'), lpad('x', 3, '😀'), instr('😀b', 'b'), translate('a😀', '😀', 'b'), overlay('😀😀b', 'x', 2, 1), left('😀b', 1)",
  )
  expect(rows[0]).toEqual([3, '😀', 'b😀a', '😀😀x', 2, 'ab', '😀xb', '😀'])
})
