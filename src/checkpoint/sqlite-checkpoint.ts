import { statSync } from 'node:fs'
import { assert, CheckpointError } from '../errors/errors.ts'
import type { Database } from '../storage/database.ts'
import type { FileLock } from '../storage/lock.ts'
import type { Json } from '../types/json.ts'
import type {
  Checkpoint,
  CommitRow,
  OffsetRow,
  Recovery,
  SinkToken,
  SourceLog,
  StateRestore,
  StateWrite,
} from './checkpoint.ts'
import { type CommitLog, commitLog } from './commit-log.ts'
import { Fingerprints, type NodeMeaning } from './fingerprints.ts'
import { damaged } from './integrity.ts'
import { Metadata } from './metadata.ts'
import { prepareFormat } from './migrations.ts'
import { type OffsetLog, offsetLog } from './offset-log.ts'
import { decide } from './recovery.ts'
import { SEAL, type Seal } from './seal.ts'
import { storedLogs, StoredSourceLog } from './source-log.ts'
import { StateVersions } from './state-versions.ts'

/** The checkpoint in an open SQLite database; closes the database and frees `lock` when closed. */
export class SqliteCheckpoint implements Checkpoint {
  readonly database: Database
  readonly queryId: string
  readonly #lock: FileLock | null
  readonly #offsets: OffsetLog
  readonly #commits: CommitLog
  readonly #state: StateVersions
  readonly #metadata: Metadata
  readonly #fingerprints: Fingerprints
  readonly #sourceLogs = new Map<string, StoredSourceLog>()
  readonly #warnings: string[] = []
  #lastOffsets: OffsetRow | null
  #lastCommit: CommitRow | null
  /** The batch whose commit is being written. */
  #committing: number | null = null
  #closed = false
  /** The file as it was opened; null in memory. */
  readonly #file: { readonly ino: number; readonly dev: number } | null

  constructor(database: Database, lock: FileLock | null, readonly: boolean) {
    this.database = database
    this.#file = statSync(database.path, { throwIfNoEntry: false }) ?? null
    this.#lock = lock
    this.queryId = prepareFormat(database, readonly).queryId
    this.#offsets = offsetLog(database)
    this.#commits = commitLog(database)
    this.#state = new StateVersions(database, (message) => this.#warnings.push(message))
    this.#metadata = new Metadata(database)
    this.#metadata.checkAll()
    this.#fingerprints = new Fingerprints(database)
    this.#lastOffsets = this.#offsets.last()
    this.#lastCommit = this.#commits.last()
  }

  get path(): string {
    return this.database.path
  }
  get warnings(): readonly string[] {
    return this.#warnings
  }
  lastOffsets(): OffsetRow | null {
    return this.#lastOffsets
  }
  lastCommit(): CommitRow | null {
    return this.#lastCommit
  }

  recover(token?: SinkToken | null): Recovery {
    const last = this.#lastOffsets
    const committed = this.#lastCommit?.batchId ?? -1
    if (this.#state.newest > committed)
      throw new CheckpointError('CHECKPOINT_LOGS_INCONSISTENT', {
        path: this.path,
        message: `there is state of batch ${this.#state.newest}, the commit log ends at ${committed < 0 ? 'none' : `batch ${committed}`}`,
      })
    const previous = last === null ? null : this.#offsets.get(last.batchId - 1)
    return decide({ path: this.path, queryId: this.queryId, last, previous, lastCommit: this.#lastCommit }, token)
  }

  writeOffsets(row: OffsetRow): void {
    const usual = this.database.durability
    this.database.setDurability('power')
    try {
      this.#transaction(() => this.#putOffsets(row))
    } finally {
      this.database.setDurability(usual)
    }
    this.#lastOffsets = row
  }

  commit(row: CommitRow, state: readonly StateWrite[], join?: () => void, offsets?: OffsetRow): void {
    const planned = offsets ?? this.#lastOffsets
    assert(planned?.batchId === row.batchId, `batch ${row.batchId} commits without its offset row`)
    this.#metadata.set(SEAL, { batch: row.batchId, state: this.#state.lastVersions(row.batchId, state) })
    this.#committing = row.batchId
    try {
      this.#transaction(() => {
        if (offsets !== undefined) this.#putOffsets(offsets)
        this.#state.write(row.batchId, state)
        join?.()
        this.#commits.put(row)
      })
    } finally {
      this.#committing = null
    }
    this.#state.settled()
    this.#lastCommit = row
    if (offsets !== undefined) this.#lastOffsets = offsets
  }

  #putOffsets(row: OffsetRow): void {
    const last = this.#lastOffsets?.batchId ?? -1
    assert(row.batchId === last + 1, `the offset row of batch ${row.batchId} follows that of batch ${last}`)
    this.#offsets.put(row)
  }

