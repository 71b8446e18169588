import type { ArrowTable, ArrowTableLike } from '../columns/arrow/shapes.ts'
import type { Batch } from '../columns/batch.ts'
import { type Row, rowMaker } from '../columns/row.ts'
import type {
  Element,
  ElementBound,
  Flat,
  NameIn,
  Picked,
  ResultRow,
  RowOfResult,
  SchemaInput,
  With,
  Without,
} from '../columns/typed-row.ts'
import { AnalysisError, OptionError, UnsupportedError } from '../errors/errors.ts'
import { arrowTable } from '../formats/arrow/encode.ts'
import { printTable } from '../formats/table.ts'
import { isStreaming, type Logical } from '../plan/logical.ts'
import type { Closure, JoinType, Unresolved, UserMapKind } from '../plan/unresolved.ts'
import type { AstExpr, AstSortItem } from '../sql/ast.ts'
import { parseExpression, parseSelectItem } from '../sql/parse.ts'
import { type Schema, typeName } from '../types/data-type.ts'
import { Column, columnExpr, type ColumnOrName, nameExpr, SortColumn } from './column.ts'
import type { ExplainMode, QueryContext, RunOptions } from './context.ts'
import { GroupedData, type Nulls } from './grouped-data.ts'
import { type ClosureKind, type KeyOf, KeyValueGroupedData } from './key-value-grouped-data.ts'
import { type ClosureOptions, keyColumn, resultColumns } from './schema-input.ts'
import type { Observation } from './observation.ts'
import { DataFrameWriter } from './writer.ts'
import { DataStreamWriter } from './stream-writer.ts'

/** Spark's spellings of join types. */
const JOIN_TYPES: Readonly<Record<string, JoinType>> = {
  inner: 'inner',
  cross: 'cross',
  outer: 'full',
  full: 'full',
  fullouter: 'full',
  left: 'left',
  leftouter: 'left',
  right: 'right',
  rightouter: 'right',
  semi: 'semi',
  leftsemi: 'semi',
  anti: 'anti',
  leftanti: 'anti',
}

/**
 * A table not computed yet: bounded, or never ending (`isStreaming`). Every method gives a new DataFrame and checks names
 * and types at once. `R` is the type of its rows as far as the compiler knows it: see columns/typed-row.ts. Bounded ones are run by `collect`, `show` and kin, streaming ones by `writeStream`.
 */
export class DataFrame<R extends object = Row> {
  readonly #context: QueryContext
  readonly #plan: Unresolved
  #analyzed: Logical | undefined

  /** For the session: `plan` is analyzed at once, so that faults surface where they are made. */
  constructor(context: QueryContext, plan: Unresolved) {
    this.#context = context
    this.#plan = plan
    try {
      this.#analyzed = context.analyze(plan)
    } catch (error) {
      // What a closure gives over files is seen when the query runs.
      if (!isPending(error)) throw error
    }
  }

  #with<T extends object = Row>(plan: Unresolved): DataFrame<T> {
    return new DataFrame<T>(this.#context, plan)
  }

  /** The plan as written, for the session. */
  get unresolved(): Unresolved {
    return this.#plan
  }

