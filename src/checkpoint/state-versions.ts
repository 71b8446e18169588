import { assert, CheckpointError } from '../errors/errors.ts'
import type { Database, Statement } from '../storage/database.ts'
import type { Json } from '../types/json.ts'
import { checkedBlob, checksum, damaged } from './integrity.ts'
import type { StateRestore, StateWrite } from './checkpoint.ts'
import { checkSpec } from './state-spec.ts'

/** What a row of the change logs says besides its version. */
export interface ChangeRow {
  /** A restore as of this version needs the change logs from that version on, beside the snapshots. */
  readonly logsFrom: number
  /** Version of the row before, -1 for none: a row that is gone leaves a gap. */
  readonly prev: number
  /** How many shards have a snapshot, and `shardsXor` of which: a snapshot that is gone is missed. */
  readonly shards: number
  readonly shardsXor: number
  readonly content: Uint8Array | null
}

/** A number for a set of (shard, version); cheap to compare. */
export function shardsXor(shards: ReadonlyMap<number, number>): number {
  let xor = 0
  for (const [shard, version] of shards) xor ^= shardXor(shard, version)
  return xor >>> 0
}

/** What one shard adds to `shardsXor`, or takes from it. */
const shardXor = (shard: number, version: number): number => checksum('', `${shard}@${version}`)

/** The checksum of a row of the change logs: of all that it says. */
export const changesChecksum = (operatorId: string, table: string, version: number, row: ChangeRow): number =>
  checksum(
    `${changesWhere(operatorId, table, version)} from ${row.logsFrom} after ${row.prev} with ${row.shards} ${row.shardsXor}${row.content === null ? '' : ':'}`,
    row.content ?? '',
  )

/** The checksum of a registered table. */
export const tableChecksum = (id: number, operatorId: string, table: string, spec: string): number =>
  checksum(`the state table ${id}, ${table} of ${operatorId}`, spec)

