import type { DataType, DecimalType } from '../../types/data-type.ts'
import { decimalArithmetic, pow10, type DecimalOp } from '../../types/decimal.ts'
import type { Codegen, CodegenSite, EvalFn } from '../entry.ts'
import { decimalOutOfRange, divideByZero, overflow, remainderByZero } from '../faults.ts'
import { checkInt, checkLong, checkNarrow, wrapInt } from './integers.ts'

/**
 * `+ - * / % div` and `pmod` on numbers whose operands already have their common type. `ansi`: overflow and
 * a zero divisor raise; without it integers wrap, decimals and divisions give NULL.
 */
export function arithmetic(op: string, args: readonly DataType[], type: DataType, ansi: boolean): EvalFn {
  const left = args[0]!
  if (op === 'div') return integralDivide(args, ansi)
  if (left.kind === 'decimal') return decimalOp(op, left, args[1] as DecimalType, type as DecimalType, ansi)
  switch (type.kind) {
    case 'tinyint':
    case 'smallint':
    case 'int':
      return int32Op(op, type.kind, ansi)
    case 'bigint':
      return int64Op(op, ansi)
    case 'float':
      return floatOp(op, Math.fround, ansi)
    default:
      return floatOp(op, (x) => x, ansi)
  }
}

function decimalOp(op: string, l: DecimalType, r: DecimalType, out: DecimalType, ansi: boolean): EvalFn {
  const kernel = decimalArithmetic(op as DecimalOp, l, r, out)
  const divides = op === '/' || op === '%' || op === 'pmod'
  const zero = op === '/' ? divideByZero : remainderByZero
  return (a: bigint, b: bigint) => {
    if (divides && b === 0n) return ansi ? zero() : null
    const x = kernel(a, b)
    return x === null && ansi ? decimalOutOfRange(a, out) : x
  }
}

function int32Op(op: string, kind: 'tinyint' | 'smallint' | 'int', ansi: boolean): EvalFn {
  const type = { kind } as const
  const fit =
    kind === 'int'
      ? (_a: number, _b: number, x: number): number => (ansi ? checkInt(x) : x | 0)
      : (a: number, b: number, x: number): number => (ansi ? checkNarrow(kind, op, a, b, x) : wrapInt(type, x))
  switch (op) {
    case '+':
      return (a: number, b: number) => fit(a, b, a + b)
    case '-':
      return (a: number, b: number) => fit(a, b, a - b)
    case '*':
      return ansi
        ? (a: number, b: number) => fit(a, b, a * b)
        : (a: number, b: number) => wrapInt(type, Math.imul(a, b))
    case '%':
      return (a: number, b: number) => (b === 0 ? (ansi ? remainderByZero() : null) : (a % b) + 0)
    default:
      return (a: number, b: number) => {
        if (b === 0) return ansi ? remainderByZero() : null
        const r = a % b
        return (r < 0 ? (r + b) % b : r) + 0
      }
  }
}

function int64Op(op: string, ansi: boolean): EvalFn {
  const fit = ansi ? checkLong : (x: bigint): bigint => BigInt.asIntN(64, x)
  switch (op) {
    case '+':
      return (a: bigint, b: bigint) => fit(a + b)
    case '-':
      return (a: bigint, b: bigint) => fit(a - b)
    case '*':
      return (a: bigint, b: bigint) => fit(a * b)
    case '%':
      return (a: bigint, b: bigint) => (b === 0n ? (ansi ? remainderByZero() : null) : a % b)
    default:
      return (a: bigint, b: bigint) => {
        if (b === 0n) return ansi ? remainderByZero() : null
        const r = a % b
        return r < 0n ? (r + b) % b : r
      }
  }
}

function floatOp(op: string, round: (x: number) => number, ansi: boolean): EvalFn {
  switch (op) {
    case '+':
      return (a: number, b: number) => round(a + b)
    case '-':
      return (a: number, b: number) => round(a - b)
    case '*':
      return (a: number, b: number) => round(a * b)
    case '/':
      return (a: number, b: number) => (b === 0 ? (ansi ? divideByZero() : null) : round(a / b))
    case '%':
      return (a: number, b: number) => (b === 0 ? (ansi ? remainderByZero() : null) : round(a % b))
    default:
      return (a: number, b: number) => {
        if (b === 0) return ansi ? remainderByZero() : null
        const r = round(a % b)
        return r < 0 ? round(round(r + b) % b) : r
      }
  }
}

function integralDivide(args: readonly DataType[], ansi: boolean): EvalFn {
  const [l, r] = args as [DataType, DataType]
  if (l.kind === 'decimal') {
    const scale = Math.max(l.scale, (r as DecimalType).scale)
    const lUp = pow10(scale - l.scale)
    const rUp = pow10(scale - (r as DecimalType).scale)
    return (a: bigint, b: bigint) => {
      if (b === 0n) return ansi ? divideByZero() : null
      const q = (a * lUp) / (b * rUp)
      return ansi ? checkLong(q) : BigInt.asIntN(64, q)
    }
  }
  if (l.kind === 'interval_ym')
    return (a: number, b: number) => (b === 0 ? (ansi ? divideByZero() : null) : BigInt(Math.trunc(a / b)))
  return (a: bigint, b: bigint) => {
    if (b === 0n) return ansi ? divideByZero() : null
    const q = a / b
    // The one quotient that does not fit: the least BIGINT by -1.
    return q === 9223372036854775808n ? (ansi ? overflow('long') : BigInt.asIntN(64, q)) : q
  }
}

