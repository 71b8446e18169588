/**
 * sqlite: writes into a table of a SQLite file.
 *
 *   kind    tokened: rows and the batch they belong to (table millrace_tokens) are one transaction, so that each batch
 *           is written once; with `atomic`, or into the checkpoint's own file, joining: rows, state and commit are one
 *   modes   append adds rows; update needs a key, rows take the place of those of the same key, deletions take them out;
 *           changelog with a key does the same, without one it adds the changes as rows; complete replaces all
 */
import { existsSync, realpathSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import type { SinkToken } from '../../checkpoint/checkpoint.ts'
import type { Batch } from '../../columns/batch.ts'
import { OptionError } from '../../errors/errors.ts'
import type { Database, SqlValue, Statement } from '../../storage/database.ts'
import { openDatabase } from '../../storage/sqlite.ts'
import { plainPath } from '../files/listing.ts'
import { OUTPUT_MODES, defineSink, type Options, type Sink, type SinkContext } from '../provider.ts'
import { SqliteTable } from './table.ts'

export const sqliteSink = defineSink({
  format: 'sqlite',
  doc: 'Writes into a table of a SQLite file, each batch exactly once; makes the table when it is missing.',
  options: {
    path: { type: 'string', doc: 'The SQLite file; may be left out with atomic.' },
    table: { type: 'string', required: true, doc: 'The table.' },
    key: {
      type: 'string',
      doc: 'Columns of the key, with commas: a row takes the place of one of the same key. Needed in update mode.',
    },
    atomic: {
      type: 'boolean',
      default: false,
      doc: "Write into the checkpoint's own file, in the transaction that commits the batch.",
    },
  },
  kind: 'tokened',
  kindOf: (options) => (options['atomic'] === true ? 'joining' : 'tokened'),
  modes: OUTPUT_MODES,
  deletes: true,
  open: (options, ctx) => Promise.resolve(openSink(options, ctx)),
  describe: (options) => `SqliteSink[${String(options['path'] ?? 'checkpoint')}, ${String(options['table'])}]`,
})

function openSink(options: Options, ctx: SinkContext): Sink {
  const table = String(options['table'])
  const key = String(options['key'] ?? '')
    .split(',')
    .map((k) => k.trim())
    .filter((k) => k !== '')
  const bad = (option: string, value: string, expected: string, hint?: string): OptionError =>
    new OptionError('OPTION_INVALID', { format: 'sqlite', option, value, expected }, { hint })
  if (/^(millrace|sqlite)_/i.test(table))
    throw bad('table', table, 'a name that does not begin with millrace_ or sqlite_')
  if (ctx.mode === 'update' && key.length === 0)
    throw new OptionError(
      'OPTION_MISSING',
      { format: 'sqlite', option: 'key' },
      { hint: 'update mode writes changed rows: name the columns that tell which row they replace' },
    )
  const path = options['path'] === undefined ? null : plainPath(String(options['path']))
  const own = ctx.database !== null && path !== null && samePath(ctx.database.path, path)
  if (options['atomic'] === true || own) {
    if (ctx.database === null)
      throw bad('atomic', 'true', 'a checkpoint on disk', 'set the option checkpointLocation; a SQLite file will do')
    if (path !== null && !own)
      throw bad('path', path, `the checkpoint's own file, ${ctx.database.path},`, 'leave path out, or leave atomic out')
    return new JoiningSink(new SqliteTable(ctx.database, table, ctx, key), ctx.mode === 'complete')
  }
  if (path === null)
    throw new OptionError('OPTION_MISSING', { format: 'sqlite', option: 'path' }, { hint: 'The SQLite file.' })
  const db = openDatabase(path)
  try {
    return new TokenedSink(db, new SqliteTable(db, table, ctx, key), table, ctx)
  } catch (error) {
    db.close()
    throw error
  }
}

function samePath(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b)
  } catch {
    // one of them is not there yet
    return a === b
  }
}

/** Writes within the transaction of the commit. */
class JoiningSink implements Sink {
  readonly #table: SqliteTable
  readonly #replaces: boolean
  #batches: Batch[] = []

