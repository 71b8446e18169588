import type { Batch } from '../../columns/batch.ts'
import { AnalysisError, ExecutionError, type MillraceError, OptionError } from '../../errors/errors.ts'
import { nearestName } from '../../errors/suggest.ts'
import type { Field, Schema } from '../../types/data-type.ts'
import { CHANGE_TYPE, type OutputModeName } from '../provider.ts'
import { declaredType, toText } from './column-types.ts'
import type { Answer, PostgresConnection } from './connection.ts'
import { failureOf, type ServerError } from './failure.ts'
import { type ColumnFacts, type TableFacts, tableFacts } from './table-facts.ts'
import { quoted, sqlName, type TableName } from './table-name.ts'

/** What a table is written by. */
export interface TableShape {
  readonly schema: Schema
  readonly mode: OutputModeName
  /** Columns of the key: a row takes the place of one of the same key. Empty: rows are added. */
  readonly key: readonly string[]
  /** Make the table where there is none. */
  readonly create: boolean
  /** Rows of one statement. */
  readonly batchRows: number
}

/** A row as text; null for NULL. */
type TextRow = (string | null)[]

/** A table that rows are written to. Rows go to the server as one array of texts a column, so a statement is the same for any count of them. */
export class PostgresTable {
  readonly #db: PostgresConnection
  readonly #name: string
  readonly #batchRows: number
  readonly #makers: readonly ReturnType<typeof toText>[]
  readonly #fields: readonly Field[]
  readonly #targets: readonly ColumnFacts[]
  readonly #keyAt: readonly number[]
  /** Column that says what a row does; null: its weight does. */
  readonly #changeType: number | null
  /** Schema and table as the catalog has them. */
  readonly facts: TableFacts

  /**
   * Finds or makes the table and holds the query's columns and the key against it; AnalysisError says what does not fit. In mode
   * changelog with a key the changes are applied, and the column that tells them is none of the table's.
   */
  static async open(db: PostgresConnection, name: TableName, shape: TableShape): Promise<PostgresTable> {
    const { schema: given, mode, key } = shape
    const applies = mode === 'changelog' && key.length > 0
    const changeType = applies ? given.fields.findIndex((f) => f.name === CHANGE_TYPE) : null
    const fields = given.fields.filter((_, i) => i !== changeType)
    const keyAt = key.map((column) => keyColumn(fields, column))
    const facts = (await tableFacts(db, name)) ?? (await made(db, name, shape, fields, keyAt))
    const table = new PostgresTable(db, shape, facts, fields, keyAt, changeType)
    await table.#checkTypes()
    return table
  }

