import { readFileSync } from 'node:fs'
import { OptionError } from '../errors/errors.ts'

/** A file of statements; FILE_NOT_READABLE when it cannot be read. `-` is standard input. */
export function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (cause) {
    throw new OptionError('FILE_NOT_READABLE', { path, message: (cause as Error).message }, { cause })
  }
}
