import type { Batch } from './batch.ts'
import { keyBytesVector } from './key-bytes.ts'
import { FIRST_WORD, SECOND_WORD } from './short-bytes.ts'
import type { BytesVector, Vector } from './vector.ts'

/**
 * The hash of keys. FROZEN: the top byte of a key's hash is its shard, and checkpoints hold state by shard.
 * test/columns/hash.test.ts has vectors of every type.
 *
 * A key is a sequence of 32-bit words mixed one after the other (murmur3's mixing steps) from h = 0, then finished
 * with murmur3's fmix32 (without a length). The words of a column's value:
 *
 *   NULL of any type              9e3779b9
 *   BOOLEAN                       0 or 1
 *   TINYINT SMALLINT INT DATE, year-month interval        the value
 *   BIGINT TIMESTAMP(_NTZ), day-time interval, DECIMAL(p ≤ 18)    low half, high half
 *   FLOAT                         its bits; -0.0 as 0.0, every NaN as 7fc00000
 *   DOUBLE                        its bits, low half, high half; -0.0 as 0.0, every NaN as 7ff80000 00000000
 *   STRING BINARY                 the bytes four at a time, little-endian, the last word filled with zeros; then the length
 *   ARRAY MAP STRUCT DECIMAL(p > 18) calendar interval    as BINARY, of the canonical bytes (key-bytes.ts)
 */
const NULL_WORD = 0x9e3779b9 | 0

function mix(h: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = (k << 15) | (k >>> 17)
  h ^= Math.imul(k, 0x1b873593)
  h = (h << 13) | (h >>> 19)
  return (Math.imul(h, 5) + 0xe6546b64) | 0
}

function finish(h: number): number {
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/**
 * Writes the hash of the key of the i-th row that counts to `out[i]`. `keys` are columns of physical rows of `batch`;
 * without keys every hash is the same. `out` must hold `batch.rowCount` values.
 */
export function hashColumns(keys: readonly Vector[], batch: Batch, out: Int32Array): void {
  hashRows(keys, batch.selection, batch.rowCount, out)
}

/** As `hashColumns` for the rows given (null: the first `n`). */
export function hashRows(keys: readonly Vector[], rows: Int32Array | null, n: number, out: Int32Array): void {
  out.fill(0, 0, n)
  for (const key of keys) mixColumn(key, rows, n, out)
  for (let i = 0; i < n; i++) out[i] = finish(out[i]!)
}

function mixColumn(key: Vector, rows: Int32Array | null, n: number, out: Int32Array): void {
  const validity = key.validity
  switch (key.shape) {
    case 'bool':
    case 'i32':
      mixWords(key.values, validity, rows, n, out)
      return
    case 'i64':
      mixPairs(key.halves, validity, rows, n, out)
      return
    case 'f32': {
      const words = new Float32Array(1)
      const bits = new Int32Array(words.buffer)
      for (let i = 0; i < n; i++) {
        const r = rows === null ? i : rows[i]!
        const v = key.values[r]!
        words[0] = v + 0
        const word = v === v ? bits[0]! : 0x7fc00000
        out[i] = mix(out[i]!, validity !== null && validity[r] === 0 ? NULL_WORD : word)
      }
      return
    }
    case 'f64': {
      const pair = new Float64Array(1)
      const bits = new Int32Array(pair.buffer)
      for (let i = 0; i < n; i++) {
        const r = rows === null ? i : rows[i]!
        if (validity !== null && validity[r] === 0) {
          out[i] = mix(out[i]!, NULL_WORD)
          continue
        }
        const v = key.values[r]!
        pair[0] = v + 0
        out[i] = v === v ? mix(mix(out[i]!, bits[0]!), bits[1]!) : mix(mix(out[i]!, 0), 0x7ff80000)
      }
      return
    }
    case 'bytes':
      mixBytes(key, rows, n, out)
      return
    case 'null':
      for (let i = 0; i < n; i++) out[i] = mix(out[i]!, NULL_WORD)
      return
    default:
      mixBytes(keyBytesVector(key, rows === null ? null : rows.subarray(0, n)), rows, n, out)
  }
}

function mixWords(
  values: Int32Array | Uint8Array,
  validity: Uint8Array | null,
  rows: Int32Array | null,
  n: number,
  out: Int32Array,
): void {
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    out[i] = mix(out[i]!, validity !== null && validity[r] === 0 ? NULL_WORD : values[r]!)
  }
}

function mixPairs(
  halves: Int32Array,
  validity: Uint8Array | null,
  rows: Int32Array | null,
  n: number,
  out: Int32Array,
): void {
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    if (validity !== null && validity[r] === 0) out[i] = mix(out[i]!, NULL_WORD)
    else out[i] = mix(mix(out[i]!, halves[r << 1]!), halves[(r << 1) + 1]!)
  }
}

function mixBytes(key: BytesVector, rows: Int32Array | null, n: number, out: Int32Array): void {
  const { data, starts, ends, validity } = key
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const lastPair = data.length - 8
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    let h = out[i]!
    if (validity !== null && validity[r] === 0) {
      out[i] = mix(h, NULL_WORD)
      continue
    }
    let at = starts[r]!
    const end = ends[r]!
    const length = end - at
    if (length <= 8 && length > 0 && at <= lastPair) {
      // Both words are mixed, without a branch, and the second counts where there is one.
      const one = mix(h, view.getInt32(at, true) & FIRST_WORD[length]!)
      const two = mix(one, view.getInt32(at + 4, true) & SECOND_WORD[length]!)
      h = one ^ ((one ^ two) & ((4 - length) >> 31))
    } else {
      for (; at + 4 <= end; at += 4) h = mix(h, view.getInt32(at, true))
      if (at < end) {
        let word = data[at]!
        if (at + 1 < end) word |= data[at + 1]! << 8
        if (at + 2 < end) word |= data[at + 2]! << 16
        h = mix(h, word)
      }
    }
    out[i] = mix(h, length)
  }
}
