import { extended } from './analysis.ts'
import { checkArgumentCount } from './argument-count.ts'
import { AnalysisError } from '../errors/errors.ts'
import type { AstCall, AstExpr } from '../sql/ast.ts'
import { CALENDAR_UNITS, parseCalendarPeriod, parseWeekday, type CalendarSpec } from '../types/calendar.ts'
import { STRING, typeName } from '../types/data-type.ts'
import { findZone } from '../types/time-zone.ts'
import type { ExprContext } from './expr-context.ts'
import { byParameter } from './named-arguments.ts'
import { unknownFunction } from './resolve-call.ts'
import { resolveExpr } from './resolve-expr.ts'
import { constantValue, type Term } from './term.ts'
import { NO_SIZES, timeOf, windowColumn, zoneFor } from './time-window.ts'

const FN = 'calendar_window'
const PARAMETERS = ['time', 'period', 'time_zone', 'week_start']

/**
 * `calendar_window(time, period[, time_zone[, week_start]])`: the period of the calendar that holds the row, a window as
 * `window()` gives it. By the session's time zone unless another is given, weeks from Monday; parameters may be named.
 */
export function calendarWindow(call: AstCall, ctx: ExprContext): Term {
  if (!extended(ctx.a)) throw unknownFunction(call, FN)
  checkArgumentCount(FN, call.args.length, call)
  const [timeArg, periodArg, zoneArg, weekArg] = byParameter(call, FN, PARAMETERS, 2)
  const time = timeOf(timeArg!, FN, ctx)
  const periodText = text(periodArg!, 'period', ctx) ?? ''
  const period = parseCalendarPeriod(periodText)
  if (period === null)
    throw new AnalysisError(
      'INVALID_CALENDAR_PERIOD',
      { value: periodText },
      { at: periodArg!.at, hint: `one of ${CALENDAR_UNITS.join(', ')}, or so many of them: "2 weeks"` },
    )
  const zoneText = zoneArg && text(zoneArg, 'time zone', ctx)
  if (zoneText !== undefined && zoneText !== null) {
    if (time.expr.type.kind === 'timestamp_ntz')
      throw new AnalysisError(
        'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE',
        {
          position: 1,
          function: FN,
          expected: 'TIMESTAMP where a time zone is given',
          actual: typeName(time.expr.type),
        },
        { at: zoneArg!.at, hint: 'a TIMESTAMP_NTZ is read as it stands: leave the time zone out' },
      )
    if (findZone(zoneText) === null)
      throw new AnalysisError(
        'INVALID_TIMEZONE',
        { zone: zoneText },
        { at: zoneArg!.at, hint: 'a region such as Europe/Paris, UTC, or an offset such as +02:00' },
      )
  }
  const weekText = weekArg && text(weekArg, 'start of the week', ctx)
  const weekStart = weekText === undefined || weekText === null ? 0 : parseWeekday(weekText)
  if (weekStart === null || (weekText !== undefined && weekText !== null && period.unit !== 'week'))
    throw new AnalysisError(
      'INVALID_WEEK_START',
      { value: weekText! },
      {
        at: weekArg!.at,
        hint: weekStart === null ? 'a weekday such as "sunday"' : `periods of a ${period.unit} have none`,
      },
    )
  const zone = zoneText ?? zoneFor(time, ctx)
  const calendar: CalendarSpec = { ...period, zone: time.expr.type.kind === 'timestamp_ntz' ? null : zone, weekStart }
  return windowColumn(ctx, call, `${FN}(${time.text}, ${periodText})`, 'window', time, { ...NO_SIZES, calendar })
}

/** A constant text, or NULL. */
function text(ast: AstExpr, name: string, ctx: ExprContext): string | null {
  const { expr, text: shown } = resolveExpr(ast, { ...ctx, generator: undefined })
  const value = constantValue(expr, ctx.a.env)
  if (value === undefined)
    throw new AnalysisError(
      'TIME_WINDOW_DURATION_NOT_CONSTANT',
      { name, function: FN, expression: shown },
      { at: ast.at },
    )
  if (value !== null && typeof value !== 'string')
    throw new AnalysisError(
      'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE',
      { position: 2, function: FN, expected: typeName(STRING), actual: typeName(expr.type) },
      { at: ast.at },
    )
  return value
}
