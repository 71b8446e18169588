import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkedHash, hasCheck } from './check.ts'
import { type Figures, machine, measured } from './measured.ts'
import { dataOf, RUNS } from './runs.ts'

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
  const results: Result[] = []
  for (const run of RUNS) {
    const data = dataOf(run, dataDir)
    const ours = (hash: boolean): Figures =>
      measured([
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
    const theirs = (hash: boolean): Figures => measured([limit!, data, ...noHash(hash)])
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
