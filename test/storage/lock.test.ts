import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CheckpointError } from '../../src/errors/errors.ts'
import { acquireLock, acquireLockWhenFree, lockHolder } from '../../src/storage/lock.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-lock-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Another process that takes the lock as `acquireLock` does, and keeps it until it is killed. */
async function holder(path: string): Promise<{ readonly pid: number; kill(): Promise<void> }> {
  const driver = createRequire(import.meta.url).resolve('better-sqlite3')
  const script = `
    const Database = require(${JSON.stringify(driver)})
    const db = new Database(${JSON.stringify(path)}, { timeout: 0 })
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    require('node:fs').writeFileSync(${JSON.stringify(`${path}.pid`)}, process.pid + '\\n')
    console.log('held')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return {
    pid: child.pid!,
    async kill() {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}

const refusal = (body: () => unknown): CheckpointError => {
  try {
    body()
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError)
    return error as CheckpointError
  }
  expect.unreachable('the lock was given')
}

test('the lock is given once within a process, and again after release', () => {
  const path = join(dir, 'lock.db')
  const lock = acquireLock(path, 0, 'the checkpoint')
  const error = refusal(() => acquireLock(path, 0, 'the checkpoint'))
  expect(error.code).toBe('CHECKPOINT_LOCKED')
  expect(error.message).toContain(String(process.pid))
  lock.release()
  lock.release()
  expect(existsSync(`${path}.pid`)).toBe(false)
  acquireLock(path, 0, 'the checkpoint').release()
})

test('another process keeps us out, is named, and its death lets us in', async () => {
  const path = join(dir, 'lock.db')
  const other = await holder(path)
  const error = refusal(() => acquireLock(path, 0, '/data/cp'))
  expect(error.code).toBe('CHECKPOINT_LOCKED')
  expect(error.params).toEqual({ path: '/data/cp', holder: `process ${other.pid}` })
  await other.kill()
  acquireLock(path, 0, '/data/cp').release()
})

test('waiting without blocking gets the lock when the other goes, or gives up in time', async () => {
  const path = join(dir, 'lock.db')
  const other = await holder(path)
  const start = performance.now()
  await expect(acquireLockWhenFree(path, 120, '/data/cp')).rejects.toThrow(/CHECKPOINT_LOCKED/)
  expect(performance.now() - start).toBeGreaterThan(100)
  const waiting = acquireLockWhenFree(path, 10_000, '/data/cp')
  await other.kill()
  ;(await waiting).release()
})

test('waiting by blocking gives up in time', async () => {
  const path = join(dir, 'lock.db')
  const other = await holder(path)
  const start = performance.now()
  expect(refusal(() => acquireLock(path, 200, '/data/cp')).code).toBe('CHECKPOINT_LOCKED')
  expect(performance.now() - start).toBeGreaterThan(150)
  await other.kill()
})

test('who holds it can be asked without taking it; a process that was killed holds nothing', async () => {
  const path = join(dir, 'lock.db')
  expect(lockHolder(path)).toBeNull()
  expect(existsSync(path)).toBe(false)
  const lock = acquireLock(path, 0, 'the checkpoint')
  expect(lockHolder(path)).toBe(`this process (${process.pid})`)
  lock.release()
  expect(lockHolder(path)).toBeNull()
  const other = await holder(path)
  expect(lockHolder(path)).toBe(`process ${other.pid}`)
  await other.kill()
  expect(existsSync(`${path}.pid`)).toBe(true)
  expect(lockHolder(path)).toBeNull()
  acquireLock(path, 0, 'the checkpoint').release()
})
