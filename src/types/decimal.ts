import type { DataType, DecimalType } from './data-type.ts'
import { decimal } from './data-type.ts'

/** The most digits a DECIMAL holds. */
export const MAX_PRECISION = 38
/** Digits behind the point that a result keeps when its precision is cut to 38. */
const MIN_ADJUSTED_SCALE = 6

/** A decimal number free of any type: `unscaled` × 10^-`scale`; `scale` may be negative. */
export interface Decimal {
  readonly unscaled: bigint
  readonly scale: number
}

const POWERS: bigint[] = [1n]

/** 10^n as bigint, n ≥ 0. */
export function pow10(n: number): bigint {
  for (let i = POWERS.length; i <= n; i++) POWERS.push(POWERS[i - 1]! * 10n)
  return POWERS[n]!
}

/** Integer division rounded half away from zero; `divisor` > 0. */
export function divideHalfUp(value: bigint, divisor: bigint): bigint {
  const negative = value < 0n
  const magnitude = negative ? -value : value
  let quotient = magnitude / divisor
  if ((magnitude - quotient * divisor) * 2n >= divisor) quotient += 1n
  return negative ? -quotient : quotient
}

/** The unscaled value at another scale, rounded half away from zero where digits are lost. */
export function rescale(unscaled: bigint, fromScale: number, toScale: number): bigint {
  if (toScale === fromScale) return unscaled
  if (toScale > fromScale) return unscaled * pow10(toScale - fromScale)
  const drop = fromScale - toScale
  // Beyond this many digits less nothing is left, and 10^drop could be astronomically large.
  if (drop > 400 && drop > digitCount(unscaled) + 1) return 0n
  return divideHalfUp(unscaled, pow10(drop))
}

/** Digits of the magnitude; 1 for 0. */
export function digitCount(unscaled: bigint): number {
  return (unscaled < 0n ? -unscaled : unscaled).toString().length
}

/** Whether the unscaled value has at most `precision` digits. */
export function fitsPrecision(unscaled: bigint, precision: number): boolean {
  const limit = pow10(precision)
  return unscaled < limit && unscaled > -limit
}

/** The unscaled value of `d` in `type`, rounded HALF_UP; null when its integer part does not fit. */
export function decimalInType(d: Decimal, type: DecimalType): bigint | null {
  // A huge negative scale would only build a number that overflows anyway.
  if (d.unscaled === 0n) return 0n
  if (digitCount(d.unscaled) - d.scale > MAX_PRECISION + 1) return null
  const unscaled = rescale(d.unscaled, d.scale, type.scale)
  return fitsPrecision(unscaled, type.precision) ? unscaled : null
}

const DECIMAL_TEXT = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d{1,9}))?$/

/** Digits of other scripts as 0–9: each set is a run of ten code points. */
function asciiDigits(text: string): string {
  return text.replace(/\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0)!
    let start = code
    while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start--
    return String((code - start) % 10)
  })
}

/** Reads `12`, `-1.50`, `.5`, `1e-3` exactly, digits of any script, without regard to surrounding blanks; null for anything else. */
export function parseDecimal(text: string): Decimal | null {
  const trimmed = trimAll(text)
  const match = DECIMAL_TEXT.exec(/[\u0660-\uffff]/.test(trimmed) ? asciiDigits(trimmed) : trimmed)
  if (!match) return null
  const whole = match[2] ?? ''
  const fraction = match[3] ?? match[4] ?? ''
  const digits = BigInt(whole + fraction)
  return {
    unscaled: match[1] === '-' ? -digits : digits,
    scale: fraction.length - (match[5] === undefined ? 0 : Number(match[5])),
  }
}

/** Without leading and trailing blanks and ASCII control characters: what Spark's casts trim. */
export function trimAll(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isTrimmed(text.charCodeAt(start))) start++
  while (end > start && isTrimmed(text.charCodeAt(end - 1))) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

const isTrimmed = (code: number): boolean => code <= 0x20 || code === 0x7f

