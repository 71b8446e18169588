import type { Batch } from '../columns/batch.ts'
import { type Row, rowMaker } from '../columns/row.ts'
import { OptionError, UnsupportedError } from '../errors/errors.ts'
import { printTable } from '../formats/table.ts'
import { isStreaming, type Logical } from '../plan/logical.ts'
import type { JoinType, Unresolved } from '../plan/unresolved.ts'
import type { AstExpr, AstSortItem } from '../sql/ast.ts'
import { parseExpression, parseSelectItem } from '../sql/parse.ts'
import { type Schema, typeName } from '../types/data-type.ts'
import { Column, columnExpr, type ColumnOrName, nameExpr, SortColumn } from './column.ts'
import type { ExplainMode, QueryContext, RunOptions } from './context.ts'
import { GroupedData } from './grouped-data.ts'
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
 * and types at once. Bounded ones are run by `collect`, `show` and kin, streaming ones by `writeStream`.
 */
export class DataFrame {
  readonly #context: QueryContext
  readonly #plan: Unresolved
  #analyzed: Logical | undefined

  /** For the session: `plan` is analyzed at once, so that faults surface where they are made. */
  constructor(context: QueryContext, plan: Unresolved) {
    this.#context = context
    this.#plan = plan
    this.#analyzed = context.analyze(plan)
  }

  #with(plan: Unresolved): DataFrame {
    return new DataFrame(this.#context, plan)
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
    return isStreaming(this.analyzed)
  }

  /** Prints the columns as a tree. */
  printSchema(): void {
    const lines = this.schema.fields.map((f) => ` |-- ${f.name}: ${typeName(f.type)} (nullable = ${f.nullable})`)
    process.stdout.write(`root\n${lines.join('\n')}\n\n`)
  }

  // ------------------------------------------------------------ shaping

