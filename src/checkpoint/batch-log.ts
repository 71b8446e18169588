import type { Database, Statement } from '../storage/database.ts'
import { checkedJson, checksum, damaged } from './integrity.ts'

/** What messages call a row of a batch log. */
export const batchWhere = (name: string, batchId: number): string => `the ${name} of batch ${batchId}`

/** One row a batch, by batch id, each with its checksum: the shape of the offset log and of the commit log. */
export class BatchLog<Row extends { readonly batchId: number }> {
  readonly #path: string
  readonly #name: string
  readonly #put: Statement
  readonly #get: Statement
  readonly #last: Statement
  readonly #ids: Statement
  readonly #purge: Statement
  readonly #cut: Statement

  /** `table` is one of our tables, `name` what messages call a row of it. */
  constructor(db: Database, table: string, name: string) {
    this.#path = db.path
    this.#name = name
    this.#put = db.prepare(`INSERT INTO ${table} (batch_id, content, crc) VALUES (?, ?, ?)`)
    this.#get = db.prepare(`SELECT content, crc FROM ${table} WHERE batch_id = ?`)
    this.#last = db.prepare(`SELECT max(batch_id) AS last FROM ${table}`)
    this.#ids = db.prepare(`SELECT batch_id AS id FROM ${table} ORDER BY batch_id`)
    this.#purge = db.prepare(`DELETE FROM ${table} WHERE batch_id < ?`)
    this.#cut = db.prepare(`DELETE FROM ${table} WHERE batch_id > ?`)
  }

  #where(batchId: number): string {
    return batchWhere(this.#name, batchId)
  }

  /** Adds a row; a batch that has one already is refused by SQLite. */
  put(row: Row): void {
    const content = JSON.stringify(row)
    this.#put.run(row.batchId, content, checksum(this.#where(row.batchId), content))
  }

  /** The row of a batch, or null. Throws CHECKPOINT_CORRUPT. */
  get(batchId: number): Row | null {
    const found = this.#get.get(batchId)
    if (found === undefined) return null
    const where = this.#where(batchId)
    const row = checkedJson(this.#path, where, found['content'], found['crc']) as unknown as Row
    if (row.batchId !== batchId) throw damaged(this.#path, where)
    return row
  }

  /** The row of the highest batch, or null. Throws CHECKPOINT_CORRUPT. */
  last(): Row | null {
    const id = this.#last.get()?.['last']
    return typeof id === 'number' ? this.get(id) : null
  }

  /** Batches that have a row, ascending. */
  batchIds(): number[] {
    return this.#ids.all().map((r) => Number(r['id']))
  }

  /** Drops rows of batches below `batchId`. */
  purge(batchId: number): void {
    this.#purge.run(batchId)
  }

  /** Drops rows of batches above `batchId`. */
  cut(batchId: number): void {
    this.#cut.run(batchId)
  }
}
