/**
 * The generator behind rand, randn and kin: Spark's XORShift over 64 bits with its hashed seed, so that a seed
 * gives the same numbers.
 */
const rotl = (x: number, n: number): number => (x << n) | (x >>> (32 - n))

/** Scala's MurmurHash3 of eight bytes. */
function hashBytes(bytes: Uint8Array, seed: number): number {
  let h = seed
  for (let i = 0; i < 8; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    k = Math.imul(rotl(Math.imul(k, 0xcc9e2d51), 15), 0x1b873593)
    h = (Math.imul(rotl(h ^ k, 13), 5) + 0xe6546b64) | 0
  }
  h ^= 8
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) | 0
}

const ARRAY_SEED = 0x3c074a61

/** A stream of random numbers from a seed. */
export class XorShift {
  #seed: bigint
  #spare: number | null = null

  constructor(seed: bigint) {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigInt64(0, seed)
    const low = hashBytes(bytes, ARRAY_SEED)
    const high = hashBytes(bytes, low)
    this.#seed = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low >>> 0))
  }

  #bits(n: number): bigint {
    let s = this.#seed
    s = BigInt.asIntN(64, s ^ (s << 21n))
    s = s ^ (BigInt.asUintN(64, s) >> 35n)
    s = BigInt.asIntN(64, s ^ (s << 4n))
    this.#seed = s
    return BigInt.asIntN(32, s & ((1n << BigInt(n)) - 1n))
  }

  /** Uniform in [0, 1). */
  double(): number {
    const high = this.#bits(26)
    return Number((high << 27n) + this.#bits(27)) / 2 ** 53
  }

  /** Normal with mean 0 and deviation 1 (Marsaglia's polar method, as in java.util.Random). */
  gaussian(): number {
    if (this.#spare !== null) {
      const v = this.#spare
      this.#spare = null
      return v
    }
    for (;;) {
      const a = 2 * this.double() - 1
      const b = 2 * this.double() - 1
      const s = a * a + b * b
      if (s >= 1 || s === 0) continue
      const m = Math.sqrt((-2 * Math.log(s)) / s)
      this.#spare = b * m
      return a * m
    }
  }

  /** Uniform in 0 … `bound` − 1. */
  below(bound: number): number {
    return Math.min(bound - 1, Math.floor(this.double() * bound))
  }
}
