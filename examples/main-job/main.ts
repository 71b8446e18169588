// npm start: the main job, killed in the middle of a batch and started again; its answer is compared with a batch query
// and with a plain loop.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '../../src/storage/sqlite.ts'
import { ClickWriter, countByHand, SCHEMA } from './clicks.ts'
import { clicksPerPage, openSession } from './query.ts'

const FILES = 60
const EVENTS_PER_FILE = 4000
const work = mkdtempSync(join(tmpdir(), 'millrace-start-'))
const clicks = join(work, 'clicks')
const checkpoint = join(work, 'checkpoint')
const say = (line: string): void => console.log(`[main job] ${line}`)
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** One life of the query: its console output, and a promise of its end. */
class Life {
  output = ''
  readonly child: ChildProcess
  readonly ended: Promise<number | null>

  constructor(drain: boolean) {
    const query = fileURLToPath(new URL('query.js', import.meta.url))
    this.child = spawn(process.execPath, [query, clicks, checkpoint, ...(drain ? ['--drain'] : [])], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    this.ended = new Promise((resolve) => this.child.on('close', resolve))
  }
}

/** The last batch with an offset row, and the last with a commit row; -1 for none. */
function lastRows(): { readonly offsets: number; readonly commits: number } {
  const file = join(checkpoint, 'checkpoint.db')
  if (!existsSync(file)) return { offsets: -1, commits: -1 }
  const db = openDatabase(file, { readonly: true })
  try {
    const last = (table: string): number =>
      Number(db.prepare(`SELECT coalesce(max(batch_id), -1) AS last FROM ${table}`).get()!['last'])
    return { offsets: last('millrace_offsets'), commits: last('millrace_commits') }
  } catch {
    // The query is just making its tables.
    return { offsets: -1, commits: -1 }
  } finally {
    db.close()
  }
}

/** The last count of each (minute, page) that the console printed. */
function lastCounts(output: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of output.split('\n')) {
    const cells = line.split('|').map((c) => c.trim())
    if (cells.length === 5 && /^\d{4}-/.test(cells[1]!)) counts.set(`${cells[1]!} ${cells[2]!}`, Number(cells[3]))
  }
  return counts
}

function difference(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): string | null {
  for (const key of new Set([...a.keys(), ...b.keys()]))
    if (a.get(key) !== b.get(key)) return `${key}: ${a.get(key)} and ${b.get(key)}`
  return null
}

async function main(): Promise<boolean> {
  say(`a generator writes clicks as JSON files into ${clicks}`)
  const writer = new ClickWriter(clicks)
  for (let i = 0; i < FILES / 2; i++) writer.write(EVENTS_PER_FILE)

  let output = ''
  for (let life = 1; ; life++) {
    say(life === 1 ? 'the query starts in a process of its own' : 'the commit was quicker than the kill; once more')
    const running = new Life(false)
    const from = lastRows().offsets
    let target = -1
    while (running.child.exitCode === null) {
      if (life === 1 && writer.written < FILES) writer.write(EVENTS_PER_FILE)
      const { offsets, commits } = lastRows()
      if (offsets > commits && offsets >= from + 3) {
        target = offsets
        break
      }
      await sleep(1)
    }
    running.child.kill('SIGKILL')
    await running.ended
    output += running.output
    const { offsets, commits } = lastRows()
    if (offsets === commits + 1) {
      say(
        `killed with SIGKILL: batch ${offsets} has an offset row and no commit row${target === offsets ? '' : ' (the next one)'}`,
      )
      break
    }
    if (life === 20) {
      say('no kill hit a running batch in 20 lives')
      return false
    }
  }
  while (writer.written < FILES) writer.write(EVENTS_PER_FILE)

  say('the query starts again from its checkpoint and drains what is there')
  const second = new Life(true)
  const code = await second.ended
  output += second.output
  if (code !== 0) {
    say(`the second life ended with code ${code}`)
    return false
  }

  const streamed = lastCounts(output)
  const session = openSession()
  const rows = await clicksPerPage(session.read.schema(SCHEMA).json(clicks))
    .selectExpr('CAST(minute AS STRING) AS minute', 'page', 'count')
    .collect()
  const batch = new Map(rows.map((r) => [`${String(r['minute'])} ${String(r['page'])}`, Number(r['count'])]))
  const byHand = countByHand(clicks)
  say(
    `${FILES * EVENTS_PER_FILE} clicks, ${byHand.size} counts: comparing the console output of all lives, the batch query and a plain loop`,
  )
  const fault = difference(streamed, batch) ?? difference(batch, byHand)
  say(fault === null ? 'all three are equal: not one row more or fewer' : `they differ at ${fault}`)
  return fault === null
}

try {
  process.exitCode = (await main()) ? 0 : 1
  say('where to go next: README.md (the API), docs/architecture.md (how it works), npm test, npm run bench')
} finally {
  rmSync(work, { recursive: true, force: true })
}
