import type { Database, SqlValue } from '../storage/database.ts'
import { batchWhere } from './batch-log.ts'
import { type Damage, NO_START, type RowCheck } from './damage.ts'
import { fingerprintWhere } from './fingerprints.ts'
import { lotWhere } from './ingest-log.ts'
import { checksum } from './integrity.ts'
import { metadataWhere } from './metadata.ts'
import { SEAL, type Seal } from './seal.ts'
import { countKey, entryWhere, storedLogs } from './source-log.ts'
import { checkState } from './state-check.ts'
import { staticWhere } from './static-log.ts'

type Row = Readonly<Record<string, SqlValue>>

/** Rows of one of our tables: the columns that name one, what messages call it, and what it means when it is damaged. */
interface CheckedRows {
  readonly table: string
  readonly columns: string
  readonly where: (row: Row) => string
  readonly meaning: string
}

const text = (row: Row, column: string): string => String(row[column])
const number = (row: Row, column: string): number => Number(row[column])

const CHECKED: readonly CheckedRows[] = [
  {
    table: 'millrace_metadata',
    columns: 'key',
    where: (row) => metadataWhere(text(row, 'key')),
    meaning: NO_START,
  },
  {
    table: 'millrace_fingerprints',
    columns: 'node',
    where: (row) => fingerprintWhere(text(row, 'node')),
    meaning: NO_START,
  },
  {
    table: 'millrace_source_log',
    columns: 'name, position, seq',
    where: (row) => entryWhere(text(row, 'name'), number(row, 'position'), number(row, 'seq')),
    meaning: NO_START,
  },
  {
    table: 'millrace_ingest',
    columns: 'source, seq',
    where: (row) => lotWhere(text(row, 'source'), number(row, 'seq')),
    meaning: 'rows that were received are lost: a batch that reads them fails',
  },
  {
    table: 'millrace_static',
    columns: 'source, version, part',
    where: (row) => staticWhere(text(row, 'source'), number(row, 'version'), number(row, 'part')),
    meaning: 'a batch that is to see this version of the table fails',
  },
]

/**
 * Reads every row we wrote and holds it against its checksum, and the logs against their numbers: nothing missing between
 * the first batch held and the last. `restorable` says of a state table whether it can be restored as of the last commit.
 */
export function checkRows(db: Database, restorable: (operatorId: string, table: string) => boolean): RowCheck {
  const damages: Damage[] = []
  let rows = checkBatches(db, damages)
  for (const { table, columns, where, meaning } of CHECKED) {
    if (!has(db, table)) continue
    for (const row of db.prepare(`SELECT ${columns}, content, crc FROM ${table}`).iterate()) {
      rows++
      if (!fits(where(row), row)) damages.push({ what: `${where(row)} is damaged`, meaning })
    }
  }
  for (const name of storedLogs(db)) {
    const written = db.prepare('SELECT content FROM millrace_metadata WHERE key = ?').get(countKey(name))
    const found = db.prepare('SELECT count(*) AS n FROM millrace_source_log WHERE name = ?').get(name)
    if (written !== undefined && String(written['content']) !== String(found?.['n']))
      damages.push({
        what: `the log of source ${name} has ${String(found?.['n'])} entries where ${String(written['content'])} were written`,
        meaning: NO_START,
      })
  }
  checkSeal(db, damages)
  const state = checkState(db, restorable)
  return { rows: rows + state.rows, damages: [...damages, ...state.damages] }
}

/** Both logs of batches: each row, and that none is missing. Gives how many there are. */
function checkBatches(db: Database, damages: Damage[]): number {
  let count = 0
  const committed = number(db.prepare('SELECT max(batch_id) AS last FROM millrace_commits').get() ?? {}, 'last')
  for (const [table, name, kept] of [
    ['millrace_offsets', 'offset row', 2],
    ['millrace_commits', 'commit row', 1],
  ] as const) {
    const rows = db.prepare(`SELECT batch_id, content, crc FROM ${table} ORDER BY batch_id`).all()
    const newest = number(rows[rows.length - 1] ?? { batch_id: -1 }, 'batch_id')
    // The batch before the last is looked at, but done without where the last is committed.
    const meaning = (batchId: number, missing = false): string =>
      batchId > newest - (missing && newest <= committed ? 1 : kept)
        ? NO_START
        : `the query goes on, but cannot be rolled back to batch ${batchId}`
    let next = number(rows[0] ?? { batch_id: 0 }, 'batch_id')
    for (const row of rows) {
      const batchId = number(row, 'batch_id')
      for (; next < batchId; next++)
        damages.push({ what: `${batchWhere(name, next)} is missing`, meaning: meaning(next, true) })
      next = batchId + 1
      if (!fits(batchWhere(name, batchId), row))
        damages.push({ what: `${batchWhere(name, batchId)} is damaged`, meaning: meaning(batchId) })
    }
    count += rows.length
  }
  return count
}

/** The state tables of the last commit are there, each with what its operator means. */
function checkSeal(db: Database, damages: Damage[]): void {
  const row = db.prepare('SELECT content, crc FROM millrace_metadata WHERE key = ?').get(SEAL)
  if (row === undefined || !fits(metadataWhere(SEAL), row)) return
  const { state } = JSON.parse(text(row, 'content')) as Seal
  const tables = db.prepare("SELECT operator_id || '/' || name AS name FROM millrace_state_tables").all()
  const nodes = db.prepare('SELECT node FROM millrace_fingerprints').all()
  const [hasTable, hasNode] = [new Set(tables.map((r) => r['name'])), new Set(nodes.map((r) => r['node']))]
  for (const name of Object.keys(state)) {
    const node = name.slice(0, name.lastIndexOf('/'))
    if (!hasTable.has(name)) damages.push({ what: `the state table ${name} is missing`, meaning: NO_START })
    if (!hasNode.has(node)) damages.push({ what: `${fingerprintWhere(node)} is missing`, meaning: NO_START })
    hasNode.add(node)
  }
}

function fits(where: string, row: Row): boolean {
  const content = row['content']
  return (typeof content === 'string' || content instanceof Uint8Array) && checksum(where, content) === row['crc']
}

/** Whether a table is there: those of some sources come with them. */
const has = (db: Database, table: string): boolean =>
  db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table) !== undefined
