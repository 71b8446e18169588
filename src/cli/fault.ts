import { MillraceError } from '../errors/errors.ts'
import { faultJson, faultText } from '../shell/fault-text.ts'

/** Exit code when something has failed. */
export const FAILED = 1
const USAGE = 2

/** Conditions of a wrong command line: nothing has run. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  'CHECKPOINT_NOT_FOUND',
  'CHECKPOINT_TARGET_EXISTS',
  'EXCLUSIVE_RUN_MODES',
  'FILE_NOT_READABLE',
  'INVALID_CONF_PAIR',
  'INVALID_CONF_VALUE.REQUIREMENT',
  'INVALID_TIMEZONE',
  'NO_BATCH_NUMBER',
  'SQL_INPUT_MISSING',
  'UNKNOWN_OUTPUT_FORMAT',
])

/** What a fault is on standard error: text, or with `--json` one object on a line. */
export const faultLine = (error: unknown, json: boolean): string => `${json ? faultJson(error) : faultText(error)}\n`

/** The exit code of a fault that came before anything ran. */
export const usageCode = (error: unknown): number =>
  error instanceof MillraceError && USAGE_CODES.has(error.code) ? USAGE : FAILED
