import { ExecutionError } from '../../errors/errors.ts'
import { pow10 } from '../../types/decimal.ts'
import { divideHalfEven } from '../math/decimal.ts'
import { exactDecimal } from './java-format.ts'

interface Pattern {
  readonly prefix: string
  readonly suffix: string
  readonly group: number
  readonly leastWhole: number
  readonly leastFraction: number
  readonly mostFraction: number
  readonly percent: number
}

function parse(pattern: string): Pattern {
  const positive = pattern.split(';')[0]!
  const m = /^((?:'[^']*'|[^#0.,'])*)([#0,]*)(?:\.([#0]*))?((?:'[^']*'|[^#0.,'])*)$/.exec(positive)
  if (m === null)
    throw new ExecutionError('INVALID_FORMAT_STRING', {
      format: pattern,
      reason: 'not a pattern of #, 0, comma and point',
    })
  const plain = (s: string): string => s.replace(/'([^']*)'/g, (_, x: string) => (x === '' ? "'" : x))
  const whole = m[2]!
  const fraction = m[3] ?? ''
  const comma = whole.lastIndexOf(',')
  const affix = plain(m[1]!) + plain(m[4]!)
  return {
    prefix: plain(m[1]!),
    suffix: plain(m[4]!),
    group: comma < 0 ? 0 : whole.length - comma - 1,
    leastWhole: (whole.match(/0/g) ?? []).length,
    leastFraction: (fraction.match(/0/g) ?? []).length,
    mostFraction: fraction.length,
    percent: affix.includes('%') ? 2 : affix.includes('\u2030') ? 3 : 0,
  }
}

/** Formats exact decimals by a pattern of java.text.DecimalFormat, ties to even. */
export function decimalPattern(
  pattern: string,
): (x: number | { readonly unscaled: bigint; readonly scale: number }) => string {
  const p = parse(pattern)
  return (x) => {
    if (typeof x === 'number' && Number.isNaN(x)) return 'NaN'
    const negative = typeof x === 'number' ? x < 0 || Object.is(x, -0) : x.unscaled < 0n
    if (typeof x === 'number' && !Number.isFinite(x)) return `${negative ? '-' : ''}${p.prefix}\u221e${p.suffix}`
    const d = typeof x === 'number' ? exactDecimal(x) : x
    const magnitude = d.unscaled < 0n ? -d.unscaled : d.unscaled
    const drop = d.scale - p.mostFraction - p.percent
    const scaled = drop > 0 ? divideHalfEven(magnitude, pow10(drop)) : magnitude * pow10(-drop)
    const digits = scaled.toString().padStart(p.mostFraction + 1, '0')
    let whole = p.mostFraction === 0 ? digits : digits.slice(0, -p.mostFraction)
    let fraction = p.mostFraction === 0 ? '' : digits.slice(-p.mostFraction)
    while (fraction.length > p.leastFraction && fraction.endsWith('0')) fraction = fraction.slice(0, -1)
    whole = whole.replace(/^0+/, '').padStart(p.leastWhole, '0')
    if (whole === '' && fraction === '') whole = '0'
    if (p.group > 0) whole = whole.replace(new RegExp(`\\B(?=(\\d{${p.group}})+$)`, 'g'), ',')
    return `${negative ? '-' : ''}${p.prefix}${whole}${fraction === '' ? '' : `.${fraction}`}${p.suffix}`
  }
}
