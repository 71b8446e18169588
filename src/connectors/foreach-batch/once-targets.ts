/** A pool of PostgreSQL connections that `once` can use: `postgresPool(…)`, or a Pool of the package pg. */
export interface OncePostgres {
  connect(): Promise<OncePostgresClient>
}

/** A connection out of a pool, within the transaction of `once`. */
export interface OncePostgresClient {
  query(
    text: string,
    values?: unknown[],
  ): Promise<{ readonly rows: Record<string, unknown>[]; readonly rowCount: number | null }>
  release(destroy?: boolean): void
  /** As of an event emitter, where it is one. */
  on?(event: 'error', listener: (error: Error) => void): unknown
  off?(event: 'error', listener: (error: Error) => void): unknown
}

/** A SQLite database that `once` can use: one of better-sqlite3, or a DatabaseSync of node:sqlite. */
export interface OnceSqlite {
  exec(sql: string): unknown
  prepare(sql: string): OnceSqliteStatement
}

export interface OnceSqliteStatement {
  run(...values: (string | number)[]): unknown
  get(...values: (string | number)[]): unknown
}
