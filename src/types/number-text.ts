import { divideHalfUp, pow10, trimAll } from './decimal.ts'

/** A DOUBLE as Java 17 prints it: `1.0`, `1.0E10`, `1.0E-5`, `NaN`, `-Infinity`, `-0.0`; nearly always the shortest digits that read back the same. */
export const formatDouble = (value: number): string => javaText(value, String(Math.abs(value)), DOUBLE_BITS)

/** A FLOAT as Java 17 prints it: nearly always the shortest digits that read back as the same float. */
export const formatFloat = (value: number): string => javaText(value, shortestFloat(Math.abs(value)), FLOAT_BITS)

const DOUBLE_BITS = { mantissa: 53, least: -1074 }
const FLOAT_BITS = { mantissa: 24, least: -149 }

function javaText(value: number, shortest: string, bits: typeof DOUBLE_BITS): string {
  if (Number.isNaN(value)) return 'NaN'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  if (!Number.isFinite(value)) return `${sign}Infinity`
  if (value === 0) return `${sign}0.0`
  const magnitude = Math.abs(value)
  if (magnitude >= 1e-3 && magnitude < 1e7) return `${sign}${shortest}${shortest.includes('.') ? '' : '.0'}`
  const { digits, exponent } = javaDigits(magnitude, shortest, bits)
  return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent}`
}

/**
 * The digits Java shows with an exponent. They are the shortest that read back the same, with three exceptions: whole
 * numbers below 2^63 keep all digits above the weight of their last bit; powers of two take a margin of a quarter of that weight
 * instead of a half; and one digit is made the nearest two. (Java 17 also prints some numbers above 10^20 with needless digits, 2.0E23
 * as 1.9999999999999998E23; that is not followed.)
 */
function javaDigits(
  magnitude: number,
  shortest: string,
  bits: typeof DOUBLE_BITS,
): { digits: string; exponent: number } {
  if (magnitude >= 2 ** bits.mantissa && magnitude < 2 ** 63) {
    const whole = BigInt(magnitude)
    const spare = whole.toString(2).length - 1 - bits.mantissa - 1
    const drop = spare > 1 ? Math.floor(spare * Math.LOG10E * Math.LN2) : 0
    const kept = divideHalfUp(whole, pow10(drop)).toString()
    return { digits: kept.replace(/0+$/, ''), exponent: kept.length - 1 + drop }
  }
  const power = Math.round(Math.log2(magnitude))
  if (2 ** power === magnitude)
    for (let count = 2; count < 20; count++) {
      const text = bits === FLOAT_BITS ? nearestDigits(magnitude, count) : magnitude.toExponential(count - 1)
      const weight = Math.max(power - bits.mantissa + 1, bits.least)
      if (isWithin(text, power, weight - 2)) return scientific(text)
    }
  const found = scientific(shortest)
  return found.digits.length > 1 ? found : scientific(magnitude.toExponential(1))
}

/** Whether the decimal text is nearer to 2^power than 2^margin. */
function isWithin(text: string, power: number, margin: number): boolean {
  const [mantissa, e] = text.split('e') as [string, string]
  const fraction = mantissa.length - mantissa.indexOf('.') - 1
  const ten = Number(e) - fraction
  // All three times 2^-margin and 10^-ten, so that they are whole.
  const twos = -margin
  const up = ten < 0 ? pow10(-ten) : 1n
  const shown = BigInt(mantissa.replace('.', '')) * (ten > 0 ? pow10(ten) : 1n)
  const scale = (x: bigint, shift: number): bigint => (shift >= 0 ? x << BigInt(shift) : x >> BigInt(-shift))
  const base = Math.max(0, -twos)
  const distance = scale(shown, twos + base) - scale(up, power + twos + base)
  return (distance < 0n ? -distance : distance) < scale(up, base)
}

/** Digits without leading or trailing zeros, and the power of ten of the first one. */
function scientific(text: string): { digits: string; exponent: number } {
  const [mantissa, e] = text.split('e') as [string, string?]
  const [whole, fraction = ''] = mantissa.split('.') as [string, string?]
  const all = whole + fraction
  const lead = /^0*/.exec(all)![0].length
  return {
    digits: all.slice(lead).replace(/0+$/, ''),
    exponent: whole.length - 1 - lead + (e === undefined ? 0 : Number(e)),
  }
}

/** Plain or exponent text of the shortest decimal that rounds to this float; `value` ≥ 0 and a float. */
function shortestFloat(value: number): string {
  if (!Number.isFinite(value) || (Number.isInteger(value) && value < 1e7)) return String(value)
  for (let count = 1; count < 9; count++) {
    const text = nearestDigits(value, count)
    if (Math.fround(Number(text)) === value) return String(Number(text))
  }
  return String(Number(nearestDigits(value, 9)))
}

/** `count` digits of a float in exponent form, nearest to the value; half-way the even digit, as Java takes (JavaScript takes the upper). */
function nearestDigits(value: number, count: number): string {
  const text = value.toExponential(count - 1)
  const more = value.toExponential(count)
  if (Number(more) !== value || !/5e/.test(more)) return text
  return text.replace(/[13579](?=e)/, (odd) => String(Number(odd) - 1))
}

/**
 * Reads a DOUBLE as CAST does: Java's forms (`1.5`, `.5`, `5.`, `1e-3`, a `d` or `f` behind, hexadecimal with `p`), and
 * `inf`, `infinity`, `nan` in any case; null for anything else.
 */
export function parseDouble(text: string): number | null {
  const s = trimAll(text)
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?$/.test(s)) return Number(s.replace(/[dDfF]$/, ''))
  const word = /^([+-]?)(?:inf|infinity)$/i.exec(s)
  if (word) return word[1] === '-' ? -Infinity : Infinity
  if (/^nan$/i.test(s) || /^[+-]NaN$/.test(s)) return NaN
  const hex = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)[dDfF]?$/.exec(s)
  if (!hex || hex[2]! + hex[3]! === '') return null
  const magnitude = Number(BigInt(`0x${hex[2]}${hex[3]}`)) * 2 ** (Number(hex[4]) - 4 * hex[3]!.length)
  return hex[1] === '-' ? -magnitude : magnitude
}

/** Reads a FLOAT; as `parseDouble`, rounded to a float. */
export function parseFloat32(text: string): number | null {
  const value = parseDouble(text)
  return value === null ? null : Math.fround(value)
}

const INTEGER = /^([+-]?)(\d+)$/
const LENIENT = /^([+-]?)(\d*)(?:\.\d*)?$/

/**
 * Reads an integer within [min, max]: digits with an optional sign, blanks around. With `allowFraction` (casts without
 * ANSI) a fraction may follow and is cut off. Null for anything else.
 */
export function parseInteger(text: string, min: bigint, max: bigint, allowFraction: boolean): bigint | null {
  const m = (allowFraction ? LENIENT : INTEGER).exec(trimAll(text))
  if (!m || m[0] === '' || m[0] === m[1]) return null
  const digits = m[2]!
  if (digits.length > 40 && !digits.startsWith('0')) return null
  const value = m[1] === '-' ? -BigInt(digits || '0') : BigInt(digits || '0')
  return value >= min && value <= max ? value : null
}
