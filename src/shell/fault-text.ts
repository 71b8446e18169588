import { MillraceError } from '../errors/errors.ts'

/** What is printed of a fault: message with carets and hint; of a fault that is not ours the stack. `head` may colour its first line. */
export function faultText(error: unknown, head: (text: string) => string = (text) => text): string {
  if (!(error instanceof MillraceError)) return error instanceof Error ? (error.stack ?? error.message) : String(error)
  const [first = '', ...more] = `${error.name}: ${error.message}`.split('\n')
  return [head(first), ...more].join('\n')
}

/** A fault as JSON: condition, SQLSTATE, message, parameters, and where in the text it is; of a fault that is not ours the message. */
export function faultJson(error: unknown): string {
  if (!(error instanceof MillraceError))
    return JSON.stringify({ error: { message: error instanceof Error ? error.message : String(error) } })
  const { code, sqlState, params, at, message } = error
  const where = at === undefined ? {} : { start: at.start, end: at.end }
  return JSON.stringify({ error: { condition: code, sqlState, message, params, ...where } })
}
