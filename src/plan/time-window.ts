import { AnalysisError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import type { Expr } from '../expr/bound.ts'
import type { AstCall, AstExpr } from '../sql/ast.ts'
import {
  CALENDAR_INTERVAL,
  dayTimeInterval,
  field,
  isDatetime,
  structOf,
  TIMESTAMP,
  typeName,
  type DataType,
} from '../types/data-type.ts'
import type { CalendarSpec } from '../types/calendar.ts'
import { CalendarInterval } from '../types/value.ts'
import { parseDurationUs } from '../types/intervals.ts'
import { checkArgumentCount } from './argument-count.ts'
import { attrExpr, extended, freshAttr } from './analysis.ts'
import type { ExprContext } from './expr-context.ts'
import { exprKey } from './expr-key.ts'
import { at } from './locate.ts'
import type { LogicalWindow } from './logical.ts'
import { resolveExpr } from './resolve-expr.ts'
import { callExpr, cast, castTo, constantValue, literal, type Term } from './term.ts'

const DAY_US = 86_400_000_000n

/** `window(time, size[, slide[, start]])`: a window node below, one struct<start, end> column of it here. */
export function timeWindow(call: AstCall, ctx: ExprContext): Term {
  checkArgumentCount('window', call.args.length, call)
  const time = timeOf(call.args[0]!, 'window', ctx)
  const months = call.args.length === 2 ? wholeMonths(call.args[1]!, ctx) : null
  if (months !== null) return monthsWindow(call, time, months, ctx)
  const size = durationUs(call.args[1]!, 'window', 'size', ctx)
  const slide = call.args[2] ? durationUs(call.args[2], 'window', 'slide', ctx) : size
  const start = call.args[3] ? durationUs(call.args[3], 'window', 'start', ctx) : 0n
  const span = call.at
  positive(size, 'size', call.args[1]!.at ?? span)
  positive(slide, 'slide', call.args[2]?.at ?? span)
  const violated = (left: string, constraint: string, right: string, where: Span | undefined): never => {
    throw new AnalysisError(
      'DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION',
      { function: 'window', left, constraint, right },
      { at: where ?? span },
    )
  }
  if (slide > size) violated('slide', 'at most', 'size', call.args[2]?.at)
  if ((start < 0n ? -start : start) >= slide)
    violated('the absolute value of start', 'below', 'slide', call.args[3]?.at)
  const text = `window(${time.text}, ${[size, slide, start].join(', ')})`
  return windowColumn(ctx, call, text, 'window', time, {
    sizeUs: String(size),
    slideUs: String(slide),
    startUs: String(start),
  })
}

/** The months of a constant duration of nothing but months, where calendar windows are to be had; null otherwise. */
function wholeMonths(ast: AstExpr, ctx: ExprContext): number | null {
  if (!extended(ctx.a)) return null
  const term = resolveExpr(ast, { ...ctx, generator: undefined })
  const value = constantValue(term.expr, ctx.a.env)
  if (term.expr.type.kind === 'interval_ym') return typeof value === 'number' && value > 0 ? value : null
  const duration =
    typeof value === 'string'
      ? at(ast.at, () => parseDurationUs(value))
      : value instanceof CalendarInterval
        ? value
        : null
  return duration !== null && duration.months > 0 && duration.days === 0 && duration.micros === 0n
    ? duration.months
    : null
}

/** `window(time, '1 month')`, which the recorded engine refuses: the months of the calendar. */
function monthsWindow(call: AstCall, time: Time, count: number, ctx: ExprContext): Term {
  const calendar: CalendarSpec = { unit: 'month', count, zone: zoneFor(time, ctx), weekStart: 0 }
  return windowColumn(ctx, call, `window(${time.text}, ${count} months)`, 'window', time, { ...NO_SIZES, calendar })
}

/** The time zone whose calendar a time is read by: none for TIMESTAMP_NTZ, else that of the session. */
export const zoneFor = (time: Time, ctx: ExprContext): string | null =>
  time.expr.type.kind === 'timestamp_ntz' ? null : ctx.a.env.timeZone

/** `session_window(time, gap)`: the gap a duration, or an expression that gives one as text or interval per row. */
export function sessionWindow(call: AstCall, ctx: ExprContext): Term {
  checkArgumentCount('session_window', call.args.length, call)
  const time = timeOf(call.args[0]!, 'session_window', ctx)
  const { gap, shown } = sessionGap(call.args[1]!, 'session_window', ctx)
  const text = `session_window(${time.text}, ${shown})`
  return windowColumn(ctx, call, text, 'session_window', time, { ...NO_SIZES, gap })
}

/** The gap of sessions: a duration above 0, or an expression that gives one for each row. */
export function sessionGap(ast: AstExpr, fn: string, ctx: ExprContext): { readonly gap: Expr; readonly shown: string } {
  const term = resolveExpr(ast, { ...ctx, generator: undefined })
  if (constantValue(term.expr, ctx.a.env) === undefined) return { gap: gapExpr(term, ast.at, ctx), shown: term.text }
  const us = durationUs(ast, fn, 'gap', ctx)
  positive(us, 'gap', ast.at, fn)
  return { gap: literal(new CalendarInterval(0, 0, us), CALENDAR_INTERVAL, ast.at), shown: term.text }
}

function gapExpr(term: Term, span: Span | undefined, ctx: ExprContext): Expr {
  const { type } = term.expr
  if (type.kind === 'string') return cast(term.expr, CALENDAR_INTERVAL, ctx.a.env.ansi ? 'ansi' : 'legacy', span)
  if (type.kind === 'interval' || type.kind === 'interval_dt') return term.expr
  throw new AnalysisError(
    'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE',
    { position: 2, function: 'session_window', expected: 'a duration', actual: typeName(type) },
    { at: span },
  )
}

/** VALUE_OUT_OF_RANGE unless a duration is above 0. */
export function positive(us: bigint, name: string, at: Span | undefined, fn = 'window'): void {
  if (us <= 0n)
    throw new AnalysisError(
      'DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE',
      { function: fn, name, range: 'above 0', value: `${us} microseconds` },
      { at },
    )
}

/** A duration that must be constant: text (`'5 minutes'`) or a day-time interval, in microseconds. */
export function durationUs(ast: AstExpr, fn: string, name: string, ctx: ExprContext): bigint {
  const term = resolveExpr(ast, { ...ctx, generator: undefined })
  const value = constantValue(term.expr, ctx.a.env)
  if (value === undefined || value === null)
    throw new AnalysisError(
      'TIME_WINDOW_DURATION_NOT_CONSTANT',
      { name, function: fn, expression: term.text },
      { at: ast.at },
    )
  const months = (text: string): never => {
    throw new AnalysisError(
      'TIME_WINDOW_DURATION_WITH_MONTHS',
      { name, function: fn, value: text },
      {
        at: ast.at,
        hint: extended(ctx.a) ? "calendar_window(time, 'month') has the months of the calendar" : 'count in days',
      },
    )
  }
  if (typeof value === 'string') {
    const d = at(ast.at, () => parseDurationUs(value))
    return d.months !== 0 ? months(value) : d.totalUs
  }
  switch (term.expr.type.kind) {
    case 'interval_dt':
    case 'bigint':
      return value as bigint
    case 'int':
      return BigInt(value as number)
    case 'interval': {
      const v = value as CalendarInterval
      return v.months !== 0 ? months(term.text) : BigInt(v.days) * DAY_US + v.micros
    }
    case 'interval_ym':
      return months(term.text)
    default:
      throw new AnalysisError(
        'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE',
        { position: 2, function: fn, expected: 'a duration', actual: typeName(term.expr.type) },
        { at: ast.at },
      )
  }
}

/** A time that windows are cut by, and its text. */
export interface Time {
  readonly expr: Expr
  readonly text: string
}

/** True for a struct of a start and an end time, as window() makes it. */
const isWindowStruct = (t: DataType): boolean =>
  t.kind === 'struct' &&
  t.fields.length === 2 &&
  t.fields[0]!.name === 'start' &&
  t.fields[1]!.name === 'end' &&
  isDatetime(t.fields[0]!.type)

/** The time a window is cut by: a timestamp, what casts to one, or the window of an earlier aggregation (its window_time). */
export function timeOf(ast: AstExpr, fn: string, ctx: ExprContext): Time {
  const term = resolveExpr(ast, { ...ctx, generator: undefined })
  const { type } = term.expr
  if (type.kind === 'timestamp' || type.kind === 'timestamp_ntz') return term
  if (type.kind === 'date' || type.kind === 'string' || type.kind === 'void')
    return { expr: castTo(term.expr, TIMESTAMP, ctx.a.env), text: term.text }
  if (isWindowStruct(type)) return lastInstant(term, ast.at, ctx)
  throw new AnalysisError(
    'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE',
    { position: 1, function: fn, expected: 'TIMESTAMP', actual: typeName(type) },
    { at: ast.at },
  )
}

/** `window_time(w)`: the last instant of the window, a column below that still carries event time. */
export function windowTime(call: AstCall, ctx: ExprContext): Term {
  checkArgumentCount('window_time', call.args.length, call)
  const term = resolveExpr(call.args[0]!, { ...ctx, generator: undefined })
  if (!isWindowStruct(term.expr.type))
    throw new AnalysisError(
      'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE',
      { position: 1, function: 'window_time', expected: 'the struct of window()', actual: typeName(term.expr.type) },
      { at: call.args[0]!.at ?? call.at },
    )
  return lastInstant(term, call.at, ctx)
}

function lastInstant(term: Term, span: Span | undefined, ctx: ExprContext): Term {
  const window = term.expr
  const fields = window.type.kind === 'struct' ? window.type.fields : []
  const end: Expr = { kind: 'field', arg: window, index: 1, type: fields[1]!.type, nullable: window.nullable, at: span }
  const expr = callExpr(ctx.a.env, '-', [end, literal(1n, dayTimeInterval('second', 'second'), span)], span)
  const name = `window_time(${term.text})`
  const column = ctx.base.compute(expr, 'window_time', ctx.base.isEventTime(window))
  return { expr: attrExpr(column, span), text: name }
}

/** What tells one window node from another. */
export type WindowParts = Pick<LogicalWindow, 'sizeUs' | 'slideUs' | 'startUs' | 'gap' | 'calendar' | 'cumulates'>

/** Of windows that have no fixed size. */
export const NO_SIZES = { sizeUs: '0', slideUs: '0', startUs: '0' } as const

/** The column of a window node put below, one for windows that are the same. */
export function windowColumn(
  ctx: ExprContext,
  call: AstCall,
  text: string,
  name: string,
  time: Time,
  shape: WindowParts,
): Term {
  const { gap, ...rest } = shape
  const key = `time window ${exprKey(time.expr)} ${JSON.stringify(rest)} ${gap ? exprKey(gap) : ''}`
  const other = ctx.base.madeAny('time window ')
  if (other !== undefined && other !== key) throw new AnalysisError('TIME_WINDOW_TWICE', {}, { at: call.at })
  const attr = ctx.base.extend(
    key,
    () => {
      const type = structOf([field('start', time.expr.type, false), field('end', time.expr.type, false)])
      return freshAttr(ctx.a, name, type, false, ctx.base.isEventTime(time.expr))
    },
    (plan, column): LogicalWindow => ({
      op: 'window',
      id: ctx.a.freshId(),
      input: plan,
      time: time.expr,
      ...shape,
      attrs: [...plan.attrs, column],
      at: call.at,
    }),
  )
  return { expr: attrExpr(attr, call.at), text: ctx.clause === 'LATERAL VIEW' ? text : name }
}
