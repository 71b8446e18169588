import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { Catalog } from './session/catalog.ts'
import { memoryCheckpoint, openCheckpoint } from './checkpoint/open.ts'
import type { Batch } from './columns/batch.ts'
import { inferSchema, rowFromJs, type RowOptions } from './columns/row.ts'
import { MEMORY_TABLES, MemoryTables } from './connectors/memory/sink.ts'
import { MemoryStream } from './connectors/memory/stream.ts'
import { validateOptions } from './connectors/options.ts'
import type { OutputModeName } from './connectors/provider.ts'
import { sinkProvider } from './connectors/registry.ts'
import type { ExplainMode, QueryContext, RunOptions, StreamRequest } from './dataframe/context.ts'
import { DataFrame } from './dataframe/data-frame.ts'
import { DataReader } from './dataframe/reader.ts'
import { runBatch } from './engine/batch-run.ts'
import { type Clock, systemClock } from './engine/clock.ts'
import { type CrashPoint, MicroBatchExecution } from './engine/micro-batch.ts'
import { StreamingQueryManager } from './engine/query-manager.ts'
import { StreamingQuery } from './engine/streaming-query.ts'
import { AnalysisError, OptionError, UnsupportedError } from './errors/errors.ts'
import { analyze } from './plan/analyze.ts'
import { checkStreaming } from './plan/check-streaming.ts'
import { explain } from './plan/explain.ts'
import { fingerprints } from './plan/fingerprint.ts'
import type { Logical } from './plan/logical.ts'
import { optimize } from './plan/optimize.ts'
import type { Unresolved } from './plan/unresolved.ts'
import { planQuery } from './planner/plan-query.ts'
import type { PipelineSpec } from './planner/spec.ts'
import { RuntimeConfig } from './session/conf.ts'
import { envSpecOf, PINNED_KEYS, QueryEnv } from './session/env.ts'
import type { AstStatement } from './sql/ast.ts'
import { parseStatement, parseStatements } from './sql/parse.ts'
import { type Schema } from './types/data-type.ts'
import { parseSchema } from './types/ddl.ts'
import type { Value } from './types/value.ts'

/** What tests put in place of the machine. */
export interface SessionHooks {
  readonly clock?: Clock
  readonly crash?: (point: CrashPoint, batchId: number) => void
  /** Where recovery notes go; stderr otherwise. */
  readonly note?: (line: string) => void
}

/**
 * The entry point: makes DataFrames, runs SQL, starts and manages streaming queries. Several sessions may live in one
 * process; each has its own views, settings and queries.
 */
export class MillraceSession {
  readonly conf: RuntimeConfig
  readonly catalog: Catalog
  readonly streams = new StreamingQueryManager()
  readonly #hooks: SessionHooks
  readonly #clock: Clock
  readonly #memory = new MemoryTables()
  readonly #objects = new Map<string, unknown>()
  readonly #context: QueryContext
  /** Active queries by checkpoint location. */
  readonly #byLocation = new Map<string, StreamingQuery>()

  constructor(conf: Readonly<Record<string, string | number | boolean>> = {}, hooks: SessionHooks = {}) {
    this.conf = new RuntimeConfig(conf)
    this.#hooks = hooks
    this.#clock = hooks.clock ?? systemClock
    this.catalog = new Catalog(this.#memory)
    this.#objects.set(MEMORY_TABLES, this.#memory)
    this.#context = {
      analyze: (plan) => this.#analyze(plan),
      run: (plan, options) => this.#run(plan, options),
      start: (request) => this.#start(request),
      write: (plan, format, options) => this.#write(plan, format, options),
      explain: (plan, mode) => this.#explain(plan, mode),
      createView: (name, plan, replace) => this.catalog.createView(name, plan, undefined, replace),
      rowOptions: () => this.#rowOptions(),
      timeZone: () => this.#timeZone(),
    }
  }

