import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { CheckpointError } from '../errors/errors.ts'
import { checkpointPaths, existingCheckpoint, openCheckpoint, writeMarker } from './open.ts'

/** What a backup holds. */
export interface CheckpointBackup {
  /** The SQLite file of the copy. */
  readonly path: string
  readonly queryId: string
  /** The last committed batch in it; null for none. */
  readonly batchId: number | null
  readonly bytes: number
}

/**
 * Copies the checkpoint at `location` as it is at this moment to `target`, also while its query runs, which is not held
 * up. The target is a location like any other (a directory, or a SQLite file) and must hold no checkpoint yet. A SQLite
 * file that also holds tables of the user is copied with them. Until it is complete the copy has another name.
 */
export async function backupCheckpoint(location: string, target: string): Promise<CheckpointBackup> {
  existingCheckpoint(location)
  const to = checkpointPaths(target)
  for (const path of [to.database, to.marker]) if (path !== null && existsSync(path)) throw taken(path)
  const checkpoint = openCheckpoint(location, { readonly: true, snapshot: true })
  const copy = `${to.database}.copying`
  try {
    makeDirectory(dirname(to.database))
    // what a backup that was killed has left
    rmSync(copy, { force: true })
    const { queryId } = checkpoint
    try {
      await checkpoint.database.backup(copy)
      renameSync(copy, to.database)
    } catch (error) {
      rmSync(copy, { force: true })
      throw error
    }
    if (to.marker !== null) writeMarker(to.marker, queryId)
    const batchId = checkpoint.lastCommit()?.batchId ?? null
    return { path: to.database, queryId, batchId, bytes: statSync(to.database).size }
  } finally {
    checkpoint.close()
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new CheckpointError('CHECKPOINT_IO', { path, message }, { cause })
  }
}

const taken = (path: string): CheckpointError =>
  new CheckpointError('CHECKPOINT_TARGET_EXISTS', { path }, { hint: 'name a place that is not there yet' })
