/**
 * postgres: the rows of a table or query of a PostgreSQL database.
 *
 *   bounded   all rows, in one snapshot, as of the moment it is read
 *   stream    rows whose orderColumn is beyond the greatest value read before
 *   offset    that value as the server's text
 *   replay    native, as long as rows that were read stay as they are
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Batch } from '../../columns/batch.ts'
import { MAX_BATCH_ROWS } from '../../columns/batch.ts'
import { batchOf } from '../../columns/builder.ts'
import { AnalysisError, OptionError } from '../../errors/errors.ts'
import { nearestName } from '../../errors/suggest.ts'
import { type DataType, field } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { defineSource, type Options, type Source, type SourceContext } from '../provider.ts'
import { declaredType, fromText, typeOfField } from './column-types.ts'
import { canceled, PostgresConnection, type ResultField, type TextRow } from './connection.ts'
import { fieldsAtOnce, fieldsOf } from './fields.ts'
import { serverConditions } from './predicates.ts'
import { CONNECTION_OPTIONS, serverName, settingsOf } from './settings.ts'
import { SettledValue } from './settled-value.ts'
import { tableFacts } from './table-facts.ts'
import { quoted, sqlName, tableNameOf } from './table-name.ts'

export const postgresSource = defineSource({
  format: 'postgres',
  doc: 'Rows of a table or query of a PostgreSQL database; as a stream, those beyond the greatest value of a column read so far. The types are those of its columns, unless a schema is given. Needs the package pg.',
  options: {
    ...CONNECTION_OPTIONS,
    table: { type: 'string', doc: 'The table or view to read, as clicks or stats.clicks.' },
    query: { type: 'string', doc: "A SELECT in PostgreSQL's own dialect, in place of a table." },
    orderColumn: {
      type: 'string',
      doc: 'Streams: the column whose values only grow, best one with an index. Rows that are changed, or committed with a value below one read before, are missed; rows where it is NULL too.',
    },
    startingValue: {
      type: 'string',
      doc: 'Streams: a fresh query reads rows beyond this value of orderColumn; all rows unless given.',
    },
    lag: {
      type: 'duration',
      default: 0,
      doc: 'Streams: a value counts once it was seen this long ago, so that transactions that took a smaller one have time to commit.',
    },
    maxRowsPerTrigger: {
      type: 'int',
      doc: 'Streams: about this many rows in one batch; rows of one value of orderColumn stay together.',
    },
    pollInterval: { type: 'duration', default: 1000, doc: 'Streams: how often an idle query looks for new rows.' },
  },
  replay: 'native',
  supports: ['batch', 'stream'],
  schema(options, declared, ctx) {
    const select = selectOf(options)
    if (ctx?.streaming === true && options['orderColumn'] === undefined)
      throw new OptionError(
        'OPTION_MISSING',
        { format: 'postgres', option: 'orderColumn' },
        { hint: 'a stream needs a column whose values only grow, such as a serial id; session.read takes none' },
      )
    // The server is asked for what is not said; with a schema it is first asked when the query runs.
    if (declared !== null) return declared
    const table = options['table']
    const found = fieldsAtOnce(settingsOf(options), select, table === undefined ? null : String(table))
    return { fields: found.map((f) => field(f.name, typeOfField(f))) }
  },
  async open(options, ctx) {
    const limit = options['maxRowsPerTrigger']
    if (limit !== undefined && Number(limit) < 1) throw invalid('maxRowsPerTrigger', String(limit), 'a number from 1')
    const db = new PostgresConnection(settingsOf(options), `millrace ${ctx.name}`, ctx.signal)
    try {
      const found = await fieldsOf(db, selectOf(options))
      for (const f of ctx.schema.fields) if (!found.some((g) => g.name === f.name)) throw unknownColumn(f.name, found)
      const rows = new Selection(selectOf(options), found, ctx)
      if (ctx.streaming === false) return new PostgresTableRows(db, rows)
      return new PostgresGrowingRows(db, rows, await orderOf(db, options, found), options, ctx)
    } catch (error) {
      await db.close()
      throw error
    }
  },
  describe: (options) =>
    `PostgresSource[${serverName(settingsOf(options))}, ${String(options['table'] ?? options['query'])}]`,
})

function selectOf(options: Options): string {
  const { table, query } = options
  if ((table === undefined) === (query === undefined))
    throw new OptionError(
      'OPTION_MISSING',
      { format: 'postgres', option: 'table' },
      { hint: 'give table or query, one of them' },
    )
  return table === undefined
    ? String(query).replace(/;\s*$/, '')
    : `SELECT * FROM ${sqlName(tableNameOf(String(table)))}`
}

/** The rows of a SELECT with the columns and, as far as the server can judge them, the conditions of a query. */
class Selection {
  readonly #from: string
  readonly #columns: string
  readonly #found: readonly ResultField[]
  readonly #ctx: SourceContext
  readonly #readers: readonly ((text: string) => Value)[]

