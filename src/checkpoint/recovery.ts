import { createHash } from 'node:crypto'
import { CheckpointError } from '../errors/errors.ts'
import type { CommitRow, OffsetRow, Recovery, SinkToken } from './checkpoint.ts'
import { canonicalJson } from './integrity.ts'

/** SHA-256, in hex, of the offset row as canonical JSON: what a tokened sink keeps of the batch it holds. */
export function hashOffsetRow(row: OffsetRow): string {
  return createHash('sha256').update(canonicalJson(row)).digest('hex')
}

/** The ends of both logs: `last` and `previous` are the offset rows of the last two batches. */
export interface LogTail {
  readonly path: string
  readonly queryId: string
  readonly last: OffsetRow | null
  readonly previous: OffsetRow | null
  readonly lastCommit: CommitRow | null
}

/**
 * What to do on start, from nothing but the logs and the sink's token (undefined: the sink has none; null: it is
 * empty). Throws CheckpointError where going on could lose or repeat output:
 *
 *   logs                                     token of                      then
 *   empty                                    none                          fresh
 *   offsets n, commits n                     n, same offsets               continue at n + 1
 *   offsets n, commits n - 1 (none if n = 0) n or n - 1 (none if n = 0)    rerun n with the logged row
 *   anything else, or a token of another query, of a later batch, of other offsets, or missing    refuse
 */
export function decide(tail: LogTail, token: SinkToken | null | undefined): Recovery {
  const { path, last, previous, lastCommit } = tail
  const inconsistent = (message: string): CheckpointError =>
    new CheckpointError('CHECKPOINT_LOGS_INCONSISTENT', { path, message })

  if (last === null) {
    if (lastCommit !== null) throw inconsistent(`batch ${lastCommit.batchId} is committed but has no offsets`)
    checkToken(tail, token)
    return { kind: 'fresh' }
  }
  const n = last.batchId
  const done = lastCommit?.batchId ?? -1
  if (done !== n && done !== n - 1)
    throw inconsistent(`the offset log ends at batch ${n}, the commit log at ${done < 0 ? 'none' : `batch ${done}`}`)
  if (n > 0 && done === n - 1 && previous === null)
    throw inconsistent(`batch ${n} is to run again but the offsets of batch ${n - 1}, where it begins, are missing`)
  checkToken(tail, token)
  if (lastCommit !== null && done === n) return { kind: 'continue', last, lastCommit }
  return { kind: 'rerun', row: last, previous, lastCommit }
}

function checkToken(tail: LogTail, token: SinkToken | null | undefined): void {
  if (token === undefined) return
  const { path, queryId, last, previous, lastCommit } = tail
  const committed = lastCommit?.batchId ?? -1
  if (token === null) {
    if (committed >= 0) throw behind(path, committed, 'nothing')
    return
  }
  if (token.queryId !== queryId)
    throw new CheckpointError(
      'CHECKPOINT_SINK_OTHER_QUERY',
      { path, found: token.queryId, expected: queryId },
      { hint: 'give the query a sink of its own, or the checkpoint the sink was written with' },
    )
  const logged = last?.batchId ?? -1
  if (token.batchId > logged)
    throw new CheckpointError(
      'CHECKPOINT_SINK_AHEAD',
      { path, batch: token.batchId, last: logged < 0 ? 'no batch' : `batch ${logged}` },
      { hint: 'the checkpoint has lost batches, or is an older copy: restore the newest one' },
    )
  if (token.batchId < committed) throw behind(path, committed, `batch ${token.batchId}`)
  const row = token.batchId === logged ? last : previous
  if (row === null || row.batchId !== token.batchId || hashOffsetRow(row) !== token.offsetHash)
    throw new CheckpointError(
      'CHECKPOINT_SINK_MISMATCH',
      { path, batch: token.batchId },
      { hint: 'the sink was written by another run of this query, from a copy of the checkpoint' },
    )
}

function behind(path: string, last: number, batch: string): CheckpointError {
  return new CheckpointError(
    'CHECKPOINT_SINK_BEHIND',
    { path, last, batch },
    { hint: 'the sink has lost output: restore it, or start on a new checkpoint location' },
  )
}
