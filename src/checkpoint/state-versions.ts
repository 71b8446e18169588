import { assert, CheckpointError } from '../errors/errors.ts'
import type { Database, Statement } from '../storage/database.ts'
import type { Json } from '../types/json.ts'
import { checkedBlob, checksum } from './integrity.ts'
import type { StateRestore, StateWrite } from './checkpoint.ts'
import { checkSpec } from './state-spec.ts'

interface TableEntry {
  readonly id: number
  /** Versions of the change logs held, ascending. */
  readonly logs: number[]
  purgedTo: number
  /** Not yet in the database. */
  spec: string | null
}

const nameOf = (operatorId: string, table: string): string => `${operatorId}\u0000${table}`

/**
 * Change logs and shard snapshots of the state tables, by version (the batch id of the commit). What is written here
 * is opaque bytes with a checksum; which logs a restore needs beside the snapshots is what the writer says.
 */
export class StateVersions {
  readonly #db: Database
  readonly #tables = new Map<string, TableEntry>()
  #nextId = 1
  #purgedFor = -1
  #staged: { readonly entry: TableEntry; readonly version: number }[] = []
  readonly #warn: (message: string) => void
  readonly #putTable: Statement
  readonly #specOf: Statement
  readonly #putChanges: Statement
  readonly #getChanges: Statement
  readonly #logsFrom: Statement
  readonly #logVersions: Statement
  readonly #putSnapshot: Statement
  readonly #snapshotShards: Statement
  readonly #snapshotUpTo: Statement

