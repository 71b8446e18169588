import type { Database } from '../storage/database.ts'
import type { Json } from '../types/json.ts'

/**
 * One row of the offset log: all that a rerun of the batch needs to be identical. Written before the batch runs.
 * Times: `batchTimestampMs` and watermarks in milliseconds since the epoch.
 */
export interface OffsetRow {
  readonly batchId: number
  /** By source name: where the batch ends. It begins at the end of the batch before (null: at the source's initial offset). */
  readonly offsets: Readonly<Record<string, Json>>
  /** The combined watermark in force for the batch: evicts and emits. */
  readonly batchWatermarkMs: number
  /** The watermark of the batch before: rows are late against it. */
  readonly lateWatermarkMs: number
  readonly batchTimestampMs: number
  /** Session settings that change meaning (ANSI, time zone, watermark policy …), pinned at batch 0 and repeated. */
  readonly conf: Readonly<Record<string, string>>
  /** Versions of static sides, random seeds, whatever else a rerun must see again. */
  readonly extra: Readonly<Record<string, Json>>
}

/** One row of the commit log: the batch is done. */
export interface CommitRow {
  readonly batchId: number
  /** The combined watermark for the next batch. */
  readonly nextBatchWatermarkMs: number
  /** Per watermarked stream (plan node id): its own watermark, or null while it has seen nothing. */
  readonly streamWatermarksMs: Readonly<Record<string, number | null>>
  /** Per watermarked stream: what the partitions of its sources have reached; absent where no source has partitions. */
  readonly partitionTimesUs?: Readonly<Record<string, PartitionTimes>>
}

/** By source name, by partition: the largest event time seen, in microseconds, as digits. */
export type PartitionTimes = Readonly<Record<string, Readonly<Record<string, string>>>>

/** What a tokened sink stored with its last output. */
export interface SinkToken {
  readonly queryId: string
  readonly batchId: number
  /** `hashOffsetRow` of the batch's offset row. */
  readonly offsetHash: string
}

/** What one state table writes at a commit. The version of everything in it is the batch id of the commit. */
export interface StateWrite {
  readonly operatorId: string
  readonly table: string
  /** null: nothing changed. */
  readonly changeLog: Uint8Array | null
  /** Whole shards as of this commit. */
  readonly snapshots: readonly { readonly shard: number; readonly blob: Uint8Array }[]
  /** How many of the table's latest change logs, this one among them, a restore needs beside the snapshots; undefined: all. */
  readonly logsNeeded?: number
}

/** The newest readable snapshot of each shard, and the change logs from the oldest of them on, ascending. A shard takes only logs with a version above its snapshot's. */
export interface StateRestore {
  readonly snapshots: readonly { readonly shard: number; readonly version: number; readonly blob: Uint8Array }[]
  readonly changeLogs: Iterable<{ readonly version: number; readonly blob: Uint8Array }>
}

/** What to do on start: a pure function of the logs and the sink's token. */
export type Recovery =
  | { readonly kind: 'fresh' }
  | {
      readonly kind: 'rerun'
      readonly row: OffsetRow
      readonly previous: OffsetRow | null
      readonly lastCommit: CommitRow | null
    }
  | { readonly kind: 'continue'; readonly last: OffsetRow; readonly lastCommit: CommitRow }

/**
 * The durable story of one query: `checkpoint.db` in a directory, or a SQLite file that also holds the user's
 * tables (ours are prefixed `millrace_`). Opening takes the OS-locked lock file. Only this room decides what
 * committed means.
 */
export interface Checkpoint {
  /** Survives restarts; made at first open. */
  readonly queryId: string
  readonly path: string
  /** The open file, for joining sinks: they write through it within `join` of `commit`. */
  readonly database: Database
  /** What was found wrong and could be made good (an older snapshot taken for a damaged one), a sentence each. */
  readonly warnings: readonly string[]
  /** The offset row of the highest batch, or null. */
  lastOffsets(): OffsetRow | null
  /** The commit row of the highest batch, or null. */
  lastCommit(): CommitRow | null
  /** One offset or commit row, or null where it is not held (any more). */
  offsetRow(batchId: number): OffsetRow | null
  commitRow(batchId: number): CommitRow | null
  /** Batches held in each log, ascending. */
  batches(): { readonly offsets: readonly number[]; readonly commits: readonly number[] }
  /** `decide` over the logs and, for a tokened sink, what it gave (undefined: sink has no token). Throws CheckpointError to refuse. */
  recover(token?: SinkToken | null): Recovery
  /**
   * Writes the offset row of a batch, in either durability with synchronous FULL: with it everything before it is on the disk, so that
   * a sink which has a batch never knows more than the log.
   */
  writeOffsets(row: OffsetRow): void
  /**
   * One transaction: for each state table its change log and the snapshots due, the commit row, and `join`
   * (writes of joining sinks into the same file). With `offsets` the offset row is part of it too (all sinks joining).
   */
  commit(row: CommitRow, state: readonly StateWrite[], join?: () => void, offsets?: OffsetRow): void
  /**
   * The blobs that rebuild a table as of the last commit, or null when it was never written. `spec` (plain JSON) is
   * stored at first use and compared later: STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE and kin. With `upTo` as of that
   * committed batch, where it is still held.
   */
  restoreState(operatorId: string, table: string, spec: object, upTo?: number): StateRestore | null
  /** The state tables of the last commit and the specs they were first written with. */
  stateTables(): { readonly operatorId: string; readonly table: string; readonly spec: Json }[]
  /** The meanings stored at first start, by node; null before. */
  fingerprints(): Readonly<Record<string, { readonly fingerprint: string; readonly describe: string }>> | null
  /** The plan's fingerprints of stateful nodes: stored at first start, compared later; a difference refuses, naming the node. */
  checkFingerprints(
    fingerprints: Readonly<Record<string, { readonly fingerprint: string; readonly describe: string }>>,
  ): void
  /** Small named JSON values that must survive (file source logs, schema fixed at first start). Writes join the next offsets/commit transaction. */
  metadata(key: string): Json | undefined
  setMetadata(key: string, value: Json): void
  /** Append-only named logs for sources (files seen): entries with increasing ids. Added entries join the next writeOffsets. */
  sourceLog(name: string): SourceLog
  /** Every source has asked for its log: throws CHECKPOINT_CORRUPT when there is a log that none asked for. */
  checkSourceLogs(): void
  /**
   * Drops logs and state versions not needed to keep `minBatchesToRetain`. Within `join` of a commit it counts that batch and is
   * part of its transaction: a wait for the disk less.
   */
  purge(minBatchesToRetain: number): void
  /** Goes back to just after a committed batch that is still held: forgets every later batch, offsets, state and all. */
  rollback(batchId: number): void
  /** Forgets what waits for the next transaction (metadata, source log entries, new fingerprints): for beginning again on the open checkpoint. */
  discardPending(): void
  close(): void
}

/** What a source remembers about its input between batches (the files of each batch). Entries belong to a log offset. */
export interface SourceLog {
  /** Adds entries under an offset (whole number, increasing). Durable with the next offset row. */
  append(offset: number, entries: readonly Json[]): void
  /** Entries with from < offset <= to, in order. */
  read(from: number, to: number): Json[]
  /** Every entry ever added, in order. */
  all(): IterableIterator<{ readonly offset: number; readonly entry: Json }>
  /** The highest offset, or -1. */
  last(): number
  /** Forgets entries above `offset` (added for a batch whose offset row was never written). */
  truncate(offset: number): void
}
