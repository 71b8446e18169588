import { describe, expect, it } from 'vitest'
import { batchOf } from '../../../src/columns/builder.ts'
import { jsonDecoder } from '../../../src/formats/json/decode.ts'
import { jsonEncoder } from '../../../src/formats/json/encode.ts'
import { jsonText } from '../../../src/formats/json/json-text.ts'
import * as t from '../../../src/types/data-type.ts'
import { zoneOf } from '../../../src/types/time-zone.ts'
import { MapValue, type Value } from '../../../src/types/value.ts'

const f = t.field

function encode(
  schema: t.Schema,
  rows: Value[][],
  options: { timeZone?: string; ignoreNullFields?: boolean } = {},
): string[] {
  const encoder = jsonEncoder(schema, { timeZone: 'UTC', ...options })
  encoder.encode(batchOf(schema, rows))
  const text = encoder.take().toString()
  expect(encoder.length).toBe(0)
  expect(text.endsWith('\n') || rows.length === 0).toBe(true)
  return text.split('\n').slice(0, -1)
}

const one = (type: t.DataType, values: Value[], timeZone = 'UTC'): string[] =>
  encode(
    t.schemaOf(f('v', type)),
    values.map((v) => [v]),
    { timeZone },
  ).map((l) => l.slice(5, -1))

const us = (iso: string): bigint => BigInt(Date.parse(iso)) * 1000n

