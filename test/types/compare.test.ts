import { expect, test } from 'vitest'
import { compareStrings, compareValues, equalValues, hashKey, rowKey } from '../../src/types/compare.ts'
import {
  arrayOf,
  BIGINT,
  BINARY,
  DOUBLE,
  INT,
  mapOf,
  STRING,
  structOf,
  field,
  BOOLEAN,
} from '../../src/types/data-type.ts'
import { MapValue, type Value } from '../../src/types/value.ts'

test('numbers: NaN last, zeros equal', () => {
  const sorted = [NaN, 1, -Infinity, Infinity, -0, 0].sort(compareValues(DOUBLE))
  expect(sorted).toEqual([-Infinity, -0, 0, 1, Infinity, NaN])
  expect(equalValues(DOUBLE)(NaN, NaN)).toBe(true)
  expect(equalValues(DOUBLE)(0, -0)).toBe(true)
})

test('strings go by their UTF-8 bytes', () => {
  const words = ['z', '\u{1F600}', '\uFF01', 'é', '', 'a', 'ab', '\uD7FF', '\u{10000}', '\uE000']
  const bytes = [...words].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  expect([...words].sort(compareStrings)).toEqual(bytes)
})

test('binary is unsigned; arrays and structs go member by member, NULL first', () => {
  expect(compareValues(BINARY)(Uint8Array.of(0x80), Uint8Array.of(0x7f))).toBeGreaterThan(0)
  const lists: Value[] = [[2], [1, 2], [null, 9], [], [1]]
  expect(lists.sort(compareValues(arrayOf(INT)))).toEqual([[], [null, 9], [1], [1, 2], [2]])
  expect(compareValues(structOf([field('a', INT), field('b', STRING)]))([1, 'b'], [1, 'a'])).toBeGreaterThan(0)
})

test('hash keys are equal exactly when values are', () => {
  const type = structOf([field('s', STRING), field('l', arrayOf(STRING)), field('d', DOUBLE)])
  const key = hashKey(type)
  const values: Value[] = [
    ['a', ['b', 'c'], 0],
    ['a', ['b,c'], 0],
    ['a;1:b', [], 0],
    ['a', null, 0],
    ['a', ['n;'], 0],
    ['a', [null], 0],
    ['a', ['b', 'c'], NaN],
  ]
  expect(new Set(values.map(key)).size).toBe(values.length)
  expect(key(['a', ['b', 'c'], -0])).toBe(key(values[0]!))
  const map = mapOf(STRING, BIGINT)
  expect(hashKey(map)(new MapValue(['a', 'b'], [1n, 2n]))).toBe(hashKey(map)(new MapValue(['b', 'a'], [2n, 1n])))
  expect(equalValues(map)(new MapValue(['a', 'b'], [1n, 2n]), new MapValue(['b', 'a'], [2n, 1n]))).toBe(true)
  expect(hashKey(BOOLEAN)(false)).not.toBe(hashKey(BOOLEAN)(null))
  expect(hashKey(STRING)(null)).toBe(null)
  const row = rowKey([STRING, STRING])
  expect(row(['a', 'b1:'])).not.toBe(row(['ab1', ':']))
})
