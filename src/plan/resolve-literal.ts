import { AnalysisError, MillraceError, ParseError, UnsupportedError } from '../errors/errors.ts'
import type { ExprEnv } from '../expr/env.ts'
import type { AstExpr, AstInterval, AstLiteral } from '../sql/ast.ts'
import { caster } from '../types/cast.ts'
import {
  BIGINT,
  BINARY,
  BOOLEAN,
  CALENDAR_INTERVAL,
  DATE,
  dayTimeInterval,
  decimal,
  DOUBLE,
  FLOAT,
  INT,
  SMALLINT,
  STRING,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  TINYINT,
  VOID,
  yearMonthInterval,
  type DataType,
} from '../types/data-type.ts'
import { formatDecimalScientific } from '../types/decimal.ts'
import { formatValue } from '../types/format.ts'
import { intervalOfParts, intervalParts, literalOfParts, literalOfRange } from '../types/intervals.ts'
import type { Value } from '../types/value.ts'
import { at } from './locate.ts'
import { literal, type Term } from './term.ts'

/** What literals depend on besides their text. */
export interface LiteralContext {
  readonly env: ExprEnv
  /** `spark.sql.timestampType` is TIMESTAMP_NTZ. */
  readonly timestampNtz: boolean
  /** `spark.sql.legacy.interval.enabled`: months beside days are a literal of the calendar interval. */
  readonly calendarIntervals: boolean
}

const INTEGERS = {
  tinyint: { type: TINYINT, bits: 8 },
  smallint: { type: SMALLINT, bits: 16 },
  int: { type: INT, bits: 32 },
  bigint: { type: BIGINT, bits: 64 },
} as const

const fits = (value: bigint, bits: number): boolean => BigInt.asIntN(bits, value) === value

/** The constant a literal stands for; `negative` for a minus sign that belongs to it (it decides whether the digits fit). */
export function resolveLiteral(ast: AstLiteral, ctx: LiteralContext, negative = false): Term {
  const span = ast.at
  const make = (value: Value, type: DataType): Term => {
    const expr = literal(value, type, span)
    return { expr, text: literalText(value, type, ctx.env.timeZone) }
  }
  const digits = negative ? `-${ast.text}` : ast.text
  switch (ast.type) {
    case 'null':
      return make(null, VOID)
    case 'boolean':
      return make(ast.text.toLowerCase() === 'true', BOOLEAN)
    case 'string':
      return make(ast.text, STRING)
    case 'binary':
      return make(hexBytes(ast), BINARY)
    case 'integer': {
      const value = BigInt(digits)
      if (fits(value, 32)) return make(Number(value), INT)
      if (fits(value, 64)) return make(value, BIGINT)
      return decimalLiteral(digits, ast, make)
    }
    case 'tinyint':
    case 'smallint':
    case 'bigint': {
      const { type, bits } = INTEGERS[ast.type]
      const value = BigInt(digits)
      if (!fits(value, bits)) throw outOfRange(digits, type, ast)
      return make(bits === 64 ? value : Number(value), type)
    }
    case 'decimal':
    case 'bigdecimal':
      return decimalLiteral(digits, ast, make)
    case 'double':
    case 'float': {
      const type = ast.type === 'double' ? DOUBLE : FLOAT
      const value = ast.type === 'double' ? Number(digits) : Math.fround(Number(digits))
      if (!Number.isFinite(value)) throw outOfRange(digits, type, ast)
      // A FLOAT literal whose digits lie beyond the greatest float is refused although it would round to it.
      if (ast.type === 'float' && Math.abs(Number(digits)) > MAX_FLOAT) throw outOfRange(digits, type, ast)
      return make(value, type)
    }
    case 'date':
      return make(typed(ast, DATE, ctx), DATE)
    case 'timestamp':
      return ctx.timestampNtz && !hasZone(ast.text)
        ? make(typed(ast, TIMESTAMP_NTZ, ctx), TIMESTAMP_NTZ)
        : make(typed(ast, TIMESTAMP, ctx), TIMESTAMP)
    case 'timestamp_ltz':
      return make(typed(ast, TIMESTAMP, ctx), TIMESTAMP)
    case 'timestamp_ntz':
      return make(typed(ast, TIMESTAMP_NTZ, ctx), TIMESTAMP_NTZ)
    case 'time':
      if (!/^([01]?\d|2[0-3]):[0-5]?\d(:[0-5]?\d(\.\d{1,9})?)?$/.test(ast.text.trim()))
        throw new AnalysisError('INVALID_TYPED_LITERAL', { value: `'${ast.text}'`, type: 'TIME' }, { at: span })
      throw new UnsupportedError('UNSUPPORTED_TIME_TYPE', {}, { at: span })
  }
}

const MAX_FLOAT = 3.4028234663852886e38

const hasZone = (text: string): boolean =>
  /([zZ]|[+-]\d{1,2}(:?\d{2})?|[A-Za-z]+\/[A-Za-z_]+|UTC|GMT)\s*$/.test(text) && /\d:\d/.test(text)