  private constructor(
    db: PostgresConnection,
    { batchRows }: TableShape,
    facts: TableFacts,
    fields: readonly Field[],
    keyAt: readonly number[],
    changeType: number | null,
  ) {
    this.#db = db
    this.#batchRows = batchRows
    this.#name = sqlName(facts)
    this.#fields = fields
    this.#keyAt = keyAt
    this.#changeType = changeType
    this.facts = facts
    this.#targets = targetsOf(db, facts, fields)
    this.#makers = fields.map((f) => toText(f.type, f.name))
    const keys = keyAt.map((i) => this.#targets[i]!.name)
    const fits = facts.keys.some((k) => k.length === keys.length && k.every((column) => keys.includes(column)))
    if (keys.length > 0 && !fits)
      throw mismatch(
        db,
        facts,
        `${keys.join(', ')} is no key of it`,
        `CREATE UNIQUE INDEX ON ${this.#name} (${keys.map(quoted).join(', ')})`,
      )
  }

  /** Lets the server judge whether the types fit, before any row is there. */
  async #checkTypes(): Promise<void> {
    const nothing = `EXPLAIN ${this.#insert(this.#fields.map(() => 'NULL::text[]'))}`
    try {
      await this.#db.raw(nothing)
    } catch (cause) {
      const { code, message } = cause as ServerError
      if (code !== '42804' && code !== '42846') throw failureOf(cause, this.#db.server, `INSERT INTO ${this.#name}`)
      const at = this.#targets.findIndex((c) => message.includes(`"${c.name}"`))
      const field = this.#fields[at]
      const hint = field === undefined ? undefined : `cast the column ${field.name} to another type in the query`
      throw mismatch(this.#db, this.facts, message, hint, cause)
    }
  }

  /** `parameters`: the arrays of texts, one a column. */
  #insert(parameters: readonly string[]): string {
    const names = this.#targets.map((c) => quoted(c.name)).join(', ')
    const values = this.#fields.map((f, i) => `r.c${i}::${castOf(f, this.#targets[i]!)}`).join(', ')
    return `INSERT INTO ${this.#name} (${names}) SELECT ${values} FROM ${unnest(parameters, 'c')}`
  }

  get #upsert(): string {
    const keys = this.#keyAt.map((i) => quoted(this.#targets[i]!.name))
    const others = this.#targets.filter((_, i) => !this.#keyAt.includes(i)).map((c) => quoted(c.name))
    const action =
      others.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${others.map((c) => `${c} = excluded.${c}`).join(', ')}`
    return `${this.#insert(numbered(this.#fields))} ON CONFLICT (${keys.join(', ')}) ${action}`
  }

  #remove(operator: '=' | 'IS NOT DISTINCT FROM'): string {
    const same = this.#keyAt.map(
      (at, i) => `t.${quoted(this.#targets[at]!.name)} ${operator} r.k${i}::${this.#targets[at]!.type}`,
    )
    return `DELETE FROM ${this.#name} t USING ${unnest(numbered(this.#keyAt), 'k')} WHERE ${same.join(' AND ')}`
  }

  /** Removes all rows; those who read the table go on seeing the old ones until the transaction commits. */
  async clear(): Promise<void> {
    await this.#db.query(`DELETE FROM ${this.#name}`)
  }

  /** Writes the rows of batches, in their order; to be called within a transaction. Throws MillraceError, for bad values with the column. */
  async write(batches: readonly Batch[]): Promise<void> {
    let chunk: { readonly row: TextRow; readonly remove: boolean }[] = []
    const flush = async (): Promise<void> => {
      if (this.#keyAt.length === 0) await this.#send(chunk.map((c) => c.row))
      else await this.#apply(chunk)
      chunk = []
    }
    for (const batch of batches)
      for (let i = 0; i < batch.rowCount; i++) {
        const at = batch.rowAt(i)
        const action = this.#actionOf(batch, at)
        if (action === 'skip') continue
        const row = this.#makers.map((make, c): string | null => {
          // The column that tells the changes is the last.
          const v = batch.columns[c]!.get(at)
          return v === null ? null : make(v)
        })
        chunk.push({ row, remove: action === 'remove' })
        if (chunk.length === this.#batchRows) await flush()
      }
    if (chunk.length > 0) await flush()
  }

  /** What a row does to the table. An update's old row is overwritten by its new one. */
  #actionOf(batch: Batch, row: number): 'put' | 'remove' | 'skip' {
    if (this.#changeType === null) return batch.weights !== null && batch.weights[row]! < 0 ? 'remove' : 'put'
    const type = batch.columns[this.#changeType]!.get(row)
    return type === 'delete' ? 'remove' : type === 'update_preimage' ? 'skip' : 'put'
  }

  /** The last row of each key counts: a statement must not touch a row twice. */
  async #apply(chunk: readonly { readonly row: TextRow; readonly remove: boolean }[]): Promise<void> {
    const last = new Map<string, { readonly row: TextRow; readonly remove: boolean; readonly open: boolean }>()
    for (const { row, remove } of chunk) {
      const key = this.#keyAt.map((at) => row[at] ?? null)
      // A NULL in the key is found by no unique index.
      last.set(JSON.stringify(key), { row, remove, open: key.includes(null) })
    }
    const all = [...last.values()]
    const keysOf = (rows: typeof all): TextRow[] => rows.map(({ row }) => this.#keyAt.map((at) => row[at]!))
    const rowsOf = (rows: typeof all): TextRow[] => rows.map(({ row }) => row)
    const open = all.filter((a) => a.open)
    await this.#run(this.#remove('IS NOT DISTINCT FROM'), keysOf(open), this.#keyAt.length, 'remove_open')
    await this.#send(rowsOf(open.filter((a) => !a.remove)))
    const closed = all.filter((a) => !a.open)
    await this.#run(this.#remove('='), keysOf(closed.filter((a) => a.remove)), this.#keyAt.length, 'remove')
    await this.#run(this.#upsert, rowsOf(closed.filter((a) => !a.remove)), this.#fields.length, 'upsert')
  }

  async #send(rows: readonly TextRow[]): Promise<void> {
    await this.#run(this.#insert(numbered(this.#fields)), rows, this.#fields.length, 'insert')
  }

  async #run(sql: string, rows: readonly TextRow[], width: number, name: string): Promise<Answer | null> {
    if (rows.length === 0) return null
    const columns = Array.from({ length: width }, (_, c) => rows.map((row) => row[c] ?? null))
    try {
      return await this.#db.raw(sql, columns, `millrace_${name}`)
    } catch (cause) {
      throw await this.#refused(cause, rows)
    }
  }

  /** The error of a statement, naming the column where a value is at fault. */
  async #refused(cause: unknown, rows: readonly TextRow[]): Promise<MillraceError> {
    const failure = failureOf(cause, this.#db.server, `writing ${this.#name}`)
    const { code = '', column, message } = cause as ServerError
    if (!/^2[23]/.test(code)) return failure
    const named = column ?? (code.startsWith('22') ? await this.#columnAtFault(rows) : null)
    if (named === null) return failure
    return new ExecutionError('POSTGRES_VALUE_REFUSED', { column: named, table: this.#name, message }, { cause })
  }

  /** The server does not say which column a value was too large for: the columns are tried one by one, on a table of their own that goes again. */
  async #columnAtFault(rows: readonly TextRow[]): Promise<string | null> {
    try {
      await this.#db.query('ROLLBACK')
      await this.#db.query('BEGIN')
      for (const [i, target] of this.#targets.entries()) {
        await this.#db.query(`CREATE TEMP TABLE millrace_try (c ${target.type}) ON COMMIT DROP`)
        const cast = castOf(this.#fields[i]!, target)
        try {
          await this.#db.raw(`INSERT INTO millrace_try SELECT r.c0::${cast} FROM ${unnest(['$1'], 'c')}`, [
            rows.map((row) => row[i]!),
          ])
        } catch {
          return target.name
        }
        await this.#db.query('DROP TABLE millrace_try')
      }
      return null
    } catch {
      // the first error is the one to report
      return null
    }
  }
}