interface TableEntry {
  readonly id: number
  /** Versions of the change logs held, ascending. */
  readonly logs: number[]
  /** Version of the last row, change log or not; -1 before the first. */
  last: number
  /** Newest snapshot of each shard. */
  readonly shards: Map<number, number>
  /** `shardsXor` of them. */
  xor: number
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
  #staged: {
    readonly entry: TableEntry
    readonly version: number
    readonly logged: boolean
    readonly shards: readonly number[]
    readonly xor: number
  }[] = []
  readonly #warn: (message: string) => void
  readonly #putTable: Statement
  readonly #specOf: Statement
  readonly #putChanges: Statement
  readonly #getChanges: Statement
  readonly #logsFrom: Statement
  readonly #newestUpTo: Statement
  readonly #logVersions: Statement
  readonly #putSnapshot: Statement
  readonly #newestSnapshots: Statement
  readonly #snapshotShards: Statement
  readonly #snapshotUpTo: Statement

  constructor(db: Database, warn: (message: string) => void) {
    this.#db = db
    this.#warn = warn
    this.#putTable = db.prepare(
      'INSERT INTO millrace_state_tables (id, operator_id, name, spec, crc) VALUES (?, ?, ?, ?, ?)',
    )
    this.#specOf = db.prepare('SELECT spec FROM millrace_state_tables WHERE id = ?')
    this.#putChanges = db.prepare(
      `INSERT INTO millrace_state_changes (table_id, version, logs_from, prev, shards, shards_xor, content, crc)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#getChanges = db.prepare('SELECT * FROM millrace_state_changes WHERE table_id = ? AND version = ?')
    this.#logsFrom = db.prepare(
      'SELECT version, logs_from FROM millrace_state_changes WHERE table_id = ? AND version <= ? ORDER BY version DESC LIMIT 1',
    )
    this.#newestUpTo = db.prepare(
      'SELECT max(version) AS version FROM millrace_state_changes WHERE table_id = ? AND version <= ?',
    )
    this.#logVersions = db.prepare(
      'SELECT version, content IS NOT NULL AS logged FROM millrace_state_changes WHERE table_id = ? AND version >= ? AND version <= ? ORDER BY version',
    )
    this.#putSnapshot = db.prepare(
      'INSERT INTO millrace_state_snapshots (table_id, shard, version, content, crc) VALUES (?, ?, ?, ?, ?)',
    )
    this.#newestSnapshots = db.prepare(
      'SELECT shard, max(version) AS version FROM millrace_state_snapshots WHERE table_id = ? GROUP BY shard',
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
    for (const row of this.#db
      .prepare('SELECT id, operator_id, name, spec, purged_to, crc FROM millrace_state_tables')
      .all()) {
      const id = Number(row['id'])
      const [operatorId, name] = [String(row['operator_id']), String(row['name'])]
      if (row['crc'] !== tableChecksum(id, operatorId, name, String(row['spec'])))
        throw damaged(this.#db.path, `the state table ${name} of ${operatorId}`)
      this.#nextId = Math.max(this.#nextId, id + 1)
      const rows = this.#logVersions.all(id, -1, Number.MAX_SAFE_INTEGER)
      const shards = new Map(this.#newestSnapshots.all(id).map((r) => [Number(r['shard']), Number(r['version'])]))
      this.#tables.set(nameOf(operatorId, name), {
        id,
        logs: rows.filter((r) => r['logged'] === 1).map((r) => Number(r['version'])),
        last: Number(rows[rows.length - 1]?.['version'] ?? -1),
        shards,
        xor: shardsXor(shards),
        purgedTo: Number(row['purged_to']),
        spec: null,
      })
    }
  }

  /** The highest version of any table, or -1. */
  get newest(): number {
    return Math.max(-1, ...[...this.#tables.values()].map((t) => t.last))
  }

  /** Version of the last row of every table with one, as it will be once a commit is written: for the seal. */
  lastVersions(version: number, writes: readonly StateWrite[]): Readonly<Record<string, number>> {
    const out: Record<string, number> = {}
    for (const [name, entry] of this.#tables) if (entry.last >= 0) out[name.replace('\u0000', '/')] = entry.last
    for (const w of writes) out[`${w.operatorId}/${w.table}`] = version
    return out
  }

  /** The tables ever registered, with their specs. */
  list(): { readonly operatorId: string; readonly table: string; readonly spec: Json }[] {
    return this.#db
      .prepare('SELECT operator_id, name, spec FROM millrace_state_tables ORDER BY id')
      .all()
      .map((r) => ({
        operatorId: String(r['operator_id']),
        table: String(r['name']),
        spec: this.#specJson(String(r['operator_id']), String(r['name']), r['spec']),
      }))
  }

  /**
   * What rebuilds a table as of version `upTo`; null where nothing was written. A table met for the first time is
   * registered with its spec; later specs are compared. A snapshot that is damaged or missing is passed over for an
   * older one where the change logs since are still held, with a warning; else CHECKPOINT_CORRUPT, as for a change log
   * that is needed. `expected`: the version of the last row at `upTo`, where that is known (-1: none).
   */
  restore(operatorId: string, table: string, spec: Json, upTo: number, expected?: number): StateRestore | null {
    const entry = this.#tables.get(nameOf(operatorId, table))
    const missing = (): CheckpointError =>
      damaged(this.#db.path, `the last change log of ${table} of ${operatorId} is missing: the state`)
    if (entry === undefined) {
      if (expected !== undefined && expected >= 0) throw missing()
      this.#tables.set(nameOf(operatorId, table), {
        id: this.#nextId++,
        logs: [],
        last: -1,
        shards: new Map(),
        xor: 0,
        purgedTo: -1,
        spec: JSON.stringify(spec),
      })
      return null
    }
    const stored = this.#specJson(operatorId, table, entry.spec ?? this.#specOf.get(entry.id)?.['spec'])
    checkSpec(`${table} of ${operatorId}`, stored, spec)
    const version = this.#newestUpTo.get(entry.id, upTo)?.['version'] ?? undefined
    if (expected !== undefined && Number(version ?? -1) !== expected) throw missing()
    if (version === undefined) {
      if (entry.purgedTo >= 0 && upTo >= 0)
        throw new CheckpointError('CHECKPOINT_BATCH_GONE', { batch: upTo, path: this.#db.path })
      return null
    }
    const newest = this.#changes(operatorId, table, entry.id, Number(version))
    let from = newest.logsFrom
    const found = new Map<number, number>()
    const snapshots: { readonly shard: number; readonly version: number; readonly blob: Uint8Array }[] = []
    for (const row of this.#snapshotShards.all(entry.id, upTo)) {
      const shard = Number(row['shard'])
      const snapshot = this.#readable(operatorId, table, entry, shard, upTo)
      found.set(shard, snapshot.newest)
      if (snapshot.blob !== null) snapshots.push({ shard, version: snapshot.version, blob: snapshot.blob })
      if (snapshot.fallback) from = Math.min(from, snapshot.version + 1)
    }
    if (found.size !== newest.shards || shardsXor(found) !== newest.shardsXor) {
      // Some snapshot is gone without a trace: an older one, or none, stands for it, and every log since is needed.
      const oldest = found.size < newest.shards ? -1 : Math.min(...found.values())
      if (oldest < entry.purgedTo)
        throw damaged(this.#db.path, `a snapshot of ${table} of ${operatorId} is missing: the state`)
      this.#warn(`a snapshot of ${table} of ${operatorId} is missing: taking an older one and the change logs since`)
      from = Math.min(from, oldest + 1)
    }
    const versions = this.#logVersions.all(entry.id, from, upTo).map((r) => Number(r['version']))
    return { snapshots, changeLogs: this.#changeLogs(operatorId, table, entry.id, from, versions) }
  }

  #specJson(operatorId: string, table: string, text: unknown): Json {
    try {
      return JSON.parse(String(text)) as Json
    } catch (cause) {
      throw damaged(this.#db.path, `the spec of state table ${table} of ${operatorId}`, cause)
    }
  }

  /** The newest snapshot of a shard that can be read; `blob` null and version -1 where the logs reach back to the beginning. */
  #readable(
    operatorId: string,
    table: string,
    entry: TableEntry,
    shard: number,
    upTo: number,
  ): {
    readonly newest: number
    readonly version: number
    readonly blob: Uint8Array | null
    readonly fallback: boolean
  } {
    let limit = upTo
    let newest: number | null = null
    let firstError: CheckpointError | null = null
    for (;;) {
      const row = this.#snapshotUpTo.get(entry.id, shard, limit)
      const version = row === undefined ? -1 : Number(row['version'])
      newest ??= version
      // an older snapshot needs every log since: those up to purgedTo are gone
      if (firstError !== null && version < entry.purgedTo) throw firstError
      if (row === undefined) return { newest, version: -1, blob: null, fallback: true }
      try {
        const where = snapshotWhere(operatorId, table, version, shard)
        const blob = checkedBlob(this.#db.path, where, row['content'], row['crc'])
        return { newest, version, blob, fallback: firstError !== null }
      } catch (error) {
        if (!(error instanceof CheckpointError) || error.code !== 'CHECKPOINT_CORRUPT') throw error
        firstError ??= error
        this.#warn(`${error.message.split('\n')[0]}: taking an older snapshot and the change logs since`)
        limit = version - 1
      }
    }
  }

  /** The logs of `versions` (all that are held from `from` on), each found to follow the one before it. */
  *#changeLogs(
    operatorId: string,
    table: string,
    id: number,
    from: number,
    versions: readonly number[],
  ): IterableIterator<{ readonly version: number; readonly blob: Uint8Array }> {
    let before = from - 1
    for (const [i, version] of versions.entries()) {
      const { prev, content } = this.#changes(operatorId, table, id, version)
      if (i === 0 ? prev > before : prev !== before)
        throw damaged(
          this.#db.path,
          `the change log of version ${prev} of ${table} of ${operatorId} is missing: the state`,
        )
      before = version
      if (content !== null) yield { version, blob: content }
    }
  }

  /** One row, its checksum checked. */
  #changes(operatorId: string, table: string, id: number, version: number): ChangeRow {
    const row = this.#getChanges.get(id, version) ?? {}
    const content = row['content'] ?? null
    const changes: ChangeRow = {
      logsFrom: Number(row['logs_from']),
      prev: Number(row['prev']),
      shards: Number(row['shards']),
      shardsXor: Number(row['shards_xor']),
      content: content instanceof Uint8Array ? content : null,
    }
    if (
      (content !== null && !(content instanceof Uint8Array)) ||
      row['crc'] !== changesChecksum(operatorId, table, version, changes)
    )
      throw damaged(this.#db.path, changesWhere(operatorId, table, version))
    return changes
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
      // Followed from commit to commit: a small batch must not pay for all shards.
      let [count, xor] = [entry.shards.size, entry.xor]
      for (const { shard } of snapshots) {
        const before = entry.shards.get(shard)
        if (before === undefined) count++
        else xor ^= shardXor(shard, before)
        xor ^= shardXor(shard, version)
      }
      xor >>>= 0
      const row: ChangeRow = { logsFrom: from, prev: entry.last, shards: count, shardsXor: xor, content: changeLog }
      const crc = changesChecksum(operatorId, table, version, row)
      this.#putChanges.run(entry.id, version, from, row.prev, row.shards, row.shardsXor, changeLog, crc)
      for (const { shard, blob } of snapshots)
        this.#putSnapshot.run(
          entry.id,
          shard,
          version,
          blob,
          checksum(snapshotWhere(operatorId, table, version, shard), blob),
        )
      this.#staged.push({ entry, version, logged: changeLog !== null, shards: snapshots.map((x) => x.shard), xor })
    }
  }

  #register(name: string, entry: TableEntry): void {
    if (entry.spec === null) return
    const [operatorId, table] = name.split('\u0000') as [string, string]
    this.#putTable.run(entry.id, operatorId, table, entry.spec, tableChecksum(entry.id, operatorId, table, entry.spec))
  }

  /** The transaction of the last `write` succeeded. */
  settled(): void {
    for (const entry of this.#tables.values()) entry.spec = null
    for (const { entry, version, logged, shards, xor } of this.#staged) {
      if (logged) entry.logs.push(version)
      entry.xor = xor
      entry.last = version
      for (const shard of shards) entry.shards.set(shard, version)
    }
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

/** What messages call a row of the change logs. */
export const changesWhere = (operatorId: string, table: string, version: number): string =>
  `the change log of state table ${table} of ${operatorId}, batch ${version},`
/** What messages call a snapshot. */
export const snapshotWhere = (operatorId: string, table: string, version: number, shard: number): string =>
  `the snapshot of state table ${table} of ${operatorId}, batch ${version}, shard ${shard},`
