import { statSync } from 'node:fs'
import { lockHolder } from '../storage/lock.ts'
import type { Json } from '../types/json.ts'
import type { Checkpoint, CommitRow, OffsetRow } from './checkpoint.ts'
import { formatVersion } from './migrations.ts'
import { checkpointPaths } from './open.ts'

/** One batch of the logs. Times in milliseconds since the epoch. */
export interface BatchDescription {
  readonly batchId: number
  readonly timestampMs: number
  /** The watermark in force for it; 0 while there is none. */
  readonly watermarkMs: number
  readonly committed: boolean
}

/** What the logs of a checkpoint say. */
export interface CheckpointLogs {
  readonly path: string
  readonly queryId: string
  readonly formatVersion: number
  /** Bytes of the file and of its write-ahead log. */
  readonly bytes: number
  /** Who runs the query now, in words; null when nobody does. */
  readonly heldBy: string | null
  /** First and last batch that `rollback` can go back to; null when none is committed. */
  readonly held: { readonly first: number; readonly last: number } | null
  /** The watermark of the next batch; 0 while there is none, null before the first commit. */
  readonly watermarkMs: number | null
  readonly streamWatermarksMs: Readonly<Record<string, number | null>>
  /** Where the last committed batch ended, by source. */
  readonly offsets: Readonly<Record<string, Json>>
  /** The last batches, newest first. */
  readonly batches: readonly BatchDescription[]
  /** Settings that change meaning, as of the first start. */
  readonly settings: Readonly<Record<string, string>>
}

/** Reads the logs of the open checkpoint at `location`: the last `most` batches of them. Throws CheckpointError. */
export function describeLogs(checkpoint: Checkpoint, location: string, most: number): CheckpointLogs {
  const paths = checkpointPaths(location)
  const { offsets, commits } = checkpoint.batches()
  const done = new Set(commits)
  const rows = offsets.slice(-most).map((id): OffsetRow => checkpoint.offsetRow(id)!)
  const commit: CommitRow | null = checkpoint.lastCommit()
  const last = checkpoint.lastOffsets()
  return {
    path: checkpoint.path,
    queryId: checkpoint.queryId,
    formatVersion: formatVersion(checkpoint.database),
    bytes: sizeOf(paths.database) + sizeOf(`${paths.database}-wal`),
    heldBy: lockHolder(paths.lock),
    held: commit === null ? null : { first: heldFrom(offsets, commits), last: commit.batchId },
    watermarkMs: commit?.nextBatchWatermarkMs ?? null,
    streamWatermarksMs: commit?.streamWatermarksMs ?? {},
    offsets: commit === null ? {} : (checkpoint.offsetRow(commit.batchId)?.offsets ?? {}),
    batches: rows
      .map((row) => ({
        batchId: row.batchId,
        timestampMs: row.batchTimestampMs,
        watermarkMs: row.batchWatermarkMs,
        committed: done.has(row.batchId),
      }))
      .reverse(),
    settings: last?.conf ?? {},
  }
}

/** The first batch of which both rows are held. */
const heldFrom = (offsets: readonly number[], commits: readonly number[]): number =>
  Math.max(offsets[0] ?? 0, commits[0] ?? 0)

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
