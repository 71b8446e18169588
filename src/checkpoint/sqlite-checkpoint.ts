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
import { Metadata } from './metadata.ts'
import { prepareFormat } from './migrations.ts'
import { type OffsetLog, offsetLog } from './offset-log.ts'
import { decide } from './recovery.ts'
import { StoredSourceLog } from './source-log.ts'
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
  #closed = false

  constructor(database: Database, lock: FileLock | null, readonly: boolean) {
    this.database = database
    this.#lock = lock
    this.queryId = prepareFormat(database, readonly).queryId
    this.#offsets = offsetLog(database)
    this.#commits = commitLog(database)
    this.#state = new StateVersions(database, (message) => this.#warnings.push(message))
    this.#metadata = new Metadata(database)
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
    const previous = last === null ? null : this.#offsets.get(last.batchId - 1)
    return decide({ path: this.path, queryId: this.queryId, last, previous, lastCommit: this.#lastCommit }, token)
  }

  writeOffsets(row: OffsetRow): void {
    this.#transaction(() => this.#putOffsets(row))
    this.#lastOffsets = row
  }

  commit(row: CommitRow, state: readonly StateWrite[], join?: () => void, offsets?: OffsetRow): void {
    const planned = offsets ?? this.#lastOffsets
    assert(planned?.batchId === row.batchId, `batch ${row.batchId} commits without its offset row`)
    this.#transaction(() => {
      if (offsets !== undefined) this.#putOffsets(offsets)
      this.#state.write(row.batchId, state)
      join?.()
      this.#commits.put(row)
    })
    this.#state.settled()
    this.#lastCommit = row
    if (offsets !== undefined) this.#lastOffsets = offsets
  }

  #putOffsets(row: OffsetRow): void {
    const last = this.#lastOffsets?.batchId ?? -1
    assert(row.batchId === last + 1, `the offset row of batch ${row.batchId} follows that of batch ${last}`)
    this.#offsets.put(row)
  }

  /** One transaction of `body` and everything that waits for one. */
  #transaction(body: () => void): void {
    const waiting = [this.#metadata, this.#fingerprints, ...this.#sourceLogs.values()]
    this.database.transaction(() => {
      for (const w of waiting) w.flush()
      body()
    })
    for (const w of waiting) w.settled()
  }

  restoreState(operatorId: string, table: string, spec: object, upTo?: number): StateRestore | null {
    return this.#state.restore(operatorId, table, spec as Json, upTo ?? this.#lastCommit?.batchId ?? -1)
  }

  stateTables(): { readonly operatorId: string; readonly table: string; readonly spec: Json }[] {
    return this.#state.list()
  }

  checkFingerprints(fingerprints: Readonly<Record<string, NodeMeaning>>): void {
    this.#fingerprints.check(fingerprints, this.#lastOffsets !== null)
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
      log = new StoredSourceLog(this.database, name)
      this.#sourceLogs.set(name, log)
    }
    return log
  }

  purge(minBatchesToRetain: number): void {
    assert(minBatchesToRetain >= 1, 'a checkpoint keeps at least one batch')
    const oldest = (this.#lastCommit?.batchId ?? -1) - minBatchesToRetain + 1
    if (oldest <= 0) return
    this.database.transaction(() => {
      this.#offsets.purge(oldest)
      this.#commits.purge(oldest)
      this.#state.purge(oldest, Math.max(1, Math.floor(minBatchesToRetain / 10)))
    })
  }

  rollback(batchId: number): void {
    if (this.#offsets.get(batchId) === null || this.#commits.get(batchId) === null)
      throw new CheckpointError('CHECKPOINT_BATCH_GONE', { batch: batchId, path: this.path })
    this.database.transaction(() => {
      this.#offsets.cut(batchId)
      this.#commits.cut(batchId)
      this.#state.rollback(batchId)
    })
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
