/** sqlite: the rows of a table or query of a SQLite file, as of the moment it is read. */
import { statSync } from 'node:fs'
import type { Batch } from '../../columns/batch.ts'
import { MAX_BATCH_ROWS } from '../../columns/batch.ts'
import { batchOf } from '../../columns/builder.ts'
import { AnalysisError, OptionError } from '../../errors/errors.ts'
import { nearestName } from '../../errors/suggest.ts'
import type { Database } from '../../storage/database.ts'
import { openDatabase } from '../../storage/sqlite.ts'
import { BIGINT, BINARY, type DataType, DOUBLE, field, type Schema, STRING } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { plainPath } from '../files/listing.ts'
import { defineSource, type Options, type Source, type SourceContext } from '../provider.ts'
import { fromSql, typeOfDeclared } from './column-types.ts'
import { quoted } from './table.ts'

export const sqliteSource = defineSource({
  format: 'sqlite',
  doc: 'Rows of a table or query of a SQLite file. The types are those the columns are declared with, unless a schema is given.',
  options: {
    path: { type: 'string', required: true, doc: 'The SQLite file.' },
    table: { type: 'string', doc: 'The table or view to read.' },
    query: { type: 'string', doc: "A SELECT in SQLite's own dialect, in place of a table." },
  },
  replay: 'none',
  supports: ['batch'],
  tellsChange: true,
  schema(options, declared) {
    const db = open(options)
    try {
      const found = columnsOf(db, options)
      if (declared === null) return found
      for (const f of declared.fields)
        if (!found.fields.some((g) => sameName(f.name, g.name))) throw unknownColumn(f.name, found)
      return declared
    } finally {
      db.close()
    }
  },
  open: (options, ctx) => Promise.resolve(new SqliteSource(open(options), options, ctx)),
  describe: (options) => `SqliteSource[${String(options['path'])}, ${String(options['table'] ?? options['query'])}]`,
})

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

function open(options: Options): Database {
  if ((options['table'] === undefined) === (options['query'] === undefined))
    throw new OptionError(
      'OPTION_MISSING',
      { format: 'sqlite', option: 'table' },
      { hint: 'give table or query, one of them' },
    )
  const path = plainPath(String(options['path']))
  if (statSync(path, { throwIfNoEntry: false }) === undefined) throw new AnalysisError('PATH_NOT_FOUND', { path })
  return openDatabase(path, { readonly: true })
}

function selectOf(db: Database, options: Options): string {
  const query = options['query']
  if (query !== undefined) return String(query)
  const table = String(options['table'])
  const there = db
    .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
    .all()
    .map((r) => String(r['name']))
  if (!there.some((name) => sameName(name, table))) {
    const near = nearestName(table, there)
    throw new AnalysisError(
      'TABLE_OR_VIEW_NOT_FOUND',
      { name: table },
      { hint: near ? `did you mean "${near}"?` : `the file holds ${there.join(', ') || 'no table'}` },
    )
  }
  return `SELECT * FROM ${quoted(table)}`
}

/** Columns that are expressions have no declared type: the first row tells theirs. */
function columnsOf(db: Database, options: Options): Schema {
  const select = db.prepare(selectOf(db, options), { bigints: true })
  const columns = select.columns()
  const first = columns.every((c) => c.declaredType !== null) ? undefined : select.get()
  return {
    fields: columns.map((c) =>
      field(c.name, c.declaredType === null ? typeOfValue(first?.[c.name]) : typeOfDeclared(c.declaredType)),
    ),
  }
}

function typeOfValue(v: unknown): DataType {
  if (typeof v === 'bigint') return BIGINT
  if (typeof v === 'number') return DOUBLE
  return v instanceof Uint8Array ? BINARY : STRING
}

function unknownColumn(name: string, found: Schema): AnalysisError {
  const names = found.fields.map((f) => f.name)
  const near = nearestName(name, names)
  return new AnalysisError(
    'UNRESOLVED_COLUMN.WITH_SUGGESTION',
    { name },
    { hint: near ? `did you mean "${near}"?` : `there are ${names.join(', ')}` },
  )
}

/** Sizes and modification times of the file and of its log of commits. */
function changeTokenOf(options: Options): string {
  const path = plainPath(String(options['path']))
  return [path, `${path}-wal`]
    .map((file) => statSync(file, { throwIfNoEntry: false, bigint: true }))
    .map((found) => (found === undefined ? '' : `${found.size}:${found.mtimeNs}`))
    .join(' ')
}

class SqliteSource implements Source<number> {
  readonly #db: Database
  readonly #options: Options
  readonly #schema: Schema
  readonly #timeZone: string

  constructor(db: Database, options: Options, ctx: SourceContext) {
    this.#db = db
    this.#options = options
    this.#schema = ctx.schema
    this.#timeZone = ctx.timeZone
  }

  initialOffset(): Promise<number> {
    return Promise.resolve(0)
  }
  latestOffset(): Promise<number> {
    return Promise.resolve(1)
  }

  *read(): Generator<Batch> {
    const { fields } = this.#schema
    const inner = selectOf(this.#db, this.#options)
    const names = fields.map((f) => quoted(f.name)).join(', ')
    const select = this.#db.prepare(`SELECT ${names === '' ? 'NULL' : names} FROM (${inner})`, { bigints: true })
    const keys = select.columns().map((c) => c.name)
    const readers = fields.map((f) => fromSql(f.type, f.name, this.#timeZone))
    let rows: Value[][] = []
    for (const row of select.iterate()) {
      rows.push(readers.map((read, i) => read(row[keys[i]!]!)))
      if (rows.length < MAX_BATCH_ROWS) continue
      yield batchOf(this.#schema, rows)
      rows = []
    }
    if (rows.length > 0) yield batchOf(this.#schema, rows)
  }

  changeToken(): Promise<string> {
    return Promise.resolve(changeTokenOf(this.#options))
  }

  close(): Promise<void> {
    this.#db.close()
    return Promise.resolve()
  }
}
