/** Murmur3 (32 bit) as Spark's `hash` uses it: tail bytes are mixed one by one as signed ints. All ints are signed 32 bit. */
const mixK = (k: number): number => Math.imul(rotl(Math.imul(k, 0xcc9e2d51), 15), 0x1b873593)
const mixH = (h: number, k: number): number => (Math.imul(rotl(h ^ k, 13), 5) + 0xe6546b64) | 0
const rotl = (x: number, n: number): number => (x << n) | (x >>> (32 - n))

function finish(h: number, length: number): number {
  h ^= length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) | 0
}

/** Hash of an INT. */
export const murmurInt = (x: number, seed: number): number => finish(mixH(seed, mixK(x)), 4)

/** Hash of a BIGINT. */
export function murmurLong(x: bigint, seed: number): number {
  const low = Number(BigInt.asIntN(32, x))
  const high = Number(BigInt.asIntN(32, x >> 32n))
  return murmurHalves(low, high, seed)
}

/** Hash of a BIGINT given as two int32. */
export const murmurHalves = (low: number, high: number, seed: number): number =>
  finish(mixH(mixH(seed, mixK(low)), mixK(high)), 8)

/** Hash of bytes. */
export const murmurBytes = (b: Uint8Array, seed: number): number => murmurRange(b, 0, b.length, seed)

/** Hash of `b[start .. end)`. */
export function murmurRange(b: Uint8Array, start: number, end: number, seed: number): number {
  let h = seed
  let i = start
  for (; i <= end - 4; i += 4) h = mixH(h, mixK(b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24)))
  for (; i < end; i++) h = mixH(h, mixK((b[i]! << 24) >> 24))
  return finish(h, end - start)
}