  /** The plan with names and types settled, before optimization. */
  get analyzed(): Logical {
    return (this.#analyzed ??= this.#context.analyze(this.#plan))
  }

  get schema(): Schema {
    return { fields: this.analyzed.attrs.map((a) => ({ name: a.name, type: a.type, nullable: a.nullable })) }
  }

  get columns(): string[] {
    return this.analyzed.attrs.map((a) => a.name)
  }

  /** Name and type of each column. */
  get dtypes(): [name: string, type: string][] {
    return this.analyzed.attrs.map((a) => [a.name, typeName(a.type)])
  }

  /** True when a table under it never ends. */
  get isStreaming(): boolean {
    try {
      return isStreaming(this.analyzed)
    } catch (error) {
      // Over a stream the results of a closure are always known.
      if (isPending(error)) return false
      throw error
    }
  }

  /** Prints the columns as a tree. */
  printSchema(): void {
    const lines = this.schema.fields.map((f) => ` |-- ${f.name}: ${typeName(f.type)} (nullable = ${f.nullable})`)
    process.stdout.write(`root\n${lines.join('\n')}\n\n`)
  }

  // ------------------------------------------------------------ shaping

  /** Columns by name, expression or `*`. */
  select<T extends object, K extends keyof T & string>(this: DataFrame<T>, ...columns: K[]): DataFrame<Picked<T, K>>
  select<T extends object>(this: DataFrame<T>, ...columns: (Column | NameIn<T>)[]): DataFrame
  select(...columns: ColumnOrName[]): DataFrame<never> {
    return this.#with({ op: 'select', input: this.#plan, items: columns.map(columnExpr) })
  }
  /** Columns as SQL text: `selectExpr('a + 1 AS b', 'upper(c)')`. */
  selectExpr(...items: string[]): DataFrame {
    return this.#with({ op: 'select', input: this.#plan, items: items.map((i) => parseSelectItem(i)) })
  }
  /** Rows for which the condition is TRUE; a Column or SQL text. */
  where(condition: Column | string): DataFrame<R> {
    return this.#with({
      op: 'filter',
      input: this.#plan,
      condition: typeof condition === 'string' ? parseExpression(condition) : condition.expr,
    })
  }
  /** As `where`; or the rows a function is truthy for, which sees them as `map` does. */
  filter(condition: Column | string): DataFrame<R>
  filter<T extends object, E extends ElementBound<T> = Element<T>>(
    this: DataFrame<T>,
    fn: (row: E) => unknown,
    options?: ClosureOptions,
  ): DataFrame<T>
  filter(condition: Column | string | ((row: never) => unknown), options?: ClosureOptions): DataFrame<never> {
    if (typeof condition === 'function') return this.#closure('filter', condition, { fields: [] }, options)
    return this.#with(this.where(condition).#plan)
  }
  /** Adds a column, or replaces the one of that name. */
  withColumn<T extends object, const N extends string>(
    this: DataFrame<T>,
    name: N,
    column: Column,
  ): DataFrame<With<T, { [K in N]: unknown }>> {
    return this.#withColumns({ [name]: column })
  }
  withColumns<T extends object, const C extends Readonly<Record<string, Column>>>(
    this: DataFrame<T>,
    columns: C,
  ): DataFrame<With<T, { [K in keyof C]: unknown }>> {
    return this.#withColumns(columns)
  }
  #withColumns(columns: Readonly<Record<string, Column>>): DataFrame<never> {
    return this.#with({
      op: 'withColumns',
      input: this.#plan,
      columns: Object.entries(columns).map(([name, c]) => ({ name, expr: c.expr })),
    })
  }
  withColumnRenamed<T extends object, const F extends NameIn<T>, const N extends string>(
    this: DataFrame<T>,
    from: F,
    to: N,
  ): DataFrame<F extends keyof T ? With<Without<T, F>, { [K in N]: T[F] }> : Row> {
    return this.#with<never>({ op: 'rename', input: this.#plan, from, to })
  }
  /** Without the named columns; names that are not there are ignored. */
  drop<T extends object, const K extends string>(this: DataFrame<T>, ...columns: K[]): DataFrame<Without<T, K>>
  drop(...columns: ColumnOrName[]): DataFrame
  drop(...columns: ColumnOrName[]): DataFrame<never> {
    return this.#with({ op: 'drop', input: this.#plan, columns: columns.map(columnExpr) })
  }
  /** New names for all columns. */
  toDF(...names: string[]): DataFrame {
    const { columns } = this
    if (names.length !== columns.length)
      throw new OptionError(
        'WRONG_COLUMN_COUNT',
        { expected: columns.length, given: names.length },
        { hint: `the columns are ${columns.join(', ')}` },
      )
    return this.select(...columns.map((c, i) => new Column(nameExpr(`\`${c.replaceAll('`', '``')}\``)).as(names[i]!)))
  }
  /** A name by which its columns can be qualified. */
  alias(name: string): DataFrame<R> {
    return this.#with({ op: 'alias', input: this.#plan, name })
  }

  groupBy<T extends object, K extends keyof T & string = never>(
    this: DataFrame<T>,
    ...columns: K[]
  ): GroupedData<Picked<T, K>>
  groupBy<T extends object>(this: DataFrame<T>, ...columns: (Column | NameIn<T>)[]): GroupedData
  groupBy(...columns: ColumnOrName[]): GroupedData<never> {
    return new GroupedData((plan) => this.#with(plan), this.#plan, 'groupBy', columns.map(columnExpr))
  }
  rollup<T extends object, K extends keyof T & string = never>(
    this: DataFrame<T>,
    ...columns: K[]
  ): GroupedData<Nulls<Picked<T, K>>>
  rollup<T extends object>(this: DataFrame<T>, ...columns: (Column | NameIn<T>)[]): GroupedData
  rollup(...columns: ColumnOrName[]): GroupedData<never> {
    return new GroupedData((plan) => this.#with(plan), this.#plan, 'rollup', columns.map(columnExpr))
  }
  cube<T extends object, K extends keyof T & string = never>(
    this: DataFrame<T>,
    ...columns: K[]
  ): GroupedData<Nulls<Picked<T, K>>>
  cube<T extends object>(this: DataFrame<T>, ...columns: (Column | NameIn<T>)[]): GroupedData
  cube(...columns: ColumnOrName[]): GroupedData<never> {
    return new GroupedData((plan) => this.#with(plan), this.#plan, 'cube', columns.map(columnExpr))
  }
  /** Aggregates over all rows. */
  agg(...columns: Column[]): DataFrame {
    return this.groupBy().agg(...columns)
  }

  /** Joins on a condition, on columns of the same name, or (no `on`) crosses. */
  join(other: DataFrame<object>, on?: Column | string | readonly string[], how = 'inner'): DataFrame {
    const type = JOIN_TYPES[how.toLowerCase().replaceAll('_', '')]
    if (type === undefined)
      throw new OptionError(
        'UNSUPPORTED_JOIN_TYPE',
        { type: how },
        { hint: `one of ${Object.keys(JOIN_TYPES).join(', ')}` },
      )
    const base = { op: 'join', left: this.#plan, right: other.#plan, type } as const
    if (on === undefined) return this.#with({ ...base, type: type === 'inner' ? 'cross' : type })
    return this.#with(
      on instanceof Column ? { ...base, on: on.expr } : { ...base, using: typeof on === 'string' ? [on] : on },
    )
  }
  crossJoin(other: DataFrame<object>): DataFrame {
    return this.#with({ op: 'join', left: this.#plan, right: other.#plan, type: 'cross' })
  }
  /** UNION ALL by position. */
  union(other: DataFrame<object>): DataFrame<R> {
    return this.#with({ op: 'union', inputs: [this.#plan, other.#plan] })
  }
  unionAll(other: DataFrame<object>): DataFrame<R> {
    return this.union(other)
  }
  unionByName(other: DataFrame<object>, allowMissingColumns = false): DataFrame<R> {
    return this.#with({
      op: 'union',
      inputs: [this.#plan, other.#plan],
      byName: true,
      allowMissing: allowMissingColumns,
    })
  }
  intersect(other: DataFrame<object>): DataFrame<R> {
    return this.#with({ op: 'setop', kind: 'intersect', all: false, left: this.#plan, right: other.#plan })
  }
  except(other: DataFrame<object>): DataFrame<R> {
    return this.#with({ op: 'setop', kind: 'except', all: false, left: this.#plan, right: other.#plan })
  }
  distinct(): DataFrame<R> {
    return this.#with({ op: 'select', input: this.#plan, items: [nameExpr('*')], distinct: true })
  }
  /** The first row of each combination of the columns (all columns when none are named). */
  dropDuplicates<T extends object>(
    this: DataFrame<T>,
    columns?: readonly NameIn<T>[] | NameIn<T>,
    ...more: NameIn<T>[]
  ): DataFrame<T> {
    return this.#with({ op: 'dedup', input: this.#plan, withinWatermark: false, ...dedupColumns(columns, more) })
  }
  /** As dropDuplicates, remembering each key until the watermark passes its first event time plus the delay. */
  dropDuplicatesWithinWatermark<T extends object>(
    this: DataFrame<T>,
    columns?: readonly NameIn<T>[] | NameIn<T>,
    ...more: NameIn<T>[]
  ): DataFrame<T> {
    return this.#with({ op: 'dedup', input: this.#plan, withinWatermark: true, ...dedupColumns(columns, more) })
  }
  orderBy<T extends object>(this: DataFrame<T>, ...columns: (Column | NameIn<T> | SortColumn)[]): DataFrame<T> {
    return this.#with({ op: 'sort', input: this.#plan, items: columns.map(sortItem) })
  }
  sort<T extends object>(this: DataFrame<T>, ...columns: (Column | NameIn<T> | SortColumn)[]): DataFrame<T> {
    return this.orderBy(...columns)
  }
  limit(count: number): DataFrame<R> {
    return this.#with({ op: 'limit', input: this.#plan, count: numberOfRows('LIMIT', count) })
  }
  offset(count: number): DataFrame<R> {
    return this.#with({ op: 'limit', input: this.#plan, offset: numberOfRows('OFFSET', count) })
  }
  /** Event time of a stream and how late its rows may be: `withWatermark('ts', '10 minutes')`. */
  withWatermark<T extends object>(this: DataFrame<T>, eventTime: NameIn<T>, delayThreshold: string): DataFrame<T> {
    return this.#with({ op: 'watermark', input: this.#plan, column: nameExpr(eventTime), delay: delayThreshold })
  }

  // ------------------------------------------------------------ functions over rows

  /**
   * What `fn` gives for each row. It sees an object by column name (see Row), or the value itself where the table is one
   * column `value`; objects it gives become columns, anything else a column `value`. `schema` names the columns
   * (`'a INT, b STRING'`) or the one type (`'STRING'`) of the results. Without it the first results of a bounded table
   * tell (numbers are DOUBLE); a stream needs it. An error of `fn` fails the query: FAILED_EXECUTE_UDF.
   */
  map<T extends object, U, E extends ElementBound<T> = Element<T>>(
    this: DataFrame<T>,
    fn: (row: E) => U,
  ): DataFrame<RowOfResult<U>>
  map<T extends object, const S extends SchemaInput, E extends ElementBound<T> = Element<T>>(
    this: DataFrame<T>,
    fn: (row: E) => unknown,
    schema: S,
    options?: ClosureOptions,
  ): DataFrame<ResultRow<S>>
  map(fn: (row: never) => unknown, schema?: SchemaInput, options?: ClosureOptions): DataFrame<never> {
    return this.#closure('map', fn, resultColumns(schema), options)
  }
  /** As `map`, for functions that give any number of results a row: an array, or any iterable. Over strings it gives strings unless a schema says otherwise. */
  flatMap<T extends object, U, E extends ElementBound<T> = Element<T>>(
    this: DataFrame<T>,
    fn: (row: E) => Iterable<U>,
  ): DataFrame<RowOfResult<U>>
  flatMap<T extends object, const S extends SchemaInput, E extends ElementBound<T> = Element<T>>(
    this: DataFrame<T>,
    fn: (row: E) => Iterable<unknown>,
    schema: S,
    options?: ClosureOptions,
  ): DataFrame<ResultRow<S>>
  flatMap(fn: (row: never) => Iterable<unknown>, schema?: SchemaInput, options?: ClosureOptions): DataFrame<never> {
    return this.#closure('flatMap', fn, resultColumns(schema), options)
  }
  /** As `flatMap`, called once with all rows: of a bounded table, or of one batch of a stream (not for one without rows). */
  mapPartitions<T extends object, U, E extends ElementBound<T> = Element<T>>(
    this: DataFrame<T>,
    fn: (rows: Iterable<E>) => Iterable<U>,
  ): DataFrame<RowOfResult<U>>
  mapPartitions<T extends object, const S extends SchemaInput, E extends ElementBound<T> = Element<T>>(
    this: DataFrame<T>,
    fn: (rows: Iterable<E>) => Iterable<unknown>,
    schema: S,
    options?: ClosureOptions,
  ): DataFrame<ResultRow<S>>
  mapPartitions(
    fn: (rows: Iterable<never>) => Iterable<unknown>,
    schema?: SchemaInput,
    options?: ClosureOptions,
  ): DataFrame<never> {
    return this.#closure('mapPartitions', fn, resultColumns(schema), options)
  }
  /** Groups rows by what `fn` gives for them; `keyType` as the schema of `map`. */
  groupByKey<T extends object, K, E extends ElementBound<T> = Element<T>>(
    this: DataFrame<T>,
    fn: (row: E) => K,
    keyType?: SchemaInput,
    options?: ClosureOptions,
  ): KeyValueGroupedData<KeyOf<K>, Element<T>> {
    const keyed: DataFrame = this.#closure('key', fn, keyColumn(keyType), options)
    const make = (plan: Unresolved): DataFrame<never> => this.#with<never>(plan)
    const closure = (kind: ClosureKind, of: (...args: never[]) => unknown, version?: string | number): Closure =>
      this.#context.closure(kind, of, version)
    return new KeyValueGroupedData(make, closure, keyed.unresolved)
  }

  #closure<T extends object>(
    kind: UserMapKind,
    fn: (...args: never[]) => unknown,
    schema: Schema | null,
    options: ClosureOptions = {},
  ): DataFrame<T> {
    const closure = this.#context.closure(kind, fn, options.version)
    return this.#with<T>({ op: 'userMap', input: this.#plan, kind, closure, result: { schema } })
  }

  /** The same columns, cast to the types of a schema by name and typed by it; without one only the compiler's type of the rows changes. */
  as<T extends object>(): DataFrame<Flat<T>>
  as<const S extends SchemaInput>(schema: S): DataFrame<ResultRow<S>>
  as(schema?: SchemaInput): DataFrame<never> {
    const wanted = resultColumns(schema)
    if (wanted === null) return this.#with(this.#plan)
    const items = wanted.fields.map((f) => {
      const name = nameExpr(`\`${f.name.replaceAll('`', '``')}\``)
      return new Column(name).cast(typeName(f.type)).as(f.name).expr
    })
    return this.#with({ op: 'select', input: this.#plan, items })
  }

  /**
   * The same rows, counted and measured as they pass: each metric is an aggregate. Over a stream they come with the
   * progress of each batch, under `name`; over a bounded table an Observation gets those of the first run.
   */
  observe(name: string | Observation, ...metrics: readonly Column[]): DataFrame {
    const items = metrics.map(columnExpr)
    if (typeof name === 'string') return this.#with({ op: 'observe', input: this.#plan, name, items })
    if (this.isStreaming)
      throw new UnsupportedError(
        'UNSUPPORTED',
        { feature: 'an Observation of a stream' },
        { hint: 'give observe() a name: the metrics of each batch are in progress.observedMetrics' },
      )
    const made = this.#with({ op: 'observe', input: this.#plan, name: name.name, items, observer: name.id })
    name.use()
    this.#context.observe(name)
    return made
  }

  // ------------------------------------------------------------ views and plans

  createOrReplaceTempView(name: string): void {
    this.#context.createView(name, this.#plan, true)
  }
  createTempView(name: string): void {
    this.#context.createView(name, this.#plan, false)
  }
  /** Prints the plan: 'simple', or 'extended' for every stage. */
  explain(mode: ExplainMode | boolean = 'simple'): void {
    const chosen = mode === true ? 'extended' : mode === false ? 'simple' : mode
    process.stdout.write(`${this.#context.explain(this.#plan, chosen)}\n`)
  }

  // ------------------------------------------------------------ running

  /** Every row, as objects by column name (see Row). */
  async collect(options?: RunOptions): Promise<R[]> {
    this.#bounded('collect')
    const { schema, batches } = await this.#context.run(this.#plan, options)
    const make = rowMaker(schema, this.#context.rowOptions())
    return batches.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => make(b.row(i)) as unknown as R))
  }
  /** The result as columnar batches, for code that must not pay for row objects. */
  async batches(options?: RunOptions): Promise<readonly Batch[]> {
    this.#bounded('batches')
    return (await this.#context.run(this.#plan, options)).batches
  }
  /**
   * The result as a Table of the package apache-arrow, which the program must have installed: `await df.toArrow<Table>()`
   * with that package's type. TIMESTAMP columns carry the session's time zone.
   */
  async toArrow<T extends ArrowTableLike = ArrowTable>(options?: RunOptions): Promise<T> {
    this.#bounded('toArrow')
    const { schema, batches } = await this.#context.run(this.#plan, options)
    return (await arrowTable(schema, batches, this.#context.timeZone())) as ArrowTableLike as T
  }
  async toArray(options?: RunOptions): Promise<R[]> {
    return this.collect(options)
  }
  /** The first rows. */
  async take(count: number, options?: RunOptions): Promise<R[]> {
    this.#bounded('take')
    return this.limit(count).collect(options)
  }
  async first(options?: RunOptions): Promise<R | null> {
    return (await this.take(1, options))[0] ?? null
  }
  /** How many rows there are. */
  async count(options?: RunOptions): Promise<number> {
    this.#bounded('count')
    const [row] = await this.groupBy().count().collect(options)
    return Number((row as { readonly count: unknown }).count)
  }
  async isEmpty(options?: RunOptions): Promise<boolean> {
    return (await this.first(options)) === null
  }
  /** Prints the first rows as a table; `truncate`: true for 20 characters a cell, false for all, or a number. */
  async show(numRows = 20, truncate: boolean | number = true, options?: RunOptions): Promise<void> {
    this.#bounded('show')
    const { schema, batches } = await this.#context.run({ op: 'limit', input: this.#plan, count: numRows + 1 }, options)
    const width = truncate === true ? 20 : truncate === false ? 0 : truncate
    process.stdout.write(
      printTable(schema, batches, { maxRows: numRows, truncate: width, timeZone: this.#context.timeZone() }),
    )
  }

  /** Writes a bounded DataFrame. */
  get write(): DataFrameWriter {
    return new DataFrameWriter(this.#context, this.#plan)
  }
  /** Starts a query over a streaming DataFrame. */
  get writeStream(): DataStreamWriter {
    return new DataStreamWriter(this.#context, this.#plan, this.isStreaming)
  }

  #bounded(method: string): void {
    if (this.isStreaming)
      throw new UnsupportedError(
        'CALL_ON_STREAMING_DATASET_UNSUPPORTED',
        { method },
        { hint: 'start a query with writeStream; the memory sink makes its result a table' },
      )
  }
}

const isPending = (error: unknown): boolean => error instanceof AnalysisError && error.code === 'CLOSURE_SCHEMA_UNKNOWN'

/** What LIMIT and OFFSET take in SQL too: an INT from 0. */
function numberOfRows(clause: string, count: number): number {
  if (count < 0) throw new AnalysisError('INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE', { clause, value: count })
  if (!Number.isInteger(count) || count >= 2 ** 31)
    throw new AnalysisError('INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE', { clause, actual: String(count) })
  return count
}

function dedupColumns(
  columns: readonly string[] | string | undefined,
  more: readonly string[],
): { columns?: readonly string[] } {
  if (columns === undefined) return {}
  return { columns: typeof columns === 'string' ? [columns, ...more] : columns }
}

function sortItem(column: ColumnOrName | SortColumn): AstSortItem {
  if (column instanceof SortColumn) return column.item
  const expr: AstExpr = columnExpr(column)
  return { expr, descending: false }
}
