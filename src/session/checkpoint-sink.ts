import { realpathSync } from 'node:fs'
import type { SinkToken } from '../checkpoint/checkpoint.ts'
import { builtInSink } from '../connectors/registry.ts'
import { storedToken } from '../connectors/sqlite/sink.ts'
import { identityText, type TableIdentity } from '../plan/source-identity.ts'

/** The token of a sink that can be looked at from its identity alone: a table in a SQLite file of its own. */
export function sinkToken(sink: TableIdentity, checkpointPath: string): { readonly token?: SinkToken | null } {
  const { path, table } = sink.what
  if (sink.format !== 'sqlite' || table === undefined || path === undefined || joins(sink, checkpointPath)) return {}
  return { token: storedToken(path, table) }
}

/**
 * What must be done with the sink of a query whose checkpoint went back from batch `from` to batch `to`, in a sentence or
 * two. `sink` undefined: no query has started on the checkpoint.
 */
export function afterRollback(
  sink: TableIdentity | undefined,
  checkpointPath: string,
  from: number,
  to: number,
): string {
  const later = from === to + 1 ? `batch ${from}` : `batches ${to + 1} to ${from}`
  if (sink === undefined || from === to) return 'There is nothing to do.'
  const name = identityText(sink)
  if (joins(sink, checkpointPath))
    return `The sink ${name} is a table in the checkpoint's own file and still has the rows of ${later}. Take them out before the query starts: it writes them again, and in output mode append they would be there twice.`
  const provider = builtInSink(sink.format)
  const elsewhere =
    sink.format === 'kafka'
      ? ' A topic cannot go back: delete the group millrace-<id of the query>, which holds the token, and give the query another topic, with millrace.checkpoint.allowSinkChange.'
      : sink.format === 'postgres'
        ? ' The token is the row of the table in millrace_tokens. Or give the query another table, with millrace.checkpoint.allowSinkChange.'
        : ''
  if (provider?.kind === 'tokened')
    return `The sink ${name} holds the token of the newest batch it was given. While that is later than batch ${to} the query refuses to start (CHECKPOINT_SINK_AHEAD). Bring the sink back to how it was after batch ${to}, its token too, for example from a backup made then.${elsewhere}`
  if (provider?.rollsBack === true)
    return `There is nothing to do: when the query starts, the sink ${name} removes what it has of ${later}.`
  return `The sink ${name} is given ${later} again, under the same batch ids; with files or rows that came since, a batch may hold other rows than before. A sink that skips batch ids it has seen must be brought back to batch ${to} first.`
}

/** Whether the sink writes in the transaction that commits a batch. */
function joins({ format, what }: TableIdentity, checkpointPath: string): boolean {
  if (format !== 'sqlite') return false
  const { path } = what
  if (path === undefined) return true
  try {
    return realpathSync(path) === realpathSync(checkpointPath)
  } catch {
    // one of them is not there: they are two
    return false
  }
}
