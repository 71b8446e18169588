/** A disk that is full, and one that cannot be written to. */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CheckpointError, inspectCheckpoint, MillraceSession, Trigger, verifyCheckpoint } from '../../src/index.ts'
import { openDatabase } from '../../src/storage/sqlite.ts'

let work = ''
let mounted: string[] = []
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'millrace-disk-'))
  mounted = []
  for (const dir of ['in', 'ck', 'sink']) mkdirSync(at(dir))
})
afterEach(() => {
  for (const path of mounted) spawnSync('umount', [path])
  rmSync(work, { recursive: true, force: true })
})
const at = (...path: readonly string[]): string => join(work, ...path)
let files = 0
function write(count: number): void {
  for (let i = 0; i < count; i++, files++) {
    const rows = Array.from({ length: 100 }, (_, k) => JSON.stringify({ id: files * 100 + k, text: 't'.repeat(700) }))
    writeFileSync(at('in', `${String(files).padStart(3, '0')}.json`), `${rows.join('\n')}\n`)
  }
}

async function run(conf: Readonly<Record<string, string>> = {}): Promise<void> {
  const session = new MillraceSession(conf, { note: () => undefined })
  try {
    const query = await session.readStream
      .schema('id BIGINT, text STRING')
      .option('maxFilesPerTrigger', 1)
      .json(at('in'))
      .dropDuplicates(['id', 'text'])
      .writeStream.trigger(Trigger.AvailableNow())
      .option('checkpointLocation', at('ck'))
      .format('sqlite')
      .option('table', 'seen')
      .start(at('sink', 'out.db'))
    await query.awaitTermination()
  } finally {
    await session.stop()
  }
}
const refusal = async (body: () => unknown): Promise<CheckpointError> => {
  try {
    await body()
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError)
    return error as CheckpointError
  }
  throw new Error('nothing was refused')
}
function seen(): number[] {
  const db = openDatabase(at('sink', 'out.db'), { readonly: true })
  try {
    return db
      .prepare('SELECT id FROM seen ORDER BY id')
      .all()
      .map((r) => Number(r['id']))
  } finally {
    db.close()
  }
}
const wanted = (): number[] => Array.from({ length: files * 100 }, (_, i) => i)

/** Gives a directory a disk of its own of `bytes`, as root may; false where we may not. */
function mount(path: string, bytes: number): boolean {
  const done = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path]).status === 0
  if (done) mounted.push(path)
  return done
}

describe('a full disk', () => {
  test.each(['ck', 'sink'])(
    'below %s: the query fails and says so; with more room it goes on, nothing lost or doubled',
    async (dir) => {
      files = 0
      write(12)
      // Where no disk can be mounted SQLite's own bound on the pages of a file stands for it, which only the checkpoint has.
      const real = mount(at(dir), 800_000)
      const small: Readonly<Record<string, string>> = real ? {} : { 'millrace.checkpoint.maxPages': '120' }
      const full = await refusal(() => run(small))
      expect(full.code).toBe('CHECKPOINT_STORAGE_FULL')
      expect(full.message).toContain(real ? at(dir) : at('ck'))
      expect((await refusal(() => run(small))).code).toBe('CHECKPOINT_STORAGE_FULL')
      // Readers and verify still work, and find nothing half written.
      expect(verifyCheckpoint(at('ck')).damages).toEqual([])
      const last = inspectCheckpoint(at('ck')).held!.last
      expect(last).toBeGreaterThanOrEqual(0)
      expect(last).toBeLessThan(11)
      if (real) expect(spawnSync('mount', ['-o', 'remount,size=100000000', at(dir)]).status).toBe(0)
      await run()
      expect(seen()).toEqual(wanted())
      expect(inspectCheckpoint(at('ck')).held!.last).toBe(11)
      console.log(`full disk below ${dir}: ${real ? 'a tmpfs of 800 kB' : 'max_page_count'}, full after batch ${last}`)
    },
  )
})

describe('a checkpoint that cannot be written to', () => {
  /** Takes the right to write below `path` from everybody but root. */
  function rights(path: string, write: boolean): void {
    const directory = statSync(path).isDirectory()
    if (directory && !write) for (const name of readdirSync(path)) rights(join(path, name), write)
    chmodSync(path, (directory ? 0o555 : 0o444) | (write ? 0o200 : 0))
    if (directory && write) for (const name of readdirSync(path)) rights(join(path, name), write)
  }

  /** Runs the query as somebody who may not write to the checkpoint: root may write anywhere, so it is nobody for the while. */
  async function asNobody(): Promise<CheckpointError> {
    chmodSync(work, 0o755)
    rights(at('ck'), false)
    const root = process.geteuid?.() === 0
    if (root) {
      for (const path of [at('sink'), at('in'), ...readdirSync(at('sink')).map((f) => at('sink', f))])
        chownSync(path, 65534, 65534)
      process.seteuid!(65534)
    }
    try {
      return await refusal(() => run())
    } finally {
      if (root) process.seteuid!(0)
      rights(at('ck'), true)
    }
  }

  test.each(['by rights', 'by how it is mounted'])(
    '%s: refused, naming the file; given back, it goes on',
    async (how) => {
      files = 0
      write(2)
      // Where no file system can be mounted the rights have to do for both.
      const real = how !== 'by rights' && mount(at('ck'), 50_000_000)
      await run()
      write(2)
      let error: CheckpointError
      if (real) {
        expect(spawnSync('mount', ['-o', 'remount,ro', at('ck')]).status).toBe(0)
        error = await refusal(() => run())
        expect(spawnSync('mount', ['-o', 'remount,rw', at('ck')]).status).toBe(0)
      } else error = await asNobody()
      expect(error.code).toMatch(/^CHECKPOINT_(IO|READ_ONLY)$/)
      expect(error.message).toContain(at('ck'))
      await run()
      expect(seen()).toEqual(wanted())
    },
  )
})
