import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { Catalog } from './session/catalog.ts'
import type { Checkpoint } from './checkpoint/checkpoint.ts'
import { memoryCheckpoint, openCheckpointWhenFree } from './checkpoint/open.ts'
import type { ArrowTableLike } from './columns/arrow/shapes.ts'
import type { Batch } from './columns/batch.ts'
import { inferSchema, rowFromJs, type RowOptions } from './columns/row.ts'
import type { InferredRow, RowOf, SchemaInput } from './columns/typed-row.ts'
import { arrowTableSchema, isArrowTable } from './connectors/arrow-table/source.ts'
import { MEMORY_TABLES, MemoryTables } from './connectors/memory/sink.ts'
import { MemoryStream } from './connectors/memory/stream.ts'
import { validateOptions } from './connectors/options.ts'
import { LiveInput } from './connectors/live/input.ts'
import type { Options, OutputModeName, SinkProvider, SourceProvider } from './connectors/provider.ts'
import { Connectors, CONNECTORS } from './connectors/registry.ts'
import type { ExplainMode, QueryContext, RunOptions, StreamRequest, WriteHow } from './dataframe/context.ts'
import { DataFrame } from './dataframe/data-frame.ts'
import type { Observation } from './dataframe/observation.ts'
import { DataReader } from './dataframe/reader.ts'
import { tableColumns } from './dataframe/schema-input.ts'
import { OperationAborted } from './engine/aborted.ts'
import { claimLocation } from './engine/active-locations.ts'
import { runBatch } from './engine/batch-run.ts'
import { ChangeFeed } from './engine/change-feed.ts'
import { type Clock, systemClock } from './engine/clock.ts'
import { guaranteeLines, guaranteesOf } from './engine/guarantees.ts'
import { LateFeed } from './engine/late-rows.ts'
import { type CrashPoint, type MicroBatchConfig, MicroBatchExecution } from './engine/micro-batch.ts'
import type { Observed } from './engine/observed.ts'
import { StreamingQueryManager } from './engine/query-manager.ts'
import { checkRestart } from './engine/restart.ts'
import { StreamingQuery } from './engine/streaming-query.ts'
import { AnalysisError, OptionError, UnsupportedError } from './errors/errors.ts'
import { arrowTableOf } from './formats/arrow/decode.ts'
import { analyze } from './plan/analyze.ts'
import { canonicalState } from './plan/canonical-state.ts'
import { takesBack } from './plan/changes.ts'
import { checkStreaming, outputMode } from './plan/check-streaming.ts'
import { explain } from './plan/explain.ts'
import { fingerprints } from './plan/fingerprint.ts'
import type { Logical } from './plan/logical.ts'
import { optimize } from './plan/optimize.ts'
import { tableIdentity } from './plan/source-identity.ts'
import { stateWarnings } from './plan/state-warnings.ts'
import type { PlanCatalog, Unresolved } from './plan/unresolved.ts'
import { upsertKey } from './plan/upsert-key.ts'
import { codegenText } from './planner/codegen-text.ts'
import { planQuery } from './planner/plan-query.ts'
import type { PipelineSpec } from './planner/spec.ts'
import { closureSchema, SchemaNeeded } from './session/closure-schema.ts'
import { bindStatement } from './session/bind.ts'
import { Commands } from './session/commands.ts'
import { RuntimeConfig } from './session/conf.ts'
import { constantText } from './session/evaluate.ts'
import { openCatalog } from './session/open-catalog.ts'
import { type SqlParams, valuesOf } from './session/parameters.ts'
import type { StatementContext } from './session/statement-context.ts'
import { carryOut } from './session/statements.ts'
import { keepSchemas, keptSchema } from './session/inferred-schema.ts'
import { envSpecOf, PINNED_KEYS, QueryEnv } from './session/env.ts'
import { SessionFunctions, UdfRegistration } from './session/functions.ts'
import { identify, keepIdentity, stateIds } from './session/query-identity.ts'
import { triggerIn } from './session/run-mode.ts'
import type { AstStatement } from './sql/ast.ts'
import { parseStatement, parseStatements } from './sql/parse.ts'
import { type Schema } from './types/data-type.ts'
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
  readonly streams: StreamingQueryManager
  readonly #functions = new SessionFunctions()
  /** Functions of the program, for SQL and DataFrames: `session.udf.register('plus', (a, b) => a + b, 'INT')`. */
  readonly udf = new UdfRegistration(this.#functions)
  readonly #hooks: SessionHooks
  readonly #clock: Clock
  readonly #memory = new MemoryTables()
  readonly #objects = new Map<string, unknown>()
  /** Observations whose metrics are not there yet; one that nobody holds needs none. */
  readonly #observations = new Map<string, WeakRef<Observation>>()
  readonly #connectors = new Connectors()
  readonly #context: QueryContext
  readonly #statements: StatementContext
  readonly #commands: Commands

  constructor(conf: Readonly<Record<string, string | number | boolean>> = {}, hooks: SessionHooks = {}) {
    this.conf = new RuntimeConfig(conf)
    this.#hooks = hooks
    this.#clock = hooks.clock ?? systemClock
    this.streams = new StreamingQueryManager(this.#clock)
    this.catalog = new Catalog(this.#memory)
    this.#objects.set(MEMORY_TABLES, this.#memory)
    this.#objects.set(CONNECTORS, this.#connectors)
    const note = hooks.note ?? ((line: string) => void process.stderr.write(`millrace: ${line}\n`))
    this.#commands = new Commands(note)
    const plans: QueryContext = {
      analyze: (plan) => this.#analyze(plan),
      run: (plan, options) => this.#run(plan, options),
      start: (request) => this.#start(request),
      write: (plan, format, options, how) => this.#write(plan, format, options, how),
      explain: (plan, mode) => this.#explain(plan, mode),
      createView: (name, plan, replace) => this.catalog.createView(name, plan, undefined, replace),
      closure: (kind, fn, version) => this.#functions.closure(kind, fn, version),
      connectors: this.#connectors,
      keep: (value) => this.#keep(value),
      observe: (observation) => void this.#observations.set(observation.id, new WeakRef(observation)),
      rowOptions: () => this.#rowOptions(),
      timeZone: () => this.#timeZone(),
      conf: (key) => this.conf.get(key),
    }
    // What a program runs waits for the statements before it; what a statement runs does not.
    this.#context = {
      ...plans,
      run: async (plan, options) => {
        await this.#commands.ended(plan)
        return plans.run(plan, options)
      },
      start: async (request) => {
        await this.#commands.ended(request.plan)
        return plans.start(request)
      },
      write: async (plan, format, options, how) => {
        await this.#commands.ended(plan)
        return plans.write(plan, format, options, how)
      },
    }
    this.#statements = {
      conf: this.conf,
      catalog: this.catalog,
      streams: this.streams,
      functions: this.#functions,
      objects: this.#objects,
      plans,
      env: () => new QueryEnv(envSpecOf(this.#confGetter()), this.#clock, this.#functions),
      statement: (statement) => carryOut(statement, this.#statements),
    }
    const file = this.conf.get('millrace.catalog')
    if (file !== undefined) this.catalog.file = openCatalog(file, this.#statements)
  }

  /** `MillraceSession.builder().appName('x').config(key, value).getOrCreate()`. */
  static builder(): SessionBuilder {
    return new SessionBuilder()
  }

  // ------------------------------------------------------------ tables

  /**
   * Runs one SQL statement; `params` are the values of its `:name` (a record) or `?` (an array). A query gives its
   * DataFrame: nothing runs yet. Other statements take effect at once, but those that have to run (INSERT, CREATE TABLE AS,
   * STOP QUERY, SET VAR from a table) run in their turn: `collect()` of what this gives waits for them and rejects with
   * their error, later results of the session wait too, and an error nobody asks for is written to stderr. `execute` waits at once.
   */
  sql(text: string, params?: SqlParams): DataFrame {
    return this.#statement(parseStatement(text), params)
  }

  /** Runs one SQL statement to its end, after those before it; resolves with its result. */
  execute(text: string, params?: SqlParams): Promise<DataFrame> {
    return this.executeStatement(parseStatement(text), params)
  }

  /** As `execute`, for a statement that is parsed; `limits` hold for what it runs (not for the query it gives). */
  async executeStatement(statement: AstStatement, params?: SqlParams, limits?: RunOptions): Promise<DataFrame> {
    await this.#commands.settled()
    const df = this.#statement(statement, params, limits)
    await this.#commands.ended(df.unresolved)
    return df
  }

  /** Runs the statements of a text one after the other, each to its end before the next. Throws the first ParseError before anything runs. */
  async *script(text: string): AsyncGenerator<DataFrame> {
    const { statements, errors } = parseStatements(text)
    if (errors[0]) throw errors[0]
    for (const statement of statements) yield await this.executeStatement(statement)
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
  createDataFrame<const S extends SchemaInput>(rows: readonly unknown[], schema: S): DataFrame<RowOf<S>>
  createDataFrame<T extends object>(rows: readonly T[], schema?: undefined): DataFrame<InferredRow<T>>
  createDataFrame(rows: readonly unknown[], schema?: SchemaInput): DataFrame<never> {
    if (schema === undefined && rows.length === 0)
      throw new AnalysisError(
        'CANNOT_INFER_EMPTY_SCHEMA',
        {},
        { hint: 'give the schema, as in createDataFrame([], "a INT")' },
      )
    const timeZone = this.#timeZone()
    const known = schema === undefined ? inferSchema(rows) : tableColumns(schema)
    const values = rows.map((row) => rowFromJs(known, row, timeZone))
    return new DataFrame(this.#context, { op: 'local', schema: known, rows: values })
  }

  /** A bounded table from rows of Values in column order; for code that already has them. */
  dataFrameOf(schema: Schema, rows: readonly (readonly Value[])[]): DataFrame {
    return new DataFrame(this.#context, { op: 'local', schema, rows })
  }

  /**
   * A bounded table from one of the package apache-arrow, or from the bytes of an Arrow IPC file or stream (for these the
   * program must have installed apache-arrow). Memory is shared where the layout allows: what is given must not change.
   */
  fromArrow(given: ArrowTableLike | Uint8Array): DataFrame {
    const table = given instanceof Uint8Array ? arrowTableOf(given, 'fromArrow()') : given
    if (!isArrowTable(table))
      throw new OptionError('OPTION_INVALID', {
        format: 'fromArrow',
        option: 'table',
        value: typeof given,
        expected: 'an Arrow table, or IPC bytes as a Uint8Array',
      })
    const schema = arrowTableSchema(table)
    return this.read.format('arrow-table').schema(schema).option('id', this.#keep(table)).load() as DataFrame<never>
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
  memoryStream<const S extends SchemaInput>(
    schema: S,
    options: { readonly name?: string; readonly maxAddsPerBatch?: number } = {},
  ): { readonly stream: MemoryStream; readonly df: DataFrame<RowOf<S>>; readonly id: string } {
    const known = tableColumns(schema)
    const stream = new MemoryStream(known)
    const id = randomUUID()
    this.#objects.set(id, stream)
    const reader = this.readStream.format('memory').schema(known).option('id', id)
    if (options.maxAddsPerBatch !== undefined) reader.option('maxAddsPerBatch', options.maxAddsPerBatch)
    if (options.name !== undefined) reader.name(options.name)
    return { stream, df: reader.load() as DataFrame<never>, id }
  }

  /** The table a memory sink keeps under a query's name; undefined when there is none. */
  memoryTable(name: string): ReturnType<MemoryTables['get']> {
    return this.#memory.get(name)
  }

  /** Adds a source of the program for `readStream.format(…)`, made by `defineSource` or `receiver`; a format that is taken is refused. */
  registerSource(provider: SourceProvider): this {
    this.#connectors.registerSource(provider)
    return this
  }

  /** Adds a sink of the program for `writeStream.format(…)`, made by `defineSink`; a format that is taken is refused. */
  registerSink(provider: SinkProvider): this {
    this.#connectors.registerSink(provider)
    return this
  }

  /** Stops every query of the session, and ends the inputs given to `readStream.from`. */
  async stop(): Promise<void> {
    await this.#commands.settled()
    await this.streams.stopAll()
    for (const kept of this.#objects.values()) if (kept instanceof LiveInput) await kept.close()
    this.catalog.file?.close()
    this.catalog.file = null
  }

  /** Keeps a live object among those of the session; gives its id. */
  #keep(value: unknown): string {
    const id = randomUUID()
    this.#objects.set(id, value)
    return id
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  // ------------------------------------------------------------ statements

  #statement(given: AstStatement, params?: SqlParams, limits?: RunOptions): DataFrame {
    const { plans } = this.#statements
    const ctx: StatementContext = limits
      ? { ...this.#statements, plans: { ...plans, run: (plan, options) => plans.run(plan, { ...limits, ...options }) } }
      : this.#statements
    const bound = bindStatement(given, valuesOf(params, this.#timeZone()), (e) => constantText(ctx, e, 'IDENTIFIER'))
    const outcome = carryOut(bound, ctx)
    return new DataFrame(this.#context, outcome.work ? this.#commands.enqueue(outcome, given.at) : outcome.plan)
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

  #analyze(plan: Unresolved, conf = this.#confGetter(), checkpoint?: Checkpoint): Logical {
    return analyze(
      plan,
      this.#planCatalog(conf, checkpoint),
      new QueryEnv(envSpecOf(conf), this.#clock, this.#functions),
    )
  }

  #planCatalog(conf: (key: string) => string | undefined, checkpoint?: Checkpoint): PlanCatalog {
    return {
      ...this.catalog.planCatalog(conf),
      metadataColumns: (source) => this.#connectors.source(source.format).metadataColumns,
      inferredSchema: (source) => (checkpoint === undefined ? undefined : keptSchema(checkpoint, source)),
      closureSchema: (node, input) => {
        const envSpec = envSpecOf(conf)
        const env = new QueryEnv(envSpec, this.#clock, this.#functions)
        const { timeZone } = env
        return closureSchema(node, input, { clock: this.#clock, timeZone, objects: this.#objects, env, envSpec })
      },
    }
  }

  /** What `body` gives once the columns of every closure it meets are known. */
  async #observed<T>(body: () => T): Promise<T> {
    for (;;) {
      try {
        return body()
      } catch (error) {
        if (!(error instanceof SchemaNeeded)) throw error
        await error.observe()
      }
    }
  }

  #batchSpec(plan: Unresolved): { spec: PipelineSpec; env: QueryEnv } {
    const conf = this.#confGetter()
    const envSpec = envSpecOf(conf)
    const env = new QueryEnv(envSpec, this.#clock, this.#functions)
    const optimized = optimize(analyze(plan, this.#planCatalog(conf), env), env)
    return { spec: planQuery(optimized.plan, { mode: null, env, envSpec, fingerprints: new Map() }), env }
  }

  async #run(plan: Unresolved, options: RunOptions = {}): Promise<{ schema: Schema; batches: Batch[] }> {
    const batches: Batch[] = []
    const schema = await this.#each(plan, options, (b) => void batches.push(b))
    return { schema, batches }
  }

  async #each(plan: Unresolved, options: RunOptions, onBatch: (batch: Batch) => Promise<void> | void): Promise<Schema> {
    const { spec, env } = await this.#observed(() => this.#batchSpec(plan))
    const deadlineMs = options.timeoutMs === undefined ? undefined : performance.now() + options.timeoutMs
    await runBatch(
      spec,
      {
        clock: this.#clock,
        timeZone: env.timeZone,
        objects: this.#objects,
        env,
        signal: options.signal,
        deadlineMs,
        onObserved: (observed) => this.#deliver(observed),
      },
      onBatch,
    )
    return spec.schema
  }

  /** Hands metrics to those who wait for them; each is waited for once. */
  #deliver(observed: readonly Observed[]): void {
    for (const { observer, row } of observed) {
      if (observer === null) continue
      this.#observations.get(observer)?.deref()?.deliver(row)
      this.#observations.delete(observer)
    }
  }

  async #write(
    plan: Unresolved,
    format: string,
    given: Readonly<Record<string, string>>,
    how: WriteHow = {},
  ): Promise<void> {
    const provider = this.#connectors.sink(format)
    const options = validateOptions(provider.format, provider.options, given, provider.openOptions)
    checkPartitioning(provider, how.partitionBy ?? [])
    if ((how.mode === 'ignore' || how.mode === 'error') && provider.exists?.(options) === true) {
      if (how.mode === 'ignore') return
      throw new AnalysisError(
        'PATH_ALREADY_EXISTS',
        { path: String(options['path']) },
        { hint: "call mode('append'), mode('overwrite') or mode('ignore') before the write" },
      )
    }
    const { attrs } = await this.#observed(() => this.#analyze(plan))
    const queryId = randomUUID()
    const sink = await provider.open(options, {
      schema: { fields: attrs.map((a) => ({ name: a.name, type: a.type, nullable: a.nullable })) },
      mode: 'append',
      bounded: true,
      save: how.mode === 'overwrite' ? 'overwrite' : 'append',
      partitionBy: how.partitionBy ?? [],
      queryId,
      queryName: null,
      timeZone: this.#timeZone(),
      nowUs: () => BigInt(this.#clock.nowMs()) * 1000n,
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
    const conf = this.#confGetter()
    const judging = new QueryEnv(envSpecOf(conf), this.#clock, this.#functions)
    const optimized = optimize(analyzed, judging)
    const text = explain({ analyzed, optimized, modes: { conf, env: judging } }, mode)
    if (mode !== 'codegen') return text
    const { spec, env } = this.#batchSpec(plan)
    return `${text}\n== Generated Code ==\n${codegenText(spec, env)}\n`
  }

  async #start(request: StreamRequest): Promise<StreamingQuery> {
    const mode = outputMode(request.outputMode, this.conf.flag('millrace.extensions'))
    const freeName = this.streams.reserveName(request.queryName)
    try {
      const provider = this.#connectors.sink(request.format)
      const { checkpointLocation, flush, ...sinkOptions } = request.options
      const options = validateOptions(provider.format, provider.options, sinkOptions, provider.openOptions)
      const flushOnIdle = flushOption(flush ?? this.conf.get('millrace.flush')!) === 'onIdle'
      if (!provider.modes.includes(mode))
        throw new UnsupportedError(
          'STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE',
          { format: provider.format, mode },
          { hint: `${provider.format} takes ${provider.modes.join(', ')}` },
        )
      checkPartitioning(provider, request.partitionBy)
      if (request.restart !== undefined) checkRestart(request.restart)
      // Refusals come before anything is touched.
      const asked = await this.#observed(() => this.#analyze(request.plan))
      checkStreaming(
        asked,
        mode,
        (key) => this.conf.get(key),
        new QueryEnv(envSpecOf(this.#confGetter()), this.#clock, this.#functions),
      )
      checkDeletions(provider, asked, mode)
      const location = this.#location(checkpointLocation, request.queryName)
      const claim =
        location === null
          ? null
          : await claimLocation(location, this.conf.flag('spark.sql.streaming.stopActiveRunOnRestart'))
      try {
        const checkpoint = location === null ? memoryCheckpoint() : await this.#openCheckpoint(location)
        const started = this.#prepare({
          request,
          mode,
          provider,
          options,
          flushOnIdle,
          location,
          checkpoint,
          release: () => claim?.release(),
        })
        this.streams.register(started.query)
        freeName()
        const query = await started.begin()
        claim?.hold(query)
        return query
      } catch (error) {
        claim?.release()
        throw error
      }
    } finally {
      freeName()
    }
  }

  #openCheckpoint(location: string): Promise<Checkpoint> {
    return openCheckpointWhenFree(location, {
      lockTimeoutMs: this.conf.number('millrace.lockTimeoutMs'),
      durability: this.#durability(),
      ...(this.conf.get('millrace.checkpoint.maxPages') === undefined
        ? {}
        : { maxPageCount: this.conf.number('millrace.checkpoint.maxPages') }),
    })
  }

  #durability(): 'power' | 'process' {
    return this.conf.get('millrace.durability') === 'process' ? 'process' : 'power'
  }

  /** Plans a query over its checkpoint, which is closed when that fails. */
  #prepare(given: StartingQuery): { readonly query: StreamingQuery; begin(): Promise<StreamingQuery> } {
    const { request, mode, provider, options, flushOnIdle, location, checkpoint } = given
    try {
      if (request.signal?.aborted === true) throw new OperationAborted('stopped')
      const pinned = checkpoint.lastOffsets()?.conf ?? {}
      const conf = this.#confGetter(pinned)
      const envSpec = envSpecOf(conf)
      const env = new QueryEnv(envSpec, this.#clock, this.#functions)
      const asked = this.#analyze(request.plan, conf, checkpoint)
      checkStreaming(asked, mode, conf, env)
      const sinkIdentity = tableIdentity(provider.format, options)
      const identified = identify(
        asked,
        sinkIdentity,
        mode,
        checkpoint,
        this.conf.flag('millrace.checkpoint.allowSinkChange'),
      )
      const analyzed = canonicalState(identified.plan, this.#functions.identityOf)
      const optimized = optimize(analyzed, env)
      const prints = fingerprints(analyzed, this.#functions.identityOf)
      const planned = planQuery(optimized.plan, {
        mode,
        env,
        envSpec,
        fingerprints: new Map(prints.map((f) => [f.nodeId, { fingerprint: f.fingerprint, describe: f.describe }])),
        stateIds: stateIds(prints, checkpoint),
      })
      // The spec is data: what cannot survive JSON must not be in it.
      const spec = JSON.parse(JSON.stringify(planned)) as PipelineSpec
      const objects = new Map([...this.#objects, ...request.objects])
      const sources = spec.nodes.flatMap((node) => {
        if (node.op !== 'source' || !node.streaming) return []
        const from = this.#connectors.source(node.format)
        return [
          {
            name: node.name,
            provider: from,
            options: validateOptions(from.format, from.options, node.options, from.openOptions),
          },
        ]
      })
      const guarantees = guaranteesOf(sources, provider, options, location === null ? null : this.#durability())
      const changes = new ChangeFeed(spec.schema, mode, this.#rowOptions())
      const late = new LateFeed(this.#rowOptions())
      const note =
        this.#hooks.note ??
        ((line: string) => void process.stderr.write(`millrace: ${request.queryName ?? checkpoint.queryId}: ${line}\n`))
      const onAbort = (): void => void query.stop().catch((error: unknown) => note(String(error)))
      const query = new StreamingQuery({
        id: checkpoint.queryId,
        name: request.queryName,
        trigger: triggerIn(this.conf.get('millrace.runMode'), request.trigger),
        clock: this.#clock,
        bus: this.streams.bus,
        keepProgress: this.conf.number('spark.sql.streaming.numRecentProgressUpdates'),
        stopTimeoutMs: this.conf.number('spark.sql.streaming.stopTimeout'),
        restart: request.restart,
        changes,
        late,
        guarantees,
        describe: (how) =>
          `${explain({ analyzed, optimized, modes: mode }, how)}\n== Guarantees ==\n${guaranteeLines(guarantees).join('\n')}\n`,
        note,
        onEnd: (started) => {
          request.signal?.removeEventListener('abort', onAbort)
          this.streams.unregister(query, started)
          given.release()
        },
      })
      const { runId, name } = query
      const config: MicroBatchConfig = {
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
              upsertKey: upsertKey(analyzed),
              queryId: checkpoint.queryId,
              queryName: request.queryName,
              timeZone: env.timeZone,
              nowUs: () => BigInt(this.#clock.nowMs()) * 1000n,
              signal: query.signal,
              objects,
              database: location === null ? null : checkpoint.database,
              lastCommittedBatch,
              partitionBy: request.partitionBy,
            }),
        },
        conf: Object.fromEntries(PINNED_KEYS.flatMap((k) => (conf(k) === undefined ? [] : [[k, conf(k)!]]))),
        watermarkPolicy: conf('spark.sql.streaming.multipleWatermarkPolicy') === 'max' ? 'max' : 'min',
        idleTimeoutMs: this.conf.duration('millrace.idleTimeout'),
        flushOnIdle,
        keepStreamWatermarks: this.conf.flag('millrace.extensions'),
        noDataBatches: this.conf.flag('spark.sql.streaming.noDataMicroBatches.enabled'),
        strictLate: this.conf.get('millrace.lateFilter') === 'batch',
        minBatchesToRetain: this.conf.number('spark.sql.streaming.minBatchesToRetain'),
        wake: query.wake,
        sourceStatus: query.sourceStatus,
        ids: { runId, name },
        changes,
        late,
        note,
        crash: this.#hooks.crash,
      }
      const make = (): MicroBatchExecution => {
        const execution = new MicroBatchExecution(config)
        keepIdentity(checkpoint, identified.identity)
        keepSchemas(checkpoint, asked)
        return execution
      }
      let execution: MicroBatchExecution
      try {
        execution = make()
      } catch (error) {
        query.unref()
        throw error
      }
      for (const line of identified.notes) note(line)
      if (mode !== 'complete') for (const line of stateWarnings(analyzed)) note(`warning: ${line}`)
      request.signal?.addEventListener('abort', onAbort, { once: true })
      return { query, begin: () => query.begin(execution, make) }
    } catch (error) {
      checkpoint.close()
      throw error
    }
  }

  #location(option: string | undefined, name: string | null): string | null {
    if (option === IN_MEMORY) return null
    if (option !== undefined) return resolve(option)
    const root = this.conf.get('spark.sql.streaming.checkpointLocation')
    return root === undefined ? null : resolve(root, name ?? randomUUID())
  }
}

/** As a checkpoint location: kept nowhere, whatever `spark.sql.streaming.checkpointLocation` says. */
const IN_MEMORY = ':memory:'

/** What is settled about a query when its checkpoint is open. */
interface StartingQuery {
  readonly request: StreamRequest
  readonly mode: OutputModeName
  readonly provider: SinkProvider
  readonly options: Options
  readonly flushOnIdle: boolean
  readonly location: string | null
  readonly checkpoint: Checkpoint
  /** The query has ended. */
  readonly release: () => void
}

/** `onIdle` or `never`, in any case; OPTION_INVALID otherwise. */
function flushOption(text: string): 'onIdle' | 'never' {
  const value = (['onIdle', 'never'] as const).find((v) => v.toLowerCase() === text.toLowerCase())
  if (value !== undefined) return value
  throw new OptionError('OPTION_INVALID', {
    option: 'flush',
    format: 'a stream',
    value: text,
    expected: 'onIdle or never',
  })
}

function checkDeletions(provider: SinkProvider, plan: Logical, mode: OutputModeName): void {
  const node = mode === 'update' && provider.deletes !== true ? takesBack(plan, mode) : null
  if (node !== null)
    throw new UnsupportedError(
      'STREAMING_SINK_WITHOUT_DELETIONS',
      { format: provider.format },
      { at: node.at, hint: `write in output mode changelog or append, or to a sink that takes rows out` },
    )
}

function checkPartitioning(provider: SinkProvider, columns: readonly string[]): void {
  if (columns.length > 0 && provider.partitions !== true)
    throw new UnsupportedError('UNSUPPORTED', { feature: `partitionBy on the ${provider.format} sink` })
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
export const millrace = (conf: Readonly<Record<string, string | number | boolean>> = {}): MillraceSession =>
  new MillraceSession(conf)
