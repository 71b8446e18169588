import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Figures, machine, measured } from './measured.ts'
import { dataOf, type Run, RUNS } from './runs.ts'

/** The queries without a stream join, a session or a window to close: they are there from the first build on. */
export const SPINE: readonly string[] = ['q0', 'q1', 'q2', 'highest', 'ysb', 'wordcount']

export interface CompareOptions {
  readonly queries: readonly string[]
  readonly rounds: number
  readonly resultsDir: string
}

/** One query in both builds. Ratios are this build over the other, pair by pair: below 1 this one is faster. */
interface Comparison {
  readonly query: string
  readonly cpu_seconds: number
  readonly other_cpu_seconds: number
  readonly cpu_ratio: number
  readonly cpu_ratio_least: number
  readonly cpu_ratio_most: number
  readonly seconds_ratio: number
}

/**
 * Measures this build against that of another checkout, in turn, so that both meet the same machine: `rounds` pairs for
 * each query, the first of a pair alternating. Prints medians and writes them to `resultsDir`/<date>-compare.json.
 */
export function compareBuilds(otherDir: string, dataDir: string, options: CompareOptions): void {
  const ownDir = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
  const results = RUNS.filter((r) => options.queries.includes(r.query)).map((run) => {
    const data = dataOf(run, dataDir)
    const pairs: { readonly own: Figures; readonly other: Figures }[] = []
    for (let i = 0; i < options.rounds; i++) {
      const first = i % 2 === 0 ? measureBuild(ownDir, run, data) : null
      const other = measureBuild(otherDir, run, data)
      pairs.push({ own: first ?? measureBuild(ownDir, run, data), other })
    }
    const result = comparisonOf(run.query, pairs)
    console.log(
      `${result.query.padEnd(10)} cpu ${result.cpu_seconds.toFixed(3)} s, other ${result.other_cpu_seconds.toFixed(3)} s   cpu x${result.cpu_ratio} (${result.cpu_ratio_least} to ${result.cpu_ratio_most})   time x${result.seconds_ratio}`,
    )
    return result
  })
  fs.mkdirSync(options.resultsDir, { recursive: true })
  const file = path.join(options.resultsDir, `${new Date().toISOString().slice(0, 10)}-compare.json`)
  const builds = { commit: commitOf(ownDir), other_commit: commitOf(otherDir) }
  fs.writeFileSync(
    file,
    `${JSON.stringify({ machine: machine(), ...builds, rounds: options.rounds, results }, null, 2)}\n`,
  )
  console.log(`written to ${path.relative(process.cwd(), file)}`)
}

const measureBuild = (checkout: string, run: Run, data: string): Figures =>
  measured([
    path.join(checkout, 'dist/bench/run.js'),
    run.suite,
    '--query',
    run.query,
    '--data',
    data,
    '--json',
    '--hash',
    'no',
  ])

function comparisonOf(query: string, pairs: readonly { readonly own: Figures; readonly other: Figures }[]): Comparison {
  const ratios = pairs.map(({ own, other }) => own.cpu_seconds / other.cpu_seconds)
  const round = (x: number): number => Number(x.toFixed(3))
  return {
    query,
    cpu_seconds: round(medianOf(pairs.map((p) => p.own.cpu_seconds))),
    other_cpu_seconds: round(medianOf(pairs.map((p) => p.other.cpu_seconds))),
    cpu_ratio: round(medianOf(ratios)),
    cpu_ratio_least: round(Math.min(...ratios)),
    cpu_ratio_most: round(Math.max(...ratios)),
    seconds_ratio: round(medianOf(pairs.map(({ own, other }) => own.seconds / other.seconds))),
  }
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The commit a checkout stands at, or null where git does not know. */
function commitOf(checkout: string): string | null {
  const git = spawnSync('git', ['-C', checkout, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' })
  return git.status === 0 ? git.stdout.trim() : null
}
