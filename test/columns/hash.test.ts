import { describe, expect, test } from 'vitest'
import { Batch } from '../../src/columns/batch.ts'
import { vectorOf } from '../../src/columns/builder.ts'
import { hashColumns } from '../../src/columns/hash.ts'
import { keyBytes, keyFromBytes, keyIsEncoded } from '../../src/columns/key-bytes.ts'
import { type DataType, DOUBLE, field, FLOAT, INT, mapOf, schemaOf, STRING } from '../../src/types/data-type.ts'
import { MapValue, type Value } from '../../src/types/value.ts'
import { SAMPLES } from './every-type.ts'
import vectors from './hash-vectors.json' with { type: 'json' }

function hashes(
  columns: readonly (readonly [DataType, readonly Value[]])[],
  selection: Int32Array | null = null,
): number[] {
  const n = columns[0]?.[1].length ?? 0
  const keys = columns.map(([type, values]) => vectorOf(type, values))
  const batch = new Batch(schemaOf(...columns.map(([type], i) => field(`c${i}`, type))), keys, n, selection)
  const out = new Int32Array(batch.rowCount)
  hashColumns(keys, batch, out)
  return [...out].map((h) => h >>> 0)
}

/** The definition in the header of hash.ts, with exact integers and no shortcuts. */
function reference(words: readonly number[]): number {
  const mul = (a: number, b: number): number => Number((BigInt(a >>> 0) * BigInt(b >>> 0)) & 0xffffffffn)
  const rotl = (v: number, by: number): number => ((v << by) | (v >>> (32 - by))) >>> 0
  let h = 0
  for (const word of words) {
    h = (h ^ mul(rotl(mul(word, 0xcc9e2d51), 15), 0x1b873593)) >>> 0
    h = (mul(rotl(h, 13), 5) + 0xe6546b64) >>> 0
  }
  h = (h ^ (h >>> 16)) >>> 0
  h = mul(h, 0x85ebca6b)
  h = (h ^ (h >>> 13)) >>> 0
  h = mul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function wordsOfBytes(bytes: Uint8Array): number[] {
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4)
  padded.set(bytes)
  const view = new DataView(padded.buffer)
  const out: number[] = []
  for (let i = 0; i < padded.length; i += 4) out.push(view.getUint32(i, true))
  return [...out, bytes.length]
}

function wordsOf(type: DataType, value: Value): number[] {
  if (value === null) return [0x9e3779b9]
  if (keyIsEncoded(type)) return wordsOfBytes(keyBytes(type, value))
  if (typeof value === 'boolean') return [value ? 1 : 0]
  if (typeof value === 'bigint') return [Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n))]
  if (typeof value === 'string') return wordsOfBytes(Buffer.from(value))
  if (value instanceof Uint8Array) return wordsOfBytes(value)
  const view = new DataView(new ArrayBuffer(8))
  if (type.kind === 'float') {
    view.setFloat32(0, value as number, true)
    return [Number.isNaN(value) ? 0x7fc00000 : view.getUint32(0, true)]
  }
  if (type.kind === 'double') {
    view.setFloat64(0, value as number, true)
    return Number.isNaN(value) ? [0, 0x7ff80000] : [view.getUint32(0, true), view.getUint32(4, true)]
  }
  return [(value as number) >>> 0]
}

describe('hashColumns', () => {
  test.each(SAMPLES.map((s) => [s.name, s] as const))('%s hashes as its definition says', (_, { type, values }) => {
    const withNull = [...values, null]
    expect(hashes([[type, withNull]])).toEqual(withNull.map((v) => reference(wordsOf(type, v))))
  })

  test('the values of every type are frozen', () => {
    const now = Object.fromEntries(SAMPLES.map((s) => [s.name, hashes([[s.type, [...s.values, null]]])]))
    expect(now).toEqual(vectors)
  })

  test('columns are mixed in order', () => {
    const words = (a: string | null, b: number): number[] => [...wordsOf(STRING, a), ...wordsOf(INT, b)]
    const pair: [DataType, Value[]][] = [
      [STRING, ['x', null, 'x']],
      [INT, [1, 1, 2]],
    ]
    expect(hashes(pair)).toEqual([words('x', 1), words(null, 1), words('x', 2)].map(reference))
  })

  test('only the rows that count are hashed, in their order', () => {
    const all = hashes([[STRING, ['a', 'bb', 'ccc', null]]])
    expect(hashes([[STRING, ['a', 'bb', 'ccc', null]]], Int32Array.of(3, 1))).toEqual([all[3], all[1]])
    const nested = hashes([[mapOf(STRING, INT), [new MapValue(['a'], [1]), null, new MapValue([], [])]]])
    const chosen = hashes(
      [[mapOf(STRING, INT), [new MapValue(['a'], [1]), null, new MapValue([], [])]]],
      Int32Array.of(2, 0),
    )
    expect(chosen).toEqual([nested[2], nested[0]])
  })

  test('equal keys hash alike: zeros, NaNs, maps in any order', () => {
    for (const type of [FLOAT, DOUBLE]) {
      const [a, b] = hashes([[type, [0, -0]]])
      expect(a).toBe(b)
    }
    const odd = new Float64Array(new BigUint64Array([0x7ff8000000000000n, 0xfff8dead00000001n]).buffer)
    const [x, y] = hashes([[DOUBLE, [odd[0]!, odd[1]!]]])
    expect(x).toBe(y)
    const [m, w] = hashes([[mapOf(STRING, INT), [new MapValue(['a', 'b'], [1, 2]), new MapValue(['b', 'a'], [2, 1])]]])
    expect(m).toBe(w)
  })

  test('the top byte spreads: 100 000 consecutive integers fill every shard evenly', () => {
    const shards = new Int32Array(256)
    for (const h of hashes([[INT, Array.from({ length: 100_000 }, (_, i) => i)]])) shards[h >>> 24]!++
    expect(Math.min(...shards)).toBeGreaterThan(250)
    expect(Math.max(...shards)).toBeLessThan(550)
  })
})

describe('keyBytes', () => {
  test.each(SAMPLES.filter((s) => s.values.length > 0).map((s) => [s.name, s] as const))(
    '%s comes back',
    (_, { type, values }) => {
      // a top-level STRING has no need of canonical bytes, but a member of a struct does
      for (const value of values) expect(keyFromBytes(type, keyBytes(type, value))).toEqual(value)
    },
  )

  test('the layout is frozen', () => {
    const struct = SAMPLES.find((s) => s.name === 'struct<a:int,b:array<bigint>>')!
    expect(Buffer.from(keyBytes(struct.type, [1, [2n, null]])).toString('hex')).toBe(
      '0101000000' + '01' + '02000000' + '010200000000000000' + '00',
    )
    const map = mapOf(STRING, INT)
    expect(Buffer.from(keyBytes(map, new MapValue(['b', 'a'], [1, null]))).toString('hex')).toBe(
      '02000000' + '010100000061' + '00' + '010100000062' + '0101000000',
    )
  })
})
