import type { Checkpoint, OffsetRow } from '../checkpoint/checkpoint.ts'
import { type Rollback, rollbackCheckpoint as rollback } from '../checkpoint/rollback.ts'
import { refuseCleaned } from '../connectors/files/source.ts'
import type { TableIdentity } from '../plan/source-identity.ts'
import { afterRollback } from './checkpoint-sink.ts'
import { sourceKey } from '../engine/leaves.ts'
import { storedIdentity } from './query-identity.ts'

/** What a rollback has done, and what is left to do. */
export interface CheckpointRollback extends Rollback {
  /** What must be done with the sink before the query starts, in words. */
  readonly sink: string
}

/**
 * Takes the checkpoint at `location` back to the end of `toBatch`, a committed batch that is still held: offsets, commits
 * and state. What it was before is kept beside it unless `backup` is false. The sink is not touched: the answer says
 * what must be done with it. Refuses, having changed nothing, while a query runs on it, and where the batch or what
 * came since is not held any more. Throws CheckpointError.
 */
export async function rollbackCheckpoint(
  location: string,
  options: { readonly toBatch: number; readonly backup?: boolean },
): Promise<CheckpointRollback> {
  let sink: TableIdentity | undefined
  const look = (checkpoint: Checkpoint, row: OffsetRow): void => {
    const identity = storedIdentity(checkpoint)
    sink = identity?.sink
    for (const { name } of identity?.sources ?? [])
      refuseCleaned((key) => checkpoint.metadata(sourceKey(name, key)), name, row.offsets[name] ?? null)
  }
  const done = await rollback(location, options.toBatch, options.backup ?? true, look)
  return { ...done, sink: afterRollback(sink, done.path, done.fromBatch, done.toBatch) }
}
