import { ExecutionError, MillraceError } from '../../errors/errors.ts'

/** What the server says of an error, beside its message; errors of the socket have a code only. */
export interface ServerError extends Error {
  readonly code?: string
  readonly detail?: string
  readonly column?: string
}

/** Codes of Node for a server that cannot be reached now. */
const SOCKET = /^(?:ECONN|EPIPE$|ETIMEDOUT$|EHOST|ENET|EAI_AGAIN$|ENOTFOUND$)/

const SQLSTATE = /^[0-9A-Z]{5}$/

/** SQLSTATEs that may not come again: lost connections, shutdown, too many sessions or locks, deadlock, serialization. */
const PASSING = /^(?:08|57P0[1235]|53|40001|40P01|55P03|25006)/

/** SQLSTATEs of a login or database that is refused, not of a statement. */
const LOGIN = /^(?:28|3D000)/

/** What pg says, without a code, of connections that ended or did not come about. */
const ENDED = /connection terminated|connection error|timeout expired|timeout exceeded|client was closed/i

/** True when the connection is gone, or never was. */
export function isLost(error: unknown): boolean {
  if (error instanceof MillraceError) return false
  const { code, message } = error as ServerError
  return code === undefined ? ENDED.test(message) : SOCKET.test(code) || /^(?:08|57P0[1-3])/.test(code)
}

/** True for what a server, or the connection to it, has thrown; false for errors of the program. */
export const isServerError = (error: unknown): boolean => {
  if (!(error instanceof Error) || error instanceof MillraceError) return false
  const { code } = error as ServerError
  return isLost(error) || (code !== undefined && SQLSTATE.test(code) && 'severity' in error)
}

/** The error of a connection or statement as millrace throws it: what may go well next time is marked transient. */
export function failureOf(cause: unknown, server: string, what: string): MillraceError {
  if (cause instanceof MillraceError) return cause
  const { code = '', message: text, detail } = cause as ServerError
  // A host with several addresses fails with an error without a message of its own.
  const message = `${text === '' ? code : text}${detail === undefined ? '' : ` (${detail})`}`
  const transient = isLost(cause) || PASSING.test(code)
  // What has no SQLSTATE the server has not said: TLS, the login, the socket.
  if (isLost(cause) || LOGIN.test(code) || !SQLSTATE.test(code))
    return new ExecutionError('POSTGRES_CONNECTION_FAILED', { server, message }, { cause, transient })
  return new ExecutionError('POSTGRES_QUERY_FAILED', { server, state: code, what, message }, { cause, transient })
}
