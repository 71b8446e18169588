import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MemoryStream } from '../connectors/memory/stream.ts'
import type { DataFrame } from '../dataframe/data-frame.ts'
import { OperationAborted } from '../engine/aborted.ts'
import type { StreamingQueryProgress } from '../engine/progress.ts'
import type { StreamingQuery } from '../engine/streaming-query.ts'
import { UnsupportedError } from '../errors/errors.ts'
import { MillraceSession } from '../session.ts'
import { type Schema, typeName } from '../types/data-type.ts'
import { parseSchema } from '../types/ddl.ts'
import type { Json } from '../types/json.ts'
import type { Value } from '../types/value.ts'
import { decodeInput } from './decode-input.ts'
import { scenarioEncoding, valueEncoder } from './encode-value.ts'
import { applyStateFunction, type StateFunctionRequest } from './state-functions.ts'
import { errorAnswer, type Scenario, type ScenarioRequest, type ScenarioView } from './request.ts'

const DEFAULT_TIMEOUT_MS = 30_000

/** Runs one scenario for real: a fresh session, a fresh checkpoint, the normal engine. */
export async function answerScenario(request: ScenarioRequest): Promise<Json> {
  const run = new ScenarioRun(request.scenario, performance.now() + (request.timeoutMs ?? DEFAULT_TIMEOUT_MS))
  try {
    return { id: request.id, result: await run.run() }
  } catch (error) {
    return { id: request.id, result: { error: { phase: run.phase, ...errorAnswer(error) } } }
  } finally {
    await run.close()
  }
}

class ScenarioRun {
  /** Where a refusal happened. */
  phase: 'analysis' | 'start' | 'run' = 'analysis'
  readonly #scenario: Scenario
  readonly #deadlineMs: number
  readonly #directory = mkdtempSync(join(tmpdir(), 'millrace-conform-'))
  readonly #streams = new Map<string, { readonly stream: MemoryStream; readonly schema: Schema }>()
  readonly #progress = new Map<number, StreamingQueryProgress>()
  #session: MillraceSession | null = null
  #query: StreamingQuery | null = null
  #reported = -1

  constructor(scenario: Scenario, deadlineMs: number) {
    this.#scenario = scenario
    this.#deadlineMs = deadlineMs
  }

