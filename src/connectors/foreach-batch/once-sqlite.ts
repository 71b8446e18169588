import type { SinkToken } from '../../checkpoint/checkpoint.ts'
import { ExecutionError } from '../../errors/errors.ts'
import { isToDo, ONCE_TABLE } from './once-note.ts'
import type { OnceSqlite } from './once-targets.ts'

/** `BatchContext.once` for a SQLite database. */
export function onceInSqlite(
  database: OnceSqlite,
  token: SinkToken,
  name: string,
  effect: (database: OnceSqlite) => unknown,
): boolean {
  const { queryId, batchId, offsetHash } = token
  database.exec('BEGIN IMMEDIATE')
  try {
    database.exec(ONCE_TABLE)
    const row = database
      .prepare('SELECT batch_id, offset_hash FROM millrace_once WHERE query_id = ? AND name = ?')
      .get(queryId, name) as { readonly batch_id: number | bigint; readonly offset_hash: string } | undefined
    const noted = row === undefined ? null : { batchId: Number(row.batch_id), offsetHash: row.offset_hash }
    const toDo = isToDo(token, noted)
    if (toDo) {
      database
        .prepare('INSERT OR REPLACE INTO millrace_once (query_id, name, batch_id, offset_hash) VALUES (?, ?, ?, ?)')
        .run(queryId, name, batchId, offsetHash)
      if (isPromise(effect(database)))
        throw new ExecutionError(
          'ONCE_NOT_SYNCHRONOUS',
          {},
          { hint: 'collect what it needs before, and only write within once' },
        )
    }
    database.exec('COMMIT')
    return toDo
  } catch (error) {
    try {
      database.exec('ROLLBACK')
    } catch {
      // SQLite itself has rolled back after some faults: the first error is the one to report
    }
    throw error
  }
}

const isPromise = (x: unknown): boolean => typeof (x as PromiseLike<unknown> | null | undefined)?.then === 'function'