function hexBytes(ast: AstLiteral): Uint8Array {
  const hex = ast.text.length % 2 === 1 ? `0${ast.text}` : ast.text
  if (!/^[0-9a-fA-F]*$/.test(hex))
    throw new AnalysisError('INVALID_TYPED_LITERAL', { value: `'${ast.text}'`, type: 'BINARY' }, { at: ast.at })
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

function outOfRange(value: string, type: DataType, ast: AstLiteral): AnalysisError {
  return new AnalysisError('INVALID_NUMERIC_LITERAL_RANGE', { value, type: type.kind.toUpperCase() }, { at: ast.at })
}

/** `1.50` is DECIMAL(3,2); digits before the point count at least as the scale needs. */
function decimalLiteral(digits: string, ast: AstLiteral, make: (value: Value, type: DataType) => Term): Term {
  const m = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(digits)
  if (!m) throw new AnalysisError('INVALID_TYPED_LITERAL', { value: digits, type: 'DECIMAL' }, { at: ast.at })
  const fraction = m[3] ?? ''
  const exponent = Number(m[4] ?? 0)
  let unscaled = BigInt(`${m[2]}${fraction}` === '' ? '0' : `${m[2]}${fraction}`)
  let scale = fraction.length - exponent
  if (scale < 0) {
    unscaled *= 10n ** BigInt(-scale)
    scale = 0
  }
  const precision = Math.max(unscaled.toString().length, scale, 1)
  if (precision > 38)
    throw new AnalysisError('DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION', { precision, max: 38 }, { at: ast.at })
  return make(m[1] === '-' ? -unscaled : unscaled, decimal(precision, scale))
}

function typed(ast: AstLiteral, type: DataType, ctx: LiteralContext): Value {
  const invalid = (cause?: unknown): AnalysisError =>
    new AnalysisError(
      'INVALID_TYPED_LITERAL',
      { value: `'${ast.text}'`, type: type.kind.toUpperCase() },
      { at: ast.at, cause },
    )
  try {
    const options = {
      mode: 'ansi',
      timeZone: ctx.env.timeZone,
      nowUs: () => ctx.env.batchTimeUs(),
      constant: true,
    } as const
    const value = caster(STRING, type, options)(ast.text)
    if (value === null) throw invalid()
    return value
  } catch (error) {
    if (error instanceof AnalysisError) throw error
    if (error instanceof MillraceError) throw invalid(error)
    throw error
  }
}

/** The text of a constant inside a column's name. */
export function literalText(value: Value, type: DataType, timeZone: string): string {
  if (value === null) return 'NULL'
  switch (type.kind) {
    case 'date':
      return `DATE '${formatValue(value, type, timeZone)}'`
    case 'timestamp':
      return `TIMESTAMP '${formatValue(value, type, timeZone)}'`
    case 'timestamp_ntz':
      return `TIMESTAMP_NTZ '${formatValue(value, type, timeZone)}'`
    case 'binary':
      return `X'${Array.from(value as Uint8Array, (b) => b.toString(16).toUpperCase().padStart(2, '0')).join('')}'`
    case 'decimal':
      return formatDecimalScientific(value as bigint, type.scale)
    default:
      return formatValue(value, type, timeZone)
  }
}

/** An INTERVAL literal. Months beside days give the legacy calendar interval. */
export function resolveInterval(
  ast: AstInterval,
  ctx: LiteralContext,
  constant: (e: AstExpr) => Value | undefined,
): Term {
  const span = ast.at
  return at(span, () => {
    const range = ast.range
    if (range)
      return intervalTerm(literalOfRange(range.value, range.from, range.to, range.negative ?? false), ctx, span)
    // Values and units are read together, as one text: `INTERVAL '1 2' HOUR` has no unit behind its 1.
    const text = ast.text ?? (ast.parts ?? []).map((p) => `${partText(p.value, constant, ast)} ${p.unit}`).join(' ')
    const parts = ast.text === undefined ? intervalParts(text) : typedInterval(text)
    const ansi = literalOfParts(parts)
    if (ansi) return intervalTerm(ansi, ctx, span)
    if (!ctx.calendarIntervals) throw new ParseError('INTERVAL_MIXES_UNITS', { value: text }, { at: span })
    const value = intervalOfParts(parts)
    return {
      expr: literal(value, CALENDAR_INTERVAL, span),
      text: `INTERVAL '${formatValue(value, CALENDAR_INTERVAL, ctx.env.timeZone)}'`,
    }
  })
}

/** `INTERVAL 'text'` is a literal with a type: what cannot be read is a fault of the literal. */
function typedInterval(text: string): ReturnType<typeof intervalParts> {
  try {
    const parts = intervalParts(text)
    intervalOfParts(parts, text)
    return parts
  } catch (cause) {
    if (cause instanceof MillraceError)
      throw new AnalysisError('INVALID_TYPED_LITERAL', { value: `'${text}'`, type: 'INTERVAL' }, { cause })
    throw cause
  }
}

function partText(value: AstExpr, constant: (e: AstExpr) => Value | undefined, ast: AstInterval): string {
  if (value.kind === 'literal') return value.text
  if (value.kind === 'unary' && value.op === '-' && value.arg.kind === 'literal') return `-${value.arg.text}`
  const v = constant(value)
  if (typeof v === 'string' || typeof v === 'number' || typeof v === 'bigint') return String(v)
  throw new UnsupportedError(
    'UNSUPPORTED',
    { feature: 'an INTERVAL of an expression that is not constant' },
    { at: ast.at, hint: 'use make_interval' },
  )
}

function intervalTerm(
  v: NonNullable<ReturnType<typeof literalOfParts>>,
  ctx: LiteralContext,
  span: AstInterval['at'],
): Term {
  const type = v.kind === 'interval_ym' ? yearMonthInterval(v.start, v.end) : dayTimeInterval(v.start, v.end)
  const value = v.kind === 'interval_ym' ? v.months : v.micros
  return { expr: literal(value, type, span), text: formatValue(value, type, ctx.env.timeZone) }
}
