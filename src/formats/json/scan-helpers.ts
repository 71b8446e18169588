import type { DataType } from '../../types/data-type.ts'
import type { Zone } from '../../types/time-zone.ts'
import type { Value } from '../../types/value.ts'
import { closeQuote, skipNumber, skipValue, unescapeInPlace, escapesAreValid } from './json-bytes.ts'
import { isBlank } from './row-parser.ts'
import { dateAt, minuteAt, timestampUs } from './time-bytes.ts'
import { BAD, type ValueParser } from './value-parser.ts'

const POWERS = Array.from({ length: 16 }, (_, i) => 10 ** i)

/** What generated scans call for the rarer things. `pos` is the position behind the value read last. */
export class ScanHelpers {
  pos = 0
  readonly BAD = BAD
  readonly zone: Zone
  readonly closeQuote = closeQuote
  readonly escapesAreValid = escapesAreValid
  readonly unescape = unescapeInPlace
  readonly isBlank = isBlank
  readonly skipValue = skipValue
  readonly minuteAt = minuteAt
  readonly dateAt = dateAt
  readonly timestampUs = timestampUs
  readonly types: readonly DataType[]
  readonly #values: ValueParser

  constructor(zone: Zone, types: readonly DataType[], values: ValueParser) {
    this.zone = zone
    this.types = types
    this.#values = values
  }

  /** Of the last `int64`: the halves with the sign of the text, and the magnitude as the nearest double. */
  low = 0
  high = 0
  value = 0

  /** Reads the 16 to 19 digits [s, q), negative when a minus stands before them; false when they do not fit int64. */
  int64(b: Buffer, s: number, q: number): boolean {
    const cut = q - 9
    let top = 0
    for (let i = s; i < cut; i++) top = top * 10 + (b[i]! ^ 48)
    let rest = 0
    for (let i = cut; i < q; i++) rest = rest * 10 + (b[i]! ^ 48)
    // top * 1e9 + rest, with top in two parts so that every product is exact.
    const upper = Math.floor(top / 65536) * 1e9
    const lower = (top % 65536) * 1e9 + (upper % 65536) * 65536 + rest
    let low = lower % 4294967296
    let high = Math.floor(upper / 65536) + Math.floor(lower / 4294967296)
    if (high > 0x7fffffff) return false
    this.value = high * 4294967296 + low
    if (b[s - 1] === 45) {
      low = 4294967296 - low
      high = -high - 1
      if (low === 4294967296) {
        low = 0
        high++
      }
    }
    this.low = low
    this.high = high
    return true
  }

  /** Reads a floating-point number; NaN: not one. */
  double(b: Buffer, p: number, e: number): number {
    let q = p
    let x = 0
    let digits = 0
    if (b[q] === 45) q++
    const s = q
    for (; (b[q]! ^ 48) < 10; q++) x = x * 10 + (b[q]! ^ 48)
    digits = q - s
    let scale = 0
    if (b[q] === 46) {
      const f = ++q
      for (; (b[q]! ^ 48) < 10; q++) x = x * 10 + (b[q]! ^ 48)
      scale = q - f
      digits += scale
      if (scale === 0) return NaN
    }
    // Up to 15 digits both parts of the quotient are exact, so the quotient is the nearest double.
    if (digits > 15 || (b[q]! | 32) === 101 || (b[s] === 48 && q - s > 1 && b[s + 1] !== 46)) {
      const z = skipNumber(b, p, e)
      this.pos = z
      return z < 0 ? NaN : Number(b.toString('latin1', p, z))
    }
    if (digits === scale) return NaN
    this.pos = q
    x /= POWERS[scale]!
    return b[p] === 45 ? -x : x
  }

  /** Reads a decimal with at most `scale` digits behind the point, scaled to an integer below `limit`; NaN: leave it to the exact path. */
  decimal(b: Buffer, p: number, scale: number, limit: number): number {
    let q = p
    let x = 0
    if (b[q] === 45) q++
    const s = q
    for (; (b[q]! ^ 48) < 10; q++) x = x * 10 + (b[q]! ^ 48)
    const whole = q - s
    if (whole === 0 || (whole > 1 && b[s] === 48)) return NaN
    let fraction = 0
    if (b[q] === 46) {
      const f = ++q
      for (; (b[q]! ^ 48) < 10; q++) x = x * 10 + (b[q]! ^ 48)
      fraction = q - f
      if (fraction === 0) return NaN
    }
    if (fraction > scale || whole + scale > 15 || (b[q]! | 32) === 101) return NaN
    x *= POWERS[scale - fraction]!
    if (x >= limit) return NaN
    this.pos = q
    return b[p] === 45 ? -x : x
  }

  /** Reads a value of any type by the exact path; BAD: it is not one. */
  other(b: Buffer, p: number, e: number, slot: number): Value | typeof BAD {
    const x = this.#values.read(b, p, e, this.types[slot]!)
    this.pos = this.#values.pos
    return x
  }

  /** A date, timestamp or local clock in a pattern: the string at `p`; NaN: leave it to the exact path. */
  patterned(b: Buffer, p: number, e: number, slot: number): number {
    const x = this.#values.read(b, p, e, this.types[slot]!)
    if (typeof x === 'number') {
      this.pos = this.#values.pos
      return x
    }
    if (typeof x !== 'bigint' || x > 9_000_000_000_000_000n || x < -9_000_000_000_000_000n) return NaN
    this.pos = this.#values.pos
    return Number(x)
  }

  /** The next backslash at or behind `p`, or `end`. */
  nextBackslash(b: Buffer, p: number, end: number): number {
    const q = b.indexOf(92, p)
    return q < 0 || q > end ? end : q
  }
}
