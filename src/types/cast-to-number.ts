import { assert } from '../errors/errors.ts'
import { badInput, castOverflow, outOfRange, strict, tooManyDigits, type Cast, type CastSite } from './cast-site.ts'
import type { DataType, DecimalType } from './data-type.ts'
import {
  decimalFromNumber,
  decimalInType,
  digitCount,
  decimalToNumber,
  parseDecimal,
  truncateDecimal,
  MAX_PRECISION,
  type Decimal,
} from './decimal.ts'
import { UNIT_US } from './intervals.ts'
import { parseDouble, parseFloat32, parseInteger } from './number-text.ts'
import { floorDiv, US_PER_SECOND } from './time.ts'

const INTEGER_BITS: Readonly<Record<string, number>> = { tinyint: 8, smallint: 16, int: 32, bigint: 64 }

/** Casts to TINYINT … BIGINT, FLOAT, DOUBLE and DECIMAL. */
export function toNumberCaster(from: DataType, to: DataType, given: CastSite): Cast {
  const site = from.kind === 'interval_dt' || from.kind === 'interval_ym' ? strict(given) : given
  if (to.kind === 'decimal') return toDecimal(from, to, site)
  if (to.kind === 'float' || to.kind === 'double') return toFloating(from, to, site)
  return toInteger(from, to, site)
}

function toInteger(from: DataType, to: DataType, site: CastSite): Cast {
  const bits = INTEGER_BITS[to.kind]!
  const max = (1n << BigInt(bits - 1)) - 1n
  const min = -max - 1n
  const big = to.kind === 'bigint'
  const out: (x: bigint) => bigint | number = big ? (x) => x : Number
  /** Out of range: an error, NULL in `try` mode, the low bits in `legacy` mode. */
  const fit = (x: bigint, v: Parameters<Cast>[0]): bigint | number | null => {
    if (x >= min && x <= max) return out(x)
    // A timestamp that does not fit is NULL where numbers wrap.
    return site.legacy && from.kind !== 'timestamp' ? out(BigInt.asIntN(bits, x)) : castOverflow(v, from, to, site)
  }
  switch (from.kind) {
    case 'boolean':
      return big ? (v) => (v ? 1n : 0n) : (v) => (v ? 1 : 0)
    case 'string':
      return (v) => {
        const x = parseInteger(v as string, min, max, site.legacy)
        return x === null ? badInput(v, from, to, site) : out(x)
      }
    case 'tinyint':
    case 'smallint':
    case 'int': {
      if (big) return (v) => BigInt(v as number)
      const low = Number(min)
      const high = Number(max)
      return (v) => ((v as number) >= low && (v as number) <= high ? v : fit(BigInt(v as number), v))
    }
    case 'bigint':
      return (v) => fit(v as bigint, v)
    case 'float':
    case 'double':
      return site.legacy
        ? saturating(bits, min, max, out)
        : (v) => {
            const x = v as number
            // As Java: the cut-off value must be in range; 2^63 itself passes and becomes the greatest BIGINT.
            if (!(Math.floor(x) <= Number(max) && Math.ceil(x) >= Number(min))) return castOverflow(v, from, to, site)
            const whole = BigInt(Math.trunc(x))
            return out(whole > max ? max : whole)
          }
    case 'decimal':
      return (v) => fit(truncateDecimal(v as bigint, from.scale), v)
    case 'timestamp':
      return (v) => fit(floorDiv(v as bigint, US_PER_SECOND), v)
    case 'date':
      return () => null
    case 'interval_dt': {
      const unit = UNIT_US[from.end]
      return (v) => fit((v as bigint) / unit, v)
    }
    case 'interval_ym': {
      const unit = from.end === 'year' ? 12 : 1
      return (v) => fit(BigInt(Math.trunc((v as number) / unit)), v)
    }
    default:
      assert(false, `cast from ${from.kind} to ${to.kind}`)
  }
}

/** Java's narrowing of doubles: NaN is 0, beyond INT or BIGINT the nearest bound, then the low bits. */
function saturating(bits: number, min: bigint, max: bigint, out: (x: bigint) => bigint | number): Cast {
  const wide = bits === 64 ? { min, max } : { min: -2147483648n, max: 2147483647n }
  return (v) => {
    const x = v as number
    if (Number.isNaN(x)) return out(0n)
    if (x >= Number(wide.max)) return out(BigInt.asIntN(bits, wide.max))
    if (x <= Number(wide.min)) return out(BigInt.asIntN(bits, wide.min))
    return out(BigInt.asIntN(bits, BigInt(Math.trunc(x))))
  }
}

function toFloating(from: DataType, to: DataType, site: CastSite): Cast {
  const round: (x: number) => number = to.kind === 'float' ? Math.fround : (x) => x
  switch (from.kind) {
    case 'boolean':
      return (v) => (v ? 1 : 0)
    case 'string': {
      const parse = to.kind === 'float' ? parseFloat32 : parseDouble
      return (v) => parse(v as string) ?? badInput(v, from, to, site)
    }
    case 'decimal':
      return (v) => round(decimalToNumber(v as bigint, from.scale))
    case 'timestamp':
      return (v) => round(Number(v as bigint) / 1e6)
    case 'date':
      return () => null
    case 'bigint':
      return (v) => round(Number(v as bigint))
    default:
      return (v) => round(v as number)
  }
}

function toDecimal(from: DataType, to: DecimalType, site: CastSite): Cast {
  const fit = (d: Decimal, v: Parameters<Cast>[0]): bigint | null => {
    const unscaled = decimalInType(d, to)
    return unscaled === null ? outOfRange(v, from, to, site) : unscaled
  }
  switch (from.kind) {
    case 'boolean':
      return (v) => fit({ unscaled: v ? 1n : 0n, scale: 0 }, v)
    case 'string':
      return (v) => {
        const d = parseDecimal(v as string)
        if (d === null) return badInput(v, from, to, site)
        return digitCount(d.unscaled) - d.scale > MAX_PRECISION && d.unscaled !== 0n
          ? tooManyDigits(v, from, site)
          : fit(d, v)
      }
    case 'decimal':
      return (v) => fit({ unscaled: v as bigint, scale: from.scale }, v)
    case 'float':
    case 'double':
      return (v) => {
        const d = decimalFromNumber(v as number)
        // NaN and infinities are NULL in every mode.
        return d === null ? null : fit(d, v)
      }
    case 'timestamp':
      // Through DOUBLE, as Spark: 1970-01-01 00:00:00.1 is 0.1.
      return (v) => fit(decimalFromNumber(Number(v as bigint) / 1e6)!, v)
    case 'date':
      return () => null
    case 'interval_dt': {
      if (from.end === 'second') return (v) => fit({ unscaled: v as bigint, scale: 6 }, v)
      const unit = UNIT_US[from.end]
      return (v) => fit({ unscaled: (v as bigint) / unit, scale: 0 }, v)
    }
    case 'interval_ym': {
      const unit = from.end === 'year' ? 12 : 1
      return (v) => fit({ unscaled: BigInt(Math.trunc((v as number) / unit)), scale: 0 }, v)
    }
    default:
      return (v) => fit({ unscaled: BigInt(v as number | bigint), scale: 0 }, v)
  }
}
