import { randomUUID } from 'node:crypto'
import { CheckpointError } from '../errors/errors.ts'
import type { Database } from '../storage/database.ts'
import { checksum } from './integrity.ts'
import { type ChangeRow, changesChecksum, shardsXor, tableChecksum } from './state-versions.ts'

/** The format this millrace writes. A fixture of every released format stands in test/checkpoints. */
export const FORMAT_VERSION = 2

const FORMAT = `
  CREATE TABLE millrace_checkpoint (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE millrace_offsets (batch_id INTEGER PRIMARY KEY, content TEXT NOT NULL, crc INTEGER NOT NULL);
  CREATE TABLE millrace_commits (batch_id INTEGER PRIMARY KEY, content TEXT NOT NULL, crc INTEGER NOT NULL);
  CREATE TABLE millrace_metadata (key TEXT PRIMARY KEY, content TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE millrace_fingerprints (node TEXT PRIMARY KEY, content TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE millrace_source_log (
    name TEXT NOT NULL, position INTEGER NOT NULL, seq INTEGER NOT NULL, content TEXT NOT NULL, crc INTEGER NOT NULL,
    PRIMARY KEY (name, position, seq)
  ) WITHOUT ROWID;
  -- purged_to: change logs up to this version are gone
  CREATE TABLE millrace_state_tables (
    id INTEGER PRIMARY KEY, operator_id TEXT NOT NULL, name TEXT NOT NULL, spec TEXT NOT NULL,
    purged_to INTEGER NOT NULL DEFAULT -1, crc INTEGER NOT NULL, UNIQUE (operator_id, name)
  );
  -- logs_from, prev, shards, shards_xor: see ChangeRow
  CREATE TABLE millrace_state_changes (
    id INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, version INTEGER NOT NULL, logs_from INTEGER NOT NULL,
    prev INTEGER NOT NULL, shards INTEGER NOT NULL, shards_xor INTEGER NOT NULL,
    content BLOB, crc INTEGER NOT NULL, UNIQUE (table_id, version)
  );
  CREATE TABLE millrace_state_snapshots (
    id INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, shard INTEGER NOT NULL, version INTEGER NOT NULL,
    content BLOB NOT NULL, crc INTEGER NOT NULL, UNIQUE (table_id, shard, version)
  );
`

/** From the version of the key to the next: run in order, each in the opening transaction. */
const MIGRATIONS: Readonly<Record<number, (db: Database) => void>> = { 1: withChains }

/** Format 2: what a change log says of its neighbours and of the snapshots is kept, and all of it under its checksum. */
function withChains(db: Database): void {
  db.exec(`
    ALTER TABLE millrace_state_tables ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE millrace_state_changes ADD COLUMN prev INTEGER NOT NULL DEFAULT -1;
    ALTER TABLE millrace_state_changes ADD COLUMN shards INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE millrace_state_changes ADD COLUMN shards_xor INTEGER NOT NULL DEFAULT 0;
  `)
  const rows = db.prepare(
    'SELECT id, version, logs_from, content, crc FROM millrace_state_changes WHERE table_id = ? ORDER BY version',
  )
  const snapshots = db.prepare(
    'SELECT shard, max(version) AS version FROM millrace_state_snapshots WHERE table_id = ? AND version <= ? GROUP BY shard',
  )
  const update = db.prepare(
    'UPDATE millrace_state_changes SET prev = ?, shards = ?, shards_xor = ?, crc = ? WHERE id = ?',
  )
  for (const table of db.prepare('SELECT id, operator_id, name, spec, purged_to FROM millrace_state_tables').all()) {
    const [id, operatorId, name] = [Number(table['id']), String(table['operator_id']), String(table['name'])]
    db.prepare('UPDATE millrace_state_tables SET crc = ? WHERE id = ?').run(
      tableChecksum(id, operatorId, name, String(table['spec'])),
      id,
    )
    let prev = Number(table['purged_to'])
    for (const row of rows.all(id)) {
      const version = Number(row['version'])
      const content = row['content'] instanceof Uint8Array ? row['content'] : null
      const shards = new Map(snapshots.all(id, version).map((r) => [Number(r['shard']), Number(r['version'])]))
      const change: ChangeRow = {
        logsFrom: Number(row['logs_from']),
        prev,
        shards: shards.size,
        shardsXor: shardsXor(shards),
        content,
      }
      // The checksum of format 1; what did not fit it must not fit the new one.
      const old =
        content === null
          ? null
          : checksum(`the change log of state table ${name} of ${operatorId}, batch ${version},`, content)
      const crc = changesChecksum(operatorId, name, version, change)
      update.run(prev, change.shards, change.shardsXor, old === row['crc'] ? crc : crc ^ 1, Number(row['id']))
      prev = version
    }
  }
  const id = about(db, 'query_id')
  db.prepare('INSERT INTO millrace_checkpoint (key, value) VALUES (?, ?)').run('query_id_crc', idChecksum(id))
}

