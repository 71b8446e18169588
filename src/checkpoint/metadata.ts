import type { Database, Statement } from '../storage/database.ts'
import type { Json } from '../types/json.ts'
import { checkedJson, checksum } from './integrity.ts'

/** Small named JSON values. Writes wait for `flush`, in the transaction of the next offset or commit row. */
export class Metadata {
  readonly #path: string
  readonly #get: Statement
  readonly #all: Statement
  readonly #put: Statement
  readonly #pending = new Map<string, string>()

  constructor(db: Database) {
    this.#path = db.path
    this.#get = db.prepare('SELECT content, crc FROM millrace_metadata WHERE key = ?')
    this.#all = db.prepare('SELECT key, content, crc FROM millrace_metadata')
    this.#put = db.prepare('INSERT OR REPLACE INTO millrace_metadata (key, content, crc) VALUES (?, ?, ?)')
  }

  /** The value, or undefined; what was set is seen at once. Throws CHECKPOINT_CORRUPT. */
  get(key: string): Json | undefined {
    const pending = this.#pending.get(key)
    if (pending !== undefined) return JSON.parse(pending) as Json
    const row = this.#get.get(key)
    if (row === undefined) return undefined
    return checkedJson(this.#path, metadataWhere(key), row['content'], row['crc'])
  }

  /** Reads every value, so that one whose key is damaged is not taken for one that was never set. Throws CHECKPOINT_CORRUPT. */
  checkAll(): void {
    for (const row of this.#all.all())
      checkedJson(this.#path, metadataWhere(String(row['key'])), row['content'], row['crc'])
  }

  /** Writes a value at once; to be called within a transaction. */
  put(key: string, value: Json): void {
    const content = JSON.stringify(value)
    this.#put.run(key, content, checksum(metadataWhere(key), content))
  }

  set(key: string, value: Json): void {
    this.#pending.set(key, JSON.stringify(value))
  }

  /** Writes what waits; to be called within a transaction. `settled` forgets it once that has succeeded. */
  flush(): void {
    for (const [key, content] of this.#pending) this.#put.run(key, content, checksum(metadataWhere(key), content))
  }
  settled(): void {
    this.#pending.clear()
  }
}

/** What messages call a value. */
export const metadataWhere = (key: string): string => `the metadata ${key}`
