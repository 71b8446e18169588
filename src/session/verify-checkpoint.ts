import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { type Damage, NO_START } from '../checkpoint/damage.ts'
import { existingCheckpoint, openCheckpoint } from '../checkpoint/open.ts'
import { checkRows } from '../checkpoint/row-check.ts'
import { lastBatch, storedTables, tableAt } from '../connectors/statestore/stored-tables.ts'
import { CheckpointError } from '../errors/errors.ts'
import type { Database } from '../storage/database.ts'
import { openDatabase } from '../storage/sqlite.ts'

/** What a checkpoint was found to be. */
export interface CheckpointVerification {
  readonly path: string
  /** Rows held against their checksums. */
  readonly rows: number
  /** State tables restored as of the last commit. */
  readonly tables: number
  /** Empty: the query can start, and go back to every batch that is held. */
  readonly damages: readonly Damage[]
}

/**
 * Reads all of the checkpoint at `location`, as it is at this moment, also while its query runs: the structure of the file
 * (the user's tables in it too), every row and blob, and every state table as of the last commit. Throws only where
 * there is nothing to look at: no checkpoint, or one of another format.
 */
export function verifyCheckpoint(location: string): CheckpointVerification {
  const { database: path } = existingCheckpoint(location)
  const met: Damage[] = []
  const broken = new Set<string>()
  let tables = 0
  let rows = 0
  tolerating(met, () => {
    const checkpoint = openCheckpoint(location, { readonly: true, snapshot: true })
    try {
      tolerating(met, () => checkpoint.recover())
      tables = restoreAll(checkpoint, met, broken)
    } finally {
      checkpoint.close()
    }
  })
  const opens = met.length === broken.size
  const damages: Damage[] = []
  tolerating(damages, () => {
    const db = openDatabase(path, { readonly: true })
    try {
      db.exec('BEGIN')
      damages.push(...structureDamage(db))
      const found = checkRows(db, (operatorId, table) => opens && !broken.has(`${operatorId}/${table}`))
      rows = found.rows
      damages.push(...found.damages)
    } finally {
      db.close()
    }
  })
  // What a start meets is what the rows say already, where they say that it cannot be.
  const known = damages.some((d) => d.meaning === NO_START)
  return { path, rows, tables, damages: known ? damages : [...met, ...damages] }
}

/** Restores every state table as of the last commit; gives how many there are, and notes those that cannot be. */
function restoreAll(checkpoint: Checkpoint, damages: Damage[], broken: Set<string>): number {
  const tables = storedTables(checkpoint)
  for (const table of tables)
    if (!tolerating(damages, () => tableAt(checkpoint, table, lastBatch(checkpoint))))
      broken.add(`${table.operatorId}/${table.spec.name}`)
  return tables.length
}

/** Pages SQLite finds wrong, the user's tables among them. */
function structureDamage(db: Database): Damage[] {
  return db
    .prepare('PRAGMA integrity_check(20)')
    .all()
    .map((row) => String(row['integrity_check']))
    .filter((found) => found !== 'ok')
    .map((found) => ({ what: found.split('\n').pop()!, meaning: NO_START }))
}

/** Damage within `body` is noted, anything else thrown. */
function tolerating(damages: Damage[], body: () => unknown): boolean {
  try {
    body()
    return true
  } catch (error) {
    if (!(error instanceof CheckpointError) || !/CORRUPT|INCONSISTENT|BATCH_GONE/.test(error.code)) throw error
    const what = error.message.split('\n')[0]!.replace(/^\[\w+\] /, '')
    if (!damages.some((d) => d.what === what)) damages.push({ what, meaning: NO_START })
    return false
  }
}
