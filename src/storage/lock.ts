import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { CheckpointError } from '../errors/errors.ts'
import type { Database } from './database.ts'
import { openDatabase } from './sqlite.ts'

/** A lock held; `release` is idempotent. */
export interface FileLock {
  readonly path: string
  release(): void
}

/** Locks this process holds: the OS gives file locks to processes, so within one we must count for ourselves. */
const held = new Set<string>()

/**
 * Takes the lock file at `path` (made if missing) and holds it until `release`. The operating system frees it when
 * the process ends, however it ends. Waits at most `timeoutMs` for another process, blocking the thread (a lock held
 * by this very process is refused at once), then throws CHECKPOINT_LOCKED naming the holder's process id. `what` is
 * the thing guarded, for the message.
 *
 * The lock is SQLite's exclusive lock on a database that holds nothing: on every platform a lock of the OS. Nothing
 * may open the lock file by other means: closing any descriptor of it would drop the lock. So the holder's process
 * id stands in a file beside it.
 */
export function acquireLock(path: string, timeoutMs: number, what: string): FileLock {
  const key = canonical(path)
  if (held.has(key)) throw locked(what, `this process (${process.pid})`)
  const pidPath = `${path}.pid`
  let db: Database
  try {
    db = holdExclusively(path, timeoutMs)
  } catch (error) {
    if (error instanceof CheckpointError && error.code === 'CHECKPOINT_LOCKED')
      throw locked(what, holderOf(pidPath), error.cause)
    throw error
  }
  try {
    writeFileSync(pidPath, `${process.pid}\n`)
  } catch (cause) {
    db.close()
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new CheckpointError('CHECKPOINT_IO', { path: pidPath, message }, { cause })
  }
  held.add(key)
  let released = false
  return {
    path,
    release(): void {
      if (released) return
      released = true
      rmSync(pidPath, { force: true })
      held.delete(key)
      db.close()
    },
  }
}

/**
 * As `acquireLock` without blocking the thread: tries every 50 ms until `timeoutMs` have passed.
 */
export async function acquireLockWhenFree(path: string, timeoutMs: number, what: string): Promise<FileLock> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      return acquireLock(path, 0, what)
    } catch (error) {
      const busy = error instanceof CheckpointError && error.code === 'CHECKPOINT_LOCKED'
      if (!busy || performance.now() >= deadline) throw error
    }
    await new Promise((done) => setTimeout(done, Math.min(50, Math.max(1, deadline - performance.now()))))
  }
}

/**
 * Who holds the lock at `path`, in words, or null. Looks at the lock only where somebody has said to hold it, and for a
 * moment: a process that starts in that moment without waiting may find it taken.
 */
export function lockHolder(path: string): string | null {
  if (held.has(canonical(path))) return `this process (${process.pid})`
  if (!existsSync(path) || !existsSync(`${path}.pid`)) return null
  try {
    openDatabase(path, { readonly: true, busyTimeoutMs: 0 }).close()
    return null
  } catch (error) {
    if (error instanceof CheckpointError && error.code === 'CHECKPOINT_LOCKED') return holderOf(`${path}.pid`)
    throw error
  }
}

function holdExclusively(path: string, timeoutMs: number): Database {
  const db = openDatabase(path, { busyTimeoutMs: Math.max(0, Math.floor(timeoutMs)), rawJournal: true })
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    throw error
  }
  return db
}

function canonical(path: string): string {
  const whole = resolve(path)
  try {
    return join(realpathSync(dirname(whole)), basename(whole))
  } catch {
    // the directory is missing: opening the lock will say so
    return whole
  }
}

function holderOf(pidPath: string): string {
  try {
    const pid = readFileSync(pidPath, 'utf8').trim()
    if (/^\d+$/.test(pid)) return `process ${pid}`
  } catch {
    // the holder has not written it yet, or keeps it elsewhere: say what is known
  }
  return 'another process'
}

const locked = (path: string, holder: string, cause?: unknown): CheckpointError =>
  new CheckpointError(
    'CHECKPOINT_LOCKED',
    { path, holder },
    {
      cause,
      hint: 'one query runs on a checkpoint at a time; stop the other, or set millrace.lockTimeoutMs to wait for it',
    },
  )
