import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CrashPoint } from '../../src/engine/micro-batch.ts'
import { openCheckpoint } from '../../src/checkpoint/open.ts'
import { millrace } from '../../src/index.ts'
import { openDatabase } from '../../src/storage/sqlite.ts'
import type { ChildPlan } from './child.ts'
import { answerByHand, EventWriter, randomNumbers, rowText, SCHEMA, WINDOW_MS } from './events.ts'
import { countsPerWindow } from './query.ts'

/**
 * Where a kill hit: (a) before the offset row of the next batch, (b) while a batch ran, (c) with the sink written and no
 * commit, (d) after the commit; `starting`: before this life came to any of them.
 */
export type Phase = 'a' | 'b' | 'c' | 'd' | 'starting'

export const PHASE_NAMES: Readonly<Record<Phase, string>> = {
  a: 'before the offset row',
  b: 'while the batch ran',
  c: 'sink written, no commit',
  d: 'after the commit',
  starting: 'while starting',
}

export interface TortureOptions {
  readonly seed: number
  readonly kills: number
  /** At least this many kills in each of a, b, c and d. */
  readonly minEach: number
  /** An empty directory; emptied again by the caller. */
  readonly work: string
  /** The compiled child program. */
  readonly child: string
  readonly say: (line: string) => void
  /** See ChildPlan; the aggregation unless told. */
  readonly query?: ChildPlan['query']
}

export interface TortureResult {
  readonly kills: Readonly<Record<Phase, number>>
  readonly batches: number
  readonly files: number
  readonly outputRows: number
  readonly openWindows: number
  /** What is wrong; empty when all holds. */
  readonly faults: readonly string[]
}

const POINTS: Readonly<Record<Exclude<Phase, 'starting'>, readonly CrashPoint[]>> = {
  a: ['before-offsets'],
  b: ['after-offsets', 'during-batch'],
  c: ['after-sink', 'before-commit'],
  d: ['after-commit'],
}
const PHASES = ['a', 'b', 'c', 'd'] as const
/** A life that does not die in this time is stuck. */
const LIFE_MS = 30_000
/** Says which query the directory belongs to; there by design. */
const OWNER = '.millrace-query'
const PART = /^part-(\d+)-\d+\.json$/

/** How a life is to end: at a crash point of its own, or so many milliseconds after it started or came to its first crash point. */
type Death =
  | { readonly kind: 'self'; readonly point: CrashPoint; readonly nth: number }
  | { readonly kind: 'timer'; readonly from: 'start' | 'first point'; readonly ms: number }

/** Kills a streaming query again and again, lets it drain, and compares its files with a batch query and a plain loop. */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const run = new Torture(options)
  for (let n = 0; n < options.kills; n++) await run.killOnce()
  return run.judge()
}

class Torture {
  readonly #options: TortureOptions
  readonly #random: () => number
  readonly #writer: EventWriter
  readonly #input: string
  readonly #output: string
  readonly #checkpoint: string
  readonly #kills: Record<Phase, number> = { a: 0, b: 0, c: 0, d: 0, starting: 0 }
  readonly #faults: string[] = []
  #lives = 0

  constructor(options: TortureOptions) {
    this.#options = options
    this.#random = randomNumbers(options.seed)
    this.#input = join(options.work, 'input')
    this.#output = join(options.work, 'output')
    this.#checkpoint = join(options.work, 'checkpoint')
    this.#writer = new EventWriter(this.#input, options.seed ^ 0x5eed)
  }

  /** One life, ended by SIGKILL. */
  async killOnce(): Promise<void> {
    const death = this.#death()
    this.#topUp()
    const life = this.#spawn(death.kind === 'self' ? { point: death.point, nth: death.nth } : null, false)
    const begun = performance.now()
    let killAt = death.kind === 'timer' && death.from === 'start' ? begun + death.ms : Infinity
    for (;;) {
      if (await settled(life.ended, 4)) break
      const now = performance.now()
      if (killAt === Infinity && death.kind === 'timer' && this.#notes().length > 0) killAt = now + death.ms
      if (now >= killAt || now - begun > LIFE_MS) life.child.kill('SIGKILL')
      if (now - begun > LIFE_MS) throw new Error(`life ${this.#lives} neither ended nor was killed:\n${life.errors()}`)
      this.#topUp()
    }
    const { signal, code } = await life.ended
    if (signal !== 'SIGKILL')
      throw new Error(`life ${this.#lives} ended by itself with code ${String(code)}:\n${life.errors()}`)
    const phase = this.#phase()
    this.#kills[phase]++
    const how = death.kind === 'self' ? `at ${death.point}` : `${Math.round(death.ms)} ms after ${death.from}`
    const { offsets, commits } = this.#rows()
    this.#options.say(
      `kill ${this.#lives}: ${how}: ${PHASE_NAMES[phase]} (offset row ${offsets}, commit row ${commits})`,
    )
  }

