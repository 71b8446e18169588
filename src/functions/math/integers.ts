import type { DataType } from '../../types/data-type.ts'
import { narrowOverflow, overflow } from '../faults.ts'

/** Smallest and largest value of each integral type that a JavaScript number holds. */
export const INT_RANGE = {
  tinyint: [-128, 127],
  smallint: [-32768, 32767],
  int: [-2147483648, 2147483647],
} as const

const MIN_LONG = -(2n ** 63n)
const MAX_LONG = 2n ** 63n - 1n

/** `x` if it is an INT, else ARITHMETIC_OVERFLOW. */
export function checkInt(x: number): number {
  const y = x | 0
  return y === x ? y : overflow('integer')
}

/** `x` if it is a BIGINT, else ARITHMETIC_OVERFLOW. */
export function checkLong(x: bigint): bigint {
  return x > MAX_LONG || x < MIN_LONG ? overflow('long') : x
}

/** A double as BIGINT, its fraction cut off; NaN is 0 and what is too large stays at the limit, as in Java. */
export function doubleToLong(x: number): bigint {
  if (Number.isNaN(x)) return 0n
  return x >= 2 ** 63 ? MAX_LONG : x <= -(2 ** 63) ? MIN_LONG : BigInt(Math.trunc(x))
}

/** The low bits of `x` as a value of an integral type narrower than BIGINT. */
export function wrapInt(type: DataType, x: number): number {
  return type.kind === 'tinyint' ? (x << 24) >> 24 : type.kind === 'smallint' ? (x << 16) >> 16 : x | 0
}

/** Exact sums, differences and products of TINYINT and SMALLINT raise their own condition. */
export function checkNarrow(type: 'tinyint' | 'smallint', op: string, a: number, b: number, x: number): number {
  const [low, high] = INT_RANGE[type]
  return x < low || x > high ? narrowOverflow(a, op, b, type) : x + 0
}

/** `-0` and `+0` give 0: a product or remainder of integers held as numbers must not be `-0`. */
export const plain = (x: number): number => x + 0

/** BIGINT within ±(2^53-1)? */
export const isSafe = (x: bigint): boolean => x <= 9007199254740991n && x >= -9007199254740991n
