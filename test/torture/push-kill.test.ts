import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import type { CrashPoint } from '../../src/engine/micro-batch.ts'
import { openDatabase } from '../../src/storage/sqlite.ts'
import { freePort } from '../connectors/free-port.ts'
import { randomNumbers } from './events.ts'
import type { PushPlan } from './push-child.ts'

const root = resolve(import.meta.dirname, '../..')
/** Another build than dist, for those who work beside each other. */
const dist = process.env['MILLRACE_DIST'] ?? join(root, 'dist')
const child = join(dist, 'test/torture/push-child.js')
/** The short form; MILLRACE_KILLS=20 for the long one. */
const KILLS = Number(process.env['MILLRACE_KILLS'] ?? 6)
const POSTERS = 4
const POINTS: readonly CrashPoint[] = [
  'before-offsets',
  'after-offsets',
  'during-batch',
  'after-sink',
  'before-commit',
  'after-commit',
]

const newest = (dir: string): number =>
  Math.max(
    ...readdirSync(dir, { withFileTypes: true, recursive: true }).map((e) =>
      e.isFile() ? statSync(join(e.parentPath, e.name)).mtimeMs : 0,
    ),
  )

// The child is a program of its own and runs compiled; `npm test` has just built it.
beforeAll(() => {
  if (process.env['MILLRACE_DIST'] !== undefined) return
  const built = statSync(child, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (built < Math.max(newest(join(root, 'src')), newest(import.meta.dirname)))
    spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' })
})

/** Posts rows of growing ids, some requests at a time; a request is repeated under its key until it is answered 200. */
class Poster {
  readonly #url: string
  sent = 0
  #requests = 0
  acknowledged = 0
  repeats = 0
  duplicates = 0
  done = false
  readonly ended: Promise<void>

  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}/`
    this.ended = Promise.all(Array.from({ length: POSTERS }, () => this.#run())).then(() => undefined)
  }

  async #run(): Promise<void> {
    while (!this.done) {
      const request = this.#requests++
      const rows = 1 + (request % 5)
      const body = Array.from({ length: rows }, (_, i) => JSON.stringify({ id: this.sent + i })).join('\n')
      this.sent += rows
      while (!(await this.#post(body, `request-${request}`))) {
        this.repeats++
        await sleep(5)
      }
      this.acknowledged += rows
    }
  }

  async #post(body: string, key: string): Promise<boolean> {
    try {
      const answer = await fetch(this.#url, { method: 'POST', body, headers: { 'idempotency-key': key } })
      const text = await answer.text()
      if (answer.status === 200 && text.includes('duplicate')) this.duplicates++
      return answer.status === 200
    } catch {
      // nobody listens, or the server died before it answered
      return false
    }
  }
}

const column = (path: string, sql: string): number[] => {
  const db = openDatabase(path, { readonly: true })
  try {
    return db
      .prepare(sql)
      .all()
      .map((r) => Number(Object.values(r)[0]))
  } finally {
    db.close()
  }
}
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

test(`logged push sources lose and double nothing over ${KILLS} kills`, async () => {
  const work = mkdtempSync(join(tmpdir(), 'millrace-push-'))
  const seed = Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  const random = randomNumbers(seed)
  const port = await freePort()
  const poster = new Poster(port)
  const begun = performance.now()
  const said: string[] = [`seed ${seed}`]
  try {
    for (let life = 0; life <= KILLS; life++) {
      const last = life === KILLS
      const kill =
        !last && random() < 0.5
          ? { point: POINTS[Math.floor(random() * POINTS.length)]!, nth: 1 + Math.floor(random() * 6) }
          : null
      const plan: PushPlan = { port, work, kill }
      const running = spawn(process.execPath, [child, JSON.stringify(plan)], { stdio: ['pipe', 'inherit', 'pipe'] })
      let errors = ''
      running.stderr.on('data', (text: Buffer) => (errors += text.toString()))
      const ended = new Promise<string | number | null>((r) => running.on('exit', (code, signal) => r(signal ?? code)))
      const before = poster.acknowledged
      const patience = performance.now() + 15_000
      while (
        poster.acknowledged === before &&
        running.exitCode === null &&
        running.signalCode === null &&
        performance.now() < patience
      )
        await sleep(2)
      await Promise.race([ended, sleep(last ? 100 : random() * 300)])
      if (last) {
        poster.done = true
        await poster.ended
        running.stdin.write('end\n')
      } else if (kill === null) running.kill('SIGKILL')
      // One that is to kill itself and does not come to its point any more is killed.
      const timer = setTimeout(() => running.kill('SIGKILL'), last ? 15_000 : 1000)
      const how = await ended
      clearTimeout(timer)
      said.push(
        `life ${life}: ${kill === null ? 'killed from outside' : `${kill.point} ${kill.nth}`}; ended ${String(how)}; ${poster.acknowledged} rows acknowledged`,
      )
      expect(how, `${said.join('\n')}\n${errors}`).toBe(last ? 0 : 'SIGKILL')
    }
    const posted = column(join(work, 'out.db'), 'SELECT id FROM posted ORDER BY id')
    expect(posted, said.join('\n')).toEqual(upTo(poster.sent))
    const counted = column(join(work, 'counted.db'), 'SELECT n FROM counted ORDER BY n')
    expect(counted, said.join('\n')).toEqual(upTo(counted.length))
    expect(counted.length).toBeGreaterThan(KILLS)
    const left = column(join(work, 'posted/checkpoint.db'), 'SELECT coalesce(sum(rows), 0) FROM millrace_ingest')[0]!
    console.log(
      `push kill test: seed ${seed}; ${KILLS} kills in ${Math.round((performance.now() - begun) / 100) / 10} s; ${posted.length} posted rows (${poster.repeats} repeats, ${poster.duplicates} of logged requests), ${counted.length} counted; ${left} rows left in the log`,
    )
  } finally {
    poster.done = true
    rmSync(work, { recursive: true, force: true })
  }
})