/** All digits of the scale and no exponent: `formatDecimal(150n, 2)` is `1.50`. */
export function formatDecimal(unscaled: bigint, scale: number): string {
  if (scale <= 0) return (scale === 0 ? unscaled : unscaled * pow10(-scale)).toString()
  const negative = unscaled < 0n
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const point = digits.length - scale
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`
}

/** As Java's BigDecimal prints: with an exponent when the first digit is more than six places behind the point. */
export function formatDecimalScientific(unscaled: bigint, scale: number): string {
  const negative = unscaled < 0n
  const digits = (negative ? -unscaled : unscaled).toString()
  const exponent = digits.length - 1 - scale
  if (scale >= 0 && exponent >= -6) return formatDecimal(unscaled, scale)
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`
  return `${negative ? '-' : ''}${mantissa}${exponent === 0 ? '' : `E${exponent > 0 ? '+' : ''}${exponent}`}`
}

/** The decimal of the shortest text of a double (as Spark: 0.1 is 0.1); null for NaN and infinities. */
export function decimalFromNumber(value: number): Decimal | null {
  return Number.isFinite(value) ? parseDecimal(String(value)) : null
}

const EXACT_POWERS = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))

/** The double nearest to the decimal. */
export function decimalToNumber(unscaled: bigint, scale: number): number {
  if (scale >= 0 && scale <= 22 && unscaled <= 9007199254740991n && unscaled >= -9007199254740991n)
    return Number(unscaled) / EXACT_POWERS[scale]!
  return Number(`${unscaled}e${-scale}`)
}

/** The integer part, cut towards zero. */
export const truncateDecimal = (unscaled: bigint, scale: number): bigint => unscaled / pow10(scale)

/** The DECIMAL that holds every value of a numeric type (FLOAT and DOUBLE: Spark's choice); null for other types. */
export function decimalForType(type: DataType): DecimalType | null {
  switch (type.kind) {
    case 'tinyint':
      return decimal(3, 0)
    case 'smallint':
      return decimal(5, 0)
    case 'int':
      return decimal(10, 0)
    case 'bigint':
      return decimal(20, 0)
    case 'float':
      return decimal(14, 7)
    case 'double':
      return decimal(30, 15)
    case 'decimal':
      return type
    default:
      return null
  }
}

/**
 * The tightest DECIMAL of an integer literal next to a decimal operand: `40000` is DECIMAL(5,0). TINYINT literals
 * stay DECIMAL(3,0), as in Spark; null when the type is not integral.
 */
export function literalDecimal(value: number | bigint, type: DataType): DecimalType | null {
  switch (type.kind) {
    case 'smallint':
    case 'int':
    case 'bigint':
      return decimal(digitCount(BigInt(value)), 0)
    case 'tinyint':
      return decimal(3, 0)
    default:
      return null
  }
}

/** The type of a decimal literal: `1.50` is DECIMAL(3,2), `0.001` DECIMAL(3,3); a negative scale is padded with zeros. May exceed 38 digits. */
export function decimalLiteralShape(d: Decimal): {
  readonly unscaled: bigint
  readonly precision: number
  readonly scale: number
} {
  const unscaled = d.scale < 0 ? d.unscaled * pow10(-d.scale) : d.unscaled
  const scale = Math.max(d.scale, 0)
  return { unscaled, scale, precision: Math.max(digitCount(unscaled), scale) }
}

/** Cuts a result type to 38 digits: integer digits are kept, the scale gives way down to 6. */
export function adjustPrecisionScale(precision: number, scale: number): DecimalType {
  if (precision <= MAX_PRECISION) return decimal(precision, scale)
  const whole = precision - scale
  return decimal(MAX_PRECISION, Math.max(MAX_PRECISION - whole, Math.min(scale, MIN_ADJUSTED_SCALE)))
}

/** The smallest DECIMAL that holds both, integer digits first when 38 digits are not enough. */
export function widerDecimal(a: DecimalType, b: DecimalType): DecimalType {
  const scale = Math.max(a.scale, b.scale)
  const precision = Math.max(a.precision - a.scale, b.precision - b.scale) + scale
  if (precision <= MAX_PRECISION) return decimal(precision, scale)
  return decimal(MAX_PRECISION, Math.max(0, scale - (precision - MAX_PRECISION)))
}