const numbered = (columns: readonly unknown[]): readonly string[] => columns.map((_, i) => `$${i + 1}`)

const unnest = (parameters: readonly string[], prefix: string): string =>
  `unnest(${parameters.map((p) => `${p}::text[]`).join(', ')}) AS r(${parameters.map((_, i) => `${prefix}${i}`).join(', ')})`

/**
 * What the text of a value is read as. The assignment to the column's own type follows, by which the server refuses what does not fit;
 * STRING goes into types that have no such assignment (uuid, json, enums, addresses) by their own text form.
 */
function castOf(field: Field, target: ColumnFacts): string {
  const ours = declaredType(field.type)
  const hasTextForm = ['U', 'E', 'I'].includes(target.category) && target.typeName !== 'bytea'
  if (ours === 'text' && hasTextForm) return target.type
  return ours === 'jsonb' && target.typeName === 'json' ? 'json' : ours
}

async function made(
  db: PostgresConnection,
  name: TableName,
  { create }: TableShape,
  fields: readonly Field[],
  keyAt: readonly number[],
): Promise<TableFacts> {
  if (!create)
    throw new AnalysisError(
      'TABLE_OR_VIEW_NOT_FOUND',
      { name: sqlName(name) },
      { hint: 'create it, or leave createTable on' },
    )
  const columns = fields.map((f) => `${quoted(f.name)} ${declaredType(f.type)}`)
  if (keyAt.length > 0) {
    const { rows } = await db.query("SELECT current_setting('server_version_num')::int >= 150000")
    const nullable = keyAt.some((i) => fields[i]!.nullable)
    const kind = !nullable ? 'PRIMARY KEY' : rows[0]![0] === 't' ? 'UNIQUE NULLS NOT DISTINCT' : 'UNIQUE'
    columns.push(`${kind} (${keyAt.map((i) => quoted(fields[i]!.name)).join(', ')})`)
  }
  // Two that make it at once would both find it missing.
  await db.transaction(async () => {
    await db.query("SELECT pg_advisory_xact_lock(hashtext('millrace'))")
    await db.query(`CREATE TABLE IF NOT EXISTS ${sqlName(name)} (${columns.join(', ')})`)
  })
  return (await tableFacts(db, name))!
}

/** The table's column for each of the query's: of the same name, or of the only one that differs in case. */
function targetsOf(db: PostgresConnection, facts: TableFacts, fields: readonly Field[]): readonly ColumnFacts[] {
  const taken = new Set<string>()
  return fields.map(({ name }) => {
    const alike = facts.columns.filter((c) => c.name.toLowerCase() === name.toLowerCase())
    const found = facts.columns.find((c) => c.name === name) ?? (alike.length === 1 ? alike[0] : undefined)
    if (found === undefined) {
      const near = nearestName(
        name,
        facts.columns.map((c) => c.name),
      )
      throw mismatch(
        db,
        facts,
        `it has no column "${name}"`,
        near ? `rename the column to "${near}", or add one to the table` : 'add the column to the table',
      )
    }
    if (taken.has(found.name))
      throw mismatch(db, facts, `the query has two columns "${found.name}"`, 'rename one with AS')
    taken.add(found.name)
    return found
  })
}

function keyColumn(fields: readonly Field[], name: string): number {
  const at = fields.findIndex((f) => f.name.toLowerCase() === name.toLowerCase())
  if (at >= 0) return at
  const names = fields.map((f) => f.name)
  const near = nearestName(name, names)
  throw new OptionError(
    'OPTION_INVALID',
    { format: 'postgres', option: 'key', value: name, expected: `a column of the query (${names.join(', ')})` },
    { hint: near ? `did you mean "${near}"?` : undefined },
  )
}

const mismatch = (
  db: PostgresConnection,
  facts: TableFacts,
  message: string,
  hint?: string,
  cause?: unknown,
): AnalysisError =>
  new AnalysisError('POSTGRES_TABLE_MISMATCH', { table: sqlName(facts), server: db.server, message }, { hint, cause })