const is64 = (t: DataType): boolean => t.kind === 'bigint' || (t.kind === 'decimal' && t.precision <= 18)

/** JavaScript for `+ - * / % div` on the types that fit typed arrays; see Codegen. */
export function arithmeticCodegen(op: string): Codegen {
  return ([a, b], site) => {
    const [l, r] = site.args as [DataType, DataType]
    if (l.kind === 'decimal') return decimalCode(op, a!, b!, l, r as DecimalType, site)
    switch (l.kind) {
      case 'tinyint':
      case 'smallint':
      case 'int':
        return l.kind === r.kind ? int32Code(op, a!, b!, l.kind, site) : null
      case 'bigint':
        return r.kind === 'bigint' ? int64Code(op, a!, b!, site) : null
      case 'float':
      case 'double':
        return l.kind === r.kind ? floatCode(op, a!, b!, l.kind, site) : null
      default:
        return null
    }
  }
}

/** A constant divisor that is not zero; then no row can fail or give NULL. */
const safeDivisor = (site: CodegenSite): boolean => {
  const c = site.constants[1]
  return (typeof c === 'number' && c !== 0) || (typeof c === 'bigint' && c !== 0n)
}

function int32Code(
  op: string,
  a: string,
  b: string,
  kind: 'tinyint' | 'smallint' | 'int',
  site: CodegenSite,
): string | null {
  const ansi = site.env.ansi
  if (op === '%')
    return safeDivisor(site) ? `(${a} % ${b} + 0)` : ansi ? `${site.constant(remainderInt)}(${a}, ${b})` : null
  if (op !== '+' && op !== '-' && op !== '*') return null
  if (kind === 'int') {
    if (ansi) return `${site.constant(checkInt)}(${a} ${op} ${b})`
    return op === '*' ? `Math.imul(${a}, ${b})` : `((${a} ${op} ${b}) | 0)`
  }
  if (ansi) return `${site.constant(checkNarrow)}('${kind}', '${op}', ${a}, ${b}, ${a} ${op} ${b})`
  const shift = kind === 'tinyint' ? 24 : 16
  return `(((${a} ${op} ${b}) << ${shift}) >> ${shift})`
}

function int64Code(op: string, a: string, b: string, site: CodegenSite): string | null {
  const ansi = site.env.ansi
  const narrow = site.int64 === 'narrow'
  if (op === '%') {
    if (narrow)
      return safeDivisor(site) ? `(${a} % ${b} + 0)` : ansi ? `${site.constant(remainderInt)}(${a}, ${b})` : null
    return safeDivisor(site) ? `(${a} % ${b})` : ansi ? `${site.constant(remainderLong)}(${a}, ${b})` : null
  }
  if (op === 'div') {
    if (!safeDivisor(site)) return null
    if (narrow) return `((${a} - ${a} % ${b}) / ${b} + 0)`
    return site.constants[1] === -1n ? null : `(${a} / ${b})`
  }
  if (op !== '+' && op !== '-' && op !== '*') return null
  if (narrow) return `rt.n53(${a} ${op} ${b} + 0)`
  return ansi ? `rt.i64(${a} ${op} ${b})` : `BigInt.asIntN(64, ${a} ${op} ${b})`
}

function floatCode(op: string, a: string, b: string, kind: 'float' | 'double', site: CodegenSite): string | null {
  const round = (e: string): string => (kind === 'float' ? `Math.fround(${e})` : `(${e})`)
  if (op === '+' || op === '-' || op === '*') return round(`${a} ${op} ${b}`)
  if (op !== '/' && op !== '%') return null
  if (safeDivisor(site)) return round(`${a} ${op} ${b}`)
  if (!site.env.ansi) return null
  return round(`${site.constant(op === '/' ? divideDouble : remainderDouble)}(${a}, ${b})`)
}

function decimalCode(
  op: string,
  a: string,
  b: string,
  l: DecimalType,
  r: DecimalType,
  site: CodegenSite,
): string | null {
  const out = site.type as DecimalType
  const narrow = site.int64 === 'narrow'
  // With 18 digits or less the result type has room for every result, with more it has for every narrow one: no
  // precision check is needed. A result of 38 digits may have lost digits of its scale, which takes rounding.
  if (!narrow && !(is64(l) && is64(r) && is64(out))) return null
  if (out.scale !== (op === '*' ? l.scale + r.scale : Math.max(l.scale, r.scale))) return null
  if (op === '*') return narrow ? `rt.n53(${a} * ${b} + 0)` : `(${a} * ${b})`
  if (op !== '+' && op !== '-') return null
  const scale = Math.max(l.scale, r.scale)
  const up = (x: string, from: number): string => {
    if (from === scale) return x
    const factor = pow10(scale - from).toString()
    return narrow ? `rt.n53(${x} * ${factor})` : `(${x} * ${factor}n)`
  }
  const sum = `${up(a, l.scale)} ${op} ${up(b, r.scale)}`
  return narrow ? `rt.n53(${sum} + 0)` : `(${sum})`
}

function remainderInt(a: number, b: number): number {
  return b === 0 ? remainderByZero() : (a % b) + 0
}
function remainderLong(a: bigint, b: bigint): bigint {
  return b === 0n ? remainderByZero() : a % b
}
function divideDouble(a: number, b: number): number {
  return b === 0 ? divideByZero() : a / b
}
function remainderDouble(a: number, b: number): number {
  return b === 0 ? remainderByZero() : a % b
}