  constructor(table: SqliteTable, replaces: boolean) {
    this.#table = table
    this.#replaces = replaces
  }

  begin(): void {
    this.#batches = []
  }
  add(batch: Batch): void {
    this.#batches.push(batch)
  }
  finish(): void {}
  abort(): void {
    this.#batches = []
  }
  writeInTx(): void {
    if (this.#replaces) this.#table.clear()
    for (const batch of this.#batches) this.#table.write(batch)
    this.#batches = []
  }
  close(): Promise<void> {
    return Promise.resolve()
  }
}

const TOKENS = `CREATE TABLE IF NOT EXISTS millrace_tokens (
  sink_table TEXT PRIMARY KEY, query_id TEXT NOT NULL, batch_id INTEGER NOT NULL, offset_hash TEXT NOT NULL
) WITHOUT ROWID`

/** The token a table holds; null when it has none, or the file is not there. Changes nothing. */
export function storedToken(path: string, table: string): SinkToken | null {
  if (!existsSync(path)) return null
  const db = openDatabase(path, { readonly: true })
  try {
    const made = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'millrace_tokens'").get()
    return made === undefined ? null : tokenOf(db.prepare(GET_TOKEN).get(table.toLowerCase()))
  } finally {
    db.close()
  }
}

const GET_TOKEN = 'SELECT query_id, batch_id, offset_hash FROM millrace_tokens WHERE sink_table = ?'

function tokenOf(row: Readonly<Record<string, SqlValue>> | undefined): SinkToken | null {
  if (row === undefined) return null
  return {
    queryId: String(row['query_id']),
    batchId: Number(row['batch_id']),
    offsetHash: String(row['offset_hash']),
  }
}

/** Writes in a transaction of its own, with the token of the batch. */
class TokenedSink implements Sink {
  readonly #db: Database
  readonly #table: SqliteTable
  readonly #name: string
  readonly #replaces: boolean
  readonly #put: Statement
  readonly #get: Statement
  #token: SinkToken | null = null
  #batches: Batch[] = []
  /** Without a checkpoint on disk nothing outlives the process: there is no token then. */
  readonly readToken?: () => Promise<SinkToken | null>

  constructor(db: Database, table: SqliteTable, name: string, ctx: SinkContext) {
    this.#db = db
    this.#table = table
    this.#name = name.toLowerCase()
    this.#replaces = ctx.mode === 'complete'
    db.exec(TOKENS)
    this.#put = db.prepare(
      'INSERT OR REPLACE INTO millrace_tokens (sink_table, query_id, batch_id, offset_hash) VALUES (?, ?, ?, ?)',
    )
    this.#get = db.prepare(GET_TOKEN)
    if (ctx.database !== null) this.readToken = () => Promise.resolve(this.#stored())
  }

  #stored(): SinkToken | null {
    return tokenOf(this.#get.get(this.#name))
  }

  begin(_batchId: number, token: SinkToken): void {
    this.#batches = []
    this.#token = token
  }
  add(batch: Batch): void {
    this.#batches.push(batch)
  }

  async finish(): Promise<void> {
    const token = this.#token!
    const batches = this.#batches
    this.#batches = []
    const stored = this.#stored()
    // A run that was lost behind this point has written the batch already.
    if (stored !== null && stored.queryId === token.queryId && stored.batchId >= token.batchId) return
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      if (this.#replaces) this.#table.clear()
      for (const batch of batches) {
        this.#table.write(batch)
        await turn()
      }
      if (this.readToken !== undefined) this.#put.run(this.#name, token.queryId, token.batchId, token.offsetHash)
      this.#db.exec('COMMIT')
    } catch (error) {
      this.#rollback()
      throw error
    }
  }

  #rollback(): void {
    try {
      this.#db.exec('ROLLBACK')
    } catch {
      // SQLite itself has rolled back after some faults (a full disk): the first error is the one to report
    }
  }

  abort(): void {
    this.#batches = []
  }
  close(): Promise<void> {
    this.#db.close()
    return Promise.resolve()
  }
}
