import {
  AnalysisError,
  ExecutionError,
  MillraceError,
  ParseError,
  UnsupportedError,
  type ErrorExtras,
} from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'

type Made = new (code: never, params: never, extras?: ErrorExtras) => MillraceError

/** Runs `f`; an error of ours that names no clause leaves with `at`. */
export function at<T>(span: Span | undefined, f: () => T): T {
  if (span === undefined) return f()
  try {
    return f()
  } catch (error) {
    throw located(error, span)
  }
}

function located(error: unknown, span: Span): unknown {
  if (!(error instanceof MillraceError) || error.at !== undefined) return error
  for (const kind of [AnalysisError, UnsupportedError, ParseError, ExecutionError])
    if (error instanceof kind)
      return new (kind as unknown as Made)(error.code as never, error.params as never, {
        at: span,
        hint: error.hint,
        cause: error.cause,
      })
  return error
}
