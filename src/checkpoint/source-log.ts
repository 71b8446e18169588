import { assert } from '../errors/errors.ts'
import type { Database, Statement } from '../storage/database.ts'
import type { Json } from '../types/json.ts'
import type { SourceLog } from './checkpoint.ts'
import { checkedJson, checksum, damaged } from './integrity.ts'
import type { Metadata } from './metadata.ts'

/** What messages call an entry. */
export const entryWhere = (name: string, offset: number, seq: number): string =>
  `entry ${seq} of offset ${offset} in the log of source ${name}`

/** Key of the metadata that says how many entries the log of a source has. */
export const countKey = (name: string): string => `entries of source ${name}`

interface Pending {
  readonly offset: number
  readonly seq: number
  readonly content: string
}

/** The log of one source: rows (offset, seq) with a JSON entry; appended entries wait for `flush`. */
export class StoredSourceLog implements SourceLog {
  readonly #db: Database
  readonly #name: string
  readonly #put: Statement
  readonly #range: Statement
  readonly #last: Statement
  readonly #count: Statement
  readonly #cut: Statement
  readonly #metadata: Metadata
  /** Entries in the database. */
  #entries: number
  #pending: Pending[] = []

  /** Throws CHECKPOINT_CORRUPT when entries that were written are not found. */
  constructor(db: Database, name: string, metadata: Metadata) {
    this.#db = db
    this.#metadata = metadata
    this.#name = name
    this.#put = db.prepare('INSERT INTO millrace_source_log (name, position, seq, content, crc) VALUES (?, ?, ?, ?, ?)')
    this.#range = db.prepare(
      'SELECT position, seq, content, crc FROM millrace_source_log WHERE name = ? AND position > ? AND position <= ? ORDER BY position, seq',
    )
    this.#last = db.prepare('SELECT max(position) AS last FROM millrace_source_log WHERE name = ?')
    this.#count = db.prepare('SELECT count(*) AS n FROM millrace_source_log WHERE name = ? AND position = ?')
    this.#cut = db.prepare('DELETE FROM millrace_source_log WHERE name = ? AND position > ?')
    this.#entries = Number(db.prepare('SELECT count(*) AS n FROM millrace_source_log WHERE name = ?').get(name)?.['n'])
    const written = metadata.get(this.#countKey)
    if (written !== undefined && written !== this.#entries) throw damaged(db.path, `the log of source ${name}`)
  }

  get #countKey(): string {
    return countKey(this.#name)
  }

  #where(offset: number, seq: number): string {
    return entryWhere(this.#name, offset, seq)
  }

  append(offset: number, entries: readonly Json[]): void {
    assert(Number.isSafeInteger(offset) && offset >= this.last(), `source ${this.#name}: offset ${offset} goes back`)
    let seq = Number(this.#count.get(this.#name, offset)?.['n'])
    for (const p of this.#pending) if (p.offset === offset) seq++
    for (const entry of entries) this.#pending.push({ offset, seq: seq++, content: JSON.stringify(entry) })
  }

  read(from: number, to: number): Json[] {
    const out: Json[] = []
    for (const { entry } of this.#stored(from, to)) out.push(entry)
    for (const p of this.#pending) if (p.offset > from && p.offset <= to) out.push(JSON.parse(p.content) as Json)
    return out
  }

  *all(): IterableIterator<{ readonly offset: number; readonly entry: Json }> {
    yield* this.#stored(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    for (const p of this.#pending) yield { offset: p.offset, entry: JSON.parse(p.content) as Json }
  }

  *#stored(from: number, to: number): IterableIterator<{ readonly offset: number; readonly entry: Json }> {
    // in full, not by cursor: an open cursor would keep the connection from writing
    for (const row of this.#range.all(this.#name, from, to)) {
      const offset = Number(row['position'])
      const entry = checkedJson(this.#db.path, this.#where(offset, Number(row['seq'])), row['content'], row['crc'])
      yield { offset, entry }
    }
  }

  last(): number {
    const pending = this.#pending[this.#pending.length - 1]
    if (pending !== undefined) return pending.offset
    const last = this.#last.get(this.#name)?.['last']
    return typeof last === 'number' ? last : -1
  }

  truncate(offset: number): void {
    this.#pending = this.#pending.filter((p) => p.offset <= offset)
    this.#db.transaction(() => {
      const { changes } = this.#cut.run(this.#name, offset)
      if (changes === 0) return
      this.#entries -= changes
      this.#metadata.put(this.#countKey, this.#entries)
    })
  }

  /** Writes what waits; to be called within a transaction. `settled` forgets it once that has succeeded. */
  flush(): void {
    for (const p of this.#pending)
      this.#put.run(this.#name, p.offset, p.seq, p.content, checksum(this.#where(p.offset, p.seq), p.content))
    if (this.#pending.length > 0) this.#metadata.put(this.#countKey, this.#entries + this.#pending.length)
  }
  settled(): void {
    this.#entries += this.#pending.length
    this.#pending = []
  }
}

/** Names of the source logs that hold anything. */
export function storedLogs(db: Database): string[] {
  const next = db.prepare('SELECT min(name) AS name FROM millrace_source_log WHERE name > ?')
  const names: string[] = []
  for (let name = next.get('')?.['name']; typeof name === 'string'; name = next.get(name)?.['name']) names.push(name)
  return names
}
