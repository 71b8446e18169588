import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Rows come up to this much behind the newest one: less than the watermark's delay, so none is late. */
export const DISORDER_MS = 20_000
export const SCHEMA = 'ts TIMESTAMP, user STRING, page STRING'

const PAGES = ['/', '/cart', '/checkout', '/help', '/products/1', '/products/2', '/products/3']
const BASE_MS = Date.UTC(2026, 0, 1, 12)

/** A small deterministic generator of numbers in [0, 1). */
function randomNumbers(seed: number): () => number {
  let s = seed >>> 0
  return () => {
    s = (s + 0x6d2b79f5) >>> 0
    let t = Math.imul(s ^ (s >>> 15), s | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Writes click events as files of JSON lines, one file a call, each appearing whole. */
export class ClickWriter {
  readonly #dir: string
  readonly #random = randomNumbers(42)
  #file = 0
  #event = 0

  constructor(dir: string) {
    this.#dir = dir
    mkdirSync(dir, { recursive: true })
  }

  /** Files written so far. */
  get written(): number {
    return this.#file
  }

  write(events: number): void {
    const lines: string[] = []
    for (let i = 0; i < events; i++) {
      const atMs = BASE_MS + this.#event++ * 20 - Math.floor(this.#random() * DISORDER_MS)
      const page = PAGES[Math.floor(this.#random() * PAGES.length)]
      lines.push(
        JSON.stringify({ ts: new Date(atMs).toISOString(), user: `user${Math.floor(this.#random() * 500)}`, page }),
      )
    }
    const name = `clicks-${String(this.#file++).padStart(4, '0')}.json`
    // Files with a leading dot are not read: the rename makes the file appear whole.
    writeFileSync(join(this.#dir, `.${name}`), `${lines.join('\n')}\n`)
    renameSync(join(this.#dir, `.${name}`), join(this.#dir, name))
  }
}

/** Counts per (minute, page) by a plain loop: the answer nobody has to trust an engine for. */
export function countByHand(dir: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of readdirSync(dir).filter((f) => !f.startsWith('.')))
    for (const line of readFileSync(join(dir, name), 'utf8').trimEnd().split('\n')) {
      const { ts, page } = JSON.parse(line) as { readonly ts: string; readonly page: string }
      const key = `${ts.slice(0, 10)} ${ts.slice(11, 16)}:00 ${page}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  return counts
}
