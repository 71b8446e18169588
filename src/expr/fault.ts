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

/** Conditions that no other row would be spared. */
const NOT_OF_A_ROW: ReadonlySet<string> = new Set(['FUNCTION_NOT_ASYNC', 'OPERATION_CANCELED', 'OPERATION_TIMEOUT'])

/**
 * Whether an error is one of the row it happened on (a cast that does not fit, a function that throws), so that other rows
 * may go on: not a fault of ours, not one marked transient, not a function that can never work.
 */
export function isRowFault(error: unknown): error is ExecutionError {
  if (!(error instanceof ExecutionError)) return false
  for (let e: unknown = error, depth = 0; typeof e === 'object' && e !== null && depth < 10; depth++) {
    const { transient, code, cause } = e as { readonly transient?: unknown; code?: unknown; cause?: unknown }
    if (transient === true || e instanceof InternalError || NOT_OF_A_ROW.has(String(code))) return false
    e = cause
  }
  return true
}

/** What generated code may throw to its caller: errors of ours as they are, anything else as a fault of ours. */
export function asTyped(error: unknown): unknown {
  if (error instanceof MillraceError) return error
  return new InternalError(
    `evaluating an expression failed: ${error instanceof Error ? error.message : String(error)}`,
    error,
  )
}