  /** `MillraceSession.builder().appName('x').config(key, value).getOrCreate()`. */
  static builder(): SessionBuilder {
    return new SessionBuilder()
  }

  // ------------------------------------------------------------ tables

  /**
   * Runs one SQL statement. A query gives its DataFrame (nothing runs yet); CREATE VIEW, DROP VIEW, SET and RESET take
   * effect at once and give an empty DataFrame; EXPLAIN gives the plan as one row.
   */
  sql(text: string): DataFrame {
    return this.#statement(parseStatement(text))
  }

  /** Runs the statements of a text one after the other, each as the one before has been taken. Throws the first ParseError before anything runs. */
  *script(text: string): Generator<DataFrame> {
    const { statements, errors } = parseStatements(text)
    if (errors[0]) throw errors[0]
    for (const statement of statements) yield this.#statement(statement)
  }

  /** A view or memory table by name. */
  table(name: string): DataFrame {
    return new DataFrame(this.#context, { op: 'table', name: name.split('.').map((part) => ({ name: part })) })
  }

  /** BIGINT `id` from start (inclusive) to end (exclusive). */
  range(start: number | bigint, end?: number | bigint, step: number | bigint = 1): DataFrame {
    const [from, to] = end === undefined ? [0n, BigInt(start)] : [BigInt(start), BigInt(end)]
    return new DataFrame(this.#context, { op: 'range', start: from, end: to, step: BigInt(step) })
  }

  /** A bounded table from objects by column name; the schema (DDL or Schema) is inferred when left out. */
  createDataFrame(rows: readonly Readonly<Record<string, unknown>>[], schema?: string | Schema): DataFrame {
    if (schema === undefined && rows.length === 0)
      throw new AnalysisError('CANNOT_INFER_EMPTY_SCHEMA', {}, { hint: 'give the schema, as in createDataFrame([], "a INT")' })
    const timeZone = this.#timeZone()
    const known = schema === undefined ? inferSchema(rows) : typeof schema === 'string' ? parseSchema(schema) : schema
    const values = rows.map((row) => rowFromJs(known, row, timeZone))
    return new DataFrame(this.#context, { op: 'local', schema: known, rows: values })
  }

  /** A bounded table from rows of Values in column order; for code that already has them. */
  dataFrameOf(schema: Schema, rows: readonly (readonly Value[])[]): DataFrame {
    return new DataFrame(this.#context, { op: 'local', schema, rows })
  }

  /** Bounded tables. */
  get read(): DataReader {
    return new DataReader(this.#context, false)
  }

  /** Tables that never end. */
  get readStream(): DataReader {
    return new DataReader(this.#context, true)
  }

  /** A stream fed by the program: `const { stream, df } = session.memoryStream('id INT, name STRING')`. */
  memoryStream(schema: string | Schema, options: { readonly name?: string; readonly maxAddsPerBatch?: number } = {}): { readonly stream: MemoryStream; readonly df: DataFrame; readonly id: string } {
    const known = typeof schema === 'string' ? parseSchema(schema) : schema
    const stream = new MemoryStream(known)
    const id = randomUUID()
    this.#objects.set(id, stream)
    const reader = this.readStream.format('memory').schema(known).option('id', id)
    if (options.maxAddsPerBatch !== undefined) reader.option('maxAddsPerBatch', options.maxAddsPerBatch)
    if (options.name !== undefined) reader.name(options.name)
    return { stream, df: reader.load(), id }
  }

  /** The table a memory sink keeps under a query's name; undefined when there is none. */
  memoryTable(name: string): ReturnType<MemoryTables['get']> {
    return this.#memory.get(name)
  }

  /** Stops every query of the session. */
  async stop(): Promise<void> {
    await this.streams.stopAll()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  // ------------------------------------------------------------ statements

  #statement(statement: AstStatement): DataFrame {
    const empty = (): DataFrame => new DataFrame(this.#context, { op: 'local', schema: { fields: [] }, rows: [] })
    switch (statement.kind) {
      case 'query_statement':
        return new DataFrame(this.#context, { op: 'sql', query: statement.query })
      case 'create_view': {
        const name = statement.name[statement.name.length - 1]!.name
        const plan: Unresolved = { op: 'sql', query: statement.query }
        const columns = statement.columns?.map((c) => c.name)
        const analyzed = this.#analyze(plan)
        if (columns && columns.length !== analyzed.attrs.length)
          throw new AnalysisError(
            columns.length > analyzed.attrs.length ? 'CREATE_VIEW_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS' : 'CREATE_VIEW_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS',
            { view: name, expected: columns.length, given: analyzed.attrs.length },
            { at: statement.at },
          )
        if (!(statement.ifNotExists && this.catalog.tableExists(name))) this.catalog.createView(name, plan, columns, statement.replace)
        return empty()
      }
      case 'drop_view': {
        const name = statement.name[statement.name.length - 1]!.name
        if (!this.catalog.dropTempView(name) && !statement.ifExists)
          throw new AnalysisError('TABLE_OR_VIEW_NOT_FOUND', { name }, { at: statement.at, hint: 'DROP VIEW IF EXISTS does nothing when it is missing' })
        return empty()
      }
      case 'set':
        if (statement.reset === true) {
          if (statement.key !== undefined) this.conf.unset(statement.key)
        } else if (statement.key !== undefined && statement.value !== undefined) this.conf.set(statement.key, statement.value)
        return this.createDataFrame(
          statement.key === undefined ? [] : [{ key: statement.key, value: this.conf.get(statement.key) ?? '<undefined>' }],
          'key STRING, value STRING',
        )
      case 'explain': {
        if (statement.statement.kind !== 'query_statement')
          throw new UnsupportedError('UNSUPPORTED', { feature: 'EXPLAIN of a statement that is not a query' }, { at: statement.at })
        const plan = this.#explain({ op: 'sql', query: statement.statement.query }, statement.mode)
        return this.createDataFrame([{ plan }], 'plan STRING')
      }
      case 'unparsed':
        throw new UnsupportedError('UNSUPPORTED', { feature: statement.what }, { at: statement.at })
    }
  }

  // ------------------------------------------------------------ running

  #confGetter(pinned: Readonly<Record<string, string>> = {}): (key: string) => string | undefined {
    return (key) => pinned[key] ?? this.conf.get(key)
  }

  #timeZone(): string {
    return this.conf.get('spark.sql.session.timeZone') ?? 'UTC'
  }

  #rowOptions(): RowOptions {
    return { int64: this.conf.get('millrace.int64') === 'number' ? 'number' : 'bigint' }
  }

  #analyze(plan: Unresolved, conf = this.#confGetter()): Logical {
    return analyze(plan, this.catalog.planCatalog(conf), new QueryEnv(envSpecOf(conf), this.#clock))
  }

  #batchSpec(plan: Unresolved): { spec: PipelineSpec; env: QueryEnv } {
    const conf = this.#confGetter()
    const envSpec = envSpecOf(conf)
    const env = new QueryEnv(envSpec, this.#clock)
    const optimized = optimize(analyze(plan, this.catalog.planCatalog(conf), env), env)
    return { spec: planQuery(optimized.plan, { mode: null, env, envSpec, fingerprints: new Map() }), env }
  }

  async #run(plan: Unresolved, options: RunOptions = {}): Promise<{ schema: Schema; batches: Batch[] }> {
    const batches: Batch[] = []
    const schema = await this.#each(plan, options, (b) => void batches.push(b))
    return { schema, batches }
  }

  async #each(plan: Unresolved, options: RunOptions, onBatch: (batch: Batch) => Promise<void> | void): Promise<Schema> {
    const { spec, env } = this.#batchSpec(plan)
    const deadlineMs = options.timeoutMs === undefined ? undefined : performance.now() + options.timeoutMs
    await runBatch(
      spec,
      { clock: this.#clock, timeZone: env.timeZone, objects: this.#objects, env, signal: options.signal, deadlineMs },
      onBatch,
    )
    return spec.schema
  }

  async #write(plan: Unresolved, format: string, given: Readonly<Record<string, string>>): Promise<void> {
    const provider = sinkProvider(format)
    const options = validateOptions(provider.format, provider.options, given, provider.openOptions)
    const { attrs } = this.#analyze(plan)
    const queryId = randomUUID()
    const sink = await provider.open(options, {
      schema: { fields: attrs.map((a) => ({ name: a.name, type: a.type, nullable: a.nullable })) },
      mode: 'append',
      queryId,
      queryName: null,
      timeZone: this.#timeZone(),
      signal: new AbortController().signal,
      objects: this.#objects,
      database: null,
      lastCommittedBatch: -1,
    })
    try {
      await sink.begin(0, { queryId, batchId: 0, offsetHash: '' })
      try {
        await this.#each(plan, {}, (b) => sink.add(b))
        await sink.finish()
      } catch (error) {
        await sink.abort?.()
        throw error
      }
    } finally {
      await sink.close()
    }
  }

  #explain(plan: Unresolved, mode: ExplainMode): string {
    const analyzed = this.#analyze(plan)
    const optimized = optimize(analyzed, new QueryEnv(envSpecOf(this.#confGetter()), this.#clock))
    return explain({ analyzed, optimized }, mode)
  }

  async #start(request: StreamRequest): Promise<StreamingQuery> {
    const mode = outputMode(request.outputMode)
    this.streams.checkName(request.queryName)
    const provider = sinkProvider(request.format)
    const { checkpointLocation, ...sinkOptions } = request.options
    const options = validateOptions(provider.format, provider.options, sinkOptions, provider.openOptions)
    if (!provider.modes.includes(mode))
      throw new UnsupportedError('STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE', { format: provider.format, mode }, { hint: `${provider.format} takes ${provider.modes.join(', ')}` })
    // Refusals come before anything is touched.
    checkStreaming(this.#analyze(request.plan), mode, (key) => this.conf.get(key))

    const location = this.#location(checkpointLocation, request.queryName)
    await this.#freeLocation(location)
    const checkpoint =
      location === null
        ? memoryCheckpoint()
        : openCheckpoint(location, {
            lockTimeoutMs: this.conf.number('millrace.lockTimeoutMs'),
            durability: this.conf.get('millrace.durability') === 'process' ? 'process' : 'power',
            ...(this.conf.get('millrace.checkpoint.maxPages') === undefined ? {} : { maxPageCount: this.conf.number('millrace.checkpoint.maxPages') }),
          })
    let query: StreamingQuery
    let execution: MicroBatchExecution
    try {
      const pinned = checkpoint.lastOffsets()?.conf ?? {}
      const conf = this.#confGetter(pinned)
      const envSpec = envSpecOf(conf)
      const env = new QueryEnv(envSpec, this.#clock)
      const analyzed = this.#analyze(request.plan, conf)
      checkStreaming(analyzed, mode, conf)
      const optimized = optimize(analyzed, env)
      const prints = new Map(fingerprints(analyzed).map((f) => [f.nodeId, { fingerprint: f.fingerprint, describe: f.describe }]))
      const planned = planQuery(optimized.plan, { mode, env, envSpec, fingerprints: prints })
      // The spec is data: what cannot survive JSON must not be in it.
      const spec = JSON.parse(JSON.stringify(planned)) as PipelineSpec
      const objects = new Map([...this.#objects, ...request.objects])
      query = new StreamingQuery({
        id: checkpoint.queryId,
        name: request.queryName,
        trigger: request.trigger,
        clock: this.#clock,
        bus: this.streams.bus,
        keepProgress: this.conf.number('spark.sql.streaming.numRecentProgressUpdates'),
        describe: (extended) => explain({ analyzed, optimized }, extended ? 'extended' : 'simple'),
        onEnd: () => {
          this.streams.unregister(query)
          if (location !== null && this.#byLocation.get(location) === query) this.#byLocation.delete(location)
        },
      })
      const { runId, name } = query
      execution = new MicroBatchExecution({
        spec,
        env,
        checkpoint,
        clock: this.#clock,
        signal: query.signal,
        objects,
        sink: {
          provider,
          describe: provider.describe(options),
          open: (lastCommittedBatch) =>
            provider.open(options, {
              schema: spec.schema,
              mode,
              queryId: checkpoint.queryId,
              queryName: request.queryName,
              timeZone: env.timeZone,
              signal: query.signal,
              objects,
              database: location === null ? null : checkpoint.database,
              lastCommittedBatch,
            }),
        },
        conf: Object.fromEntries(PINNED_KEYS.flatMap((k) => (conf(k) === undefined ? [] : [[k, conf(k)!]]))),
        watermarkPolicy: conf('spark.sql.streaming.multipleWatermarkPolicy') === 'max' ? 'max' : 'min',
        noDataBatches: this.conf.flag('spark.sql.streaming.noDataMicroBatches.enabled'),
        strictLate: this.conf.get('millrace.lateFilter') === 'batch',
        minBatchesToRetain: this.conf.number('spark.sql.streaming.minBatchesToRetain'),
        wake: query.wake,
        ids: { runId, name },
        note: this.#hooks.note ?? ((line) => void process.stderr.write(`millrace: ${name ?? checkpoint.queryId}: ${line}\n`)),
        crash: this.#hooks.crash,
      })
    } catch (error) {
      checkpoint.close()
      throw error
    }
    this.streams.register(query)
    if (location !== null) this.#byLocation.set(location, query)
    return query.begin(execution)
  }

  #location(option: string | undefined, name: string | null): string | null {
    if (option !== undefined) return resolve(option)
    const root = this.conf.get('spark.sql.streaming.checkpointLocation')
    return root === undefined ? null : resolve(root, name ?? randomUUID())
  }

  /** A query of this session on the same checkpoint is stopped first, or the start is refused. */
  async #freeLocation(location: string | null): Promise<void> {
    const running = location === null ? undefined : this.#byLocation.get(location)
    if (running === undefined) return
    if (!this.conf.flag('spark.sql.streaming.stopActiveRunOnRestart'))
      throw new OptionError('CONCURRENT_QUERY', { location: location! }, { hint: 'stop it first, or set spark.sql.streaming.stopActiveRunOnRestart to true' })
    await running.stop()
  }
}

function outputMode(text: string): OutputModeName {
  const mode = text.toLowerCase()
  if (mode === 'append' || mode === 'update' || mode === 'complete') return mode
  throw new UnsupportedError('STREAMING_OUTPUT_MODE.INVALID', { mode: text }, { hint: 'append, update or complete' })
}

/** Collects settings for a session. */
export class SessionBuilder {
  readonly #conf: Record<string, string | number | boolean> = {}
  static #current: MillraceSession | null = null

  appName(name: string): this {
    return this.config('spark.app.name', name)
  }
  /** Accepted as it is; millrace runs in this process. */
  master(url: string): this {
    return this.config('spark.master', url)
  }
  config(key: string, value: string | number | boolean): this {
    this.#conf[key] = value
    return this
  }
  /** The session made by an earlier call, with these settings added, or a new one. */
  getOrCreate(): MillraceSession {
    const current = SessionBuilder.#current
    if (current === null) return (SessionBuilder.#current = new MillraceSession(this.#conf))
    for (const [k, v] of Object.entries(this.#conf)) current.conf.set(k, v)
    return current
  }
}

/** A new session with these settings. */
export const millrace = (conf: Readonly<Record<string, string | number | boolean>> = {}): MillraceSession => new MillraceSession(conf)
