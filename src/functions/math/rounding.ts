import { BIGINT, DOUBLE, INT, decimal, isIntegral, type DataType, type DecimalType } from '../../types/data-type.ts'
import {
  adjustPrecisionScale,
  decimalForType,
  decimalFromNumber,
  decimalToNumber,
  divideHalfUp,
  MAX_PRECISION,
  pow10,
} from '../../types/decimal.ts'
import { implicitCast } from '../../types/coercion.ts'
import { AnalysisError } from '../../errors/errors.ts'
import type { Value } from '../../types/value.ts'
import { arg, scalar, type CallSite, type EvalEnv, type EvalFn, type FunctionEntry, type Resolved } from '../entry.ts'
import { overflow, unexpectedType } from '../faults.ts'
import { divideFloor, divideHalfEven, fitDecimal } from './decimal.ts'
import { checkLong, doubleToLong, wrapInt } from './integers.ts'
import { roundCode, wholeCode, type Direction } from './rounding-code.ts'

const group = 'math'

/** Integer division in one of the four ways of rounding; the divisor is positive. */
type Divide = (n: bigint, d: bigint) => bigint
const divideCeil: Divide = (n, d) => -divideFloor(-n, d)

/** The type of a decimal rounded to `scale` digits behind the point (negative: before it). */
function roundedType(type: DecimalType, scale: number): DecimalType {
  const whole = type.precision - type.scale + 1
  if (scale < 0) return adjustPrecisionScale(Math.max(whole, -scale + 1), 0)
  const s = Math.min(type.scale, scale)
  return decimal(Math.min(whole + s, MAX_PRECISION), s)
}

/** Unscaled value at scale `from` rounded to `scale` digits (may be negative), given at scale `to`. */
function roundUnscaled(value: bigint, from: number, wanted: number, to: number, divide: Divide): bigint {
  // Past the digits a decimal has, every scale rounds alike.
  const scale = Math.max(wanted, -MAX_PRECISION - 1)
  const drop = from - scale
  const rounded = drop > 0 ? divide(value, pow10(drop)) : value
  const at = drop > 0 ? scale : from
  return rounded * pow10(to - at)
}

/** A double rounded in decimal, from its shortest digits. */
function roundDouble(x: number, scale: number, divide: Divide): number {
  const d = decimalFromNumber(x)
  if (d === null || d.scale <= scale) return x
  const drop = d.scale - scale
  if (drop > 400) return 0
  return decimalToNumber(divide(d.unscaled, pow10(drop)), scale)
}

function roundInteger(type: DataType, ansi: boolean, divide: Divide): EvalFn {
  const round = (x: bigint, scale: number): bigint => {
    if (scale >= 0) return x
    const unit = pow10(Math.min(-scale, 40))
    return divide(x, unit) * unit
  }
  if (type.kind === 'bigint')
    return (x: bigint, scale = 0) => (ansi ? checkLong(round(x, scale)) : BigInt.asIntN(64, round(x, scale)))
  return (x: number, scale = 0) => {
    if (scale >= 0) return x
    const r = Number(round(BigInt(x), scale))
    const w = wrapInt(type, Number(BigInt.asIntN(32, BigInt(r))))
    return w !== r && ansi ? overflow('integer') : w
  }
}

function resolveRound(
  fn: string,
  args: readonly DataType[],
  env: EvalEnv,
  constants: readonly (Value | undefined)[],
): Resolved {
  const t = implicitCast(args[0]!, 'NUMERIC', env.ansi) ?? unexpectedType(fn, 1, 'a number', args[0]!)
  if (args.length > 1 && implicitCast(args[1]!, INT, env.ansi) === null) unexpectedType(fn, 2, 'INT', args[1]!)
  const scale = scaleOf(constants, args)
  const type = t.kind === 'decimal' ? roundedType(t, scale ?? 0) : t
  return { args: args.length > 1 ? [t, INT] : [t], type, ...(scale === null ? { nullable: true } : {}) }
}

/** The constant scale; null when it is NULL, 0 when there is none. */
function scaleOf(constants: readonly (Value | undefined)[], args: readonly DataType[]): number | null {
  const type = args[1]
  if (type === undefined) return 0
  const c = constants[1]
  if (c === null || c === undefined) return null
  return Math.trunc(type.kind === 'decimal' ? Number(c) / 10 ** type.scale : Number(c))
}

