import { ExecutionError } from '../errors/errors.ts'

/**
 * What generated code reaches as `rt`. Narrow int64 values are JavaScript numbers within ±(2^53-1); whatever
 * could leave that range throws BAIL, which abandons the narrow run of the batch (it is then run wide).
 */

/** Thrown to abandon a narrow run; never leaves this room. */
export const BAIL: unique symbol = Symbol('narrow run abandoned')

const MAX = Number.MAX_SAFE_INTEGER
const BIG_MAX = BigInt(MAX)

/** A narrow result: the number itself, or BAIL when it is not exact. */
function n53(x: number): number {
  if (!(x <= MAX && x >= -MAX)) throw BAIL
  return x
}

/** A wide result: the bigint itself, or ARITHMETIC_OVERFLOW when it does not fit int64. */
function i64(x: bigint): bigint {
  const wrapped = BigInt.asIntN(64, x)
  if (wrapped !== x) overflow()
  return wrapped
}

function overflow(): never {
  throw new ExecutionError(
    'ARITHMETIC_OVERFLOW',
    { message: 'long overflow' },
    { hint: 'try_add and kin give NULL instead' },
  )
}

/** The narrow form of an int64 Value. */
function fromBig(x: bigint): number {
  if (x > BIG_MAX || x < -BIG_MAX) throw BAIL
  return Number(x)
}

/** True when `data[start .. start + text.length)` holds the bytes of `text`; the caller compared the lengths. */
function sameBytes(data: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (data[start + i] !== text[i]) return false
  return true
}

/** True when two byte ranges of one length are alike. */
function sameRange(a: Uint8Array, aStart: number, aEnd: number, b: Uint8Array, bStart: number): boolean {
  for (let i = aStart, j = bStart; i < aEnd; i++, j++) if (a[i] !== b[j]) return false
  return true
}

/** Order of two byte ranges as unsigned bytes: negative, 0 or positive. The order of UTF-8 is that of code points. */
function compareBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const n = Math.min(aEnd - aStart, bEnd - bStart)
  for (let i = 0; i < n; i++) {
    const d = a[aStart + i]! - b[bStart + i]!
    if (d !== 0) return d
  }
  return aEnd - aStart - (bEnd - bStart)
}

const NO_BYTES = Buffer.alloc(0)

/** The text of UTF-8 bytes. */
function utf8(data: Buffer, start: number, end: number): string {
  return data.toString('utf8', start, end)
}

/** The namespace `rt` of generated code. */
export const rt = Object.freeze({ BAIL, n53, i64, fromBig, sameBytes, sameRange, compareBytes, NO_BYTES, utf8 })
