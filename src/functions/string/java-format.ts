import { ExecutionError } from '../../errors/errors.ts'
import type { DataType } from '../../types/data-type.ts'
import { textMaker } from '../../types/format.ts'
import type { Value } from '../../types/value.ts'
import { divideHalfUp, pow10 } from '../../types/decimal.ts'

const SPEC = /%(?:(\d+)\$)?([-#+ 0,(<]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g

const fault = (format: string, reason: string): never => {
  throw new ExecutionError('INVALID_FORMAT_STRING', { format, reason })
}

/** The exact decimal digits of a finite double: `unscaled` × 10^-`scale`. */
export function exactDecimal(x: number): { unscaled: bigint; scale: number } {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  const bits = view.getBigUint64(0)
  const exponent = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xfffffffffffffn
  const mantissa = exponent === 0 ? fraction : fraction | (1n << 52n)
  const shift = (exponent === 0 ? 1 : exponent) - 1075
  const unscaled = shift >= 0 ? mantissa << BigInt(shift) : mantissa * 5n ** BigInt(-shift)
  return { unscaled: bits >> 63n ? -unscaled : unscaled, scale: shift >= 0 ? 0 : -shift }
}

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',')

/** The digits of |x| with `places` behind the point, HALF_UP on the shortest text of the double (as Java's Formatter). */
function fixed(x: number, places: number): string {
  const [mantissa, exponent = '0'] = Math.abs(x).toExponential().split('e')
  const [w, f = ''] = mantissa!.split('.')
  const scale = f.length - Number(exponent)
  const unscaled = BigInt(w! + f)
  const at = scale > places ? divideHalfUp(unscaled, pow10(scale - places)) : unscaled * pow10(places - scale)
  const digits = at.toString().padStart(places + 1, '0')
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`
}

function exponential(x: number, places: number): string {
  if (x === 0) return `${fixed(0, places)}e+00`
  let [mantissa, e = '0'] = Math.abs(x).toExponential(Math.min(places, 100)).split('e')
  // toExponential rounds the exact binary value; Java rounds the shortest decimal text.
  const [w, f = ''] = Math.abs(x).toExponential().split('e')[0]!.split('.')
  const digits = BigInt(w! + f)
  if (f.length > places) {
    const r = divideHalfUp(digits, pow10(f.length - places)).toString()
    const carried = r.length > places + 1
    const body = carried ? r.slice(0, -1) : r
    mantissa = places === 0 ? body : `${body.slice(0, 1)}.${body.slice(1)}`
    e = String(Number(Math.abs(x).toExponential().split('e')[1]) + (carried ? 1 : 0))
  }
  const n = Number(e)
  return `${mantissa}e${n < 0 ? '-' : '+'}${String(Math.abs(n)).padStart(2, '0')}`
}

interface Spec {
  readonly flags: string
  readonly width: number
  readonly precision: number | undefined
  readonly conversion: string
}

function pad(text: string, spec: Spec, zeros = false): string {
  if (spec.flags.includes('-')) return text.padEnd(spec.width)
  if (!zeros || !spec.flags.includes('0')) return text.padStart(spec.width)
  const sign = /^[-+ (]?/.exec(text)![0]
  return sign + text.slice(sign.length).padStart(spec.width - sign.length, '0')
}

function signed(digits: string, negative: boolean, flags: string): string {
  if (negative) return flags.includes('(') ? `(${digits})` : `-${digits}`
  return flags.includes('+') ? `+${digits}` : flags.includes(' ') ? ` ${digits}` : digits
}

function grouping(digits: string, flags: string): string {
  if (!flags.includes(',')) return digits
  const [w, f] = digits.split('.')
  return f === undefined ? grouped(w!) : `${grouped(w!)}.${f}`
}

const BITS: Readonly<Record<string, number>> = { tinyint: 8, smallint: 16, int: 32, bigint: 64 }

/** Makes the function that writes one argument of `type` by a conversion of java.util.Formatter. */
function writer(format: string, spec: Spec, type: DataType, timeZone: string): (v: Value) => string {
  const { flags, precision } = spec
  const lower = spec.conversion.toLowerCase()
  const upper = spec.conversion !== lower
  const cased = (s: string): string => (upper ? s.toUpperCase() : s)
  const cut = (s: string): string => (precision === undefined ? s : s.slice(0, precision))
  const mismatch = (): never => fault(format, `%${spec.conversion} does not take ${type.kind}`)
  const plain = textMaker(type, { timeZone, nullText: 'null', binary: 'utf8', scientificDecimals: false })
  const body = ((): ((v: Value) => string) => {
    switch (lower) {
      case 's':
        // Dates and times arrive as the numbers they are kept as.
        return (v) =>
          pad(cased(cut(['date', 'timestamp', 'timestamp_ntz'].includes(type.kind) ? String(v) : plain(v))), spec)
      case 'b':
        return (v) => pad(cased(cut(type.kind === 'boolean' ? String(v) : 'true')), spec)
      case 'h':
        return (v) =>
          pad(
            cased(
              cut(
                (typeof v === 'string'
                  ? [...v].reduce((h, c) => (Math.imul(h, 31) + c.charCodeAt(0)) | 0, 0) >>> 0
                  : Number(v) >>> 0
                ).toString(16),
              ),
            ),
            spec,
          )
      case 'c':
        if (BITS[type.kind] === undefined || type.kind === 'bigint') return mismatch()
        return (v) => pad(cased(String.fromCodePoint(v as number)), spec)
      case 'd':
        if (
          BITS[type.kind] === undefined &&
          type.kind !== 'date' &&
          type.kind !== 'timestamp' &&
          type.kind !== 'timestamp_ntz'
        )
          return mismatch()
        return (v) => {
          const n = BigInt(v as number | bigint)
          return pad(signed(grouping((n < 0n ? -n : n).toString(), flags), n < 0n, flags), spec, true)
        }
      case 'x':
      case 'o': {
        const bits = BITS[type.kind]
        if (bits === undefined) return mismatch()
        return (v) => {
          const digits = BigInt.asUintN(bits, BigInt(v as number | bigint)).toString(lower === 'x' ? 16 : 8)
          return cased(pad(flags.includes('#') ? (lower === 'x' ? `0x${digits}` : `0${digits}`) : digits, spec, true))
        }
      }
      case 'f':
      case 'e':
      case 'g':
        if (type.kind !== 'double' && type.kind !== 'float') return mismatch()
        return (v) => {
          const x = v as number
          const negative = x < 0 || Object.is(x, -0)
          if (Number.isNaN(x)) return pad('NaN', spec)
          if (!Number.isFinite(x)) return pad(signed('Infinity', negative, flags), spec)
          const p = precision ?? 6
          if (lower === 'f') return pad(signed(grouping(fixed(x, p), flags), negative, flags), spec, true)
          if (lower === 'e') return cased(pad(signed(exponential(x, p), negative, flags), spec, true))
          const significant = p === 0 ? 1 : p
          const magnitude = Math.abs(x)
          const general =
            x === 0 || (magnitude >= 1e-4 && magnitude < 10 ** significant)
              ? fixed(x, Math.max(0, significant - (x === 0 ? 1 : Math.floor(Math.log10(magnitude)) + 1)))
              : exponential(x, significant - 1)
          return cased(pad(signed(grouping(general, flags), negative, flags), spec, true))
        }
      default:
        return fault(format, `unknown conversion %${spec.conversion}`)
    }
  })()
  return (v) =>
    v === null ? pad(cased(lower === 'b' ? 'false' : cut('null')), { ...spec, flags: flags.replace('0', '') }) : body(v)
}

/** Compiles a format of java.util.Formatter for arguments of the given types. */
export function javaFormat(
  format: string,
  types: readonly DataType[],
  timeZone: string,
): (args: readonly Value[]) => string {
  const parts: ((args: readonly Value[]) => string)[] = []
  let last = 0
  let next = 0
  let previous = -1
  const text = (s: string): void => {
    if (s.includes('%')) fault(format, 'a % without conversion')
    if (s !== '') parts.push(() => s)
  }
  for (const m of format.matchAll(SPEC)) {
    text(format.slice(last, m.index))
    last = m.index + m[0].length
    const spec: Spec = {
      flags: m[2]!,
      width: m[3] === undefined ? 0 : Number(m[3]),
      precision: m[4] === undefined ? undefined : Number(m[4]),
      conversion: m[5]!,
    }
    if (spec.conversion === '%') parts.push(() => pad('%', spec))
    else if (spec.conversion === 'n') parts.push(() => '\n')
    else {
      const at = m[1] !== undefined ? Number(m[1]) - 1 : spec.flags.includes('<') ? previous : next++
      if (at < 0 || at >= types.length) fault(format, `${m[0]} has no argument`)
      previous = at
      const write = writer(format, spec, types[at]!, timeZone)
      parts.push((args) => write(args[at]!))
    }
  }
  text(format.slice(last))
  return (args) => parts.map((p) => p(args)).join('')
}
