import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rowFromJs } from '../columns/row.ts'
import type { MemoryStream } from '../connectors/memory/stream.ts'
import type { MemoryTable } from '../connectors/memory/sink.ts'
import type { OutputModeName } from '../connectors/provider.ts'
import type { DataFrame } from '../dataframe/data-frame.ts'
import type { CrashPoint } from '../engine/micro-batch.ts'
import type { StreamingQueryProgress } from '../engine/progress.ts'
import type { StreamingQuery } from '../engine/streaming-query.ts'
import { outputSchema } from '../plan/changes.ts'
import { inputsOf, type Logical } from '../plan/logical.ts'
import type { Schema } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import { CrashForTest, emptyCopy, type TestKit, type TestStream } from './kit.ts'
import type { ProgressExpectation, Step, TestRow } from './steps.ts'
import { StepFailure } from './step-failure.ts'
import { bagText, finalContents, rowText, tableText } from './rows.ts'

/** How a script is run. */
export type World =
  | { readonly kind: 'as is' }
  | { readonly kind: 'restarts' }
  | { readonly kind: 'crash'; readonly point: CrashPoint }
  | { readonly kind: 'one row a batch' }

export const nameOf = (world: World): string =>
  world.kind === 'crash' ? `crash ${world.point} of every batch` : world.kind

/** What a world ended with. */
export interface WorldResult {
  readonly batches: readonly { readonly batchId: number; readonly rows: readonly string[] }[]
  readonly contents: readonly string[]
  readonly dropped: number
}

export interface WorldOptions {
  readonly outputMode: OutputModeName
  /** Names of the columns that identify a row in update mode. */
  readonly key: readonly string[]
}

let tables = 0

/** Runs one script in one world. */
export class WorldRun {
  readonly #kit: TestKit
  readonly #df: DataFrame
  readonly #options: WorldOptions
  readonly #world: World
  readonly #streams = new Map<string, MemoryStream>()
  readonly #location = mkdtempSync(join(tmpdir(), 'millrace-test-'))
  readonly #name = `test_table_${tables++}`
  readonly #progress: StreamingQueryProgress[] = []
  readonly #crashed = new Set<number>()
  #asked: CrashPoint | null = null
  #query: StreamingQuery | null = null
  #seenBatches = 0
  #seenProgress = 0
  #dropped = 0

  constructor(kit: TestKit, df: DataFrame, options: WorldOptions, world: World) {
    this.#kit = kit
    this.#df = df
    this.#options = options
    this.#world = world
  }

