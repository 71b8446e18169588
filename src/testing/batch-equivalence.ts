import type { OutputModeName } from '../connectors/provider.ts'
import type { DataFrame } from '../dataframe/data-frame.ts'
import { inputsOf, isStreaming, type Logical } from '../plan/logical.ts'
import type { Field } from '../types/data-type.ts'
import { MillraceSession } from '../session.ts'
import { valuesOf } from './contexts.ts'
import { TestKit, type TestStream } from './kit.ts'
import { random } from './random.ts'
import { rowText, tableText } from './rows.ts'
import { StepFailure } from './step-failure.ts'
import { addAll, restart, run, type Step, type TestRow } from './steps.ts'
import { upsertKeyNames } from '../plan/upsert-key.ts'
import { WorldRun } from './world.ts'

/** One table of `assertBatchEquivalence`. */
export interface EquivalenceTable {
  /** Columns as DDL. */
  readonly schema: string
  /** In order of arrival. No row may be late however these are cut, so none lags more than the watermark's delay. */
  readonly rows: readonly TestRow[]
  /** Event-time column and delay; none when the query sets its own or needs none. */
  readonly watermark?: readonly [column: string, delay: string]
  /** The same in both runs: not cut into batches. */
  readonly static?: boolean
  /**
   * Rows of the far future that end the stream in append mode; copies of its rows there unless given. Filters run below
   * the watermark: where none of these passes them, the watermark stands still and rows are missing.
   */
  readonly flush?: readonly TestRow[]
}

/** SQL over the tables by name, or a function that builds a DataFrame from `session.table(name)`. */
export type EquivalenceQuery = string | ((session: MillraceSession) => DataFrame)

export interface EquivalenceOptions {
  /** append unless given. */
  readonly outputMode?: OutputModeName
  /** Columns that identify a row in update mode; the grouping keys in the output unless given. */
  readonly key?: readonly string[]
  /** Of the slicings; the same seed cuts the same way. Random unless given; failures print it. */
  readonly seed?: number
  /** How many ways the data is cut; 5 unless given. The first is everything in one batch. */
  readonly slicings?: number
  /** Session settings. */
  readonly conf?: Readonly<Record<string, string>>
  /** Which rules of the optimizer run over the streams, by name; all unless given. Over bounded tables all do. */
  readonly rules?: (rule: string) => boolean
  /** Lines for the failure message: what the query is, when it is a function. */
  readonly describe?: string
}

/** What was compared. */
export interface EquivalenceReport {
  readonly seed: number
  readonly slicings: number
  /** Batches that ran in all slicings. */
  readonly batches: number
  /** Rows of the batch answer. */
  readonly rows: number
}

/** What arrives in one instant, and whether the query is restarted behind it. */
interface Slice {
  readonly rows: ReadonlyMap<string, readonly TestRow[]>
  readonly restart: boolean
}

interface Difference {
  readonly slices: readonly Slice[]
  readonly text: string
}

/** Behind every row of a test: an hour before this no window is open any more once the streams are there. */
const FLUSH = '2999-12-31 00:00:00'

/** Copies of a stream's rows at its end. */
const FLUSH_COPIES = 50

/** Runs of a failing case to make it smaller. */
const SHRINK_RUNS = 150

/**
 * The law of the engine, for one query: cut into batches in any way, with restarts between them, a stream gives the rows
 * the same query gives over the same data as bounded tables.
 *
 *   append    every row so far, once rows of the far future on each stream have made everything final; rows that they
 *             take part in are not compared
 *   update    the last row of each key (append where no key is given and nothing is aggregated)
 *   complete  the last table
 *   changelog what the changes leave when they are applied one after the other
 *
 * Throws StepFailure with seed, query, data, slicing and the rows that differ, made smaller as far as it goes quickly.
 */
