import type { DecimalType } from '../../types/data-type.ts'
import { pow10 } from '../../types/decimal.ts'
import { decimalOutOfRange } from '../faults.ts'

/** `n / d` to the nearest integer, ties to even; `d` positive. */
export function divideHalfEven(n: bigint, d: bigint): bigint {
  const q = n / d
  const r = n % d
  const twice = (r < 0n ? -r : r) * 2n
  if (twice < d || (twice === d && q % 2n === 0n)) return q
  return n < 0n ? q - 1n : q + 1n
}

/** Floor of `n / d`; `d` positive. */
export function divideFloor(n: bigint, d: bigint): bigint {
  const q = n / d
  return n % d < 0n ? q - 1n : q
}

/** The unscaled value if its digits fit the precision of `type`; else NULL, or an error with `ansi`. */
export function fitDecimal(unscaled: bigint, type: DecimalType, ansi: boolean): bigint | null {
  const limit = pow10(type.precision)
  if (unscaled < limit && unscaled > -limit) return unscaled
  return ansi ? decimalOutOfRange(unscaled, type) : null
}