describe('jsonEncoder', () => {
  it('writes integers of every size', () => {
    const big: bigint[] = [0n, 2n ** 63n - 1n, -(2n ** 63n)]
    for (let bits = 0n; bits < 63n; bits++) for (const d of [-1n, 0n, 1n]) big.push(2n ** bits + d, -(2n ** bits) - d)
    for (let ten = 1n; ten < 10n ** 18n; ten *= 10n) big.push(ten, ten - 1n, -ten)
    const within = big.filter((v) => BigInt.asIntN(64, v) === v)
    expect(one(t.BIGINT, within)).toEqual(within.map(String))
    const ints = [0, -1, 9, 10, 99, 100, 2147483647, -2147483648, 1000000000]
    expect(one(t.INT, ints)).toEqual(ints.map(String))
  })

  it('writes decimals with their full scale', () => {
    expect(one(t.decimal(10, 3), [90800n, 0n, -1n, 1000n, -9999999999n])).toEqual([
      '90.800',
      '0.000',
      '-0.001',
      '1.000',
      '-9999999.999',
    ])
    expect(one(t.decimal(24, 3), [90800n, -5n, 10n ** 23n, 9007199254740991n, 9007199254740992n])).toEqual([
      '90.800',
      '-0.005',
      '100000000000000000000.000',
      '9007199254740.991',
      '9007199254740.992',
    ])
    expect(one(t.decimal(38, 18), [1n])).toEqual(['0.000000000000000001'])
    expect(one(t.decimal(18, 0), [123456789012345678n, -7n])).toEqual(['123456789012345678', '-7'])
    const cents = Array.from({ length: 2000 }, (_, i) => BigInt(Math.round(Math.sin(i) * 1e15)))
    expect(one(t.decimal(18, 2), cents)).toEqual(cents.map((c) => jsonText(c, t.decimal(18, 2), zoneOf('UTC'), true)))
  })

  it('writes timestamps in the session zone with three digits', () => {
    expect(
      one(t.TIMESTAMP, [
        us('2026-01-01T00:00:00.000Z'),
        us('2026-12-31T23:59:59.999Z') + 999n,
        us('1969-12-31T23:59:59.999Z'),
        -1n,
      ]),
    ).toEqual([
      '"2026-01-01T00:00:00.000Z"',
      '"2026-12-31T23:59:59.999Z"',
      '"1969-12-31T23:59:59.999Z"',
      '"1969-12-31T23:59:59.999Z"',
    ])
    expect(one(t.TIMESTAMP, [us('2026-01-01T00:00:00.000Z'), us('2026-07-01T00:00:01.010Z')], 'Europe/Paris')).toEqual([
      '"2026-01-01T01:00:00.000+01:00"',
      '"2026-07-01T02:00:01.010+02:00"',
    ])
    expect(one(t.TIMESTAMP, [us('2026-01-01T00:00:00.000Z')], '-03:30')).toEqual(['"2025-12-31T20:30:00.000-03:30"'])
    expect(one(t.TIMESTAMP_NTZ, [us('2026-01-01T00:00:00.500Z')], 'Europe/Paris')).toEqual([
      '"2026-01-01T00:00:00.500"',
    ])
    expect(one(t.TIMESTAMP, [253402300800000000n, us('2026-01-01T00:00:00.000Z')])).toEqual([
      '"+10000-01-01T00:00:00.000Z"',
      '"2026-01-01T00:00:00.000Z"',
    ])
    const random = Array.from({ length: 3000 }, (_, i) => BigInt(Math.round(Math.sin(i * 7) * 9e15)))
    for (const zone of ['UTC', 'America/New_York', 'Asia/Kolkata'])
      expect(one(t.TIMESTAMP, random, zone)).toEqual(random.map((v) => jsonText(v, t.TIMESTAMP, zoneOf(zone), true)))
  })

  it('writes strings with whatever escapes they need, at any alignment', () => {
    const strings = [
      '',
      'a',
      'ab',
      'abc',
      'abcd',
      'abcde',
      '"',
      '\\',
      'x"y\\z',
      '\n\r\t\b\f\u0001\u001f',
      '東京 😀 é',
      '\u007f/',
    ]
    for (let i = 0; i < 40; i++)
      strings.push('z'.repeat(i) + '"' + 'z'.repeat(40 - i), 'y'.repeat(i) + '\u0000', 'w'.repeat(i))
    expect(one(t.STRING, strings).map((s) => JSON.parse(s) as unknown)).toEqual(strings)
    expect(one(t.STRING, ['\u0001\n"'])).toEqual(['"\\u0001\\n\\""'])
  })

  it('writes the other types', () => {
    expect(one(t.BOOLEAN, [true, false])).toEqual(['true', 'false'])
    expect(one(t.DOUBLE, [1, 0.5, 1e300, NaN, Infinity, -0])).toEqual([
      '1.0',
      '0.5',
      '1.0E300',
      '"NaN"',
      '"Infinity"',
      '-0.0',
    ])
    expect(one(t.DATE, [20454])).toEqual(['"2026-01-01"'])
    expect(one(t.BINARY, [new Uint8Array([97, 98, 99])])).toEqual(['"YWJj"'])
    expect(one(t.arrayOf(t.INT), [[1, null, 2], []])).toEqual(['[1,null,2]', '[]'])
    expect(one(t.mapOf(t.STRING, t.INT), [new MapValue(['a', '"'], [1, null])])).toEqual(['{"a":1,"\\"":null}'])
  })

  it('leaves NULLs out, or writes them where told', () => {
    const schema = t.schemaOf(f('a', t.INT), f('s', t.structOf([f('x', t.STRING), f('y"', t.INT)])), f('b', t.BIGINT))
    const rows: Value[][] = [
      [1, ['q', 2], 3n],
      [null, [null, 2], null],
      [null, [null, null], 3n],
      [null, null, null],
    ]
    expect(encode(schema, rows)).toEqual([
      '{"a":1,"s":{"x":"q","y\\"":2},"b":3}',
      '{"s":{"y\\"":2}}',
      '{"s":{},"b":3}',
      '{}',
    ])
    expect(encode(schema, rows, { ignoreNullFields: false })[3]).toBe('{"a":null,"s":null,"b":null}')
    expect(encode(schema, rows, { ignoreNullFields: false })[1]).toBe('{"a":null,"s":{"x":null,"y\\"":2},"b":null}')
  })

  it('follows the selection and grows its buffer', () => {
    const schema = t.schemaOf(f('a', t.INT), f('s', t.STRING))
    const batch = batchOf(
      schema,
      Array.from({ length: 8000 }, (_, i) => [i, '\u0001'.repeat(i % 500)]),
    )
    const encoder = jsonEncoder(schema, { timeZone: 'UTC' })
    encoder.encode(batch.select(Int32Array.of(7, 7999, 3)))
    expect(
      encoder
        .take()
        .toString()
        .split('\n')
        .slice(0, -1)
        .map((l) => (JSON.parse(l) as { a: number }).a),
    ).toEqual([7, 7999, 3])
    encoder.encode(batch)
    const all = encoder
      .take()
      .toString()
      .split('\n')
      .slice(0, -1)
      .map((l) => JSON.parse(l) as { a: number; s: string })
    expect(all.map((r) => [r.a, r.s.length])).toEqual(Array.from({ length: 8000 }, (_, i) => [i, i % 500]))
  })

  it('comes back the same through the decoder', () => {
    const schema = t.schemaOf(
      f('i', t.INT),
      f('l', t.BIGINT),
      f('d', t.DOUBLE),
      f('n', t.decimal(12, 4)),
      f('s', t.STRING),
      f('t', t.TIMESTAMP),
      f('o', t.BOOLEAN),
      f('z', t.structOf([f('k', t.STRING), f('v', t.arrayOf(t.INT))])),
    )
    const rows = Array.from({ length: 500 }, (_, i): Value[] => [
      i,
      BigInt(i) * 12345678901n,
      Math.sin(i),
      BigInt(i * 37),
      i % 7 ? `s"${i}\n` : null,
      BigInt(i) * 1234567000n,
      i % 2 === 0,
      i % 5 ? ['k', [i, null]] : null,
    ])
    const encoder = jsonEncoder(schema, { timeZone: 'UTC' })
    encoder.encode(batchOf(schema, rows))
    const bytes = Buffer.from(encoder.take())
    const back: Value[][] = []
    jsonDecoder(schema, { columns: [], predicates: [] }, { timeZone: 'UTC' }).decode(bytes, 0, bytes.length, (b) => {
      for (let i = 0; i < b.rowCount; i++) back.push(b.row(i))
    })
    expect(back).toEqual(rows)
  })
})
