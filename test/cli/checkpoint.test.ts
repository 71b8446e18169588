import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/storage/sqlite.ts'
import { command } from './command.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
let work = ''
let n = 0
beforeEach(() => {
  work = join(root, String(++n))
  mkdirSync(join(work, 'in'), { recursive: true })
  put(0)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))
const at = (...path: readonly string[]): string => join(work, ...path)
const put = (i: number): void => writeFileSync(at('in', `${i}.json`), `{"k":"a","n":${i}}\n{"k":"b","n":1}\n`)

function job(location: string): string {
  const text = `
    CREATE TABLE events (k STRING, n BIGINT) USING json OPTIONS (path '${at('in')}');
    CREATE TABLE totals (k STRING, total BIGINT) USING sqlite OPTIONS (path '${at('out.db')}', table 'totals', key 'k');
    INSERT INTO totals SELECT k, sum(n) AS total FROM STREAM events GROUP BY k
      WITH (queryName = 'totals', outputMode = 'update', checkpointLocation = '${location}');`
  writeFileSync(at('job.sql'), text)
  return at('job.sql')
}
const committed = (location: string): number => {
  try {
    const db = openDatabase(location, { readonly: true })
    const last = db.prepare('SELECT max(batch_id) AS last FROM millrace_commits').get()?.['last']
    db.close()
    return Number(last ?? -1)
  } catch {
    // not made yet
    return -1
  }
}
const json = (text: string): Readonly<Record<string, unknown>> => JSON.parse(text) as Readonly<Record<string, unknown>>

describe('millrace inspect, verify, backup, rollback', () => {
  test('on a checkpoint in use by another process, and after it has ended', async () => {
    const [place, file] = [at('ck'), at('ck', 'checkpoint.db')]
    const run = await command(['run', job(place)], {
      meanwhile: async ({ kill, until }) => {
        await until(() => committed(file) === 0)
        put(1)
        await until(() => committed(file) === 1)
        const used = await command(['inspect', place])
        expect(used).toMatchObject({ exit: 0, stderr: '' })
        expect(used.stdout).toMatch(/^in use by {3}process \d+$/m)
        expect(await command(['backup', place, at('copy')])).toMatchObject({ exit: 0, stderr: '' })
        const refused = await command(['rollback', place, '--to-batch', '0'])
        expect(refused).toMatchObject({ exit: 1, stdout: '' })
        expect(refused.stderr).toMatch(/\[CHECKPOINT_LOCKED\] .* is in use by process \d+/)
        kill('SIGTERM')
      },
    })
    expect(run.exit).toBe(0)

    const shown = await command(['inspect', place])
    const lines = shown.stdout.split('\n').map((l) => l.replace(/\d+ bytes/g, 'N bytes'))
    expect(lines[0]).toBe(`checkpoint  ${file}, format version 2, N bytes`)
    expect(lines).toContain('in use by   nobody')
    expect(lines).toContain('batches     0 to 1 are held')
    expect(lines.some((l) => l.startsWith('  ') && l.endsWith(`json(path=${at('in')})  at {"logOffset":1}`))).toBe(true)
    expect(lines).toContain(`  sqlite(path=${at('out.db')}, table=totals)  output mode update`)
    expect(lines.some((l) => /^ {2}holds the token of batch 1 of query [-0-9a-f]+$/.test(l))).toBe(true)
    expect(lines).toContain('    groups: 2 rows, N bytes in memory, N bytes stored')
    const object = await command(['inspect', place, '--json'])
    expect(json(object.stdout)).toMatchObject({ heldBy: null, held: { first: 0, last: 1 } })

    expect((await command(['verify', at('copy')])).stdout).toMatch(
      /checkpoint\.db is whole: \d+ rows read, 1 state table restored\n$/,
    )
    const back = await command(['rollback', place, '--to-batch', '0'])
    expect(back).toMatchObject({ exit: 0, stderr: '' })
    expect(back.stdout).toContain(`went back from batch 1 to batch 0; as it was it is kept in ${place}-at-batch-1\n`)
    expect(back.stdout).toContain('Bring the sink back to how it was after batch 0')
    const again = await command(['run', job(place), '--batch'])
    expect(again.exit).toBe(1)
    expect(again.stderr).toContain('CHECKPOINT_SINK_AHEAD')
  })

  test('damage gives exit code 1 and says what it means; a wrong command line gives 2', async () => {
    const place = at('app.db')
    expect((await command(['run', job(place), '--batch'])).exit).toBe(0)
    expect(await command(['verify', place])).toMatchObject({ exit: 0, stderr: '' })
    const db = openDatabase(place)
    db.exec('UPDATE millrace_state_changes SET crc = crc + 1')
    db.close()
    const found = await command(['verify', place])
    expect(found.exit).toBe(1)
    expect(found.stdout).toMatch(/is damaged .*\n.*change log of state table groups .*\n {2}the query does not start: /)
    const object = await command(['verify', place, '--json'])
    expect(object.exit).toBe(1)
    expect(json(object.stdout)['damages']).toHaveLength(1)

    for (const args of [
      ['inspect', at('none')],
      ['verify', at('none'), '--json'],
      ['backup', place, place],
      ['rollback', place, '--to-batch', 'x'],
      ['rollback', place],
      ['inspect'],
    ])
      expect(await command(args), args.join(' ')).toMatchObject({ exit: 2, stdout: '' })
    expect(json((await command(['inspect', at('none'), '--json'])).stderr)).toMatchObject({
      error: { condition: 'CHECKPOINT_NOT_FOUND' },
    })
  })
})