export async function assertBatchEquivalence(
  query: EquivalenceQuery,
  data: Readonly<Record<string, EquivalenceTable>>,
  options: EquivalenceOptions = {},
): Promise<EquivalenceReport> {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31)
  const slicings = options.slicings ?? 5
  const next = random(seed)
  const both = new Both(query, data, options)
  let batches = 0
  let rows = 0
  try {
    for (let i = 0; i < slicings; i++) {
      const slices = i === 0 ? oneSlice(data) : cut(data, next)
      const got = await both.compare(slices)
      if (got.difference !== null) {
        const small = await shrink(both, { slices, text: got.difference })
        throw new StepFailure(failureText(query, data, options, seed, i, small))
      }
      batches += got.batches
      rows = got.rows
    }
  } finally {
    await both.stop()
  }
  return { seed, slicings, batches, rows }
}

/** The query over streams and over bounded tables. */
class Both {
  readonly #kit: TestKit
  readonly #bounded: MillraceSession
  readonly #query: EquivalenceQuery
  readonly #data: Readonly<Record<string, EquivalenceTable>>
  readonly #streams = new Map<string, TestStream>()
  readonly #streamed: DataFrame
  readonly #mode: OutputModeName
  readonly #key: readonly string[]

  constructor(
    query: EquivalenceQuery,
    data: Readonly<Record<string, EquivalenceTable>>,
    { outputMode = 'append', key, conf = {}, rules }: EquivalenceOptions,
  ) {
    this.#query = query
    this.#data = data
    this.#kit = new TestKit(conf, rules && { rules })
    this.#bounded = new MillraceSession({ 'spark.sql.session.timeZone': 'UTC', ...conf }, { clock: this.#kit.clock })
    for (const [name, table] of Object.entries(data)) {
      if (table.static) {
        boundedView(this.#kit.session, name, table, table.rows)
        continue
      }
      const stream = this.#kit.stream(table.schema)
      this.#streams.set(name, stream)
      marked(stream.df, table).createOrReplaceTempView(name)
    }
    this.#streamed = build(query, this.#kit.session)
    const plan = this.#streamed.analyzed
    this.#mode = outputMode === 'update' && (key ?? []).length === 0 && !aggregates(plan) ? 'append' : outputMode
    this.#key = key ?? upsertKeyNames(plan)
    this.#written = outputMode
    this.#flushes = this.#mode === 'append' || (this.#mode === 'changelog' && !aggregates(plan))
  }

  readonly #written: OutputModeName
  /** Rows are held back until the watermark makes them final. */
  readonly #flushes: boolean

  async compare(
    slices: readonly Slice[],
  ): Promise<{ readonly difference: string | null; readonly batches: number; readonly rows: number }> {
    // Every stream has an add in the first slice: a query that never ran a batch has no answer.
    const none = [...this.#streams.keys()].map((name): [string, readonly TestRow[]] => [name, []])
    const steps: Step[] = slices.flatMap((s, i) => [
      this.#adds(i === 0 ? new Map([...none, ...s.rows]) : s.rows),
      run(() => undefined),
      ...(s.restart ? [restart()] : []),
    ])
    const flush = this.#flushes ? this.#flushRows(slices) : null
    if (flush !== null)
      steps.push(
        this.#adds(flush),
        run(() => undefined),
      )
    const world = new WorldRun(
      this.#kit,
      this.#streamed,
      { outputMode: this.#written, key: this.#key },
      { kind: 'as is' },
    )
    const streamed = await world.run(steps)
    const got = this.#mode === 'append' ? streamed.batches.flatMap((b) => b.rows) : streamed.contents
    const expected = await this.#batch(slices)
    const done = { batches: streamed.batches.length, rows: expected.length }
    if (streamed.dropped > 0)
      return {
        ...done,
        difference: `${streamed.dropped} rows were dropped as late: the data must be in time order up to the delay`,
      }
    const missing = without(expected, got)
    let extra = without(got, expected)
    if (flush !== null && extra.length > 0)
      extra = without(extra, await this.#batch([...slices, { rows: flush, restart: false }]))
    if (missing.length + extra.length === 0) return { ...done, difference: null }
    return {
      ...done,
      difference: `only in the batch answer\n${tableText(missing)}\nonly in the streamed answer\n${tableText(extra)}`,
    }
  }

  async stop(): Promise<void> {
    await this.#kit.session.stop()
    await this.#bounded.stop()
  }

  #adds(rows: ReadonlyMap<string, readonly TestRow[]>): Step {
    return addAll(...[...rows].map(([name, r]) => ({ stream: this.#streams.get(name)!, rows: r })))
  }

  async #batch(slices: readonly Slice[]): Promise<string[]> {
    for (const [name, table] of Object.entries(this.#data))
      boundedView(this.#bounded, name, table, table.static ? table.rows : slices.flatMap((s) => s.rows.get(name) ?? []))
    const df = build(this.#query, this.#bounded)
    return valuesOf(await df.batches()).map((r) => rowText(df.schema, r))
  }

  /** What ends each stream: see `EquivalenceTable.flush`. */
  #flushRows(slices: readonly Slice[]): ReadonlyMap<string, readonly TestRow[]> {
    const rows = new Map<string, readonly TestRow[]>()
    for (const [name, { schema }] of this.#streams) {
      const own = slices.flatMap((s) => s.rows.get(name) ?? []).slice(-FLUSH_COPIES)
      const timed = (f: Field): boolean => f.type.kind === 'timestamp' || f.type.kind === 'timestamp_ntz'
      // An empty stream ends with a row of NULLs, where there may be one.
      if (own.length === 0 && schema.fields.every((f) => f.nullable || timed(f))) own.push([])
      const late = (row: TestRow): TestRow =>
        schema.fields.map((f, i): unknown => (timed(f) ? FLUSH : cell(row, f.name, i)))
      rows.set(name, this.#data[name]!.flush ?? own.map(late))
    }
    return rows
  }
}

const build = (query: EquivalenceQuery, session: MillraceSession): DataFrame =>
  typeof query === 'string' ? session.sql(query) : query(session)

const marked = (df: DataFrame, { watermark }: EquivalenceTable): DataFrame =>
  watermark === undefined ? df : (df.withWatermark(...(watermark as [never, string])) as DataFrame)

function boundedView(session: MillraceSession, name: string, table: EquivalenceTable, rows: readonly TestRow[]): void {
  marked(session.createDataFrame(rows, table.schema) as DataFrame, table).createOrReplaceTempView(name)
}

const cell = (row: TestRow, name: string, index: number): unknown =>
  Array.isArray(row) ? (row as readonly unknown[])[index] : (row as Readonly<Record<string, unknown>>)[name]

const aggregates = (plan: Logical): boolean =>
  (isStreaming(plan) && (plan.op === 'aggregate' || (plan.op === 'setop' && !plan.all))) ||
  inputsOf(plan).some(aggregates)

/** The bag `a` without the rows of `b`. */
function without(a: readonly string[], b: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const r of b) counts.set(r, (counts.get(r) ?? 0) + 1)
  return a.filter((r) => {
    const n = counts.get(r) ?? 0
    if (n > 0) counts.set(r, n - 1)
    return n === 0
  })
}

const streamsIn = (data: Readonly<Record<string, EquivalenceTable>>): [string, readonly TestRow[]][] =>
  Object.entries(data).flatMap(([name, t]) => (t.static ? [] : [[name, t.rows] as [string, readonly TestRow[]]]))

const oneSlice = (data: Readonly<Record<string, EquivalenceTable>>): Slice[] => [
  { rows: new Map(streamsIn(data)), restart: false },
]

/** A random way to cut the streams: each keeps its order, how they mix is left to chance. */
function cut(data: Readonly<Record<string, EquivalenceTable>>, next: () => number): Slice[] {
  const streams = streamsIn(data)
  const at = new Map(streams.map(([name]) => [name, 0]))
  const most = 1 + Math.floor(next() * 8)
  const slices: Slice[] = []
  while (streams.some(([name, rows]) => at.get(name)! < rows.length)) {
    const rows = new Map<string, readonly TestRow[]>()
    for (const [name, all] of streams) {
      const from = at.get(name)!
      const to = Math.min(all.length, from + Math.floor(next() * (most + 1)))
      if (to > from || next() < 0.1) rows.set(name, all.slice(from, to))
      at.set(name, to)
    }
    if (rows.size > 0) slices.push({ rows, restart: next() < 0.2 })
  }
  return slices.length > 0 ? slices : oneSlice(data)
}

/** A smaller case that still differs: fewer slices, no restarts, fewer rows. */
async function shrink(both: Both, found: Difference): Promise<Difference> {
  let best = found
  let left = SHRINK_RUNS
  const smaller = async (slices: readonly Slice[]): Promise<boolean> => {
    if (slices.length === 0 || left-- <= 0) return false
    const { difference } = await both.compare(slices).catch((error: unknown) => ({ difference: String(error) }))
    if (difference === null || kindOf(difference) !== kindOf(best.text)) return false
    best = { slices, text: difference }
    return true
  }
  for (let before = -1; before !== weight(best.slices) && left > 0;) {
    before = weight(best.slices)
    for (let i = best.slices.length - 1; i >= 0; i--) await smaller(best.slices.filter((_, j) => j !== i))
    for (let i = best.slices.length - 1; i >= 0; i--)
      if (best.slices[i]?.restart) await smaller(best.slices.map((s, j) => (j === i ? { ...s, restart: false } : s)))
    for (let i = best.slices.length - 1; i >= 0; i--)
      for (const name of best.slices[i]!.rows.keys())
        for (let r = best.slices[i]!.rows.get(name)!.length - 1; r >= 0; r--) {
          const rows = new Map(best.slices[i]!.rows)
          rows.set(
            name,
            rows.get(name)!.filter((_, k) => k !== r),
          )
          await smaller(best.slices.map((s, j) => (j === i ? { ...s, rows } : s)))
        }
  }
  return best
}

/** Rows dropped as late are another failure than rows that differ. */
const kindOf = (text: string): string => (text.startsWith('only in') ? 'rows' : text.replace(/\d+/g, '').slice(0, 60))

const weight = (slices: readonly Slice[]): number =>
  slices.reduce((n, s) => n + 1 + (s.restart ? 1 : 0) + [...s.rows.values()].reduce((m, r) => m + r.length, 0), 0)

function failureText(
  query: EquivalenceQuery,
  data: Readonly<Record<string, EquivalenceTable>>,
  options: EquivalenceOptions,
  seed: number,
  slicing: number,
  { slices, text }: Difference,
): string {
  const show = (v: unknown): string =>
    JSON.stringify(v, (_, x: unknown) => (typeof x === 'bigint' ? Number(x) : x)) ?? String(v)
  const tables = Object.entries(data).map(
    ([name, t]) =>
      `  ${name} (${t.schema})${t.watermark ? ` watermark ${t.watermark.join(' ')}` : ''}${t.static ? ` static ${t.rows.map(show).join(' ')}` : ''}`,
  )
  const steps = slices.flatMap((s, i) => [
    `  batch ${i}${s.rows.size === 0 ? ' (nothing)' : ''}`,
    ...[...s.rows].map(([name, rows]) => `    ${name} ${rows.map(show).join(' ')}`),
    ...(s.restart ? ['  restart'] : []),
  ])
  return [
    `streamed and batch answers differ (seed ${seed}, slicing ${slicing}, ${options.outputMode ?? 'append'} mode)`,
    `query\n  ${options.describe ?? (typeof query === 'string' ? query : String(query))}`,
    `tables\n${tables.join('\n')}`,
    `slicing\n${steps.join('\n')}`,
    text,
  ].join('\n')
}
