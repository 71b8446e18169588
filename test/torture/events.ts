import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const SCHEMA = 'ts TIMESTAMP, page STRING, amount BIGINT'
export const WINDOW_MS = 20_000
export const DELAY_MS = 60_000
/** Event time a file covers, and how far back a row of it may lie: far less than the delay, so that no row is late. */
const FILE_MS = 15_000
const DISORDER_MS = 12_000
const ROWS_PER_FILE = 80
const BASE_MS = Date.UTC(2026, 0, 1)
const PAGES = 23

/** A generator of numbers in [0, 1) from a seed. */
export function randomNumbers(seed: number): () => number {
  let s = seed >>> 0
  return () => {
    s = (s + 0x6d2b79f5) >>> 0
    let t = Math.imul(s ^ (s >>> 15), s | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Writes events as small files of JSON lines; each file appears whole, by rename. */
export class EventWriter {
  readonly #dir: string
  readonly #random: () => number
  #files = 0

  constructor(dir: string, seed: number) {
    this.#dir = dir
    this.#random = randomNumbers(seed)
    mkdirSync(dir, { recursive: true })
  }

  /** Files written so far. */
  get files(): number {
    return this.#files
  }

  write(files: number): void {
    for (let f = 0; f < files; f++) {
      const from = BASE_MS + this.#files * FILE_MS
      const lines: string[] = []
      for (let i = 0; i < ROWS_PER_FILE; i++) {
        const at = from + Math.floor(this.#random() * (FILE_MS + DISORDER_MS)) - DISORDER_MS
        const page = `/p${Math.floor(this.#random() ** 2 * PAGES)}`
        lines.push(
          JSON.stringify({ ts: new Date(at).toISOString(), page, amount: Math.floor(this.#random() * 1000) - 300 }),
        )
      }
      const name = `events-${String(this.#files++).padStart(6, '0')}.json`
      writeFileSync(join(this.#dir, `.${name}`), `${lines.join('\n')}\n`)
      renameSync(join(this.#dir, `.${name}`), join(this.#dir, name))
    }
  }
}

/** One row of the answer as text: equal text, equal row. */
export const rowText = (startMs: number, page: string, n: number, amount: number): string =>
  `${new Date(startMs).toISOString()} ${page} ${n} ${amount}`

/** The answer by a plain loop: the newest event time, and the rows of the windows that end at or before `watermarkOf(newest)`. */
export function answerByHand(dir: string): {
  readonly watermarkMs: number
  readonly rows: readonly string[]
  readonly openWindows: number
} {
  const groups = new Map<string, { start: number; page: string; n: number; amount: number }>()
  let newest = -Infinity
  for (const name of readdirSync(dir).filter((f) => !f.startsWith('.')))
    for (const line of readFileSync(join(dir, name), 'utf8').trimEnd().split('\n')) {
      const { ts, page, amount } = JSON.parse(line) as {
        readonly ts: string
        readonly page: string
        readonly amount: number
      }
      const at = Date.parse(ts)
      newest = Math.max(newest, at)
      const start = Math.floor(at / WINDOW_MS) * WINDOW_MS
      const key = `${start} ${page}`
      const group = groups.get(key)
      if (group === undefined) groups.set(key, { start, page, n: 1, amount })
      else {
        group.n++
        group.amount += amount
      }
    }
  const watermarkMs = newest - DELAY_MS
  const all = [...groups.values()]
  const ended = all.filter((g) => g.start + WINDOW_MS <= watermarkMs)
  return {
    watermarkMs,
    rows: ended.map((g) => rowText(g.start, g.page, g.n, g.amount)).sort(),
    openWindows: all.length - ended.length,
  }
}