  /** Fails the query whose checkpoint was taken away: SQLite would go on writing into a file that nobody will find. */
  #present(): void {
    if (this.#file === null) return
    const now = statSync(this.path, { throwIfNoEntry: false })
    if (now?.ino !== this.#file.ino || now.dev !== this.#file.dev)
      throw new CheckpointError('CHECKPOINT_IO', {
        path: this.path,
        message: 'it was deleted or replaced while the query was running',
      })
  }

  /** One transaction of `body` and everything that waits for one. */
  #transaction(body: () => void): void {
    this.#present()
    const waiting = [this.#metadata, this.#fingerprints, ...this.#sourceLogs.values()]
    this.database.transaction(() => {
      for (const w of waiting) w.flush()
      body()
    })
    for (const w of waiting) w.settled()
  }

  restoreState(operatorId: string, table: string, spec: object, upTo?: number): StateRestore | null {
    const version = upTo ?? this.#lastCommit?.batchId ?? -1
    const seal = this.#metadata.get(SEAL) as unknown as Seal | undefined
    const expected =
      seal === undefined || seal.batch !== version ? undefined : (seal.state[`${operatorId}/${table}`] ?? -1)
    return this.#state.restore(operatorId, table, spec as Json, version, expected)
  }

  stateTables(): { readonly operatorId: string; readonly table: string; readonly spec: Json }[] {
    return this.#state.list()
  }

  fingerprints(): Readonly<Record<string, NodeMeaning>> | null {
    return this.#fingerprints.stored()
  }

  checkFingerprints(fingerprints: Readonly<Record<string, NodeMeaning>>): void {
    this.#fingerprints.check(fingerprints, this.#lastOffsets !== null)
  }

  checkSourceLogs(): void {
    for (const name of storedLogs(this.database))
      if (!this.#sourceLogs.has(name))
        throw damaged(this.path, `the log of source "${name}", which no source of the query has,`)
  }

  metadata(key: string): Json | undefined {
    return this.#metadata.get(key)
  }
  setMetadata(key: string, value: Json): void {
    this.#metadata.set(key, value)
  }

  sourceLog(name: string): SourceLog {
    let log = this.#sourceLogs.get(name)
    if (log === undefined) {
      log = new StoredSourceLog(this.database, name, this.#metadata)
      this.#sourceLogs.set(name, log)
    }
    return log
  }

  purge(minBatchesToRetain: number): void {
    assert(minBatchesToRetain >= 1, 'a checkpoint keeps at least one batch')
    const newest = this.#committing ?? this.#lastCommit?.batchId ?? -1
    const oldest = newest - minBatchesToRetain + 1
    if (oldest <= 0) return
    const drop = (): void => {
      this.#offsets.purge(oldest)
      this.#commits.purge(oldest)
      this.#state.purge(oldest, Math.max(1, Math.floor(minBatchesToRetain / 10)))
    }
    if (this.#committing === null) this.database.transaction(drop)
    else drop()
  }

  rollback(batchId: number): void {
    if (this.#offsets.get(batchId) === null || this.#commits.get(batchId) === null)
      throw new CheckpointError('CHECKPOINT_BATCH_GONE', { batch: batchId, path: this.path })
    this.database.transaction(() => {
      this.#offsets.cut(batchId)
      this.#commits.cut(batchId)
      this.#state.rollback(batchId)
      this.#metadata.set(SEAL, { batch: batchId, state: this.#state.lastVersions(batchId, []) })
      this.#metadata.flush()
    })
    this.#metadata.settled()
    this.#lastOffsets = this.#offsets.last()
    this.#lastCommit = this.#commits.last()
  }

  batches(): { readonly offsets: readonly number[]; readonly commits: readonly number[] } {
    return { offsets: this.#offsets.batchIds(), commits: this.#commits.batchIds() }
  }

  offsetRow(batchId: number): OffsetRow | null {
    return this.#offsets.get(batchId)
  }
  commitRow(batchId: number): CommitRow | null {
    return this.#commits.get(batchId)
  }

  discardPending(): void {
    for (const w of [this.#metadata, this.#fingerprints, ...this.#sourceLogs.values()]) w.settled()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    try {
      this.database.close()
    } finally {
      this.#lock?.release()
    }
  }
}
