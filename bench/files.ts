/**
 * Files: how long a directory of many files takes to list and plan, and how fast CSV becomes columns.
 *
 *   node bench/files.js [FILES=100000] [ROUNDS=5]
 *
 * Prints milliseconds: the first trigger over all the files, triggers that find nothing new, one that finds one new
 * file, a stream that takes them 1 000 at a time, a restart; the longest the event loop was held meanwhile; and lines
 * a second of CSV by one thread.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { LineReader } from '../src/connectors/files/read-lines.ts'
import { csvSource, type FileOffset } from '../src/connectors/files/source.ts'
import { validateOptions } from '../src/connectors/options.ts'
import type { Source } from '../src/connectors/provider.ts'
import { memoryLog } from '../src/engine/memory-log.ts'
import { csvDecoder } from '../src/formats/csv/decode.ts'
import { CSV_DEFAULTS } from '../src/formats/csv/dialect.ts'
import { millrace } from '../src/index.ts'
import { BIGINT, DOUBLE, field, type Schema, schemaOf, STRING, TIMESTAMP } from '../src/types/data-type.ts'

const count = Number(process.argv[2] ?? 100_000)
const rounds = Number(process.argv[3] ?? 5)
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-bench-files-'))
const N = schemaOf(field('n', BIGINT))

const open = (log = memoryLog(), more: Record<string, string> = {}): Promise<Source<FileOffset>> =>
  csvSource.open(validateOptions('csv', csvSource.options, { path: dir, ...more }), {
    schema: N,
    plan: { columns: [], predicates: [] },
    name: 'files',
    timeZone: 'UTC',
    nowUs: () => BigInt(Date.now()) * 1000n,
    log,
    metadata: { get: () => undefined, set: () => undefined },
    signal: new AbortController().signal,
    wake: () => undefined,
    objects: new Map(),
  }) as Promise<Source<FileOffset>>

async function timed<T>(name: string, body: () => Promise<T>): Promise<T> {
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  const start = performance.now()
  const out = await body()
  const ms = performance.now() - start
  await new Promise((resolve) => setTimeout(resolve, 5))
  loop.disable()
  console.log(`${name.padEnd(44)} ${ms.toFixed(1).padStart(9)} ms   loop held ${(loop.max / 1e6).toFixed(0)} ms`)
  return out
}

function rate(name: string, lines: number, body: () => void): void {
  let best = Infinity
  for (let i = 0; i < rounds; i++) {
    const start = performance.now()
    body()
    best = Math.min(best, performance.now() - start)
  }
  console.log(`${name.padEnd(44)} ${(lines / best / 1000).toFixed(2).padStart(9)} M lines/s`)
}

async function listing(): Promise<void> {
  for (let i = 0; i < count; i++) fs.writeFileSync(path.join(dir, `log_${String(i).padStart(7, '0')}.csv`), `${i}\n`)
  console.log(`${count} files in one directory`)
  const log = memoryLog()
  const source = await open(log)
  const first = await timed('first trigger', () => source.latestOffset(null))
  for (let i = 0; i < 2; i++) await timed('nothing new', () => source.latestOffset(first))
  await new Promise((resolve) => setTimeout(resolve, 2100))
  await timed('nothing new, two seconds later', () => source.latestOffset(first))
  await timed('nothing new, directory unchanged since', () => source.latestOffset(first))
  fs.writeFileSync(path.join(dir, 'one-more.csv'), '1\n')
  await timed('one new file', () => source.latestOffset(first))
  await timed('restart, then nothing new', async () => (await open(log)).latestOffset({ logOffset: 1 }))
  await timed('1 000 files a trigger, to the end', async () => {
    const limited = await open(memoryLog(), { maxFilesPerTrigger: '1000' })
    for (let at: FileOffset | null = null; ;) {
      const to: FileOffset | null = await limited.latestOffset(at)
      if (to === null || to.logOffset === at?.logOffset) break
      at = to
    }
  })
  const session = millrace()
  const df = session.read.schema('n BIGINT').csv(dir)
  await timed('SELECT count(*), sum(n) over all of them', () => df.selectExpr('count(*)', 'sum(n)').collect())
}

function decoding(): void {
  const lines = 300_000
  const line = (i: number): string =>
    `${i},user-${i % 1000},"page, ${i % 77}",${(i * 37) % 1e9},${i / 8},2026-01-01 00:${String(i % 60).padStart(2, '0')}:01.250,${'p'.repeat(100)}`
  const file = path.join(dir, '_decode')
  fs.writeFileSync(file, Array.from({ length: lines }, (_, i) => line(i)).join('\n'))
  const all = schemaOf(
    field('i', BIGINT),
    field('user', STRING),
    field('page', STRING),
    field('n', BIGINT),
    field('d', DOUBLE),
    field('t', TIMESTAMP),
    field('pad', STRING),
  )
  const pick = (...names: string[]): Schema => ({ fields: all.fields.filter((f) => names.includes(f.name)) })
  const listed = { path: file, timestamp: 0, size: fs.statSync(file).size }
  const run = (schema: Schema, exact: boolean): void => {
    const dialect = { ...CSV_DEFAULTS, maxCharsPerColumn: exact ? 1_000_000 : -1 }
    const decoder = csvDecoder(
      all,
      schema,
      { columns: [], predicates: [] },
      { timeZone: 'UTC', dialect, mayReuse: true },
    )
    let rows = 0
    for (const batch of new LineReader(true).read(listed, decoder)) rows += batch.rowCount
    if (rows !== lines) console.log(`read ${rows} rows`)
  }
  console.log(`CSV lines of ${Math.round(listed.size / lines)} bytes, one thread`)
  rate('3 of 7 columns', lines, () => run(pick('user', 'n', 't'), false))
  rate('7 of 7 columns', lines, () => run(all, false))
  rate('count only', lines, () => run(schemaOf(), false))
  rate('3 of 7 columns, exact path alone', lines, () => run(pick('user', 'n', 't'), true))
}

try {
  decoding()
  await listing()
} finally {
  fs.rmSync(dir, { recursive: true })
}
