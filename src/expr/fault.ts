import { ExecutionError, InternalError, MillraceError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'

/** The same error with the clause at fault, where it has none yet; other errors come back as they are. */
export function locate(error: unknown, at: Span | undefined): unknown {
  if (at === undefined || !(error instanceof ExecutionError) || error.at !== undefined) return error
  return new ExecutionError(error.code, error.params, {
    at,
    hint: error.hint,
    cause: error.cause,
    transient: error.transient,
  })
}

/** What generated code may throw to its caller: errors of ours as they are, anything else as a fault of ours. */
export function asTyped(error: unknown): unknown {
  if (error instanceof MillraceError) return error
  return new InternalError(
    `evaluating an expression failed: ${error instanceof Error ? error.message : String(error)}`,
    error,
  )
}
