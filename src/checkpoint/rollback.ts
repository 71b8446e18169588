import { existsSync } from 'node:fs'
import { CheckpointError } from '../errors/errors.ts'
import { backupCheckpoint } from './backup.ts'
import type { Checkpoint, OffsetRow } from './checkpoint.ts'
import { existingCheckpoint, openCheckpoint } from './open.ts'

/** What a rollback has done. */
export interface Rollback {
  readonly path: string
  /** The last batch there was, committed or not. */
  readonly fromBatch: number
  /** The last batch there is now; the next one is the one after it. */
  readonly toBatch: number
  /** Location of the checkpoint as it was before; null where it was not kept. */
  readonly backup: string | null
}

/** What the checkpoint is looked at for before anything is done; throws to refuse. */
export type RollbackCheck = (checkpoint: Checkpoint, row: OffsetRow) => void

/**
 * Takes the checkpoint at `location` back to the end of a committed batch that is still held: offsets, commits and state.
 * What it was before is kept beside it, unless `backup` is false. Refuses, having changed nothing, while a query runs
 * on it (CHECKPOINT_LOCKED), and where the batch, its state, or rows that came since and would have to be read again
 * are not held any more. The sink is not touched.
 */
export async function rollbackCheckpoint(
  location: string,
  toBatch: number,
  backup: boolean,
  check: RollbackCheck,
): Promise<Rollback> {
  existingCheckpoint(location)
  const checkpoint = openCheckpoint(location)
  try {
    const row = heldRow(checkpoint, toBatch)
    const fromBatch = checkpoint.lastOffsets()!.batchId
    if (fromBatch === toBatch) return { path: checkpoint.path, fromBatch, toBatch, backup: null }
    checkState(checkpoint, toBatch)
    checkReceived(checkpoint, row)
    check(checkpoint, row)
    const kept = backup ? backupLocation(location, fromBatch) : null
    if (kept !== null) await backupCheckpoint(location, kept)
    checkpoint.rollback(toBatch)
    return { path: checkpoint.path, fromBatch, toBatch, backup: kept }
  } finally {
    checkpoint.close()
  }
}

function heldRow(checkpoint: Checkpoint, batch: number): OffsetRow {
  const row = checkpoint.offsetRow(batch)
  if (row !== null && checkpoint.commitRow(batch) !== null) return row
  const { offsets, commits } = checkpoint.batches()
  const held = commits.filter((id) => offsets.includes(id))
  const hint =
    held.length === 0
      ? 'no batch is committed yet'
      : `batches ${held[0]} to ${held[held.length - 1]} are held (spark.sql.streaming.minBatchesToRetain)`
  throw new CheckpointError('CHECKPOINT_BATCH_GONE', { batch, path: checkpoint.path }, { hint })
}

/** Every blob that a restore as of the batch needs is there and as it was written. */
function checkState(checkpoint: Checkpoint, batch: number): void {
  for (const { operatorId, table, spec } of checkpoint.stateTables()) {
    const restore = checkpoint.restoreState(operatorId, table, spec as object, batch)
    if (restore !== null) for (const _ of restore.changeLogs);
  }
}

/** Rows received in a log of ours go when their batch is committed: those after the batch must be there still. */
function checkReceived(checkpoint: Checkpoint, row: OffsetRow): void {
  const { database: db, path } = checkpoint
  const logs = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'millrace_ingest_ends'").get()
  if (logs === undefined) return
  for (const end of db.prepare('SELECT source, pruned_to FROM millrace_ingest_ends').all()) {
    const [source, prunedTo] = [String(end['source']), Number(end['pruned_to'])]
    const lot = Number(row.offsets[source] ?? 0) + 1
    if (prunedTo >= lot)
      throw new CheckpointError(
        'INGEST_ROWS_GONE',
        { source, path, lot },
        { hint: 'rows are pruned once their batch is committed: the checkpoint cannot go back behind them' },
      )
  }
}

/** A location beside this one that is free: `pages-at-batch-12`, `app-at-batch-12.db`. */
function backupLocation(location: string, batch: number): string {
  const [, name, extension] = /^(.*?)(\.(?:db|sqlite|sqlite3))?\/*$/i.exec(location)!
  for (let n = 1; ; n++) {
    const path = `${name}-at-batch-${batch}${n === 1 ? '' : `-${n}`}${extension ?? ''}`
    if (!existsSync(path.replace(/^file:(\/\/)?/, ''))) return path
  }
}
