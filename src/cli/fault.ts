import { MillraceError } from '../errors/errors.ts'
import { faultText } from '../shell/fault-text.ts'

/** Exit code when something has failed. */
export const FAILED = 1
const USAGE = 2

/** Conditions of a wrong command line: nothing has run. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  'EXCLUSIVE_RUN_MODES',
  'FILE_NOT_READABLE',
  'INVALID_CONF_PAIR',
  'INVALID_CONF_VALUE.REQUIREMENT',
  'INVALID_TIMEZONE',
  'SQL_INPUT_MISSING',
  'UNKNOWN_OUTPUT_FORMAT',
])

/** What a fault is on standard error: text, or with `--json` one object with condition, SQLSTATE, message and parameters. */
export function faultLine(error: unknown, json: boolean): string {
  if (!json) return `${faultText(error)}\n`
  if (!(error instanceof MillraceError))
    return `${JSON.stringify({ error: { message: error instanceof Error ? error.message : String(error) } })}\n`
  const { code, sqlState, params, at, message } = error
  const where = at === undefined ? {} : { start: at.start, end: at.end }
  return `${JSON.stringify({ error: { condition: code, sqlState, message, params, ...where } })}\n`
}

/** The exit code of a fault that came before anything ran. */
export const usageCode = (error: unknown): number =>
  error instanceof MillraceError && USAGE_CODES.has(error.code) ? USAGE : FAILED