  constructor(select: string, found: readonly ResultField[], ctx: SourceContext) {
    const { fields } = ctx.schema
    this.#from = `(${select}) AS q`
    this.#columns = fields.map((f) => `q.${quoted(f.name)}`).join(', ') || 'NULL'
    this.#found = found
    this.#ctx = ctx
    this.#readers = fields.map((f) => fromText(f.type, f.name, ctx.timeZone))
  }

  /** The greatest value of a column beyond `after` and not beyond `bound`, of the first `limit` of them; null when there is none. */
  async lastValue(
    db: PostgresConnection,
    { sql, type }: Order,
    {
      after,
      bound,
      limit,
    }: { readonly after: string | null; readonly bound: string | null; readonly limit: number | null },
  ): Promise<string | null> {
    const where = [
      `${sql} IS NOT NULL`,
      `($1::text IS NULL OR ${sql} > $1::${type})`,
      `($2::text IS NULL OR ${sql} <= $2::${type})`,
    ]
    const values = `SELECT ${sql} AS v FROM ${this.#from} WHERE ${where.join(' AND ')}`
    const first = limit === null ? values : `SELECT v FROM (${values} ORDER BY 1 LIMIT ${limit}) AS first_values`
    const { rows } = await db.query(`${first} ORDER BY 1 DESC LIMIT 1`, [after, bound])
    return rows[0]?.[0] ?? null
  }

