import type { SinkToken } from '../../checkpoint/checkpoint.ts'
import { ExecutionError } from '../../errors/errors.ts'

/** The table of notes, one row for each name of each query: the last batch that was done. */
export const ONCE_TABLE = `CREATE TABLE IF NOT EXISTS millrace_once (
  query_id text NOT NULL, name text NOT NULL, batch_id bigint NOT NULL, offset_hash text NOT NULL, PRIMARY KEY (query_id, name)
)`

/** Whether a batch is still to be done, by the last note; a note that cannot be of this run raises ONCE_OTHER_RUN. */
export function isToDo(
  { queryId, batchId, offsetHash }: SinkToken,
  noted: { readonly batchId: number; readonly offsetHash: string } | null,
): boolean {
  if (noted === null || noted.batchId < batchId) return true
  if (noted.batchId === batchId && noted.offsetHash === offsetHash) return false
  const other = noted.batchId === batchId ? 'from other offsets' : `and this is batch ${batchId}`
  throw new ExecutionError(
    'ONCE_OTHER_RUN',
    { query: queryId, message: `batch ${noted.batchId} is noted, ${other}` },
    { hint: 'if the checkpoint was set back on purpose, delete the rows of the query from millrace_once' },
  )
}
