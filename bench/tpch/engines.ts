import { DuckDBInstance, DuckDBTypeId, type DuckDBConnection } from '@duckdb/node-api'
import { millrace, type MillraceSession } from '../../src/index.ts'
import { ddlOf, fileOf, TABLE_NAMES, TABLES, type TableFormat } from './tables.ts'

/** A result as texts: numbers in decimal form, days as `YYYY-MM-DD`; NULL is null. */
export interface Answer {
  readonly rows: readonly (readonly (string | null)[])[]
  /** Which columns are DOUBLE. */
  readonly doubles: readonly boolean[]
}

const texts = (cells: readonly unknown[]): readonly (string | null)[] =>
  cells.map((cell) => (cell === null ? null : String(cell)))

/** Runs queries over the tables; each reads the files anew. */
export interface Engine {
  readonly name: string
  answer(sql: string): Promise<Answer>
  close(): Promise<void>
}

/** millrace over the files of one format, on the caller's thread. */
export function millraceOver(directory: string, format: TableFormat): Engine {
  const session: MillraceSession = millrace()
  for (const table of TABLE_NAMES)
    session.read
      .format(format)
      .schema(ddlOf(table))
      .options(format === 'csv' ? { header: 'true' } : {})
      .load(fileOf(directory, table, format))
      .createOrReplaceTempView(table)
  return {
    name: 'millrace',
    answer: async (sql) => {
      const result = session.sql(sql)
      const rows = await result.collect()
      return {
        rows: rows.map((row) => texts(Object.values(row))),
        doubles: result.schema.fields.map((f) => f.type.kind === 'double'),
      }
    },
    close: () => session.stop(),
  }
}

/** DuckDB over the same files. */
export async function duckdbOver(directory: string, format: TableFormat, threads: number): Promise<Engine> {
  const instance = await DuckDBInstance.create(':memory:', { threads: String(threads) })
  const connection: DuckDBConnection = await instance.connect()
  for (const table of TABLE_NAMES) {
    const columns = Object.entries(TABLES[table]).map(([name, type]) => `'${name}': '${type}'`)
    const read = format === 'csv' ? 'read_csv' : 'read_json'
    const options = format === 'csv' ? ', header = true' : `, format = 'newline_delimited'`
    await connection.run(
      `CREATE VIEW ${table} AS SELECT * FROM ${read}('${fileOf(directory, table, format)}', columns = {${columns.join(', ')}}${options})`,
    )
  }
  return {
    name: 'duckdb',
    answer: async (sql) => {
      const reader = await connection.runAndReadAll(sql)
      return {
        rows: reader.getRowsJson().map(texts),
        doubles: reader.columnTypes().map((type) => type.typeId === DuckDBTypeId.DOUBLE),
      }
    },
    close: () => {
      connection.closeSync()
      instance.closeSync()
      return Promise.resolve()
    },
  }
}
