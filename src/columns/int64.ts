import type { Batch } from './batch.ts'
import type { Int64Vector } from './vector.ts'

/** |value| below 2^53 - 2^32: exact as a double, and so is a sum with any int32. */
const SAFE_HIGH = 2097151

/** Smallest and largest value of the rows that count, NULLs left out; null when there are none. */
export function rangeOfInt64(vector: Int64Vector, batch: Batch): { readonly min: bigint; readonly max: bigint } | null {
  const { halves, validity, values } = vector
  const rows = batch.selection
  const n = batch.rowCount
  let min = Infinity
  let max = -Infinity
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    if (validity !== null && validity[r] === 0) continue
    const high = halves[2 * r + 1]!
    if (high >= SAFE_HIGH || high <= -SAFE_HIGH) return wideRange(values, validity, batch)
    const v = high * 4294967296 + (halves[2 * r]! >>> 0)
    if (v < min) min = v
    if (v > max) max = v
  }
  return max < min ? null : { min: BigInt(min), max: BigInt(max) }
}

function wideRange(
  values: BigInt64Array,
  validity: Uint8Array | null,
  batch: Batch,
): { readonly min: bigint; readonly max: bigint } | null {
  let range: { min: bigint; max: bigint } | null = null
  for (let i = 0; i < batch.rowCount; i++) {
    const r = batch.rowAt(i)
    if (validity !== null && validity[r] === 0) continue
    const v = values[r]!
    if (range === null) range = { min: v, max: v }
    else if (v < range.min) range.min = v
    else if (v > range.max) range.max = v
  }
  return range
}

/**
 * Splits the rows that count by `value <= limit`. NULL is above every limit. `above` is null when all rows are, the
 * common case, found without building selections.
 */
export function splitAtLimit(
  vector: Int64Vector,
  batch: Batch,
  limit: bigint,
): { readonly above: Int32Array | null; readonly atOrBelow: Int32Array } {
  if (!hasAtOrBelow(vector, batch, limit)) return { above: null, atOrBelow: new Int32Array(0) }
  const n = batch.rowCount
  const above = new Int32Array(n)
  const below = new Int32Array(n)
  let a = 0
  let b = 0
  for (let i = 0; i < n; i++) {
    const r = batch.rowAt(i)
    if (!vector.isNull(r) && vector.values[r]! <= limit) below[b++] = r
    else above[a++] = r
  }
  return { above: above.slice(0, a), atOrBelow: below.slice(0, b) }
}

function hasAtOrBelow({ halves, validity }: Int64Vector, batch: Batch, limit: bigint): boolean {
  const rows = batch.selection
  const n = batch.rowCount
  const limitHigh = Number(BigInt.asIntN(32, limit >> 32n))
  const limitLow = Number(BigInt.asUintN(32, limit))
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    const high = halves[2 * r + 1]!
    if (high > limitHigh || (high === limitHigh && halves[2 * r]! >>> 0 > limitLow)) continue
    if (validity === null || validity[r] !== 0) return true
  }
  return false
}
