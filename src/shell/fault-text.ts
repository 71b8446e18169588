import { MillraceError } from '../errors/errors.ts'

/** What is printed of a fault: message with carets and hint; of a fault that is not ours the stack. `head` may colour its first line. */
export function faultText(error: unknown, head: (text: string) => string = (text) => text): string {
  if (!(error instanceof MillraceError)) return error instanceof Error ? (error.stack ?? error.message) : String(error)
  const [first = '', ...more] = `${error.name}: ${error.message}`.split('\n')
  return [head(first), ...more].join('\n')
}
