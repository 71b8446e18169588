import { open } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type BetterSqlite3 from 'better-sqlite3'
import { CheckpointError, InternalError } from '../errors/errors.ts'
import type { Database, Durability, SqlValue, Statement, StatementOptions } from './database.ts'

const require = createRequire(import.meta.url)
let loaded: typeof BetterSqlite3 | undefined

/** Pages a backup copies before the event loop has its turn: 4 MB of pages of the usual size. */
const BACKUP_PAGES = 1024

/** Loaded when the first file is opened: many processes that import millrace never open one. */
const sqlite = (): typeof BetterSqlite3 => (loaded ??= require('better-sqlite3') as typeof BetterSqlite3)

/** How to open a SQLite file. */
export interface OpenOptions {
  /** No lock, no change; the file must exist. Default false. */
  readonly readonly?: boolean
  /** How commits reach the disk. Default 'power'. */
  readonly durability?: Durability
  /** How long a statement waits for another connection's write, in milliseconds. Default 5000. */
  readonly busyTimeoutMs?: number
  /** The most pages the file may grow to (SQLite's max_page_count); past it writes fail with CHECKPOINT_STORAGE_FULL. */
  readonly maxPageCount?: number
  /** Leaves journal mode and schema alone: for the lock file, which must not be read before it is locked. */
  readonly rawJournal?: boolean
}

/**
 * Opens (and makes, unless read-only) the SQLite file at `path`, in WAL mode so that readers never wait for the
 * writer; ':memory:' gives a database of its own in memory. Throws CheckpointError.
 */
export function openDatabase(path: string, options: OpenOptions = {}): Database {
  const readonly = options.readonly ?? false
  let db: BetterSqlite3.Database
  try {
    db = new (sqlite())(path, { readonly, fileMustExist: readonly, timeout: options.busyTimeoutMs ?? 5000 })
  } catch (cause) {
    throw storageError(path, cause)
  }
  const opened = new SqliteDatabase(path, db)
  try {
    if (options.rawJournal === true) return opened
    if (!readonly) {
      opened.exec('PRAGMA journal_mode = WAL')
      opened.setDurability(options.durability ?? 'power')
    }
    if (options.maxPageCount !== undefined) opened.exec(`PRAGMA max_page_count = ${options.maxPageCount}`)
    // the first read meets a file that is no database
    opened.prepare('SELECT count(*) FROM sqlite_schema').get()
  } catch (error) {
    db.close()
    throw error
  }
  return opened
}

/** What a fault of SQLite means to us; faults that are not SQLite's are ours. */
export function storageError(path: string, cause: unknown): CheckpointError | InternalError {
  const message = cause instanceof Error ? cause.message : String(cause)
  if (!(cause instanceof sqlite().SqliteError)) {
    // the driver's own check before SQLite sees the path
    if (cause instanceof TypeError && message.startsWith('Cannot open database'))
      return new CheckpointError('CHECKPOINT_IO', { path, message: 'its directory does not exist' }, { cause })
    return new InternalError(`SQLite driver on ${path}: ${message}`, cause)
  }
  const is = (prefix: string): boolean => cause.code === prefix || cause.code.startsWith(`${prefix}_`)
  if (is('SQLITE_FULL'))
    return new CheckpointError(
      'CHECKPOINT_STORAGE_FULL',
      { path },
      { cause, hint: 'free some disk space and start again; nothing was half written' },
    )
  if (is('SQLITE_CORRUPT') || is('SQLITE_NOTADB'))
    return new CheckpointError('CHECKPOINT_CORRUPT', { what: path, message }, { cause })
  if (is('SQLITE_READONLY') || is('SQLITE_PERM'))
    return new CheckpointError('CHECKPOINT_READ_ONLY', { path }, { cause })
  if (is('SQLITE_BUSY') || is('SQLITE_LOCKED'))
    return new CheckpointError('CHECKPOINT_LOCKED', { path, holder: 'another connection' }, { cause })
  if (is('SQLITE_CONSTRAINT')) return new CheckpointError('CHECKPOINT_CONSTRAINT', { path, message }, { cause })
  if (is('SQLITE_IOERR') || is('SQLITE_CANTOPEN'))
    return new CheckpointError('CHECKPOINT_IO', { path, message }, { cause })
  return new CheckpointError('CHECKPOINT_SQL', { path, message }, { cause })
}