  /** Drains, compares, and drains once more. */
  async judge(): Promise<TortureResult> {
    await this.#drain()
    const outputRows = await this.#compare()
    const before = this.#everything()
    await this.#drain()
    if (this.#everything() !== before) this.#faults.push('a second drain changed the output or the logs')
    for (const phase of PHASES)
      if (this.#kills[phase] < this.#options.minEach)
        this.#faults.push(`only ${this.#kills[phase]} kills ${PHASE_NAMES[phase]}`)
    const byHand = answerByHand(this.#input)
    return {
      kills: this.#kills,
      batches: this.#rows().commits + 1,
      files: this.#writer.files,
      outputRows,
      openWindows: byHand.openWindows,
      faults: this.#faults,
    }
  }

  /** The next death: random, but what is still missing of a phase is made sure of at the end. */
  #death(): Death {
    const { kills, minEach } = this.#options
    const done = PHASES.reduce((n, p) => n + this.#kills[p], this.#kills.starting)
    const missing = PHASES.flatMap((p) =>
      new Array<(typeof PHASES)[number]>(Math.max(0, minEach - this.#kills[p])).fill(p),
    )
    const pick = <T>(of: readonly T[]): T => of[Math.floor(this.#random() * of.length)]!
    const must = missing.length >= kills - done
    const kind = this.#random()
    if (must || kind < 0.5)
      return {
        kind: 'self',
        point: pick(POINTS[must ? pick(missing) : pick(PHASES)]),
        nth: 1 + Math.floor(this.#random() * 6),
      }
    return kind < 0.9
      ? { kind: 'timer', from: 'first point', ms: this.#random() * 300 }
      : { kind: 'timer', from: 'start', ms: this.#random() * 800 }
  }

  /** Keeps a life in work: there are always files it has not read. */
  #topUp(): void {
    if (this.#writer.files - this.#filesTaken() < 24) this.#writer.write(24)
  }

  #spawn(
    kill: ChildPlan['kill'],
    drain: boolean,
  ): { readonly child: ChildProcess; readonly ended: Promise<Ending>; errors(): string } {
    this.#lives++
    rmSync(this.#notesPath, { force: true })
    const plan: ChildPlan = {
      input: this.#input,
      output: this.#output,
      checkpoint: this.#checkpoint,
      notes: this.#notesPath,
      kill,
      drain,
      query: this.#options.query ?? 'aggregation',
    }
    const child = spawn(process.execPath, [this.#options.child, JSON.stringify(plan)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    const ended = new Promise<Ending>((resolve) => child.on('close', (code, signal) => resolve({ code, signal })))
    return { child, ended, errors: () => errors }
  }

  async #drain(): Promise<void> {
    const life = this.#spawn(null, true)
    const { code } = await life.ended
    if (code !== 0) throw new Error(`draining ended with code ${String(code)}:\n${life.errors()}`)
  }

  get #notesPath(): string {
    return join(this.#options.work, 'notes')
  }

  /** The crash points of this life, in order. */
  #notes(): { readonly point: CrashPoint; readonly batchId: number }[] {
    if (!existsSync(this.#notesPath)) return []
    return readFileSync(this.#notesPath, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' '))
      .map(([point, batchId]) => ({ point: point as CrashPoint, batchId: Number(batchId) }))
  }

  /** The last batches of both logs, -1 for none. */
  #rows(): { readonly offsets: number; readonly commits: number } {
    return this.#ask({ offsets: -1, commits: -1 }, (last) => ({
      offsets: last('SELECT max(batch_id) AS n FROM millrace_offsets', -1),
      commits: last('SELECT max(batch_id) AS n FROM millrace_commits', -1),
    }))
  }

  #filesTaken(): number {
    return this.#ask(0, (last) => last('SELECT count(*) AS n FROM millrace_source_log', 0))
  }

  #ask<T>(none: T, body: (last: (sql: string, none: number) => number) => T): T {
    const file = join(this.#checkpoint, 'checkpoint.db')
    if (!existsSync(file)) return none
    const db = openDatabase(file, { readonly: true })
    try {
      if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'millrace_commits'").get() === undefined) return none
      return body((sql, missing) => Number(db.prepare(sql).get()!['n'] ?? missing))
    } finally {
      db.close()
    }
  }

  /**
   * Where the life that just died stood, by what it left on disk. Only between two batches, where the disk looks the same
   * after the commit of one and before the offset row of the next, its last note decides.
   */
  #phase(): Phase {
    const { offsets, commits } = this.#rows()
    const notes = this.#notes()
    const last = notes[notes.length - 1]
    if (last === undefined) return 'starting'
    if (offsets > commits) {
      const written = this.#parts().some((p) => p.batch === offsets)
      const told = notes.some((n) => n.batchId === offsets && n.point === 'after-sink')
      if (written && last.batchId !== offsets)
        this.#faults.push(`there is output of batch ${offsets}, which this life never ran`)
      // A batch without rows leaves no file; then its note tells.
      return written || told ? 'c' : 'b'
    }
    if (last.batchId > offsets) return 'a'
    return 'd'
  }

  #parts(): { readonly name: string; readonly batch: number }[] {
    if (!existsSync(this.#output)) return []
    return readdirSync(this.#output).flatMap((name) => {
      const found = PART.exec(name)
      return found === null ? [] : [{ name, batch: Number(found[1]) }]
    })
  }

  /** Output files against the batch query and the plain loop. */
  async #compare(): Promise<number> {
    const names = readdirSync(this.#output)
    const odd = names.filter((n) => !PART.test(n) && n !== OWNER)
    if (odd.length > 0) this.#faults.push(`files that should not be there: ${odd.join(', ')}`)

    const streamed = this.#parts()
      .flatMap(({ name }) => readFileSync(join(this.#output, name), 'utf8').trimEnd().split('\n'))
      .map(
        (line) =>
          JSON.parse(line) as {
            readonly start: string
            readonly page: string
            readonly n: number
            readonly amount: number
          },
      )
      .map((r) => rowText(Date.parse(r.start), r.page, r.n, r.amount))
      .sort()

    const checkpoint = openCheckpoint(this.#checkpoint, { readonly: true })
    const watermarkMs = checkpoint.lastCommit()!.nextBatchWatermarkMs
    const { offsets, commits } = this.#rows()
    checkpoint.close()
    if (offsets !== commits)
      this.#faults.push(`the drained checkpoint ends at offset row ${offsets} and commit row ${commits}`)

    const byHand = answerByHand(this.#input)
    if (byHand.watermarkMs !== watermarkMs)
      this.#faults.push(`the final watermark is ${watermarkMs}, by hand it is ${byHand.watermarkMs}`)
    if (byHand.rows.length === 0 || byHand.openWindows === 0)
      this.#faults.push('the data shows nothing: there must be windows that ended and windows that did not')

    const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
    const batch = (await countsPerWindow(session.read.schema(SCHEMA).json(this.#input)).collect())
      .map((r) => ({
        start: (r['start'] as Date).getTime(),
        page: String(r['page']),
        n: Number(r['n']),
        amount: Number(r['amount']),
      }))
      .filter((r) => r.start + WINDOW_MS <= watermarkMs)
      .map((r) => rowText(r.start, r.page, r.n, r.amount))
      .sort()

    this.#difference('the output files', streamed, 'the batch query', batch)
    this.#difference('the output files', streamed, 'the plain loop', byHand.rows)
    return streamed.length
  }

  #difference(a: string, left: readonly string[], b: string, right: readonly string[]): void {
    const counts = new Map<string, number>()
    for (const row of left) counts.set(row, (counts.get(row) ?? 0) + 1)
    for (const row of right) counts.set(row, (counts.get(row) ?? 0) - 1)
    const wrong = [...counts].filter(([, n]) => n !== 0)
    if (wrong.length === 0) return
    const shown = wrong
      .slice(0, 5)
      .map(([row, n]) => `${row} is ${n > 0 ? `${n} times too often in ${a}` : `${-n} times missing in ${a}`}`)
    this.#faults.push(
      `${a} (${left.length} rows) and ${b} (${right.length} rows) differ in ${wrong.length} rows:\n  ${shown.join('\n  ')}`,
    )
  }

  /** Output files and logs as one hash. */
  #everything(): string {
    const hash = createHash('sha256')
    for (const name of readdirSync(this.#output).sort())
      hash.update(name).update(readFileSync(join(this.#output, name)))
    return hash.update(JSON.stringify(this.#rows())).update(String(this.#filesTaken())).digest('hex')
  }
}

interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Whether a promise settles within so many milliseconds. */
async function settled(promise: Promise<unknown>, ms: number): Promise<boolean> {
  return Promise.race([promise.then(() => true), sleep(ms, false)])
}
