import { jsonOf } from '../../columns/row.ts'
import { ExecutionError, MillraceError } from '../../errors/errors.ts'

/** Characters of a row that an error shows. */
const SAMPLE_LENGTH = 300

/** What a function was called with, as JSON, cut where it is longer than `length` characters. */
export function sampleOf(given: unknown, length = SAMPLE_LENGTH): string {
  const text = JSON.stringify(jsonOf(given)) ?? String(given)
  return text.length > length ? `${text.slice(0, length)}…` : text
}

const textOf = (error: unknown): string => {
  if (error instanceof MillraceError) return error.message.split('   SQLSTATE')[0]!
  return error instanceof Error ? error.message || error.name : String(error)
}

/**
 * What a query fails with when a function of the user's throws or gives a value that does not fit: FAILED_EXECUTE_UDF
 * with a sample of what it was called with; the engine adds query and batch (`placed`).
 */
export function userFailure(label: string, error: unknown, given: unknown): ExecutionError {
  if (error instanceof ExecutionError && error.code === 'FAILED_EXECUTE_UDF') return error
  const params = { function: label, place: '', message: textOf(error), row: sampleOf(given) }
  return new ExecutionError('FAILED_EXECUTE_UDF', params, {
    cause: error,
    hint: error instanceof MillraceError ? error.hint : undefined,
  })
}

/** The same error with the query and batch it happened in; other errors as they are. */
export function placed(error: unknown, query: string, batchId: number): unknown {
  if (!(error instanceof ExecutionError) || error.code !== 'FAILED_EXECUTE_UDF' || error.params['place'] !== '')
    return error
  const { at, hint, cause, transient } = error
  const params = { ...error.params, place: ` in batch ${batchId} of query ${query}`, query, batchId }
  return new ExecutionError(error.code, params, { at, hint, cause, transient })
}

/** Throws FUNCTION_NOT_ASYNC for a promise where a value is wanted; gives other values back. */
export function notPromise(result: unknown, label: string): unknown {
  if (typeof result === 'object' && result !== null && typeof (result as { then?: unknown }).then === 'function') {
    // Its rejection, if it comes, is not what the query fails with.
    void Promise.resolve(result).catch(() => undefined)
    throw new ExecutionError(
      'FUNCTION_NOT_ASYNC',
      { function: label },
      { hint: 'register it with session.udf.register(name, fn, { returns, async: true })' },
    )
  }
  return result
}