  /** Columns by name, expression or `*`. */
  select(...columns: ColumnOrName[]): DataFrame {
    return this.#with({ op: 'select', input: this.#plan, items: columns.map(columnExpr) })
  }
  /** Columns as SQL text: `selectExpr('a + 1 AS b', 'upper(c)')`. */
  selectExpr(...items: string[]): DataFrame {
    return this.#with({ op: 'select', input: this.#plan, items: items.map((i) => parseSelectItem(i)) })
  }
  /** Rows for which the condition is TRUE; a Column or SQL text. */
  where(condition: Column | string): DataFrame {
    return this.#with({ op: 'filter', input: this.#plan, condition: typeof condition === 'string' ? parseExpression(condition) : condition.expr })
  }
  filter(condition: Column | string): DataFrame {
    return this.where(condition)
  }
  /** Adds a column, or replaces the one of that name. */
  withColumn(name: string, column: Column): DataFrame {
    return this.withColumns({ [name]: column })
  }
  withColumns(columns: Readonly<Record<string, Column>>): DataFrame {
    return this.#with({ op: 'withColumns', input: this.#plan, columns: Object.entries(columns).map(([name, c]) => ({ name, expr: c.expr })) })
  }
  withColumnRenamed(from: string, to: string): DataFrame {
    return this.#with({ op: 'rename', input: this.#plan, from, to })
  }
  /** Without the named columns; names that are not there are ignored. */
  drop(...columns: ColumnOrName[]): DataFrame {
    return this.#with({ op: 'drop', input: this.#plan, columns: columns.map(columnExpr) })
  }
  /** New names for all columns. */
  toDF(...names: string[]): DataFrame {
    const { columns } = this
    if (names.length !== columns.length)
      throw new OptionError('WRONG_COLUMN_COUNT', { expected: columns.length, given: names.length }, { hint: `the columns are ${columns.join(', ')}` })
    return this.select(...columns.map((c, i) => new Column(nameExpr(`\`${c.replaceAll('`', '``')}\``)).as(names[i]!)))
  }
  /** A name by which its columns can be qualified. */
  alias(name: string): DataFrame {
    return this.#with({ op: 'alias', input: this.#plan, name })
  }

  groupBy(...columns: ColumnOrName[]): GroupedData {
    return new GroupedData((plan) => this.#with(plan), this.#plan, 'groupBy', columns.map(columnExpr))
  }
  rollup(...columns: ColumnOrName[]): GroupedData {
    return new GroupedData((plan) => this.#with(plan), this.#plan, 'rollup', columns.map(columnExpr))
  }
  cube(...columns: ColumnOrName[]): GroupedData {
    return new GroupedData((plan) => this.#with(plan), this.#plan, 'cube', columns.map(columnExpr))
  }
  /** Aggregates over all rows. */
  agg(...columns: Column[]): DataFrame {
    return this.groupBy().agg(...columns)
  }

  /** Joins on a condition, on columns of the same name, or (no `on`) crosses. */
  join(other: DataFrame, on?: Column | string | readonly string[], how = 'inner'): DataFrame {
    const type = JOIN_TYPES[how.toLowerCase().replaceAll('_', '')]
    if (type === undefined)
      throw new OptionError('UNSUPPORTED_JOIN_TYPE', { type: how }, { hint: `one of ${Object.keys(JOIN_TYPES).join(', ')}` })
    const base = { op: 'join', left: this.#plan, right: other.#plan, type } as const
    if (on === undefined) return this.#with({ ...base, type: type === 'inner' ? 'cross' : type })
    return this.#with(on instanceof Column ? { ...base, on: on.expr } : { ...base, using: typeof on === 'string' ? [on] : on })
  }
  crossJoin(other: DataFrame): DataFrame {
    return this.#with({ op: 'join', left: this.#plan, right: other.#plan, type: 'cross' })
  }
  /** UNION ALL by position. */
  union(other: DataFrame): DataFrame {
    return this.#with({ op: 'union', inputs: [this.#plan, other.#plan] })
  }
  unionAll(other: DataFrame): DataFrame {
    return this.union(other)
  }
  unionByName(other: DataFrame, allowMissingColumns = false): DataFrame {
    return this.#with({ op: 'union', inputs: [this.#plan, other.#plan], byName: true, allowMissing: allowMissingColumns })
  }
  intersect(other: DataFrame): DataFrame {
    return this.#with({ op: 'setop', kind: 'intersect', all: false, left: this.#plan, right: other.#plan })
  }
  except(other: DataFrame): DataFrame {
    return this.#with({ op: 'setop', kind: 'except', all: false, left: this.#plan, right: other.#plan })
  }
  distinct(): DataFrame {
    return this.#with({ op: 'select', input: this.#plan, items: [nameExpr('*')], distinct: true })
  }
  /** The first row of each combination of the columns (all columns when none are named). */
  dropDuplicates(columns?: readonly string[] | string, ...more: string[]): DataFrame {
    return this.#with({ op: 'dedup', input: this.#plan, withinWatermark: false, ...dedupColumns(columns, more) })
  }
  /** As dropDuplicates, remembering each key until the watermark passes its first event time plus the delay. */
  dropDuplicatesWithinWatermark(columns?: readonly string[] | string, ...more: string[]): DataFrame {
    return this.#with({ op: 'dedup', input: this.#plan, withinWatermark: true, ...dedupColumns(columns, more) })
  }
  orderBy(...columns: (ColumnOrName | SortColumn)[]): DataFrame {
    return this.#with({ op: 'sort', input: this.#plan, items: columns.map(sortItem) })
  }
  sort(...columns: (ColumnOrName | SortColumn)[]): DataFrame {
    return this.orderBy(...columns)
  }
  limit(count: number): DataFrame {
    return this.#with({ op: 'limit', input: this.#plan, count })
  }
  offset(count: number): DataFrame {
    return this.#with({ op: 'limit', input: this.#plan, offset: count })
  }
  /** Event time of a stream and how late its rows may be: `withWatermark('ts', '10 minutes')`. */
  withWatermark(eventTime: string, delayThreshold: string): DataFrame {
    return this.#with({ op: 'watermark', input: this.#plan, column: nameExpr(eventTime), delay: delayThreshold })
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
  async collect(options?: RunOptions): Promise<Row[]> {
    this.#bounded('collect')
    const { schema, batches } = await this.#context.run(this.#plan, options)
    const make = rowMaker(schema, this.#context.rowOptions())
    return batches.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => make(b.row(i))))
  }
  /** The result as columnar batches, for code that must not pay for row objects. */
  async batches(options?: RunOptions): Promise<readonly Batch[]> {
    this.#bounded('batches')
    return (await this.#context.run(this.#plan, options)).batches
  }
  async toArray(options?: RunOptions): Promise<Row[]> {
    return this.collect(options)
  }
  /** The first rows. */
  async take(count: number, options?: RunOptions): Promise<Row[]> {
    this.#bounded('take')
    return this.limit(count).collect(options)
  }
  async first(options?: RunOptions): Promise<Row | null> {
    return (await this.take(1, options))[0] ?? null
  }
  /** How many rows there are. */
  async count(options?: RunOptions): Promise<number> {
    this.#bounded('count')
    const [row] = await this.groupBy().count().collect(options)
    return Number(row!['count'])
  }
  async isEmpty(options?: RunOptions): Promise<boolean> {
    return (await this.first(options)) === null
  }
  /** Prints the first rows as a table; `truncate`: true for 20 characters a cell, false for all, or a number. */
  async show(numRows = 20, truncate: boolean | number = true, options?: RunOptions): Promise<void> {
    this.#bounded('show')
    const { schema, batches } = await this.#context.run({ op: 'limit', input: this.#plan, count: numRows + 1 }, options)
    const width = truncate === true ? 20 : truncate === false ? 0 : truncate
    process.stdout.write(printTable(schema, batches, { maxRows: numRows, truncate: width, timeZone: this.#context.timeZone() }))
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
      throw new UnsupportedError('CALL_ON_STREAMING_DATASET_UNSUPPORTED', { method }, { hint: 'start a query with writeStream; the memory sink makes its result a table' })
  }
}

function dedupColumns(columns: readonly string[] | string | undefined, more: readonly string[]): { columns?: readonly string[] } {
  if (columns === undefined) return {}
  return { columns: typeof columns === 'string' ? [columns, ...more] : columns }
}

function sortItem(column: ColumnOrName | SortColumn): AstSortItem {
  if (column instanceof SortColumn) return column.item
  const expr: AstExpr = columnExpr(column)
  return { expr, descending: false }
}
