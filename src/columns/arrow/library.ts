import { createRequire } from 'node:module'
import type * as Arrow from 'apache-arrow'
import { UnsupportedError } from '../../errors/errors.ts'

/** The package apache-arrow. */
export type ArrowLibrary = typeof Arrow

let loaded: ArrowLibrary | undefined

/**
 * The package apache-arrow at once, loaded when it is first asked for. It is a copy of its own (the package comes as two
 * kinds of module, whose objects do not go together): what is made with it must not reach the program. A program that has not
 * installed the package gets ARROW_LIBRARY_NOT_FOUND, naming `use`, what it was needed for.
 */
export function arrowLibrary(use: string): ArrowLibrary {
  if (loaded !== undefined) return loaded
  const require = createRequire(import.meta.url)
  try {
    return (loaded = require('apache-arrow') as ArrowLibrary)
  } catch (cause) {
    throw notFound(cause, use)
  }
}

/** The copy of the package that a program's `import` gives, for objects it is handed; errors as above. */
export async function importArrow(use: string): Promise<ArrowLibrary> {
  try {
    return await import('apache-arrow')
  } catch (cause) {
    throw notFound(cause, use)
  }
}

function notFound(cause: unknown, use: string): unknown {
  const { code } = cause as NodeJS.ErrnoException
  if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_MODULE_NOT_FOUND') return cause
  return new UnsupportedError('ARROW_LIBRARY_NOT_FOUND', { use }, { cause, hint: 'npm install apache-arrow@21' })
}
