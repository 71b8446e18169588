import type { Database, Statement } from '../storage/database.ts'
import { checkedBlob, checksum } from './integrity.ts'

const TABLE = `
  CREATE TABLE IF NOT EXISTS millrace_static (
    source TEXT NOT NULL, version INTEGER NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL,
    schema TEXT NOT NULL, content BLOB NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (source, version, part)
  );
`

/**
 * Bounded tables beside a stream as they were read, in the checkpoint's file: what an offset row calls a version can be
 * read again. Content is bytes of `encodeBatch`.
 */
export class StaticLog {
  readonly #db: Database
  readonly #put: Statement
  readonly #get: Statement
  readonly #cut: Statement
  readonly #purge: Statement

  constructor(db: Database) {
    this.#db = db
    db.exec(TABLE)
    this.#put = db.prepare(
      'INSERT INTO millrace_static (source, version, part, parts, schema, content, crc) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    this.#get = db.prepare(
      'SELECT part, parts, content, crc FROM millrace_static WHERE source = ? AND version = ? AND schema = ? ORDER BY part',
    )
    this.#cut = db.prepare('DELETE FROM millrace_static WHERE source = ? AND version >= ?')
    this.#purge = db.prepare('DELETE FROM millrace_static WHERE source = ? AND version < ?')
  }

  /** Keeps a version, in one transaction; later ones, of a life that was rolled back, are forgotten. */
  put(source: string, version: number, schema: string, parts: readonly Uint8Array[]): void {
    // An empty table is a version too.
    const all = parts.length === 0 ? [new Uint8Array(0)] : parts
    this.#db.transaction(() => {
      this.#cut.run(source, version)
      all.forEach((content, part) =>
        this.#put.run(
          source,
          version,
          part,
          parts.length,
          schema,
          content,
          checksum(staticWhere(source, version, part), content),
        ),
      )
    })
  }

  /** The parts of a version with those columns, or null when it is not held. Throws CHECKPOINT_CORRUPT. */
  get(source: string, version: number, schema: string): readonly Uint8Array[] | null {
    const rows = this.#get.all(source, version, schema)
    if (rows.length === 0 || rows.length < Number(rows[0]!['parts'])) return null
    return rows
      .slice(0, Number(rows[0]!['parts']))
      .map((r) => checkedBlob(this.#db.path, staticWhere(source, version, Number(r['part'])), r['content'], r['crc']))
  }

  /** Forgets the versions before one. */
  purge(source: string, before: number): void {
    this.#purge.run(source, before)
  }
}

/** What messages call a part of a table. */
export const staticWhere = (source: string, version: number, part: number): string =>
  `part ${part} of version ${version} of the table ${source}`