class SqliteStatement implements Statement {
  readonly #path: string
  readonly #statement: BetterSqlite3.Statement<unknown[], Readonly<Record<string, SqlValue>>>
  constructor(path: string, statement: BetterSqlite3.Statement<unknown[], Readonly<Record<string, SqlValue>>>) {
    this.#path = path
    this.#statement = statement
  }
  run(...params: readonly SqlValue[]): { readonly changes: number } {
    try {
      return this.#statement.run(...params)
    } catch (cause) {
      throw storageError(this.#path, cause)
    }
  }
  get(...params: readonly SqlValue[]): Readonly<Record<string, SqlValue>> | undefined {
    try {
      return this.#statement.get(...params)
    } catch (cause) {
      throw storageError(this.#path, cause)
    }
  }
  all(...params: readonly SqlValue[]): Readonly<Record<string, SqlValue>>[] {
    try {
      return this.#statement.all(...params)
    } catch (cause) {
      throw storageError(this.#path, cause)
    }
  }
  *iterate(...params: readonly SqlValue[]): IterableIterator<Readonly<Record<string, SqlValue>>> {
    const rows = this.#guard(() => this.#statement.iterate(...params))
    try {
      for (;;) {
        const next = this.#guard(() => rows.next())
        if (next.done === true) return
        yield next.value
      }
    } finally {
      rows.return?.()
    }
  }
  columns(): { readonly name: string; readonly declaredType: string | null }[] {
    return this.#guard(() => this.#statement.columns()).map((c) => ({ name: c.name, declaredType: c.type }))
  }
  #guard<T>(body: () => T): T {
    try {
      return body()
    } catch (cause) {
      throw storageError(this.#path, cause)
    }
  }
}

class SqliteDatabase implements Database {
  readonly path: string
  readonly #db: BetterSqlite3.Database
  readonly #begin: BetterSqlite3.Statement<unknown[]>
  readonly #commit: BetterSqlite3.Statement<unknown[]>
  readonly #rollback: BetterSqlite3.Statement<unknown[]>

  /** Null until it is set: the library's own. */
  #durability: Durability | null = null
  constructor(path: string, db: BetterSqlite3.Database) {
    this.path = path
    this.#db = db
    this.#begin = db.prepare('BEGIN IMMEDIATE')
    this.#commit = db.prepare('COMMIT')
    this.#rollback = db.prepare('ROLLBACK')
  }

  prepare(sql: string, options: StatementOptions = {}): Statement {
    try {
      const statement = this.#db.prepare<unknown[], Readonly<Record<string, SqlValue>>>(sql)
      if (options.bigints === true) statement.safeIntegers(true)
      return new SqliteStatement(this.path, statement)
    } catch (cause) {
      throw storageError(this.path, cause)
    }
  }

  exec(sql: string): void {
    try {
      this.#db.exec(sql)
    } catch (cause) {
      throw storageError(this.path, cause)
    }
  }

  transaction<T>(body: () => T): T {
    if (this.#db.inTransaction) throw new InternalError(`a transaction within a transaction on ${this.path}`)
    this.#run(this.#begin)
    try {
      const result = body()
      this.#run(this.#commit)
      return result
    } catch (error) {
      // SQLite itself has rolled back after some faults (a full disk)
      if (this.#db.inTransaction) this.#run(this.#rollback)
      throw error
    }
  }

  #run(statement: BetterSqlite3.Statement<unknown[]>): void {
    try {
      statement.run()
    } catch (cause) {
      throw storageError(this.path, cause)
    }
  }

  get durability(): Durability {
    return this.#durability ?? 'process'
  }

  setDurability(durability: Durability): void {
    if (durability === this.#durability) return
    this.#durability = durability
    this.exec(`PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}`)
  }

  async backup(target: string): Promise<void> {
    try {
      await this.#db.backup(target, { progress: () => BACKUP_PAGES })
      const file = await open(target, 'r+')
      try {
        await file.sync()
      } finally {
        await file.close()
      }
    } catch (cause) {
      if (cause instanceof sqlite().SqliteError) throw storageError(target, cause)
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new CheckpointError('CHECKPOINT_IO', { path: target, message }, { cause })
    }
  }

  close(): void {
    try {
      this.#db.close()
    } catch (cause) {
      throw storageError(this.path, cause)
    }
  }
}
