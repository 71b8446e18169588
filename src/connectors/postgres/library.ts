import { createRequire } from 'node:module'
import type pg from 'pg'
import { UnsupportedError } from '../../errors/errors.ts'

/** The package pg. */
export type PostgresLibrary = typeof pg

const HINT = 'npm install pg'

/** The package pg, loaded when it is first asked for; without it POSTGRES_LIBRARY_NOT_FOUND, naming `use`, what it was needed for. */
export async function postgresLibrary(use: string): Promise<PostgresLibrary> {
  try {
    return (await import('pg')).default
  } catch (cause) {
    throw notFound(cause, use)
  }
}

/** Where the package lies, for threads, which load it themselves; errors as above. */
export function postgresLibraryPath(use: string): string {
  try {
    return createRequire(import.meta.url).resolve('pg')
  } catch (cause) {
    throw notFound(cause, use)
  }
}

function notFound(cause: unknown, use: string): unknown {
  const { code } = cause as NodeJS.ErrnoException
  if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_MODULE_NOT_FOUND') return cause
  return new UnsupportedError('POSTGRES_LIBRARY_NOT_FOUND', { use }, { cause, hint: HINT })
}