  async run(): Promise<Json> {
    const { scenario } = { scenario: this.#scenario }
    const session = (this.#session = new MillraceSession(
      {
        'spark.sql.session.timeZone': 'UTC',
        'millrace.extensions': 'false',
        'millrace.durability': 'process',
        'millrace.int64': 'bigint',
      },
      { note: () => undefined },
    ))
    for (const [key, value] of Object.entries(scenario.conf)) session.conf.set(key, value)
    for (const [name, source] of Object.entries(scenario.sources)) {
      const schema = parseSchema(source.schema)
      if (source.static === true) {
        session
          .dataFrameOf(
            schema,
            (source.rows ?? []).map((r) => decodeInput(schema, r)),
          )
          .createOrReplaceTempView(name)
        continue
      }
      const { stream, df } = session.memoryStream(schema, {
        name,
        ...(source.maxAddsPerBatch === undefined ? {} : { maxAddsPerBatch: source.maxAddsPerBatch }),
      })
      this.#streams.set(name, { stream, schema })
      const { watermark } = source
      ;(watermark ? df.withWatermark(watermark.column, watermark.delay) : df).createOrReplaceTempView(name)
    }
    for (const view of scenario.views ?? []) this.#view(session, view)
    const df = session.sql(scenario.query)
    const steps: Json[] = []
    for (const step of scenario.steps) {
      if (step.add) {
        // All adds of one step become visible in the same instant: nothing is awaited in between.
        for (const [name, rows] of Object.entries(step.add)) {
          const { stream, schema } = this.#streams.get(name)!
          stream.addValues(rows.map((r) => decodeInput(schema, r)))
        }
        steps.push({ add: step.add as Json })
      } else if (step.restart === true) {
        await this.#stop()
        steps.push({ restart: true })
      } else steps.push({ run: true, expect: await this.#runStep(session, df) })
    }
    return { resultSchema: df.schema.fields.map((f) => ({ name: f.name, type: typeName(f.type) })), steps }
  }

  async close(): Promise<void> {
    await this.#session?.stop()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #view(session: MillraceSession, view: ScenarioView): void {
    let df = view.sql === undefined ? session.table(view.from!) : session.sql(view.sql)
    for (const [method, ...args] of view.ops ?? []) df = applyMethod(df, method, args)
    df.createOrReplaceTempView(view.name)
  }

  async #runStep(session: MillraceSession, df: DataFrame): Promise<Json> {
    let error: Json | undefined
    if (this.#query === null) {
      this.phase = 'start'
      this.#query = await df.writeStream
        .format('memory')
        .queryName('scenario_result')
        .outputMode(this.#scenario.outputMode)
        .option('checkpointLocation', join(this.#directory, 'checkpoint'))
        .start()
    }
    this.phase = 'run'
    const timer = new AbortController()
    const query = this.#query
    try {
      const limit = new Promise<'timeout'>((resolve) => {
        const t = setTimeout(() => resolve('timeout'), Math.max(0, this.#deadlineMs - performance.now()))
        timer.signal.addEventListener('abort', () => clearTimeout(t))
      })
      if ((await Promise.race([query.processAllAvailable(), limit])) === 'timeout')
        throw new OperationAborted('timeout')
    } catch (failure) {
      if (failure instanceof OperationAborted) throw failure
      error = { phase: 'run', ...errorAnswer(failure) }
      this.#query = null
    } finally {
      timer.abort()
    }
    for (const p of query.recentProgress) this.#progress.set(p.batchId, p)
    const batches = this.#batches(session, df.schema)
    return error === undefined ? { batches } : { batches, error }
  }

  async #stop(): Promise<void> {
    await this.#query?.stop()
    this.#query = null
  }

  /** The batches that finished since the last run step. */
  #batches(session: MillraceSession, schema: Schema): Json[] {
    const encoders = schema.fields.map((f) => valueEncoder(f.type, scenarioEncoding))
    const encode = (row: readonly Value[]): Json =>
      Object.fromEntries(schema.fields.map((f, i) => [f.name, encoders[i]!(row[i]!)]))
    const table = session.memoryTable('scenario_result')
    const fresh = (table?.batches ?? []).filter((b) => b.batchId > this.#reported && this.#progress.has(b.batchId))
    this.#reported = fresh[fresh.length - 1]?.batchId ?? this.#reported
    return fresh.map(({ batchId, rows }) => {
      const progress = this.#progress.get(batchId)!
      const encoded = rows.map(encode)
      if (this.#scenario.ordered !== true) encoded.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      return {
        batchId,
        rows: encoded,
        watermark: progress.eventTime.watermark ?? null,
        numInputRows: progress.numInputRows,
        ...(progress.sources.length > 1 ? { sourceRows: progress.sources.map((s) => s.numInputRows) } : {}),
        stateOperators: progress.stateOperators.map((s) => ({
          operatorName: s.operatorName,
          numRowsTotal: s.numRowsTotal,
          numRowsUpdated: s.numRowsUpdated,
          numRowsRemoved: s.numRowsRemoved,
          numRowsDroppedByWatermark: s.numRowsDroppedByWatermark,
          ...s.customMetrics,
        })),
      }
    })
  }
}

export function applyMethod(df: DataFrame, method: string, args: readonly Json[]): DataFrame {
  switch (method) {
    case 'withWatermark':
      return df.withWatermark(String(args[0]), String(args[1]))
    case 'dropDuplicates':
      return df.dropDuplicates(args[0] as readonly string[] | undefined)
    case 'dropDuplicatesWithinWatermark':
      return df.dropDuplicatesWithinWatermark(args[0] as readonly string[] | undefined)
    case 'groupsWithState':
      return applyStateFunction(df, args[0] as unknown as StateFunctionRequest)
    default:
      throw new UnsupportedError('UNSUPPORTED', { feature: `the method ${method}` })
  }
}