function bindRound(site: CallSite, divide: Divide): EvalFn {
  const from = site.args[0]!
  if (isIntegral(from)) return roundInteger(from, site.env.ansi, divide)
  if (from.kind === 'decimal') {
    const to = site.type as DecimalType
    return (x: bigint, scale = 0) =>
      fitDecimal(roundUnscaled(x, from.scale, scale, to.scale, divide), to, site.env.ansi)
  }
  if (from.kind === 'float') return (x: number, scale = 0) => Math.fround(roundDouble(x, scale, divide))
  return (x: number, scale = 0) => roundDouble(x, scale, divide)
}

function rounding(
  name: string,
  doc: string,
  sql: string,
  gives: string,
  divide: Divide,
  direction: Direction,
): FunctionEntry {
  return scalar(name, [arg('x', 'NUMERIC'), arg('scale', INT, { optional: true, foldable: true })], undefined, {
    group,
    doc,
    examples: [{ sql, gives }],
    canBeNull: true,
    resolve: (args, env, constants) => resolveRound(name, args, env, constants),
    bind: (site) => bindRound(site, divide),
    codegen: roundCode(direction, (x, scale) => roundDouble(x, scale, divide)),
  })
}

/** With one argument a BIGINT (of a decimal: a decimal without fraction); with a scale always a decimal. */
function resolveWhole(
  fn: string,
  args: readonly DataType[],
  env: EvalEnv,
  constants: readonly (Value | undefined)[],
): Resolved {
  const first = args[0]!
  if (args.length === 1) {
    if (first.kind === 'decimal')
      return { args, type: first.scale === 0 ? first : adjustPrecisionScale(first.precision - first.scale + 1, 0) }
    const t = isIntegral(first)
      ? BIGINT
      : (implicitCast(first, DOUBLE, env.ansi) ?? unexpectedType(fn, 1, 'a number', first))
    return { args: [t], type: BIGINT }
  }
  const t =
    first.kind === 'decimal'
      ? first
      : (decimalForType(first) ?? implicitCast(first, 'DECIMAL', env.ansi) ?? unexpectedType(fn, 1, 'a number', first))
  if (t.kind !== 'decimal')
    throw new AnalysisError('DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE', {
      function: fn,
      position: 1,
      expected: 'a number',
      actual: t.kind,
    })
  return { args: [t, INT], type: roundedType(t, scaleOf(constants, args) ?? 0) }
}

function whole(
  name: string,
  aliases: readonly string[],
  doc: string,
  sql: string,
  gives: string,
  divide: Divide,
  f: (x: number) => number,
): FunctionEntry {
  return scalar(name, [arg('x', 'NUMERIC'), arg('scale', INT, { optional: true, foldable: true })], undefined, {
    group,
    aliases,
    doc,
    examples: [{ sql, gives }],
    canBeNull: true,
    resolve: (args, env, constants) => resolveWhole(name, args, env, constants),
    bind: (site) => {
      const from = site.args[0]!
      if (from.kind === 'decimal') return bindRound(site, divide)
      return from.kind === 'bigint' ? (x: bigint) => x : (x: number) => doubleToLong(f(x))
    },
    codegen: wholeCode(f === Math.ceil ? 'up' : 'down'),
  })
}

/** Rounding in all its forms. */
export const entries: readonly FunctionEntry[] = [
  rounding(
    'round',
    'Rounds `x` to `scale` digits behind the point (negative: before it), ties away from zero.',
    'round(2.345, 2)',
    '2.35',
    divideHalfUp,
    'halfUp',
  ),
  rounding(
    'bround',
    'Rounds `x` to `scale` digits behind the point, ties to the even neighbour.',
    'bround(2.345, 2)',
    '2.34',
    divideHalfEven,
    'halfEven',
  ),
  whole(
    'ceil',
    ['ceiling'],
    'Returns the least whole number (or number of `scale` digits) that is not below `x`.',
    'ceil(2.1)',
    '3',
    divideCeil,
    Math.ceil,
  ),
  whole(
    'floor',
    [],
    'Returns the greatest whole number (or number of `scale` digits) that is not above `x`.',
    'floor(-2.1)',
    '-3',
    divideFloor,
    Math.floor,
  ),
]