const idChecksum = (id: string): string => String(checksum('the query id', id))

/**
 * Makes our tables where there are none, migrates older ones, refuses newer ones (CHECKPOINT_FORMAT_TOO_NEW) and gives
 * the id of the query. A read-only open refuses what it would have to make or migrate.
 */
export function prepareFormat(db: Database, readonly: boolean): { readonly queryId: string } {
  const exists = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'millrace_checkpoint'").get()
  if (exists === undefined) {
    if (readonly) throw new CheckpointError('CHECKPOINT_IO', { path: db.path, message: 'it holds no checkpoint' })
    db.transaction(() => {
      db.exec(FORMAT)
      const put = db.prepare('INSERT INTO millrace_checkpoint (key, value) VALUES (?, ?)')
      put.run('format_version', String(FORMAT_VERSION))
      const id = randomUUID()
      put.run('query_id', id)
      put.run('query_id_crc', idChecksum(id))
    })
  }
  const found = formatVersion(db)
  if (!Number.isInteger(found) || found < 1)
    throw new CheckpointError('CHECKPOINT_CORRUPT', {
      what: `the checkpoint ${db.path}`,
      message: 'it has no format version',
    })
  if (found > FORMAT_VERSION)
    throw new CheckpointError(
      'CHECKPOINT_FORMAT_TOO_NEW',
      { path: db.path, found, supported: FORMAT_VERSION },
      { hint: 'upgrade millrace to at least the version that wrote it' },
    )
  if (found < FORMAT_VERSION) {
    if (readonly)
      throw new CheckpointError(
        'CHECKPOINT_READ_ONLY',
        { path: db.path },
        {
          hint: `it has format version ${found}: a start of its query brings it to version ${FORMAT_VERSION}, then it can be read`,
        },
      )
    db.transaction(() => {
      for (let version = found; version < FORMAT_VERSION; version++) MIGRATIONS[version]?.(db)
      db.prepare("UPDATE millrace_checkpoint SET value = ? WHERE key = 'format_version'").run(String(FORMAT_VERSION))
    })
  }
  const queryId = about(db, 'query_id')
  if (about(db, 'query_id_crc') !== idChecksum(queryId))
    throw new CheckpointError('CHECKPOINT_CORRUPT', {
      what: `the query id of the checkpoint ${db.path}`,
      message: 'its checksum does not fit',
    })
  return { queryId }
}

/** The format version a file was written with. Throws CHECKPOINT_CORRUPT. */
export const formatVersion = (db: Database): number => Number(about(db, 'format_version'))

function about(db: Database, key: string): string {
  const row = db.prepare('SELECT value FROM millrace_checkpoint WHERE key = ?').get(key)
  if (typeof row?.['value'] !== 'string')
    throw new CheckpointError('CHECKPOINT_CORRUPT', { what: `the checkpoint ${db.path}`, message: `it has no ${key}` })
  return row['value']
}
