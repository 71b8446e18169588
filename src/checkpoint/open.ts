import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CheckpointError } from '../errors/errors.ts'
import type { Database, Durability } from '../storage/database.ts'
import { acquireLock, acquireLockWhenFree, type FileLock } from '../storage/lock.ts'
import { openDatabase } from '../storage/sqlite.ts'
import type { Checkpoint } from './checkpoint.ts'
import { SqliteCheckpoint } from './sqlite-checkpoint.ts'

/** How to open a checkpoint. */
export interface CheckpointOptions {
  /** How long to wait for another process that holds it, in milliseconds. Default 0. */
  readonly lockTimeoutMs?: number
  /** Default 'power'. */
  readonly durability?: Durability
  /** The most SQLite pages the file may take; for tests of a full disk. */
  readonly maxPageCount?: number
  /** Takes no lock and changes nothing: for looking at a checkpoint while its query runs. */
  readonly readonly?: boolean
  /** With `readonly`: everything is seen as it is at this moment, until `close`. */
  readonly snapshot?: boolean
}

/** Where the parts of a checkpoint lie. */
export interface CheckpointPaths {
  readonly database: string
  readonly lock: string
  /** Says whose directory it is, so that a checkpoint that was emptied or exchanged is not taken for a new one; null for a file. */
  readonly marker: string | null
}

/**
 * A path that ends in .db, .sqlite or .sqlite3, or that is a file, is the SQLite file itself; anything else is a
 * directory with `checkpoint.db` in it. `file:` URLs are taken as paths.
 */
export function checkpointPaths(location: string): CheckpointPaths {
  const path = location.startsWith('file://') ? fileURLToPath(location) : location.replace(/^file:/, '')
  const stat = statSync(path, { throwIfNoEntry: false })
  const isFile = stat === undefined ? /\.(db|sqlite|sqlite3)$/i.test(path) : !stat.isDirectory()
  return isFile
    ? { database: path, lock: `${path}.lock`, marker: null }
    : { database: join(path, 'checkpoint.db'), lock: join(path, 'lock.db'), marker: join(path, 'metadata') }
}

/**
 * Opens the checkpoint at `location`, making directories and tables as needed, and holds its lock until `close`.
 * Waits for the lock by blocking the thread: use `openCheckpointWhenFree` in a process that does other things.
 * Throws CheckpointError: locked, damaged, of a newer format, not writable, no room.
 */
export function openCheckpoint(location: string, options: CheckpointOptions = {}): Checkpoint {
  const paths = prepare(location, options)
  const lock = options.readonly === true ? null : acquireLock(paths.lock, options.lockTimeoutMs ?? 0, paths.database)
  return open(paths, options, lock)
}

/** As `openCheckpoint`, without blocking the thread while it waits. */
export async function openCheckpointWhenFree(location: string, options: CheckpointOptions = {}): Promise<Checkpoint> {
  const paths = prepare(location, options)
  const lock =
    options.readonly === true ? null : await acquireLockWhenFree(paths.lock, options.lockTimeoutMs ?? 0, paths.database)
  return open(paths, options, lock)
}

/** The parts of a checkpoint that must be there already. Throws CHECKPOINT_NOT_FOUND. */
export function existingCheckpoint(location: string): CheckpointPaths {
  const paths = checkpointPaths(location)
  if (statSync(paths.database, { throwIfNoEntry: false }) === undefined && !isMarked(paths))
    throw new CheckpointError('CHECKPOINT_NOT_FOUND', { path: location })
  return paths
}

/** Whether a query has run in the directory: a database that is missing there is damage. */
const isMarked = ({ marker }: CheckpointPaths): boolean =>
  marker !== null && statSync(marker, { throwIfNoEntry: false }) !== undefined

/** A checkpoint in memory, for queries without a location: everything but surviving. */
export function memoryCheckpoint(): Checkpoint {
  return new SqliteCheckpoint(openDatabase(':memory:', { durability: 'process' }), null, false)
}

function prepare(location: string, options: CheckpointOptions): CheckpointPaths {
  const paths = checkpointPaths(location)
  if (options.readonly === true) return paths
  const directory = dirname(paths.database)
  try {
    mkdirSync(directory, { recursive: true })
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new CheckpointError('CHECKPOINT_IO', { path: directory, message }, { cause })
  }
  return paths
}

function open(paths: CheckpointPaths, options: CheckpointOptions, lock: FileLock | null): Checkpoint {
  try {
    const readonly = options.readonly ?? false
    const marked = paths.marker === null ? null : readMarker(paths.marker)
    if (marked !== null && (statSync(paths.database, { throwIfNoEntry: false })?.size ?? 0) === 0)
      throw new CheckpointError(
        'CHECKPOINT_CORRUPT',
        { what: paths.database, message: 'it is missing or empty, though its query has run' },
        { hint: RESTORE },
      )
    const db = openDatabase(paths.database, options)
    try {
      if (readonly && options.snapshot === true) db.exec('BEGIN')
      if (!readonly) checkStructure(db)
      const checkpoint = new SqliteCheckpoint(db, lock, readonly)
      if (marked !== null && marked !== checkpoint.queryId)
        throw new CheckpointError(
          'CHECKPOINT_CORRUPT',
          { what: paths.database, message: `it is of query ${checkpoint.queryId}, the directory of query ${marked}` },
          { hint: RESTORE },
        )
      if (marked === null && paths.marker !== null && !readonly) writeMarker(paths.marker, checkpoint.queryId)
      return checkpoint
    } catch (error) {
      db.close()
      throw error
    }
  } catch (error) {
    lock?.release()
    throw error
  }
}

const RESTORE = 'restore the directory from a backup, or start the query on a new checkpoint location'

/** Files up to this size are checked whole when they are opened (about 1 ms a megabyte); of larger ones what is read is checked. */
const CHECK_WHOLE_BYTES = 64 << 20

/** Finds rows that a damaged page has lost, which no checksum of a row can. Throws CHECKPOINT_CORRUPT. */
function checkStructure(db: Database): void {
  const size = db.prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size').get()
  if (Number(size?.['bytes']) > CHECK_WHOLE_BYTES) return
  const found = String(db.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'])
  if (found !== 'ok')
    throw new CheckpointError(
      'CHECKPOINT_CORRUPT',
      { what: db.path, message: found.split('\n').pop()! },
      { hint: RESTORE },
    )
}

/** The query a directory belongs to; null when it is new. Throws CheckpointError. */
export function readMarker(path: string): string | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new CheckpointError(
      'CHECKPOINT_IO',
      { path, message: cause instanceof Error ? cause.message : String(cause) },
      { cause },
    )
  }
  const id = /^\{"id":"([^"]+)"\}\n$/.exec(text)?.[1]
  if (id === undefined)
    throw new CheckpointError(
      'CHECKPOINT_CORRUPT',
      { what: path, message: 'it does not name a query' },
      { hint: RESTORE },
    )
  return id
}

/** Says whose the directory is. */
export function writeMarker(path: string, id: string): void {
  try {
    writeFileSync(`${path}.tmp`, `${JSON.stringify({ id })}\n`)
    renameSync(`${path}.tmp`, path)
  } catch (cause) {
    throw new CheckpointError(
      'CHECKPOINT_IO',
      { path, message: cause instanceof Error ? cause.message : String(cause) },
      { cause },
    )
  }
}
