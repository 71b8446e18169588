import type { DataType } from '../types/data-type.ts'
import type { CastExpr } from './bound.ts'
import type { Codegen } from './codegen.ts'
import { formOf, type Reg } from './emitter.ts'

/**
 * A fast way for most inputs: `code` where `when` holds (null: always); the caster of types/ does the rest, so
 * that errors, NULLs and wrapping are its alone.
 */
interface FastCast {
  readonly when: string | null
  readonly code: string
}

/** A cast; NULL stays NULL. */
export function castCode(gen: Codegen, e: CastExpr): Reg {
  const arg = gen.expr(e.arg)
  if (arg.n === 'true') return gen.literal(null, e.type)
  const fast = fastCast(e.arg.type, e.type, arg.v, gen.int64 === 'narrow')
  const { out } = gen
  if (fast !== null && fast.when === null) {
    if (arg.n === null || formOf(e.type) !== 'i64' || gen.int64 === 'narrow') {
      const v = out.name('v')
      out.line(`const ${v} = ${fast.code};`)
      return { type: e.type, form: formOf(e.type), v, n: arg.n }
    }
  }
  const result = gen.declare(e.type)
  out.open(arg.n === null ? '' : `if (!${arg.n})`)
  if (fast !== null && fast.when === null) out.line(`${result.v} = ${fast.code}; ${result.n} = false;`)
  else {
    const cast = out.constant(gen.bindings.caster(e))
    const t = out.name('x')
    const slow = (): void => {
      out.line(`const ${t} = ${cast}(${gen.valueOf({ ...arg, n: null })});`)
      gen.assignValue(result, t)
    }
    if (fast === null) {
      gen.bindings.fallbacks.set(gen.bindings.keys.of(e), `cast ${e.arg.type.kind} to ${e.type.kind}`)
      slow()
    } else {
      out.line(`if (${fast.when}) { ${result.v} = ${fast.code}; ${result.n} = false; } else {`)
      slow()
      out.line('}')
    }
  }
  out.close()
  return result
}

const INT_RANGE: Readonly<Record<string, readonly [number, number]>> = {
  tinyint: [-128, 127],
  smallint: [-32768, 32767],
  int: [-2147483648, 2147483647],
}

const isInt32 = (t: DataType): boolean => t.kind in INT_RANGE

function fastCast(from: DataType, to: DataType, v: string, narrow: boolean): FastCast | null {
  const always = (code: string): FastCast => ({ when: null, code })
  if (from.kind === to.kind && from.kind !== 'decimal' && formOf(from) !== 'value' && formOf(from) !== 'str')
    return always(v)
  if (from.kind === 'boolean') {
    if (isInt32(to)) return always(`${v} ? 1 : 0`)
    if (to.kind === 'bigint') return always(narrow ? `${v} ? 1 : 0` : `${v} ? 1n : 0n`)
    if (to.kind === 'double' || to.kind === 'float') return always(`${v} ? 1 : 0`)
    if (to.kind === 'string') return always(`${v} ? 'true' : 'false'`)
    return null
  }
  if (isInt32(from)) return fromInt(from, to, v, narrow)
  if (from.kind === 'bigint') return narrow ? fromNarrowLong(to, v) : fromWideLong(to, v)
  if (from.kind === 'float' || from.kind === 'double') return fromFloat(to, v, narrow)
  if (from.kind === 'decimal' && narrow) return fromNarrowDecimal(from, to, v)
  return null
}

function fromInt(from: DataType, to: DataType, v: string, narrow: boolean): FastCast | null {
  if (isInt32(to)) {
    const [low, high] = INT_RANGE[to.kind]!
    return INT_RANGE[from.kind]![1] <= high
      ? { when: null, code: v }
      : { when: `${v} >= ${low} && ${v} <= ${high}`, code: v }
  }
  switch (to.kind) {
    case 'bigint':
      return { when: null, code: narrow ? v : `BigInt(${v})` }
    case 'double':
      return { when: null, code: `${v} + 0` }
    case 'float':
      return { when: null, code: `Math.fround(${v} + 0)` }
    case 'boolean':
      return { when: null, code: `${v} !== 0` }
    case 'string':
      return { when: null, code: `'' + ${v}` }
    case 'decimal':
      return narrow ? scaled(v, to.precision, to.scale) : null
    default:
      return null
  }
}

function fromNarrowLong(to: DataType, v: string): FastCast | null {
  if (isInt32(to)) {
    const [low, high] = INT_RANGE[to.kind]!
    return { when: `${v} >= ${low} && ${v} <= ${high}`, code: v }
  }
  switch (to.kind) {
    case 'double':
      return { when: null, code: `${v} + 0` }
    case 'float':
      return { when: null, code: `Math.fround(${v} + 0)` }
    case 'boolean':
      return { when: null, code: `${v} !== 0` }
    case 'string':
      return { when: null, code: `'' + ${v}` }
    case 'decimal':
      return scaled(v, to.precision, to.scale)
    default:
      return null
  }
}

/** Any BIGINT has room in a DECIMAL of 19 whole digits. */
function fromWideLong(to: DataType, v: string): FastCast | null {
  if (to.kind !== 'decimal' || to.precision - to.scale < 19) return null
  return { when: null, code: to.scale === 0 ? v : `(${v} * ${10n ** BigInt(to.scale)}n)` }
}

/** A whole number as a narrow decimal: exact where both the value and the result are within the type and 2^53. */
function scaled(v: string, precision: number, scale: number): FastCast | null {
  // 2^53 has 16 digits: with as many in front of the point there is nothing to check but that.
  if (precision - scale >= 16) return { when: null, code: scale === 0 ? v : `rt.n53(${v} * 1e${scale})` }
  if (scale > 15) return null
  const limit = Math.min(10 ** Math.min(precision, 15), 2 ** 53 - 1)
  const bound = Math.floor((limit - 1) / 10 ** scale)
  return { when: `${v} >= ${-bound} && ${v} <= ${bound}`, code: `${v} * ${10 ** scale}` }
}

function fromFloat(to: DataType, v: string, narrow: boolean): FastCast | null {
  if (to.kind === 'int') return { when: `${v} > -2147483649 && ${v} < 2147483648`, code: `Math.trunc(${v}) + 0` }
  switch (to.kind) {
    case 'double':
      return { when: null, code: v }
    case 'float':
      return { when: null, code: `Math.fround(${v})` }
    case 'bigint':
      return narrow
        ? { when: `${v} > -9007199254740992 && ${v} < 9007199254740992`, code: `Math.trunc(${v}) + 0` }
        : null
    default:
      return null
  }
}

/** Narrow decimals: the unscaled value and the power of ten are exact doubles, so one division rounds once. */
function fromNarrowDecimal(from: DataType & { kind: 'decimal' }, to: DataType, v: string): FastCast | null {
  switch (to.kind) {
    case 'double':
      return from.scale > 22 ? null : { when: null, code: `(${v} + 0) / ${10 ** from.scale}` }
    case 'boolean':
      return { when: null, code: `${v} !== 0` }
    case 'decimal': {
      if (to.scale < from.scale || to.precision - to.scale < from.precision - from.scale) return null
      return to.scale === from.scale
        ? { when: null, code: v }
        : { when: null, code: `rt.n53(${v} * ${10 ** (to.scale - from.scale)})` }
    }
    default:
      return null
  }
}
