import { randomUUID } from 'node:crypto'
import { CheckpointError } from '../errors/errors.ts'
import type { Database } from '../storage/database.ts'

/** The format this millrace writes. A fixture of every released format stands in test/checkpoints. */
export const FORMAT_VERSION = 1

const FORMAT_1 = `
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
    purged_to INTEGER NOT NULL DEFAULT -1, UNIQUE (operator_id, name)
  );
  -- logs_from: a restore as of this version needs the change logs from that version on, beside the snapshots
  CREATE TABLE millrace_state_changes (
    id INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, version INTEGER NOT NULL, logs_from INTEGER NOT NULL,
    content BLOB, crc INTEGER, UNIQUE (table_id, version)
  );
  CREATE TABLE millrace_state_snapshots (
    id INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, shard INTEGER NOT NULL, version INTEGER NOT NULL,
    content BLOB NOT NULL, crc INTEGER NOT NULL, UNIQUE (table_id, shard, version)
  );
`

/** From the version of the key to the next: run in order, each in the opening transaction. */
const MIGRATIONS: Readonly<Record<number, (db: Database) => void>> = {}

/**
 * Makes our tables where there are none, migrates older ones, refuses newer ones (CHECKPOINT_FORMAT_TOO_NEW) and gives
 * the id of the query. A read-only open refuses what it would have to make or migrate.
 */
export function prepareFormat(db: Database, readonly: boolean): { readonly queryId: string } {
  const exists = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'millrace_checkpoint'").get()
  if (exists === undefined) {
    if (readonly) throw new CheckpointError('CHECKPOINT_IO', { path: db.path, message: 'it holds no checkpoint' })
    db.transaction(() => {
      db.exec(FORMAT_1)
      const put = db.prepare('INSERT INTO millrace_checkpoint (key, value) VALUES (?, ?)')
      put.run('format_version', String(FORMAT_VERSION))
      put.run('query_id', randomUUID())
    })
  }
  const found = Number(about(db, 'format_version'))
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
    if (readonly) throw new CheckpointError('CHECKPOINT_READ_ONLY', { path: db.path })
    db.transaction(() => {
      for (let version = found; version < FORMAT_VERSION; version++) MIGRATIONS[version]?.(db)
      db.prepare("UPDATE millrace_checkpoint SET value = ? WHERE key = 'format_version'").run(String(FORMAT_VERSION))
    })
  }
  return { queryId: about(db, 'query_id') }
}

function about(db: Database, key: string): string {
  const row = db.prepare('SELECT value FROM millrace_checkpoint WHERE key = ?').get(key)
  if (typeof row?.['value'] !== 'string')
    throw new CheckpointError('CHECKPOINT_CORRUPT', { what: `the checkpoint ${db.path}`, message: `it has no ${key}` })
  return row['value']
}
