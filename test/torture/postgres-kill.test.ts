import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asked } from '../connectors/postgres/asked.ts'
import { type PostgresServer, startPostgres } from '../postgres-server/server.ts'
import { childProgram } from './built.ts'
import { EventWriter, randomNumbers } from './events.ts'
import type { PostgresPlan } from './postgres-child.ts'

const FILES = 24
/** Where lives end, in order; null: the parent kills, some time after the query has started. */
const KILLS: readonly PostgresPlan['kill'][] = [
  { point: 'after-sink', nth: 2 },
  null,
  { point: 'before-commit', nth: 3 },
  null,
  { point: 'after-offsets', nth: 2 },
]

let server: PostgresServer
let work: string
let child: string
beforeAll(async () => {
  child = childProgram('postgres-child')
  server = await startPostgres()
  work = mkdtempSync(join(tmpdir(), 'millrace-postgres-kill-'))
  new EventWriter(join(work, 'input'), 7).write(FILES)
}, 240_000)
afterAll(async () => {
  await server.stop()
  rmSync(work, { recursive: true, force: true })
})

interface Event {
  readonly ts: string
  readonly page: string
  readonly amount: number
}
const events = (): Event[] =>
  readdirSync(join(work, 'input')).flatMap((name) =>
    readFileSync(join(work, 'input', name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Event),
  )

/** Runs lives until one ends by itself; gives how many were killed. */
async function lives(): Promise<number> {
  const random = randomNumbers(11)
  const checkpoint = join(work, 'checkpoint')
  mkdirSync(checkpoint)
  let killed = 0
  for (let life = 0; ; life++) {
    const kill = KILLS[life] ?? null
    const plan: PostgresPlan = { url: server.url, input: join(work, 'input'), checkpoint, kill }
    const running = spawn(process.execPath, [child, JSON.stringify(plan)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    running.stdout.once('data', async () => {
      if (kill !== null || life >= KILLS.length) return
      await sleep(random() * 60)
      running.kill('SIGKILL')
    })
    const code = await exitOf(running)
    if (code === 0) return killed
    expect(code).toBe('SIGKILL')
    killed++
  }
}

const exitOf = (child: ChildProcess): Promise<number | string> =>
  new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal!)))

test('each row is there once, however often the writing process is killed', { timeout: 240_000 }, async () => {
  expect(await lives()).toBeGreaterThanOrEqual(3)
  const texts = (rows: readonly (readonly unknown[])[]): string[] => rows.map((r) => r.join(' ')).sort()
  const rows = await asked(server, 'SELECT to_char(ts, \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\'), page, amount FROM events')
  expect(texts(rows)).toEqual(texts(events().map((e) => [e.ts, e.page, e.amount])))
})
