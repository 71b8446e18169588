import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkedHash, hasCheck } from './check.ts'
import { type DataKind, generate } from './generate.ts'

/** Every measured query, its data, and its hand-written limit where there is one. */
const RUNS: readonly {
  readonly query: string
  readonly suite: string
  readonly data: string
  readonly limit: string | null
}[] = [
  { query: 'q0', suite: 'nexmark', data: 'nexmark2m', limit: 'q0' },
  { query: 'q1', suite: 'nexmark', data: 'nexmark2m', limit: 'q1' },
  { query: 'q2', suite: 'nexmark', data: 'nexmark2m', limit: 'q2' },
  { query: 'q3', suite: 'nexmark', data: 'nexmark2m', limit: null },
  { query: 'q5', suite: 'nexmark', data: 'nexmark2m', limit: 'q5' },
  { query: 'q7', suite: 'nexmark', data: 'nexmark2m', limit: 'q7' },
  { query: 'q8', suite: 'nexmark', data: 'nexmark2m', limit: 'q8' },
  { query: 'q11', suite: 'nexmark', data: 'nexmark2m', limit: null },
  { query: 'dedup', suite: 'nexmark', data: 'nexmark2m', limit: null },
  { query: 'within', suite: 'nexmark', data: 'nexmark2m', limit: null },
  { query: 'highest', suite: 'nexmark', data: 'nexmark2m', limit: null },
  { query: 'ysb', suite: 'ysb', data: 'ysb2m', limit: 'ysb' },
  { query: 'wordcount', suite: 'wordcount', data: 'words1m', limit: 'wordcount' },
]
const DATA: Readonly<Record<string, { readonly kind: DataKind; readonly events: number }>> = {
  nexmark2m: { kind: 'nexmark', events: 2_000_000 },
  ysb2m: { kind: 'ysb', events: 2_000_000 },
  words1m: { kind: 'words', events: 1_000_000 },
}

/** One measured process, as both programs print it. */
interface Figures {
  readonly events: number
  readonly seconds: number
  readonly events_per_s: number
  readonly cpu_seconds: number
  readonly peak_rss_mb: number
  readonly output_hash: string | null
}

/** What stands in the results file for one query. */
interface Result {
  readonly query: string
  readonly millrace: Figures
  readonly limit?: Figures
  /** Time of millrace over that of the limit, per event, and the same of CPU time. */
  readonly ratio?: number
  readonly cpu_ratio?: number
  /** Equal hashes: to that of the limit, or of the plain program in check.ts where there is no limit. */
  readonly same_output?: boolean
}

/**
 * Runs every query in a process of its own, in turn with its limit so that both meet the same state of the machine,
 * `rounds` times, and writes the run of median time of each to `resultsDir`/<date>.json. Missing data is made.
 */
export function runAll(dataDir: string, limitDir: string | null, rounds: number, resultsDir: string): void {
  for (const [name, { kind, events }] of Object.entries(DATA)) {
    const dir = path.join(dataDir, name)
    if (fs.existsSync(dir)) continue
    console.error(`making ${name}`)
    generate(kind, dir, events)
  }
  const results: Result[] = []
  for (const run of RUNS) {
    const data = path.join(dataDir, run.data)
    const ours = (hash: boolean): Figures =>
      child([
        fileURLToPath(new URL('run.js', import.meta.url)),
        run.suite,
        '--query',
        run.query,
        '--data',
        data,
        '--json',
        ...noHash(hash),
      ])
    const limit = run.limit === null || limitDir === null ? null : path.join(limitDir, `${run.limit}.mjs`)
    const theirs = (hash: boolean): Figures => child([limit!, data, ...noHash(hash)])
    const mine: Figures[] = []
    const other: Figures[] = []
    for (let i = 0; i < rounds; i++) {
      mine.push(ours(i === 0))
      if (limit !== null) other.push(theirs(i === 0))
    }
    const checked = limit === null && hasCheck(run.query) ? checkedHash(run.query, data) : null
    const result = resultOf(run.query, mine, other, checked)
    results.push(result)
    console.log(lineOf(result))
  }
  fs.mkdirSync(resultsDir, { recursive: true })
  const file = path.join(resultsDir, `${new Date().toISOString().slice(0, 10)}.json`)
  fs.writeFileSync(file, `${JSON.stringify({ machine: machine(), rounds, results }, null, 2)}\n`)
  console.log(`written to ${path.relative(process.cwd(), file)}`)
}

const noHash = (hash: boolean): string[] => (hash ? [] : ['--hash', 'no'])

function child(args: readonly string[]): Figures {
  const done = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  const line = done.stdout.trim().split('\n').at(-1) ?? ''
  if (done.status !== 0 || !line.startsWith('{')) {
    console.error(`${path.basename(args[0]!)} ended with ${done.status ?? done.signal}`)
    process.exit(1)
  }
  const all = JSON.parse(line) as Figures
  const { events, seconds, events_per_s, cpu_seconds, peak_rss_mb, output_hash } = all
  return { events, seconds, events_per_s, cpu_seconds, peak_rss_mb, output_hash }
}

/** The run of median time; hashes are made in the first round. */
function median(runs: readonly Figures[]): Figures {
  const sorted = [...runs].sort((a, b) => a.seconds - b.seconds)
  return { ...sorted[sorted.length >> 1]!, output_hash: runs[0]!.output_hash }
}

function resultOf(query: string, mine: readonly Figures[], other: readonly Figures[], checked: string | null): Result {
  const millrace = median(mine)
  if (other.length === 0)
    return { query, millrace, ...(checked === null ? {} : { same_output: millrace.output_hash === checked }) }
  const limit = median(other)
  const two = (x: number): number => Number(x.toFixed(2))
  return {
    query,
    millrace,
    limit,
    ratio: two(millrace.seconds / millrace.events / (limit.seconds / limit.events)),
    cpu_ratio: two(millrace.cpu_seconds / millrace.events / (limit.cpu_seconds / limit.events)),
    same_output: millrace.output_hash === limit.output_hash,
  }
}

function lineOf(r: Result): string {
  const million = (f: Figures): string => `${(f.events_per_s / 1e6).toFixed(2)} M/s`.padStart(10)
  const own = `${r.query.padEnd(10)} ${million(r.millrace)}  ${String(r.millrace.peak_rss_mb).padStart(4)} MB`
  const wrong = r.same_output === false ? '   OTHER OUTPUT' : ''
  if (r.limit === undefined) return `${own}${wrong}`
  return `${own}   limit ${million(r.limit)}   time x${r.ratio}   cpu x${r.cpu_ratio}${wrong}`
}

/** What the figures were measured on; nothing that names it. */
function machine(): { cores: number; cpu: string; memory_gb: number; node: string } {
  const cpus = os.cpus()
  return {
    cores: cpus.length,
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    memory_gb: Math.round(os.totalmem() / 2 ** 30),
    node: process.version,
  }
}
