// npm run bench -- nexmark|ysb|wordcount --query q1 --data DIR [--events N] [--passes 2] [--hash no] [--json]
// npm run bench -- generate nexmark|ysb|words OUT N [--gap 200] [--seed 42] [--rows-per-file 250000]
// npm run bench -- all --data DIR [--limit DIR] [--rounds 3] [--results bench/results]
import {
  copyFileSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { once } from 'node:events'
import type { Batch } from '../src/columns/batch.ts'
import { jsonEncoder } from '../src/formats/json/encode.ts'
import { millrace, type MillraceSession, Trigger } from '../src/index.ts'
import { runAll } from './all.ts'
import { compareBuilds, SPINE } from './compare.ts'
import { checkedHash, hasCheck, hashOf } from './check.ts'
import { generate, isDataKind } from './generate.ts'
import { type BenchQuery, CLOSING_LINES, QUERIES, streamOf } from './queries.ts'

const args = process.argv.slice(2)
const option = (name: string): string | undefined =>
  args.includes(`--${name}`) ? args[args.indexOf(`--${name}`) + 1] : undefined
const suite = args[0] ?? ''
const number = (name: string, otherwise: number): number => Number(option(name) ?? otherwise)

if (suite === 'generate') {
  const [, kind = '', out = '', events = ''] = args
  if (!isDataKind(kind) || out === '' || !(Number(events) > 0)) {
    console.error(
      'usage: npm run bench -- generate nexmark|ysb|words OUT N [--gap 200] [--seed 42] [--rows-per-file 250000]',
    )
    process.exit(2)
  }
  const options = { gapUs: number('gap', 200), seed: number('seed', 42), rowsPerFile: number('rows-per-file', 250_000) }
  console.log(JSON.stringify({ kind, events: Number(events), ...generate(kind, out, Number(events), options) }))
  process.exit(0)
}
if (suite === 'all') {
  const dir = option('data')
  if (dir === undefined) {
    console.error('usage: npm run bench -- all --data DIR [--limit DIR] [--rounds 3] [--results bench/results]')
    process.exit(2)
  }
  runAll(dir, option('limit') ?? null, number('rounds', 3), option('results') ?? 'bench/results')
  process.exit(0)
}

if (suite === 'compare') {
  const [dir, other] = [option('data'), option('with')]
  if (dir === undefined || other === undefined) {
    console.error(
      'usage: npm run bench -- compare --with CHECKOUT --data DIR [--queries q0,q1] [--rounds 7] [--results bench/results]',
    )
    process.exit(2)
  }
  compareBuilds(other, dir, {
    queries: option('queries')?.split(',') ?? SPINE,
    rounds: number('rounds', 7),
    resultsDir: option('results') ?? 'bench/results',
  })
  process.exit(0)
}

if (suite === 'check') {
  const [query, dir] = [option('query') ?? '', option('data')]
  if (dir === undefined || !hasCheck(query)) {
    console.error('usage: npm run bench -- check --query q3|q11|dedup|within|highest --data DIR')
    process.exit(2)
  }
  console.log(JSON.stringify({ query, output_hash: checkedHash(query, dir) }))
  process.exit(0)
}

const name = option('query') ?? (suite === 'nexmark' ? 'q0' : suite)
const query = QUERIES[name]
const data = option('data')
if (query === undefined || data === undefined) {
  console.error(
    `usage: npm run bench -- nexmark|ysb|wordcount --query ${Object.keys(QUERIES).join('|')} --data DIR [--events N] [--passes 2] [--json]`,
  )
  process.exit(2)
}

const work = mkdtempSync(join(option('work') ?? tmpdir(), 'millrace-bench-'))
const passes = Number(option('passes') ?? 2)

/** A directory with the first N lines of the data: links to whole files, a copy of the one that is cut. */
async function firstEvents(dir: string, events: number): Promise<string> {
  const out = join(work, basename(resolve(dir)))
  mkdirSync(out)
  let left = events
  for (const file of readdirSync(dir).sort()) {
    if (left <= 0) break
    const lines = await copyLines(join(dir, file), join(out, `.${file}`), left)
    if (lines < left) {
      rmSync(join(out, `.${file}`))
      symlinkSync(resolve(dir, file), join(out, file))
    } else {
      copyFileSync(join(out, `.${file}`), join(out, file))
      rmSync(join(out, `.${file}`))
    }
    left -= lines
  }
  try {
    copyFileSync(`${resolve(dir)}.ads.json`, `${out}.ads.json`)
  } catch {
    // Only the Yahoo data has a table beside it.
  }
  return out
}

/** A directory with the same files and a last one whose events, a day later, close every window. */
function withClosing(dir: string): string {
  const out = join(work, 'closing')
  mkdirSync(out)
  for (const file of readdirSync(dir)) symlinkSync(resolve(dir, file), join(out, file))
  writeFileSync(join(out, 'zz-closing.jsonl'), CLOSING_LINES)
  return out
}

async function copyLines(from: string, to: string, most: number): Promise<number> {
  const out = createWriteStream(to)
  let n = 0
  for await (const line of createInterface({ input: createReadStream(from), crlfDelay: Infinity })) {
    if (n >= most) break
    out.write(`${line}\n`)
    n++
  }
  out.end()
  await once(out, 'finish')
  return n
}

function session(): MillraceSession {
  return millrace({ 'spark.sql.session.timeZone': 'UTC', 'millrace.durability': 'process' })
}

/** One run over all files, with a durable commit per file. `collect` gets every output batch (untimed pass). */
async function pass(
  q: BenchQuery,
  dir: string,
  i: number,
  collect?: (batches: readonly Batch[]) => void,
): Promise<{ events: number; rows: number; late: number }> {
  const s = session()
  const id = `collect-${i}`
  const writer = streamOf(q, s, dir)
    .writeStream.outputMode(q.mode)
    .trigger(Trigger.AvailableNow())
    .option('checkpointLocation', join(work, `checkpoint-${i}`))
  if (collect) writer.format('foreachBatch').option('id', id).withObject(id, collect)
  // The checkpoint is durable per batch; the output file is not forced to the disk, as the hand-written limit does not either.
  else if (q.writes)
    writer
      .format('json')
      .option('path', join(work, `out-${i}`))
      .option('fsync', false)
  else writer.format('noop')
  let events = 0
  let rows = 0
  let late = 0
  s.streams.addListener({
    onQueryProgress: ({ progress }) => {
      // A query that reads the events twice has two sources of them: they count once.
      events += progress.sources[0]!.numInputRows
      rows += progress.sink.numOutputRows
      late += progress.stateOperators.reduce((n, o) => n + o.numRowsDroppedByWatermark, 0)
    },
  })
  const running = await writer.start()
  await running.awaitTermination()
  return { events, rows, late }
}

/** FNV-1a, 32 bits, over UTF-8 bytes. */
function fnv(data: Buffer, from: number, to: number): number {
  let h = 0x811c9dc5
  for (let i = from; i < to; i++) h = Math.imul(h ^ data[i]!, 0x01000193)
  return h >>> 0
}

/** The lines of `output_hash`, from an untimed pass. */
async function resultLines(q: BenchQuery, dir: string): Promise<string[]> {
  if (q.result === 'sums') {
    const sums = new Map<string, bigint>()
    await pass(q, dir, 1000, (batches) => {
      for (const b of batches)
        b.schema.fields.forEach((f, c) => {
          const column = b.columns[c]!
          let sum = sums.get(f.name) ?? 0n
          for (let i = 0; i < b.rowCount; i++) {
            const r = b.rowAt(i)
            if (column.shape === 'bytes') sum += BigInt(fnv(column.data, column.starts[r]!, column.ends[r]!))
            else sum += f.type.kind === 'timestamp' ? (column.get(r) as bigint) / 1000n : (column.get(r) as bigint)
          }
          sums.set(f.name, BigInt.asUintN(64, sum))
        })
    })
    return [...sums].map(([k, v]) => `${k} ${v}`)
  }
  if (q.result === 'rows') {
    const out = join(work, `out-${passes - 1}`)
    return readdirSync(out)
      .filter((f) => !f.startsWith('.') && !f.startsWith('_'))
      .flatMap((f) =>
        readFileSync(join(out, f), 'latin1')
          .split('\n')
          .filter((l) => l !== ''),
      )
  }
  const { lastBy } = q.result
  const last = new Map<string, string>()
  await pass(q, dir, 1000, (batches) => {
    for (const b of batches) {
      const encoder = jsonEncoder(b.schema, { timeZone: 'UTC' })
      encoder.encode(b)
      for (const line of encoder.take().toString('utf8').trimEnd().split('\n')) {
        const row = JSON.parse(line) as Record<string, unknown>
        last.set(JSON.stringify(lastBy.map((k) => row[k])), Buffer.from(line).toString('latin1'))
      }
    }
  })
  return [...last.values()]
}

try {
  const events = option('events')
  const part = events === undefined ? data : await firstEvents(data, Number(events))
  const dir = query.closes === true ? withClosing(part) : part
  let seconds = 0
  let first = 0
  let cpu = 0
  let counts = { events: 0, rows: 0, late: 0 }
  for (let i = 0; i < passes; i++) {
    // The hand-written program truncates its file between passes; kept files would make the second pass write into
    // memory the machine has never touched.
    if (i > 0) rmSync(join(work, `out-${i - 1}`), { recursive: true, force: true })
    const c0 = process.cpuUsage()
    const t0 = process.hrtime.bigint()
    counts = await pass(query, dir, i)
    seconds = Number(process.hrtime.bigint() - t0) / 1e9
    const c = process.cpuUsage(c0)
    cpu = (c.user + c.system) / 1e6
    if (i === 0) first = seconds
  }
  const rss = process.resourceUsage().maxRSS / 1024
  const updates = query.mode === 'update' ? { update_rows: counts.rows } : {}
  let hash: string | null = null
  let outputRows = counts.rows
  if (option('hash') !== 'no') {
    const lines = await resultLines(query, dir)
    if (query.result !== 'sums') outputRows = lines.length
    hash = hashOf(lines)
  }
  const round = (x: number, d: number): number => Number(x.toFixed(d))
  const result = {
    query: name,
    events: counts.events,
    seconds: round(seconds, 4),
    events_per_s: Math.round(counts.events / seconds),
    cpu_seconds: round(cpu, 3),
    peak_rss_mb: Math.round(rss),
    output_rows: outputRows,
    output_hash: hash,
    ...updates,
    first_pass_seconds: round(first, 4),
    late_rows: counts.late,
    cpu_us_per_event: round((cpu * 1e6) / counts.events, 3),
  }
  if (args.includes('--json')) console.log(JSON.stringify(result))
  else for (const [k, v] of Object.entries(result)) console.log(`${k.padEnd(20)} ${String(v)}`)
} finally {
  rmSync(work, { recursive: true, force: true })
}
