/** A value SQLite stores. Integers come back as number (bigint where a statement asks for it). */
export type SqlValue = null | number | bigint | string | Uint8Array

/** A prepared statement. */
export interface Statement {
  run(...params: readonly SqlValue[]): { readonly changes: number }
  get(...params: readonly SqlValue[]): Readonly<Record<string, SqlValue>> | undefined
  all(...params: readonly SqlValue[]): Readonly<Record<string, SqlValue>>[]
  iterate(...params: readonly SqlValue[]): IterableIterator<Readonly<Record<string, SqlValue>>>
  /** The columns a SELECT gives; `declaredType` is that of the table column behind it, null for an expression. */
  columns(): { readonly name: string; readonly declaredType: string | null }[]
}

/** `bigints`: integers come back as bigint, exact over the whole of int64. */
export interface StatementOptions {
  readonly bigints?: boolean
}

/** How a commit reaches the disk: 'power' survives a power cut (synchronous FULL), 'process' survives kill -9 (NORMAL). */
export type Durability = 'power' | 'process'

/**
 * One SQLite file. Everything is synchronous. Faults of SQLite (full, busy, corrupt, read-only) arrive as
 * CheckpointError with a condition of ours, never as the driver's own errors.
 */
export interface Database {
  readonly path: string
  prepare(sql: string, options?: StatementOptions): Statement
  exec(sql: string): void
  /** Runs `body` in one IMMEDIATE transaction; rolls back and rethrows when it throws. Not reentrant. */
  transaction<T>(body: () => T): T
  /** Sets how following commits reach the disk. */
  /** As last set; 'process', the weaker, before. */
  readonly durability: Durability
  setDurability(durability: Durability): void
  /**
   * Copies the whole file, page by page, to `target` (which must not be there), while others go on writing to it. Within
   * an open read transaction the copy is what that transaction sees. It has reached the disk when the promise resolves.
   */
  backup(target: string): Promise<void>
  close(): void
}
