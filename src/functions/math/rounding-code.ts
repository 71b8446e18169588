import { isIntegral, type DataType, type DecimalType } from '../../types/data-type.ts'
import type { Codegen, CodegenSite } from '../entry.ts'

/**
 * Rounding as generated code: on doubles by one multiplication where that is sure to be right, on decimals of narrow
 * loops by remainders of safe integers. What is left to `bind` gives null.
 */

/** A double rounded to `digits` digits, exactly; for numbers near a tie, and those too large to be sure of. */
type RoundSlowly = (x: number, digits: number) => number

/** How an exact quotient is rounded: its floor, the part cut off (0 to 1) and the floor's parity decide on adding 1. */
export type Direction = 'halfUp' | 'halfEven' | 'up' | 'down'

/** Powers of ten that are exact doubles with room for 15 digits in front. */
const MOST_DIGITS = 15

/**
 * A double rounded in decimal from its shortest digits. The product differs from the decimal one by less than 2^-50 of
 * its size: unless a tie (or for `up` and `down` a whole number) is that near, both round alike.
 */
function doubleRounder(digits: number, direction: Direction, slowly: RoundSlowly): (x: number) => number {
  const unit = 10 ** digits
  const half = direction === 'halfUp' || direction === 'halfEven'
  return (x) => {
    const y = x * unit
    if (!(y < 1e15 && y > -1e15)) return slowly(x, digits)
    const low = Math.floor(y)
    const rest = y - low
    const near = (y < 0 ? -y : y) * 2 ** -50
    if (half) {
      const off = rest - 0.5
      if (off <= near && off >= -near) return slowly(x, digits)
      // A zero keeps its sign only when it was there before.
      return x === 0 ? x : (off > 0 ? low + 1 : low) / unit + 0
    }
    if (rest <= near || rest >= 1 - near) return slowly(x, digits)
    return (direction === 'up' ? low + 1 : low) / unit + 0
  }
}

/** A safe integer divided by `unit` and rounded; exact. */
export function divideSafe(unit: number, direction: Direction): (x: number) => number {
  const half = unit / 2
  return (x) => {
    const rest = x % unit
    const whole = (x - rest) / unit
    if (rest === 0) return whole + 0
    const size = rest < 0 ? -rest : rest
    const away =
      direction === 'up'
        ? rest > 0
        : direction === 'down'
          ? rest < 0
          : size > half || (size === half && (direction === 'halfUp' || whole % 2 !== 0))
    return (away ? (rest < 0 ? whole - 1 : whole + 1) : whole) + 0
  }
}

/** Decimals rounded to `digits` digits behind the point (not below 0), in narrow loops. */
function decimalCode(
  x: string,
  from: DecimalType,
  digits: number,
  direction: Direction,
  site: CodegenSite,
): string | null {
  const to = site.type as DecimalType
  const drop = from.scale - digits
  if (site.int64 !== 'narrow' || drop > 15) return null
  if (drop <= 0) return to.scale === from.scale ? x : null
  // The type has a digit more in front of the point than the argument: the result fits unless that was cut off.
  if (to.scale !== digits || to.precision < from.precision - drop + 1) return null
  return `${site.constant(divideSafe(10 ** drop, direction))}(${x})`
}

/** `round` and `bround` to a constant count of digits. */
export const roundCode =
  (direction: Direction, slowly: RoundSlowly): Codegen =>
  ([x], site) => {
    const digits = site.args.length < 2 ? 0 : site.constants[1]
    if (typeof digits !== 'number' || digits < 0) return null
    const from = site.args[0]!
    if (isIntegral(from)) return x!
    if (from.kind === 'decimal') return decimalCode(x!, from, digits, direction, site)
    if (digits > MOST_DIGITS) return null
    const rounded = `${site.constant(doubleRounder(digits, direction, slowly))}(${x})`
    return from.kind === 'float' ? `Math.fround(${rounded})` : rounded
  }

/** `ceil` and `floor` with one argument: a BIGINT, or a decimal without fraction. */
export const wholeCode =
  (direction: 'up' | 'down'): Codegen =>
  ([x], site) => {
    const from: DataType = site.args[0]!
    if (from.kind === 'decimal') {
      const digits = site.args.length < 2 ? 0 : site.constants[1]
      return typeof digits === 'number' && digits >= 0 ? decimalCode(x!, from, digits, direction, site) : null
    }
    if (from.kind === 'bigint') return x!
    if (site.int64 !== 'narrow') return null
    // NaN is 0; what a narrow loop cannot hold is left to a wide one.
    return `(${x} === ${x} ? rt.n53(Math.${direction === 'up' ? 'ceil' : 'floor'}(${x}) + 0) : 0)`
  }
