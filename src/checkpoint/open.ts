import { mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CheckpointError } from '../errors/errors.ts'
import type { Durability } from '../storage/database.ts'
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
}

/** Where the parts of a checkpoint lie. */
export interface CheckpointPaths {
  readonly database: string
  readonly lock: string
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
    ? { database: path, lock: `${path}.lock` }
    : { database: join(path, 'checkpoint.db'), lock: join(path, 'lock.db') }
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
    const db = openDatabase(paths.database, options)
    try {
      return new SqliteCheckpoint(db, lock, options.readonly ?? false)
    } catch (error) {
      db.close()
      throw error
    }
  } catch (error) {
    lock?.release()
    throw error
  }
}