/** True when every value of `b` is a value of `a`. */
export const holdsDecimal = (a: DecimalType, b: DecimalType): boolean =>
  a.precision - a.scale >= b.precision - b.scale && a.scale >= b.scale

/** The arithmetic operators on decimals. `div` gives the DECIMAL its quotient has before it becomes BIGINT. */
export type DecimalOp = '+' | '-' | '*' | '/' | '%' | 'pmod' | 'div'

/** The result type of an operator on two decimals (Spark's rules, allowPrecisionLoss on). */
export function decimalResult(op: DecimalOp, a: DecimalType, b: DecimalType): DecimalType {
  const wholeA = a.precision - a.scale
  const wholeB = b.precision - b.scale
  switch (op) {
    case '+':
    case '-': {
      const scale = Math.max(a.scale, b.scale)
      return adjustPrecisionScale(Math.max(wholeA, wholeB) + scale + 1, scale)
    }
    case '*':
      return adjustPrecisionScale(a.precision + b.precision + 1, a.scale + b.scale)
    case '/': {
      const scale = Math.max(MIN_ADJUSTED_SCALE, a.scale + b.precision + 1)
      return adjustPrecisionScale(wholeA + b.scale + scale, scale)
    }
    case '%':
    case 'pmod': {
      const scale = Math.max(a.scale, b.scale)
      return adjustPrecisionScale(Math.min(wholeA, wholeB) + scale, scale)
    }
    case 'div':
      return decimal(Math.min(MAX_PRECISION, Math.max(1, wholeA + b.scale)), 0)
  }
}

/**
 * The operator on unscaled values of types `a` and `b`, giving the unscaled value in `result`, or null when it
 * does not fit. The right side of `/`, `%`, `pmod` and `div` must not be 0: the caller checks.
 */
export function decimalArithmetic(
  op: DecimalOp,
  a: DecimalType,
  b: DecimalType,
  result: DecimalType,
): (x: bigint, y: bigint) => bigint | null {
  const limit = pow10(result.precision)
  const scale = Math.max(a.scale, b.scale)
  const upA = pow10(scale - a.scale)
  const upB = pow10(scale - b.scale)
  const finish = (value: bigint, valueScale: number): bigint | null => {
    const r = rescale(value, valueScale, result.scale)
    return r < limit && r > -limit ? r : null
  }
  switch (op) {
    case '+':
      return (x, y) => finish(x * upA + y * upB, scale)
    case '-':
      return (x, y) => finish(x * upA - y * upB, scale)
    case '*': {
      const productScale = a.scale + b.scale
      if (a.precision + b.precision <= MAX_PRECISION + 1) return (x, y) => finish(x * y, productScale)
      return (x, y) => {
        // A product is first rounded to 39 digits, as Spark does, then to the scale of the result.
        const product = x * y
        const extra = digitCount(product) - (MAX_PRECISION + 1)
        return extra > 0
          ? finish(divideHalfUp(product, pow10(extra)), productScale - extra)
          : finish(product, productScale)
      }
    }
    case '/':
      // A quotient is first rounded at 38 digits behind the point, then to the scale of the result.
      return (x, y) => {
        const shift = MAX_PRECISION + b.scale - a.scale
        const n = y < 0n ? -x : x
        const d = y < 0n ? -y : y
        const quotient = shift >= 0 ? divideHalfUp(n * pow10(shift), d) : divideHalfUp(n, d * pow10(-shift))
        return finish(quotient, MAX_PRECISION)
      }
    case '%':
      return (x, y) => finish((x * upA) % (y * upB), scale)
    case 'pmod':
      return (x, y) => {
        const n = y * upB
        const r = (x * upA) % n
        return finish(r < 0n ? (r + n) % n : r, scale)
      }
    case 'div':
      return (x, y) => finish((x * upA) / (y * upB), 0)
  }
}