  /** The rows that satisfy `conditions` (over `q`, with parameters `values`), through a cursor: at most a batch is in memory. */
  async *read(
    db: PostgresConnection,
    conditions: readonly string[] = [],
    values: readonly string[] = [],
    orderBy = '',
  ): AsyncGenerator<Batch> {
    const { schema, plan } = this.#ctx
    const pushed = serverConditions(plan, this.#ctx.declared ?? schema, this.#found, values.length + 1)
    const where = [...conditions, ...pushed.sql]
    const select = `SELECT ${this.#columns} FROM ${this.#from}${where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`}${orderBy}`
    await db.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY')
    try {
      await db.query(`DECLARE millrace_rows NO SCROLL CURSOR FOR ${select}`, [...values, ...pushed.values])
      for (;;) {
        const { rows } = await db.query(`FETCH ${MAX_BATCH_ROWS} FROM millrace_rows`)
        if (rows.length > 0)
          yield batchOf(
            schema,
            rows.map((row) => this.#valuesOf(row)),
          )
        if (rows.length < MAX_BATCH_ROWS) break
      }
    } finally {
      await db.rollback()
    }
  }

  #valuesOf(row: TextRow): Value[] {
    return this.#readers.map((read, i) => {
      const text = row[i]!
      return text === null ? null : read(text)
    })
  }
}

/** A bounded read. */
class PostgresTableRows implements Source<number> {
  readonly #db: PostgresConnection
  readonly #rows: Selection

  constructor(db: PostgresConnection, rows: Selection) {
    this.#db = db
    this.#rows = rows
  }

  initialOffset(): Promise<number> {
    return Promise.resolve(0)
  }
  latestOffset(): Promise<number> {
    return Promise.resolve(1)
  }
  read(): AsyncIterable<Batch> {
    return this.#rows.read(this.#db)
  }
  close(): Promise<void> {
    return this.#db.close()
  }
}

/** The column a stream is read by. */
interface Order {
  readonly sql: string
  readonly type: string
  /** What puts rows of one value in an order that does not change. */
  readonly ties: string
}

/** Types whose values have an order that has nothing to do with their text. */
const ORDERED: readonly DataType['kind'][] = [
  'smallint',
  'int',
  'bigint',
  'decimal',
  'date',
  'timestamp',
  'timestamp_ntz',
]

async function orderOf(db: PostgresConnection, options: Options, found: readonly ResultField[]): Promise<Order> {
  const name = String(options['orderColumn'])
  const column = found.find((f) => f.name === name) ?? found.find((f) => f.name.toLowerCase() === name.toLowerCase())
  if (column === undefined) {
    const names = found.map((f) => f.name)
    const near = nearestName(name, names)
    throw invalid('orderColumn', name, `a column of the table (${names.join(', ')})`, near)
  }
  const type = typeOfField(column)
  if (!ORDERED.includes(type.kind))
    throw invalid('orderColumn', name, 'a column of numbers without fraction, dates or timestamps')
  const { table } = options
  const facts = table === undefined ? null : await tableFacts(db, tableNameOf(String(table)))
  const unique = facts?.keys.some((k) => k.length === 1 && k[0] === column.name) === true
  return {
    sql: `q.${quoted(column.name)}`,
    type: type.kind === 'decimal' ? 'numeric' : declaredType(type),
    ties: unique ? '' : ', q::text',
  }
}

/** The greatest value read, as text; null before there was one. */
type GrowingOffset = { readonly value: string | null }

/** There is no value yet that counts. */
const NOTHING = Symbol('nothing')

/** A stream. */
class PostgresGrowingRows implements Source<GrowingOffset> {
  readonly #db: PostgresConnection
  readonly #rows: Selection
  readonly #order: Order
  readonly #start: string | null
  readonly #limit: number | null
  readonly #pollMs: number
  readonly #lagMs: number
  readonly #settled: SettledValue
  readonly #ctx: SourceContext
  #frozen: string | typeof NOTHING | undefined
  #timer: NodeJS.Timeout | null = null

  constructor(db: PostgresConnection, rows: Selection, order: Order, options: Options, ctx: SourceContext) {
    this.#db = db
    this.#rows = rows
    this.#order = order
    const { startingValue, maxRowsPerTrigger, pollInterval, lag } = options
    this.#start = startingValue === undefined ? null : String(startingValue)
    this.#limit = maxRowsPerTrigger === undefined ? null : Number(maxRowsPerTrigger)
    this.#pollMs = Number(pollInterval)
    this.#lagMs = Number(lag)
    this.#settled = new SettledValue(this.#lagMs, () => Number(ctx.nowUs() / 1000n))
    this.#ctx = ctx
  }

  initialOffset(): Promise<GrowingOffset> {
    return Promise.resolve({ value: this.#start })
  }

  async latestOffset(from: GrowingOffset | null): Promise<GrowingOffset> {
    const start = from ?? (await this.initialOffset())
    if (this.#frozen === undefined) this.#pollLater()
    const bound = this.#frozen === undefined ? await this.#settledBound() : this.#frozen
    if (bound === NOTHING) return start
    const value = await this.#rows.lastValue(this.#db, this.#order, { after: start.value, bound, limit: this.#limit })
    return value === null ? start : { value }
  }

  /** Up to where values count; null: all of them. */
  async #settledBound(): Promise<string | null | typeof NOTHING> {
    if (this.#lagMs === 0) return null
    return this.#settled.see(await this.#greatest()) ?? NOTHING
  }

  #greatest(): Promise<string | null> {
    return this.#rows.lastValue(this.#db, this.#order, { after: null, bound: null, limit: null })
  }

  #pollLater(): void {
    if (this.#timer !== null) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#ctx.wake()
    }, this.#pollMs)
    this.#timer.unref()
  }

  async *read(from: GrowingOffset | null, to: GrowingOffset): AsyncGenerator<Batch> {
    if (to.value === null) return
    const { sql, type, ties } = this.#order
    const after = from === null ? this.#start : from.value
    const conditions = [`${sql} <= $1::${type}`, ...(after === null ? [] : [`${sql} > $2::${type}`])]
    const values = [to.value, ...(after === null ? [] : [after])]
    yield* this.#rows.read(this.#db, conditions, values, ` ORDER BY ${sql}${ties}`)
  }

  async prepareAvailableNow(): Promise<void> {
    const now = await this.#greatest()
    // Transactions under way get their time here too.
    await sleep(this.#lagMs, undefined, { signal: this.#ctx.signal }).catch((cause: unknown) => {
      throw canceled(cause)
    })
    this.#frozen = now ?? NOTHING
  }

  close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    return this.#db.close()
  }
}

const invalid = (option: string, value: string, expected: string, near?: string | null): OptionError =>
  new OptionError(
    'OPTION_INVALID',
    { format: 'postgres', option, value, expected },
    { hint: near ? `did you mean "${near}"?` : undefined },
  )

function unknownColumn(name: string, found: readonly ResultField[]): AnalysisError {
  const names = found.map((f) => f.name)
  const near = nearestName(name, names)
  return new AnalysisError(
    'UNRESOLVED_COLUMN.WITH_SUGGESTION',
    { name },
    { hint: near ? `did you mean "${near}"?` : `there are ${names.join(', ')}` },
  )
}
