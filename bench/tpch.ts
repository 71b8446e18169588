/**
 * The 22 questions of TPC-H over an order book of our own, millrace beside DuckDB on the same files:
 * `node dist/bench/tpch.js [SCALE] [--format csv|json] [--rounds 3] [--threads 1] [--queries q1,q2] [--results bench/results]`.
 *
 * Every query reads the files anew. Printed are median milliseconds, and first those of `read`, which counts the values of
 * every column of every table and so is the time of decoding alone. Answers are compared; the program ends with 1 when one
 * differs. With MILLRACE_SPARK_PYTHON naming a Python that has pyspark, Spark runs too. Threads are those of DuckDB and
 * Spark: millrace runs a query on one.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machine } from './measured.ts'
import { generateTables } from './tpch/data.ts'
import { type Answer, duckdbOver, type Engine, millraceOver } from './tpch/engines.ts'
import { differs } from './tpch/equal-answers.ts'
import { TPCH_QUERIES, type TpchQuery } from './tpch/queries.ts'
import { runSpark } from './tpch/spark.ts'
import { TABLE_NAMES, TABLES, type TableFormat } from './tpch/tables.ts'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    format: { type: 'string', default: 'csv' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
    queries: { type: 'string' },
    results: { type: 'string' },
  },
})
const scale = Number(positionals[0] ?? 1)
const format: TableFormat = options.format === 'json' ? 'json' : 'csv'
const [rounds, threads] = [Number(options.rounds), Number(options.threads)]

/** One part a table, so that every engine reads every value of every file once. */
const READ: TpchQuery = {
  name: 'read',
  asks: 'how many values every column holds',
  sql: TABLE_NAMES.map((t) => {
    const counts = Object.keys(TABLES[t]).map((c) => `count(${c})`)
    return `SELECT '${t}' AS t, ${counts.join(' + ')} AS cells FROM ${t}`
  }).join(' UNION ALL '),
}
const wanted = options.queries?.split(',')
const queries = [READ, ...TPCH_QUERIES].filter((q) => wanted?.includes(q.name) ?? true)

const median = (of: readonly number[]): number => [...of].sort((a, b) => a - b)[of.length >> 1]!

async function timed(engine: Engine, sql: string): Promise<{ readonly ms: number; readonly answer: Answer }> {
  const took: number[] = []
  let answer: Answer | null = null
  for (let round = 0; round < rounds; round++) {
    const from = performance.now()
    answer = await engine.answer(sql)
    took.push(performance.now() - from)
  }
  return { ms: median(took), answer: answer! }
}

const directory = mkdtempSync(join(tmpdir(), 'millrace-tpch-'))
const { rows, bytes } = generateTables(directory, scale)
console.log(`scale ${scale}: ${rows.orders} orders, ${rows.lineitem} lines, ${(bytes / 1e6).toFixed(1)} MB; ${format}`)

const [ours, duckdb] = [millraceOver(directory, format), await duckdbOver(directory, format, threads)]
const python = process.env['MILLRACE_SPARK_PYTHON']
const spark = python === undefined ? null : runSpark(python, queries, { directory, format }, { threads, rounds })
if (python !== undefined && spark === null) console.log('no pyspark in the Python that MILLRACE_SPARK_PYTHON names')

const measured: {
  query: string
  rows: number
  millrace_ms: number
  duckdb_ms: number
  spark_ms?: number
  differs?: string
}[] = []
for (const { name, sql } of queries) {
  const [theirs, mine] = [await timed(duckdb, sql), await timed(ours, sql)]
  const third = spark?.find((s) => s.name === name)
  const fault = differs(mine.answer, theirs.answer) ?? (third ? differs(mine.answer, third) : null)
  const round = (ms: number): number => Number(ms.toFixed(1))
  const line = {
    query: name,
    rows: mine.answer.rows.length,
    millrace_ms: round(mine.ms),
    duckdb_ms: round(theirs.ms),
    ...(third ? { spark_ms: round(median(third.ms)) } : {}),
    ...(fault ? { differs: fault } : {}),
  }
  measured.push(line)
  const cell = (ms: number): string => ms.toFixed(0).padStart(7)
  console.log(
    `${name.padEnd(4)} ${String(line.rows).padStart(5)} rows   millrace ${cell(mine.ms)} ms   duckdb ${cell(theirs.ms)} ms   ${(mine.ms / theirs.ms).toFixed(1).padStart(5)}x` +
      (third ? `   spark ${cell(median(third.ms))} ms` : '') +
      (fault ? `   DIFFERS: ${fault}` : ''),
  )
}
await ours.close()
await duckdb.close()
rmSync(directory, { recursive: true })

const total = (of: 'millrace_ms' | 'duckdb_ms'): number =>
  Math.round(measured.filter((m) => m.query !== READ.name).reduce((sum, m) => sum + m[of], 0))
console.log(`sum of the queries: millrace ${total('millrace_ms')} ms, duckdb ${total('duckdb_ms')} ms`)
if (options.results !== undefined) {
  mkdirSync(options.results, { recursive: true })
  const file = join(options.results, `tpch-${format}-${new Date().toISOString().slice(0, 10)}.json`)
  const where = { ...machine(), load: Number(loadavg()[0]!.toFixed(1)) }
  const data = { scale, format, bytes, lines: rows.lineitem, rounds, threads }
  writeFileSync(
    file,
    `${JSON.stringify({ machine: where, data, millrace_ms: total('millrace_ms'), duckdb_ms: total('duckdb_ms'), queries: measured }, null, 2)}\n`,
  )
}
process.exitCode = measured.some((m) => m.differs !== undefined) ? 1 : 0