/** The process ids beside the locks in a directory. */
const holders = (dir: string): number[] =>
  readdirSync(dir)
    .filter((f) => f.endsWith('.pid'))
    .map((f) => Number(readFileSync(join(dir, f), 'utf8')))

test('a rolling deploy: the new process waits for the old one with lockTimeoutMs; without it, it is refused', async () => {
  const file = at('ck', 'checkpoint.db')
  const path = job(at('ck'))
  const old = await command(['run', path], {
    meanwhile: async ({ kill, until }) => {
      await until(() => committed(file) === 0)
      const refused = await command(['run', path])
      expect(refused.exit).toBe(1)
      expect(refused.stderr).toMatch(/\[CHECKPOINT_LOCKED\] .* is in use by process \d+/)
      expect(refused.stderr).toContain('hint: ')
      const next = await command(['run', path, '--conf', 'millrace.lockTimeoutMs=30000'], {
        meanwhile: async (newer) => {
          await new Promise((done) => setTimeout(done, 700))
          put(1)
          await until(() => committed(file) === 1)
          kill('SIGTERM')
          // The old one may take the next file before it stops.
          await newer.until(() => holders(at('ck')).includes(newer.pid))
          put(2)
          await newer.until(() => committed(file) === 2)
          newer.kill('SIGTERM')
        },
      })
      expect(next.exit).toBe(0)
    },
  })
  expect(old.exit).toBe(0)
  const db = openDatabase(at('out.db'), { readonly: true })
  expect(db.prepare('SELECT k, total FROM totals ORDER BY k').all()).toEqual([
    { k: 'a', total: 3 },
    { k: 'b', total: 3 },
  ])
  db.close()
})

test('the commands of docs/operations.md, in order', async () => {
  writeFileSync(
    at('job.sql'),
    `CREATE TABLE events (k STRING, n BIGINT) USING json OPTIONS (path '${at('in')}');
     CREATE TABLE copies (k STRING, n BIGINT) USING json OPTIONS (path '${at('out')}');
     INSERT INTO copies SELECT k, n FROM STREAM events WITH (checkpointLocation = '${at('pages')}');`,
  )
  for (const i of [1, 2, 3]) {
    expect((await command(['run', 'job.sql', '--batch'], { cwd: work })).exit).toBe(0)
    put(i)
  }
  const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
  const lines = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap((m) => m[1]!.trim().split('\n'))
  expect(lines).toHaveLength(5)
  for (const line of lines) {
    const [, ...args] = line.replace(/ +#.*/, '').split(' ')
    // A run that ends, for the test.
    const ended = await command(args[0] === 'run' ? [...args, '--batch'] : args, { cwd: work })
    expect(ended.exit, `${line}: ${ended.stderr}`).toBe(0)
  }
  expect(existsSync(at('pages-backup', 'checkpoint.db'))).toBe(true)
  expect(existsSync(at('pages-at-batch-2', 'checkpoint.db'))).toBe(true)
})

test('SIGTERM while batches run: the one in flight is committed, and a second run adds nothing twice', async () => {
  const [place, files] = [at('ck'), 60]
  const rows = Array.from({ length: 4000 }, () => '{"k":"a","n":1}\n').join('')
  for (let i = 0; i < files; i++) writeFileSync(at('in', `big-${i}.json`), rows)
  const path = job(place)
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace("json OPTIONS (path '", "json OPTIONS (maxFilesPerTrigger 1, path '"),
  )
  const { exit } = await command(['run', path], {
    meanwhile: async ({ kill, until }) => {
      await until(() => committed(at('ck', 'checkpoint.db')) >= 2)
      kill('SIGTERM')
    },
  })
  expect(exit).toBe(0)
  const found = json((await command(['inspect', place, '--json'])).stdout)
  const batches = found['batches'] as readonly { readonly batchId: number; readonly committed: boolean }[]
  expect(batches[0]!.committed).toBe(true)
  expect(batches[0]!.batchId).toBeLessThan(files)
  expect((await command(['run', path, '--batch'])).exit).toBe(0)
  const db = openDatabase(at('out.db'), { readonly: true })
  expect(db.prepare('SELECT k, total FROM totals ORDER BY k').all()).toEqual([
    { k: 'a', total: files * 4000 },
    { k: 'b', total: 1 },
  ])
  db.close()
})
