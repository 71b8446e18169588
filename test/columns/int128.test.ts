import { expect, test } from 'vitest'
import { vectorOf } from '../../src/columns/builder.ts'
import { concatVectors } from '../../src/columns/concat.ts'
import { decodeBatch, encodeBatch } from '../../src/columns/codec.ts'
import { Int128Vector } from '../../src/columns/vector.ts'
import { decimal, field, schemaOf } from '../../src/types/data-type.ts'

const type = decimal(38, 3)
const TOP = 10n ** 38n - 1n
const values = [
  0n,
  1n,
  -1n,
  2n ** 53n,
  -(2n ** 53n),
  2n ** 63n,
  -(2n ** 63n) - 1n,
  2n ** 64n,
  TOP,
  -TOP,
  null,
  2n ** 32n,
]

test('a wide decimal is two int64', () => {
  const v = vectorOf(type, values)
  expect(v).toBeInstanceOf(Int128Vector)
  expect(values.map((_, i) => v.get(i))).toEqual(values)
  expect([...(v as Int128Vector).halves.subarray(8, 12)]).toEqual([-1, -1, -1, -1])
})

test('take, concat and the codec keep values', () => {
  const v = vectorOf(type, values)
  const rows = Int32Array.of(9, 10, 0, 8)
  const taken = v.take(rows)
  expect([0, 1, 2, 3].map((i) => taken.get(i))).toEqual([-TOP, null, 0n, TOP])
  const both = concatVectors(type, [v, taken])
  expect(Array.from({ length: both.length }, (_, i) => both.get(i))).toEqual([...values, -TOP, null, 0n, TOP])
  const schema = schemaOf(field('d', type))
  const back = decodeBatch(schema, encodeBatch(schema, [v], null, v.length)).columns[0]!
  expect(values.map((_, i) => back.get(i))).toEqual(values)
})
