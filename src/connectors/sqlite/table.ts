import { AnalysisError, OptionError } from '../../errors/errors.ts'
import { nearestName } from '../../errors/suggest.ts'
import type { Database, Statement } from '../../storage/database.ts'
import type { Schema } from '../../types/data-type.ts'
import type { Batch } from '../../columns/batch.ts'
import { CHANGE_TYPE, type OutputModeName } from '../provider.ts'
import { declaredType, toSql } from './column-types.ts'

/** An identifier in double quotes. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A table that rows are written to; made when it is missing. */
export class SqliteTable {
  readonly #db: Database
  readonly #table: string
  readonly #insert: Statement
  /** For rows with a NULL in the key, which no unique index finds. */
  readonly #removeByKey: Statement | null
  readonly #insertPlain: Statement
  readonly #keyAt: readonly number[]
  readonly #makers: readonly ReturnType<typeof toSql>[]
  /** Column that says what a row does; null: its weight does. */
  readonly #changeType: number | null

  /**
   * `key`: columns of the primary key; a row takes the place of one of the same key. Empty: rows are added. In mode
   * changelog with a key the changes are applied, and the column that tells them is none of the table's.
   */
  constructor(
    db: Database,
    table: string,
    { schema: given, mode }: { readonly schema: Schema; readonly mode: OutputModeName },
    key: readonly string[],
  ) {
    this.#db = db
    this.#table = table
    const applies = mode === 'changelog' && key.length > 0
    this.#changeType = applies ? given.fields.findIndex((f) => f.name === CHANGE_TYPE) : null
    const schema: Schema = { fields: given.fields.filter((_, i) => i !== this.#changeType) }
    this.#keyAt = key.map((name) => keyColumn(schema, name))
    this.#makers = schema.fields.map((f) => toSql(f.type))
    refuseRepeats(db, table, schema)
    const keys = this.#keyAt.map((i) => schema.fields[i]!.name)
    this.#create(schema, keys)
    const names = schema.fields.map((f) => quoted(f.name))
    const insert = `INSERT INTO ${quoted(table)} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`
    this.#insertPlain = db.prepare(insert)
    this.#removeByKey =
      keys.length === 0
        ? null
        : db.prepare(`DELETE FROM ${quoted(table)} WHERE ${keys.map((k) => `${quoted(k)} IS ?`).join(' AND ')}`)
    this.#insert = keys.length === 0 ? this.#insertPlain : this.#upsert(insert, schema, keys)
  }

  #create(schema: Schema, keys: readonly string[]): void {
    const columns = schema.fields.map((f) => `${quoted(f.name)} ${declaredType(f.type)}`)
    if (keys.length > 0) columns.push(`PRIMARY KEY (${keys.map(quoted).join(', ')})`)
    this.#db.exec(`CREATE TABLE IF NOT EXISTS ${quoted(this.#table)} (${columns.join(', ')})`)
    const there = this.#db.prepare(`SELECT * FROM ${quoted(this.#table)}`).columns()
    const known = new Set(there.map((c) => c.name.toLowerCase()))
    for (const f of schema.fields)
      if (!known.has(f.name.toLowerCase())) {
        const near = nearestName(
          f.name,
          there.map((c) => c.name),
        )
        throw mismatch(
          this.#db,
          this.#table,
          `it has no column "${f.name}"`,
          near ? `rename the column to "${near}", or add one to the table` : 'add the column to the table',
        )
      }
  }

  #upsert(insert: string, schema: Schema, keys: readonly string[]): Statement {
    const others = schema.fields
      .filter((f) => !keys.includes(f.name))
      .map((f) => `${quoted(f.name)} = excluded.${quoted(f.name)}`)
    const action = others.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${others.join(', ')}`
    const sql = `${insert} ON CONFLICT (${keys.map(quoted).join(', ')}) ${action}`
    const unique = this.#db
      .prepare(
        `SELECT i.name AS name, group_concat(lower(c.name), char(0)) AS columns FROM pragma_index_list(?) i, pragma_index_info(i.name) c
         WHERE i."unique" = 1 AND i.partial = 0 GROUP BY i.name
         UNION ALL SELECT '', group_concat(lower(name), char(0)) FROM pragma_table_info(?) WHERE pk > 0`,
      )
      .all(this.#table, this.#table)
    const wanted = keys
      .map((k) => k.toLowerCase())
      .sort()
      .join('\0')
    const fits = unique.some(
      (u) =>
        String(u['columns'] ?? '')
          .split('\0')
          .sort()
          .join('\0') === wanted,
    )
    if (!fits)
      throw mismatch(
        this.#db,
        this.#table,
        `${keys.join(', ')} is no key of it`,
        `CREATE UNIQUE INDEX … ON ${this.#table} (${keys.join(', ')})`,
      )
    return this.#db.prepare(sql)
  }

  /** Removes all rows. */
  clear(): void {
    this.#db.exec(`DELETE FROM ${quoted(this.#table)}`)
  }

  /** Writes the rows of a batch; to be called within a transaction. */
  write(batch: Batch): void {
    const { columns } = batch
    const values = this.#makers.map(() => null as ReturnType<ReturnType<typeof toSql>>)
    for (let i = 0; i < batch.rowCount; i++) {
      const row = batch.rowAt(i)
      const action = this.#actionOf(batch, row)
      if (action === 'skip') continue
      // The column that tells the changes is the last.
      for (let c = 0; c < values.length; c++) values[c] = this.#makers[c]!(columns[c]!.get(row))
      const remove = this.#removeByKey
      if (action === 'remove') remove!.run(...this.#keyAt.map((at) => values[at]!))
      else if (remove !== null && this.#keyAt.some((at) => values[at] === null)) {
        remove.run(...this.#keyAt.map((at) => values[at]!))
        this.#insertPlain.run(...values)
      } else this.#insert.run(...values)
    }
  }

  /** What a row does to the table. An update's old row is overwritten by its new one. */
  #actionOf(batch: Batch, row: number): 'put' | 'remove' | 'skip' {
    if (this.#changeType === null) return batch.weights !== null && batch.weights[row]! < 0 ? 'remove' : 'put'
    const type = batch.columns[this.#changeType]!.get(row)
    return type === 'delete' ? 'remove' : type === 'update_preimage' ? 'skip' : 'put'
  }
}

function keyColumn(schema: Schema, name: string): number {
  const at = schema.fields.findIndex((f) => f.name.toLowerCase() === name.toLowerCase())
  if (at >= 0) return at
  const names = schema.fields.map((f) => f.name)
  const near = nearestName(name, names)
  throw new OptionError(
    'OPTION_INVALID',
    { format: 'sqlite', option: 'key', value: name, expected: `a column of the query (${names.join(', ')})` },
    { hint: near ? `did you mean "${near}"?` : undefined },
  )
}

/** SQLite knows columns without regard to case. */
function refuseRepeats(db: Database, table: string, schema: Schema): void {
  const seen = new Set<string>()
  for (const { name } of schema.fields) {
    if (seen.has(name.toLowerCase()))
      throw mismatch(db, table, `the query has two columns "${name}"`, 'rename one with AS')
    seen.add(name.toLowerCase())
  }
}

const mismatch = (db: Database, table: string, message: string, hint: string): AnalysisError =>
  new AnalysisError('SQLITE_TABLE_MISMATCH', { table, path: db.path, message }, { hint })
