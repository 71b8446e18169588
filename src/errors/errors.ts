import { CODES, type Code, type ParamsOf } from './codes.ts'
import { excerpt } from './excerpt.ts'
import type { Span } from './span.ts'

/** What an error may carry besides its condition and parameters. */
export interface ErrorExtras {
  /** The clause at fault. */
  readonly at?: Span | undefined
  /** One thing to do about it. */
  readonly hint?: string | undefined
  readonly cause?: unknown
}

/** The query, batch and offsets an error ended. Offsets are by source name; null before a batch had any. */
export interface FailedQuery {
  readonly id: string
  readonly runId: string
  readonly name: string | null
  readonly batchId: number
  readonly startOffsets: Readonly<Record<string, unknown>> | null
  readonly endOffsets: Readonly<Record<string, unknown>> | null
}

/**
 * The root of every error millrace throws on purpose. `code` is the condition (Spark's name where the
 * meaning is the same), `sqlState` its SQLSTATE, `params` the values named in the text. The message is
 * `[CODE] text   SQLSTATE xxxxx`, then the excerpt with carets, then the hint.
 */
export abstract class MillraceError extends Error {
  readonly code: Code
  readonly sqlState: string
  readonly params: Readonly<Record<string, string | number>>
  readonly at: Span | undefined
  readonly hint: string | undefined
  /** The streaming query it ended; absent for errors that ended none. */
  declare readonly query?: FailedQuery

  constructor(code: Code, params: Readonly<Record<string, string | number>>, extras: ErrorExtras = {}) {
    const entry = CODES[code]
    const text = entry.text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole))
    let message = `[${code}] ${text}   SQLSTATE ${entry.sqlState}`
    if (extras.at) message += `\n\n${excerpt(extras.at)}`
    if (extras.hint) message += `\nhint: ${extras.hint}`
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause })
    this.name = new.target.name
    this.code = code
    this.sqlState = entry.sqlState
    this.params = params
    this.at = extras.at
    this.hint = extras.hint
  }

  /**
   * Says which query it ended, in `query` and as a last line of the message; condition, class and cause stay what they
   * are, so that those who match on them need not unwrap. The first query is kept.
   */
  inQuery(query: FailedQuery): this {
    if (this.query !== undefined) return this
    Object.defineProperty(this, 'query', { value: query, enumerable: true })
    const name = query.name === null ? query.id : `${query.name} (${query.id})`
    const from = query.startOffsets === null ? '' : ` from ${brief(query.startOffsets)}`
    const to = query.endOffsets === null ? '' : ` to ${brief(query.endOffsets)}`
    this.message += `\nquery: ${name}, batch ${query.batchId}${from}${to}`
    return this
  }
}

/** JSON of at most 200 characters. */
function brief(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`
}

type Args<C extends Code> = C extends Code ? [code: C, params: ParamsOf<C>, extras?: ErrorExtras] : never

/** The text is not SQL millrace can read. */
export class ParseError extends MillraceError {
  constructor(...[code, params, extras]: Args<Code>) {
    super(code, params, extras)
  }
}
/** Names, types or clauses do not fit together. */
export class AnalysisError extends MillraceError {
  constructor(...[code, params, extras]: Args<Code>) {
    super(code, params, extras)
  }
}
/** Well-formed, but not on a stream, not in this output mode, or not implemented. */
export class UnsupportedError extends MillraceError {
  constructor(...[code, params, extras]: Args<Code>) {
    super(code, params, extras)
  }
}
/** An option or configuration value that is unknown, missing or out of range. */
export class OptionError extends MillraceError {
  constructor(...[code, params, extras]: Args<Code>) {
    super(code, params, extras)
  }
}
/** Evaluating a row, reading a source or writing a sink failed. */
export class ExecutionError extends MillraceError {
  /** Set by connectors: trying the same batch again may succeed. */
  readonly transient: boolean
  constructor(
    code: Code,
    params: Readonly<Record<string, string | number>>,
    extras: ErrorExtras & { transient?: boolean } = {},
  ) {
    super(code, params, extras)
    this.transient = extras.transient ?? false
  }
}
/** Offsets, state or files of a checkpoint do not fit the query, or are damaged. */
export class CheckpointError extends MillraceError {
  constructor(...[code, params, extras]: Args<Code>) {
    super(code, params, extras)
  }
}
/** A fault of millrace itself. */
export class InternalError extends MillraceError {
  constructor(message: string, cause?: unknown) {
    super('INTERNAL_ERROR', { message }, { cause })
  }
}

/** Throws InternalError unless `condition` holds; for what can only fail by a fault of ours. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InternalError(message)
}