  async run(steps: readonly Step[]): Promise<WorldResult> {
    this.#kit.crash = (point, batchId) => this.#crashHook(point, batchId)
    try {
      for (const [i, step] of steps.entries()) {
        try {
          await this.#step(step)
        } catch (error) {
          throw error instanceof StepFailure ? error.at(steps, i, nameOf(this.#world)) : error
        }
        if (this.#world.kind === 'restarts' && step.kind !== 'expectError' && step.kind !== 'crashNext')
          await this.#stop()
      }
      if (!steps.some((s) => s.kind === 'expectError')) await this.#idle()
      const table = this.#table()
      const schema = this.#schema
      return {
        batches: (table?.batches ?? []).map((b) => ({
          batchId: b.batchId,
          rows: [
            ...b.deleted.map((r) => `taken out: ${rowText(schema, r)}`).sort(),
            ...b.rows.map((r) => rowText(schema, r)).sort(),
          ],
        })),
        contents: this.#contents(),
        dropped: this.#dropped,
      }
    } finally {
      this.#kit.crash = null
      await this.#stop()
      rmSync(this.#location, { recursive: true, force: true })
    }
  }

  #crashHook(point: CrashPoint, batchId: number): void {
    if (this.#asked === point) {
      this.#asked = null
      throw new CrashForTest(point)
    }
    if (this.#world.kind === 'crash' && this.#world.point === point && !this.#crashed.has(batchId)) {
      this.#crashed.add(batchId)
      throw new CrashForTest(point)
    }
  }

  /** Of the rows that the sink gets. */
  get #schema(): Schema {
    return outputSchema(this.#df.schema, this.#options.outputMode)
  }

  #table(): MemoryTable | undefined {
    return this.#kit.session.memoryTable(this.#name)
  }

  #contents(): readonly string[] {
    const table = this.#table()
    const { outputMode, key } = this.#options
    return finalContents(this.#schema, table?.batches ?? [], outputMode, key)
  }

  async #step(step: Step): Promise<void> {
    const sliced = this.#world.kind === 'one row a batch'
    switch (step.kind) {
      case 'add':
      case 'addAll':
        return this.#add(step.kind === 'add' ? [step] : step.adds, sliced)
      case 'expectNew': {
        await this.#idle()
        const batches = this.#table()?.batches ?? []
        const rows = batches.slice(this.#seenBatches).flatMap((b) => b.rows)
        this.#seenBatches = batches.length
        if (!sliced) this.#compare('new rows', step.rows, rows)
        return
      }
      case 'expectTable': {
        await this.#idle()
        this.#compareTexts('table', this.#texts(step.rows), this.#contents())
        return
      }
      case 'expectProgress':
        await this.#idle()
        // A crash behind the commit takes the progress of its batch with it.
        if (!sliced && this.#world.kind !== 'crash') this.#compareProgress(step.progress)
        this.#seenProgress = this.#progress.length
        return
      case 'expectError': {
        const failure = await this.#failure()
        if (failure !== step.code)
          throw new StepFailure(`expected the query to fail with ${step.code}, got ${failure ?? 'no failure'}`)
        return
      }
      case 'restart':
        await this.#idle()
        return this.#stop()
      case 'crashNext':
        this.#asked = step.point
        return
      case 'advanceClock':
        return this.#kit.clock.advance(step.ms)
      case 'run':
        await this.#idle()
        return step.body(this.#query!)
    }
  }

  async #add(
    adds: readonly { readonly stream: TestStream; readonly rows: readonly TestRow[] }[],
    sliced: boolean,
  ): Promise<void> {
    for (const { stream, rows } of adds) {
      const target = this.#stream(stream)
      const values = rows.map((r) => valuesOf(stream.schema, r))
      if (!sliced) {
        target.addValues(values)
        continue
      }
      for (const v of values) {
        target.addValues([v])
        await this.#idle()
      }
    }
  }

  #stream(of: Pick<TestStream, 'id' | 'schema'>): MemoryStream {
    let stream = this.#streams.get(of.id)
    if (stream === undefined) this.#streams.set(of.id, (stream = emptyCopy(of)))
    return stream
  }

  async #start(): Promise<StreamingQuery> {
    const writer = this.#df.writeStream
      .format('memory')
      .queryName(this.#name)
      .outputMode(this.#options.outputMode)
      .option('checkpointLocation', this.#location)
    for (const stream of streamsOf(this.#df)) writer.withObject(stream.id, this.#stream(stream))
    return (this.#query = await writer.start())
  }

  /** Runs until nothing is left to do, through the crashes that were asked for. */
  async #idle(): Promise<void> {
    for (;;) {
      try {
        const query = this.#query ?? (await this.#start())
        try {
          await query.processAllAvailable()
        } finally {
          this.#collect(query)
        }
        return
      } catch (error) {
        if (!isCrash(error)) throw error
        await this.#stop()
      }
    }
  }

  async #failure(): Promise<string | undefined> {
    try {
      await this.#idle()
      return undefined
    } catch (error) {
      return (error as { readonly code?: string }).code ?? String(error)
    }
  }

  async #stop(): Promise<void> {
    const query = this.#query
    this.#query = null
    if (query === null) return
    await query.stop()
    this.#collect(query)
  }

  #collect(query: StreamingQuery): void {
    for (const p of query.recentProgress) {
      if (this.#progress.includes(p)) continue
      this.#progress.push(p)
      this.#dropped += p.stateOperators.reduce((n, s) => n + s.numRowsDroppedByWatermark, 0)
    }
  }

  #compareProgress(expected: ProgressExpectation): void {
    const recent = this.#progress.slice(this.#seenProgress)
    const last = this.#progress[this.#progress.length - 1]
    const sum = (pick: (s: StreamingQueryProgress['stateOperators'][number]) => number): number =>
      recent.reduce((n, p) => n + (p.stateOperators[0] ? pick(p.stateOperators[0]) : 0), 0)
    const got: Record<string, unknown> = {
      watermark: last?.eventTime.watermark,
      stateRows: last?.stateOperators[0]?.numRowsTotal,
      rowsDropped: sum((s) => s.numRowsDroppedByWatermark),
      rowsRemoved: sum((s) => s.numRowsRemoved),
      batches: recent.length,
    }
    for (const [name, wanted] of Object.entries(expected)) {
      const have = got[name]
      const fits = name === 'watermark' ? String(have).startsWith(String(wanted)) : have === wanted
      if (!fits) throw new StepFailure(`progress.${name}: expected ${String(wanted)}, got ${String(have)}`)
    }
  }

  #texts(rows: readonly TestRow[]): string[] {
    const schema = this.#schema
    return rows.map((r) => rowText(schema, valuesOf(schema, r)))
  }

  #compare(what: string, expected: readonly TestRow[], got: readonly (readonly Value[])[]): void {
    this.#compareTexts(
      what,
      this.#texts(expected),
      got.map((r) => rowText(this.#schema, r)),
    )
  }

  #compareTexts(what: string, expected: readonly string[], got: readonly string[]): void {
    if (bagText(expected) === bagText(got)) return
    throw new StepFailure(`${what} differ\nexpected\n${tableText(expected)}\ngot\n${tableText(got)}`)
  }
}

function isCrash(error: unknown): boolean {
  for (let e: unknown = error; e instanceof Error; e = e.cause) if (e instanceof CrashForTest) return true
  return false
}

function valuesOf(schema: Schema, row: TestRow): Value[] {
  const object = Array.isArray(row)
    ? Object.fromEntries(schema.fields.map((f, i) => [f.name, (row as readonly unknown[])[i] ?? null]))
    : row
  return rowFromJs(schema, object, 'UTC')
}

/** The memory streams under a DataFrame. */
function streamsOf(df: DataFrame): Pick<TestStream, 'id' | 'schema'>[] {
  const found: Pick<TestStream, 'id' | 'schema'>[] = []
  const walk = (node: Logical): void => {
    if (node.op === 'scan') {
      const { format, options, schema, streaming } = node.source
      if (streaming && format === 'memory' && options['id'] !== undefined) found.push({ id: options['id'], schema })
    }
    inputsOf(node).forEach(walk)
  }
  walk(df.analyzed)
  return found
}
