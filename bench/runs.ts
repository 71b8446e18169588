import fs from 'node:fs'
import path from 'node:path'
import { type DataKind, generate } from './generate.ts'

/** A measured query, its data, and its hand-written limit where there is one. */
export interface Run {
  readonly query: string
  readonly suite: string
  readonly data: string
  readonly limit: string | null
}

/** In the order they are measured. */
export const RUNS: readonly Run[] = [
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

/** The directory of a run's data, which is made where it is missing. */
export function dataOf(run: Run, dataDir: string): string {
  const dir = path.join(dataDir, run.data)
  if (fs.existsSync(dir)) return dir
  const { kind, events } = DATA[run.data]!
  console.error(`making ${run.data}`)
  generate(kind, dir, events)
  return dir
}
