import { ExecutionError } from '../../errors/errors.ts'

/** The most characters a function makes of a count: beyond this one value alone would take the memory of the process. */
export const MAX_TEXT_CHARS = 134_217_728

/** `chars` when a text of so many fits, else TEXT_SIZE_LIMIT_EXCEEDED. */
export function checkTextSize(fn: string, chars: number): number {
  if (chars > MAX_TEXT_CHARS)
    throw new ExecutionError('TEXT_SIZE_LIMIT_EXCEEDED', { function: fn, size: chars, limit: MAX_TEXT_CHARS })
  return chars
}
