import { AnalysisError, ExecutionError } from '../../errors/errors.ts'
import { decimal, type DecimalType } from '../../types/data-type.ts'
import { pow10 } from '../../types/decimal.ts'

/** A format of to_number and to_char, such as `S$9,999.99`. */
export interface NumberFormat {
  readonly text: string
  /** Digit places before the point, left to right: groups between the commas, each a run of 0 and 9. */
  readonly groups: readonly string[]
  /** Digit places behind the point. */
  readonly fraction: string
  readonly currency: boolean
  readonly sign: 'S' | 'MI' | 'PR' | null
  readonly signAtEnd: boolean
  readonly type: DecimalType
}

/** Reads a number format; another letter or a misplaced one raises INVALID_FORMAT.UNEXPECTED_TOKEN. */
export function numberFormat(text: string): NumberFormat {
  const upper = text.toUpperCase()
  if (text === '') throw new AnalysisError('INVALID_FORMAT.EMPTY', {}, { hint: 'a format looks like S$9,999.99' })
  if ((upper.match(/[.D]/g) ?? []).length > 1)
    throw new AnalysisError('INVALID_FORMAT.WRONG_NUM_TOKEN', { format: text, token: '.' })
  if (!/[09]/.test(upper))
    throw new AnalysisError(
      'INVALID_FORMAT.WRONG_NUM_DIGIT',
      { format: text },
      { hint: 'a format looks like S$9,999.99' },
    )
  const m = /^(MI|S)?(\$)?([09,G]*)(?:[.D]([09]*))?(\$)?(PR|MI|S)?$/.exec(upper)
  const whole = m?.[3] ?? ''
  const digits = whole.replace(/[,G]/g, '')
  const fraction = m?.[4] ?? ''
  const badGroup = /^[,G]|[,G]$|[,G]{2}/.test(whole)
  if (
    m === null ||
    (m[1] && m[6]) ||
    (m[2] && m[5]) ||
    badGroup ||
    digits.length + fraction.length === 0 ||
    digits.length + fraction.length > 38
  ) {
    const token = /[^09,G.D$SMIPR]/.exec(upper)?.[0] ?? text
    throw new AnalysisError(
      'INVALID_FORMAT.UNEXPECTED_TOKEN',
      { token, format: text },
      { hint: 'a format looks like S$9,999.99: [S|MI] [$] digits 0 or 9 with , and . then [S|MI|PR]' },
    )
  }
  return {
    text,
    groups: whole === '' ? [] : whole.split(/[,G]/),
    fraction,
    currency: m[2] !== undefined || m[5] !== undefined,
    sign: ((m[1] ?? m[6]) as NumberFormat['sign']) ?? null,
    signAtEnd: m[6] !== undefined,
    type: decimal(digits.length + fraction.length, fraction.length),
  }
}

/** The unscaled value of `input` in the format's type; null when it does not match. */
export function readNumber(input: string, f: NumberFormat): bigint | null {
  let s = input.trim()
  let negative = false
  const take = (sign: string): boolean => {
    const has = f.signAtEnd ? s.endsWith(sign) : s.startsWith(sign)
    if (has) s = f.signAtEnd ? s.slice(0, -1) : s.slice(1)
    return has
  }
  if (f.sign === 'PR') {
    if (s.startsWith('<') && s.endsWith('>')) {
      negative = true
      s = s.slice(1, -1)
    }
  } else if (f.sign !== null) {
    negative = take('-')
    if (!negative && f.sign === 'S') take('+')
  }
  if (f.currency) {
    if (s.startsWith('$')) s = s.slice(1)
    else if (s.endsWith('$')) s = s.slice(0, -1)
    else return null
  }
  const m = /^([0-9,]*)(?:\.([0-9]*))?$/.exec(s.trim())
  if (m === null) return null
  const whole = m[1]!
  const fraction = m[2] ?? ''
  if (
    whole.replaceAll(',', '') + fraction === '' ||
    fraction.length > f.fraction.length ||
    (m[2] !== undefined && f.fraction === '')
  )
    return null
  const groups = whole === '' ? [] : whole.split(',')
  if (groups.length > f.groups.length) return null
  for (let i = 1; i <= f.groups.length; i++) {
    const place = f.groups.at(-i)!
    const given = groups.at(-i)
    if (given === undefined) {
      if (place.startsWith('0')) return null
      continue
    }
    const leading = i === groups.length
    const exact = place.startsWith('0') || !leading
    if (exact ? given.length !== place.length : given.length > place.length || given.length === 0) return null
  }
  const n = BigInt(groups.join('') + fraction.padEnd(f.fraction.length, '0') || '0')
  return negative ? -n : n
}

/** Reads a number or raises INVALID_FORMAT.MISMATCH_INPUT. */
export function readNumberStrictly(input: string, f: NumberFormat): bigint {
  const n = readNumber(input, f)
  if (n === null)
    throw new ExecutionError(
      'INVALID_FORMAT.MISMATCH_INPUT',
      { value: input, format: f.text },
      { hint: 'try_to_number gives NULL instead' },
    )
  return n
}

/** Writes an unscaled decimal of `scale`; `#` in every place where the digits do not fit. */
export function writeNumber(unscaled: bigint, scale: number, f: NumberFormat): string {
  const negative = unscaled < 0n
  const magnitude = negative ? -unscaled : unscaled
  const unit = pow10(scale)
  let whole = (magnitude / unit).toString()
  let fraction = scale === 0 ? '' : (magnitude % unit).toString().padStart(scale, '0')
  fraction = fraction.replace(/0+$/, '')
  if (whole === '0' && f.groups.every((g) => !g.startsWith('0'))) whole = ''
  const places = f.groups.join('').length
  if (whole.length > places || fraction.length > f.fraction.length || (negative && f.sign === null))
    return f.text.replace(/[09]/g, '#')
  let started = false
  let at = whole.length - places
  let head = ''
  let digits = ''
  f.groups.forEach((group, g) => {
    if (g > 0) {
      if (started) digits += ','
      else head += ' '
    }
    const zeros = group.startsWith('0')
    for (let i = 0; i < group.length; i++, at++) {
      if (at >= 0 || started || zeros) {
        digits += at >= 0 ? whole[at]! : '0'
        started = true
      } else head += ' '
    }
  })
  if (f.fraction !== '') digits += `.${fraction.padEnd(f.fraction.length, '0')}`
  if (f.currency) digits = `$${digits}`
  if (f.sign === 'PR') return negative ? `${head}<${digits}>` : `${head}${digits}`
  if (f.sign === null) return head + digits
  const sign = negative ? '-' : f.sign === 'S' ? '+' : ' '
  return f.signAtEnd ? head + digits + sign : head + sign + digits
}
