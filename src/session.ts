import { randomUUID } from 'node:crypto'
import type { ArrowTableLike } from './columns/arrow/shapes.ts'
import { inferSchema, rowFromJs } from './columns/row.ts'
import type { InferredRow, RowOf, SchemaInput } from './columns/typed-row.ts'
import { arrowTableSchema, isArrowTable } from './connectors/arrow-table/source.ts'
import { MEMORY_TABLES, MemoryTables } from './connectors/memory/sink.ts'
import { MemoryStream } from './connectors/memory/stream.ts'
import { LiveInput } from './connectors/live/input.ts'
import type { SinkProvider, SourceProvider } from './connectors/provider.ts'
import { Connectors, CONNECTORS } from './connectors/registry.ts'
import type { QueryContext, RunOptions } from './dataframe/context.ts'
import { DataFrame } from './dataframe/data-frame.ts'
import { DataReader } from './dataframe/reader.ts'
import { tableColumns } from './dataframe/schema-input.ts'
import { systemClock } from './engine/clock.ts'
import { StreamingQueryManager } from './engine/query-manager.ts'
import { AnalysisError, OptionError } from './errors/errors.ts'
import { arrowTableOf } from './formats/arrow/decode.ts'
import { BatchQueries } from './session/batch-queries.ts'
import { bindStatement } from './session/bind.ts'
import { Catalog } from './session/catalog.ts'
import { Commands } from './session/commands.ts'
import { RuntimeConfig } from './session/conf.ts'
import { constantText } from './session/evaluate.ts'
import { SessionFunctions, UdfRegistration } from './session/functions.ts'
import { openCatalog } from './session/open-catalog.ts'
import { type SqlParams, valuesOf } from './session/parameters.ts'
import { Planning } from './session/planning.ts'
import type { SessionHooks, SessionParts } from './session/session-parts.ts'
import { startQuery } from './session/start-query.ts'
import type { StatementContext } from './session/statement-context.ts'
import { carryOut } from './session/statements.ts'
import { substituteVariables } from './session/substitution.ts'
import type { AstStatement } from './sql/ast.ts'
import { parseStatement, parseStatements, statementTexts } from './sql/parse.ts'
import type { Schema } from './types/data-type.ts'
import type { Value } from './types/value.ts'

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
  readonly #memory = new MemoryTables()
  readonly #objects = new Map<string, unknown>()
  readonly #connectors = new Connectors()
  readonly #context: QueryContext
  readonly #statements: StatementContext
  readonly #commands: Commands

  constructor(conf: Readonly<Record<string, string | number | boolean>> = {}, hooks: SessionHooks = {}) {
    const clock = hooks.clock ?? systemClock
    this.conf = new RuntimeConfig(conf)
    this.streams = new StreamingQueryManager(clock)
    this.catalog = new Catalog(this.#memory)
    this.#objects.set(MEMORY_TABLES, this.#memory)
    this.#objects.set(CONNECTORS, this.#connectors)
    const note = hooks.note ?? ((line: string) => void process.stderr.write(`millrace: ${line}\n`))
    this.#commands = new Commands(note)
    const parts: SessionParts = {
      conf: this.conf,
      catalog: this.catalog,
      streams: this.streams,
      functions: this.#functions,
      connectors: this.#connectors,
      objects: this.#objects,
      clock,
      hooks,
      timeZone: () => this.#timeZone(),
      rowOptions: () => ({ int64: this.conf.get('millrace.int64') === 'number' ? 'number' : 'bigint' }),
    }
    const planning = new Planning(parts)
    const queries = new BatchQueries(parts, planning)
    const plans: QueryContext = {
      analyze: (plan) => planning.analyze(plan),
      run: (plan, options) => queries.run(plan, options),
      start: (request) => startQuery(request, parts, planning),
      write: (plan, format, options, how) => queries.write(plan, format, options, how),
      explain: (plan, mode) => planning.explain(plan, mode),
      createView: (name, plan, replace) => this.catalog.createView(name, plan, undefined, replace),
      closure: (kind, fn, version) => this.#functions.closure(kind, fn, version),
      connectors: this.#connectors,
      keep: (value) => this.#keep(value),
      observe: (observation) => queries.observe(observation),
      rowOptions: parts.rowOptions,
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
      env: () => planning.env(),
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
    return this.#statement(parseStatement(this.#substituted(text)), params)
  }

  /** Runs one SQL statement to its end, after those before it; resolves with its result. */
  execute(text: string, params?: SqlParams): Promise<DataFrame> {
    return this.executeStatement(parseStatement(this.#substituted(text)), params)
  }

  /** As `execute`, for a statement that is parsed; `limits` hold for what it runs (not for the query it gives). */
  async executeStatement(statement: AstStatement, params?: SqlParams, limits?: RunOptions): Promise<DataFrame> {
    await this.#commands.settled()
    const df = this.#statement(statement, params, limits)
    await this.#commands.ended(df.unresolved)
    return df
  }

  /**
   * Runs the statements of a text one after the other, each to its end before the next. Throws the first ParseError before
   * anything runs; where `${key}` stands in the text, a statement is read when its turn comes, with the settings of then.
   */
  async *script(text: string): AsyncGenerator<DataFrame> {
    if (text.includes('${')) {
      for (const part of statementTexts(text)) yield await this.execute(part)
      return
    }
    const { statements, errors } = parseStatements(text)
    if (errors[0]) throw errors[0]
    for (const statement of statements) yield await this.executeStatement(statement)
  }

  #substituted(text: string): string {
    return substituteVariables(text, (key) => this.conf.get(key))
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

  #timeZone(): string {
    return this.conf.get('spark.sql.session.timeZone') ?? 'UTC'
  }
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