  constructor(db: Database, warn: (message: string) => void) {
    this.#db = db
    this.#warn = warn
    this.#putTable = db.prepare('INSERT INTO millrace_state_tables (id, operator_id, name, spec) VALUES (?, ?, ?, ?)')
    this.#specOf = db.prepare('SELECT spec FROM millrace_state_tables WHERE id = ?')
    this.#putChanges = db.prepare(
      'INSERT INTO millrace_state_changes (table_id, version, logs_from, content, crc) VALUES (?, ?, ?, ?, ?)',
    )
    this.#getChanges = db.prepare('SELECT content, crc FROM millrace_state_changes WHERE table_id = ? AND version = ?')
    this.#logsFrom = db.prepare(
      'SELECT version, logs_from FROM millrace_state_changes WHERE table_id = ? AND version <= ? ORDER BY version DESC LIMIT 1',
    )
    this.#logVersions = db.prepare(
      'SELECT version FROM millrace_state_changes WHERE table_id = ? AND version >= ? AND version <= ? AND content IS NOT NULL ORDER BY version',
    )
    this.#putSnapshot = db.prepare(
      'INSERT INTO millrace_state_snapshots (table_id, shard, version, content, crc) VALUES (?, ?, ?, ?, ?)',
    )
    this.#snapshotShards = db.prepare(
      'SELECT DISTINCT shard FROM millrace_state_snapshots WHERE table_id = ? AND version <= ? ORDER BY shard',
    )
    this.#snapshotUpTo = db.prepare(
      'SELECT version, content, crc FROM millrace_state_snapshots WHERE table_id = ? AND shard = ? AND version <= ? ORDER BY version DESC LIMIT 1',
    )
    this.#read()
  }

  #read(): void {
    this.#tables.clear()
    for (const row of this.#db.prepare('SELECT id, operator_id, name, purged_to FROM millrace_state_tables').all()) {
      const id = Number(row['id'])
      this.#nextId = Math.max(this.#nextId, id + 1)
      const logs = this.#logVersions.all(id, -1, Number.MAX_SAFE_INTEGER).map((r) => Number(r['version']))
      const entry: TableEntry = { id, logs, purgedTo: Number(row['purged_to']), spec: null }
      this.#tables.set(nameOf(String(row['operator_id']), String(row['name'])), entry)
    }
  }

  /** The tables ever registered, with their specs. */
  list(): { readonly operatorId: string; readonly table: string; readonly spec: Json }[] {
    return this.#db
      .prepare('SELECT operator_id, name, spec FROM millrace_state_tables ORDER BY id')
      .all()
      .map((r) => ({
        operatorId: String(r['operator_id']),
        table: String(r['name']),
        spec: JSON.parse(String(r['spec'])) as Json,
      }))
  }

  /**
   * What rebuilds a table as of version `upTo`; null where nothing was written. A table met for the first time is
   * registered with its spec; later specs are compared. A snapshot that is damaged is passed over for an older one
   * where the change logs since are still held, with a warning; else CHECKPOINT_CORRUPT.
   */
  restore(operatorId: string, table: string, spec: Json, upTo: number): StateRestore | null {
    const entry = this.#tables.get(nameOf(operatorId, table))
    if (entry === undefined) {
      this.#tables.set(nameOf(operatorId, table), {
        id: this.#nextId++,
        logs: [],
        purgedTo: -1,
        spec: JSON.stringify(spec),
      })
      return null
    }
    const stored = entry.spec ?? String(this.#specOf.get(entry.id)?.['spec'])
    checkSpec(`${table} of ${operatorId}`, JSON.parse(stored) as Json, spec)
    const newest = this.#logsFrom.get(entry.id, upTo)
    if (newest === undefined) {
      if (entry.purgedTo >= 0 && upTo >= 0)
        throw new CheckpointError('CHECKPOINT_BATCH_GONE', { batch: upTo, path: this.#db.path })
      return null
    }
    let from = Number(newest['logs_from'])
    const snapshots: { readonly shard: number; readonly version: number; readonly blob: Uint8Array }[] = []
    for (const row of this.#snapshotShards.all(entry.id, upTo)) {
      const shard = Number(row['shard'])
      const found = this.#readable(operatorId, table, entry, shard, upTo)
      if (found.blob !== null) snapshots.push({ shard, version: found.version, blob: found.blob })
      if (found.fallback) from = Math.min(from, found.version + 1)
    }
    const versions = this.#logVersions.all(entry.id, from, upTo).map((r) => Number(r['version']))
    return { snapshots, changeLogs: this.#changeLogs(operatorId, table, entry.id, versions) }
  }

  /** The newest snapshot of a shard that can be read; `blob` null and version -1 where the logs reach back to the beginning. */
  #readable(
    operatorId: string,
    table: string,
    entry: TableEntry,
    shard: number,
    upTo: number,
  ): { readonly version: number; readonly blob: Uint8Array | null; readonly fallback: boolean } {
    let limit = upTo
    let firstError: CheckpointError | null = null
    for (;;) {
      const row = this.#snapshotUpTo.get(entry.id, shard, limit)
      const version = row === undefined ? -1 : Number(row['version'])
      // an older snapshot needs every log since: those up to purgedTo are gone
      if (firstError !== null && version < entry.purgedTo) throw firstError
      if (row === undefined) return { version: -1, blob: null, fallback: true }
      try {
        const where = snapshotWhere(operatorId, table, version, shard)
        const blob = checkedBlob(this.#db.path, where, row['content'], row['crc'])
        return { version, blob, fallback: firstError !== null }
      } catch (error) {
        if (!(error instanceof CheckpointError) || error.code !== 'CHECKPOINT_CORRUPT') throw error
        firstError ??= error
        this.#warn(`${error.message.split('\n')[0]}: taking an older snapshot and the change logs since`)
        limit = version - 1
      }
    }
  }

  *#changeLogs(
    operatorId: string,
    table: string,
    id: number,
    versions: readonly number[],
  ): IterableIterator<{ readonly version: number; readonly blob: Uint8Array }> {
    for (const version of versions) {
      const row = this.#getChanges.get(id, version)
      const blob = checkedBlob(this.#db.path, changesWhere(operatorId, table, version), row?.['content'], row?.['crc'])
      yield { version, blob }
    }
  }

  /** Writes the tables of one commit; to be called within a transaction. */
  write(version: number, writes: readonly StateWrite[]): void {
    this.#staged = []
    for (const entry of this.#tables.entries()) this.#register(...entry)
    for (const { operatorId, table, changeLog, snapshots, logsNeeded } of writes) {
      const entry = this.#tables.get(nameOf(operatorId, table))
      assert(entry !== undefined, `state table ${table} of ${operatorId} was never asked for`)
      const logs = changeLog === null ? entry.logs : [...entry.logs, version]
      let from = entry.purgedTo + 1
      if (logsNeeded === 0) from = version + 1
      else if (logsNeeded !== undefined && logsNeeded <= logs.length) from = logs[logs.length - logsNeeded]!
      const crc = changeLog === null ? null : checksum(changesWhere(operatorId, table, version), changeLog)
      this.#putChanges.run(entry.id, version, from, changeLog, crc)
      for (const { shard, blob } of snapshots)
        this.#putSnapshot.run(
          entry.id,
          shard,
          version,
          blob,
          checksum(snapshotWhere(operatorId, table, version, shard), blob),
        )
      if (changeLog !== null) this.#staged.push({ entry, version })
    }
  }

  #register(name: string, entry: TableEntry): void {
    if (entry.spec === null) return
    const [operatorId, table] = name.split('\u0000') as [string, string]
    this.#putTable.run(entry.id, operatorId, table, entry.spec)
  }

  /** The transaction of the last `write` succeeded. */
  settled(): void {
    for (const entry of this.#tables.values()) entry.spec = null
    for (const { entry, version } of this.#staged) entry.logs.push(version)
    this.#staged = []
  }

  /**
   * Drops what is not needed to restore any version from `oldest` on; to be called within a transaction. Looks only
   * every `every` versions: finding what can go costs a walk over the snapshots.
   */
  purge(oldest: number, every: number): void {
    if (oldest < 0 || oldest < this.#purgedFor + every) return
    this.#purgedFor = oldest
    for (const entry of this.#tables.values()) {
      if (entry.spec !== null) continue
      this.#db
        .prepare(
          `DELETE FROM millrace_state_snapshots AS old WHERE table_id = ? AND version < (
             SELECT max(s.version) FROM millrace_state_snapshots s
             WHERE s.table_id = old.table_id AND s.shard = old.shard AND s.version <= ?)`,
        )
        .run(entry.id, oldest)
      const row = this.#logsFrom.get(entry.id, oldest)
      if (row === undefined) continue
      const keepFrom = Math.min(Number(row['logs_from']), Number(row['version']))
      if (keepFrom - 1 <= entry.purgedTo) continue
      this.#db.prepare('DELETE FROM millrace_state_changes WHERE table_id = ? AND version < ?').run(entry.id, keepFrom)
      this.#db.prepare('UPDATE millrace_state_tables SET purged_to = ? WHERE id = ?').run(keepFrom - 1, entry.id)
      entry.purgedTo = keepFrom - 1
      const gone = entry.logs.findIndex((v) => v >= keepFrom)
      entry.logs.splice(0, gone < 0 ? entry.logs.length : gone)
    }
  }

  /** Forgets versions above `version`; to be called within a transaction. */
  rollback(version: number): void {
    this.#db.prepare('DELETE FROM millrace_state_changes WHERE version > ?').run(version)
    this.#db.prepare('DELETE FROM millrace_state_snapshots WHERE version > ?').run(version)
    this.#read()
  }
}

const changesWhere = (operatorId: string, table: string, version: number): string =>
  `the change log of state table ${table} of ${operatorId}, batch ${version},`
const snapshotWhere = (operatorId: string, table: string, version: number, shard: number): string =>
  `the snapshot of state table ${table} of ${operatorId}, batch ${version}, shard ${shard},`
