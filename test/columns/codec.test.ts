import { describe, expect, test } from 'vitest'
import { vectorOf } from '../../src/columns/builder.ts'
import { decodeBatch, encodeBatch } from '../../src/columns/codec.ts'
import { NullVector } from '../../src/columns/vector.ts'
import { BIGINT, field, INT, type Schema, schemaOf, STRING } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { SAMPLES } from './every-type.ts'

function roundTrip(schema: Schema, columns: readonly (readonly Value[])[], rows: Int32Array | null = null): Value[][] {
  const vectors = columns.map((values, c) => vectorOf(schema.fields[c]!.type, values))
  const bytes = encodeBatch(schema, vectors, rows, rows?.length ?? columns[0]!.length)
  const batch = decodeBatch(schema, bytes)
  return Array.from({ length: batch.length }, (_, i) => batch.row(i).map(plain))
}

/** A Buffer is a Uint8Array, but not to toEqual. */
const plain = (v: Value): Value => (Buffer.isBuffer(v) ? Uint8Array.from(v) : v)

describe('encodeBatch and decodeBatch', () => {
  test.each(SAMPLES.map((s) => [s.name, s] as const))('%s: values, NULLs, none, all NULL', (_, { type, values }) => {
    const schema = schemaOf(field('v', type))
    for (const column of [values, [...values, null, ...values], [], [null, null], [null]])
      expect(roundTrip(schema, [column])).toEqual(column.map((v) => [v]))
  })

  test.each(SAMPLES.map((s) => [s.name, s] as const))(
    '%s: chosen rows, repeated and out of order',
    (_, { type, values }) => {
      const column = [null, ...values, null]
      const rows = Int32Array.from(
        [column.length - 1, 0, 1, 1, column.length - 2].map((r) => Math.min(r, column.length - 1)),
      )
      expect(roundTrip(schemaOf(field('v', type)), [column], rows)).toEqual([...rows].map((r) => [column[r]]))
    },
  )

  test('all types side by side', () => {
    const schema = schemaOf(...SAMPLES.map((s) => field(s.name, s.type)))
    const columns = SAMPLES.map((s) => Array.from({ length: 20 }, (_, i) => s.values[i] ?? null))
    expect(roundTrip(schema, columns)).toEqual(Array.from({ length: 20 }, (_, i) => columns.map((c) => c[i])))
  })

  test('integers take the width they need', () => {
    const size = (values: readonly bigint[]): number =>
      encodeBatch(schemaOf(field('v', BIGINT)), [vectorOf(BIGINT, values)], null, values.length).length
    const n = 1000
    const of = (v: bigint): bigint[] => Array.from({ length: n }, (_, i) => v - (i % 2 === 0 ? 0n : 1n))
    expect(size(of(100n))).toBeLessThan(n + 20)
    expect(size(of(10_000n))).toBeLessThan(2 * n + 20)
    expect(size(of(1_000_000n))).toBeLessThan(4 * n + 20)
    expect(size(of(1n << 40n))).toBeLessThan(8 * n + 20)
  })

  test('a column that was pruned away reads as NULLs of its type', () => {
    const schema = schemaOf(field('a', INT), field('s', STRING))
    const bytes = encodeBatch(schema, [vectorOf(INT, [1, 2]), new NullVector(STRING, 2)], null, 2)
    const batch = decodeBatch(schema, bytes)
    expect(batch.columns[1]!.shape).toBe('bytes')
    expect([batch.row(0), batch.row(1)]).toEqual([
      [1, null],
      [2, null],
    ])
  })

  test('bytes that end early or begin otherwise are refused by name', () => {
    const schema = schemaOf(...SAMPLES.map((s) => field(s.name, s.type)))
    const columns = SAMPLES.map((s) =>
      vectorOf(
        s.type,
        Array.from({ length: 9 }, (_, i) => s.values[i] ?? null),
      ),
    )
    const bytes = encodeBatch(schema, columns, null, 9)
    for (let cut = 0; cut < bytes.length; cut++)
      expect(() => decodeBatch(schema, bytes.subarray(0, cut), 'block 7')).toThrow(/CHECKPOINT_CORRUPT.*block 7/)
    const other = bytes.slice()
    other[0] = 9
    expect(() => decodeBatch(schema, other)).toThrow(/unknown format 9/)
  })

  test('the layout is frozen', () => {
    const schema = schemaOf(field('a', INT), field('b', BIGINT), field('s', STRING))
    const vectors = [
      vectorOf(INT, [1, null, 300]),
      vectorOf(BIGINT, [1n, -1n, 1n << 33n]),
      vectorOf(STRING, ['ab', '', null]),
    ]
    expect(Buffer.from(encodeBatch(schema, vectors, null, 3)).toString('hex')).toBe(
      '01' +
        '03000000' +
        '01' +
        '05' +
        '02' +
        '01000000' +
        '2c01' +
        '00' +
        '08' +
        '0100000000000000' +
        'ffffffffffffffff' +
        '0000000002000000' +
        '01' +
        '03' +
        '01' +
        '020000' +
        '02000000' +
        '6162',
    )
  })
})
