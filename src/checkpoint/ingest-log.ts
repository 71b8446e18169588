import { assert, CheckpointError } from '../errors/errors.ts'
import type { Database, Statement } from '../storage/database.ts'
import type { Json } from '../types/json.ts'
import { checkedBlob, checksum } from './integrity.ts'

/** What messages call a lot. */
export const lotWhere = (source: string, seq: number): string => `lot ${seq} in the log of source ${source}`

/** Some rows received together, as bytes of `encodeBatch`. */
export interface IngestLot {
  readonly rows: number
  readonly content: Uint8Array
}

/** What goes into the log at once: all of it or nothing. */
export interface IngestAppend {
  readonly lots: readonly IngestLot[]
  /** Where the sender can go on from; undefined keeps the last one. */
  readonly position?: Json | undefined
  /** Names the request, so that a repetition of it is known. */
  readonly key?: string | undefined
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS millrace_ingest (
    source TEXT NOT NULL, seq INTEGER NOT NULL, rows INTEGER NOT NULL, schema TEXT NOT NULL, content BLOB NOT NULL,
    crc INTEGER NOT NULL, PRIMARY KEY (source, seq)
  );
  CREATE TABLE IF NOT EXISTS millrace_ingest_ends (
    source TEXT PRIMARY KEY, last INTEGER NOT NULL, pruned_to INTEGER NOT NULL, position TEXT
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS millrace_ingest_keys (
    source TEXT NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (source, key)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS millrace_ingest_keys_seq ON millrace_ingest_keys (source, seq);
`
/** Request keys are remembered for this many lots. */
const KEYS_KEPT = 100_000

/**
 * Rows a source has received and not yet seen committed, in the checkpoint's file: what is in it when `append` returns
 * survives a crash. Lots are numbered from 1 without gaps. Throws CheckpointError (no room, damaged).
 */
export class IngestLog {
  readonly #db: Database
  readonly #source: string
  readonly #schema: string
  readonly #put: Statement
  readonly #range: Statement
  readonly #prune: Statement
  readonly #ends: Statement
  readonly #putKey: Statement
  readonly #hasKey: Statement
  readonly #cutKeys: Statement
  #last: number
  #prunedTo: number
  #pruneTo: number
  #position: Json | null
  /** Rows of the lots after `#prunedTo`. */
  readonly #counts: number[]

  /** `schema`: DDL of the rows, kept with each lot. */
  constructor(db: Database, source: string, schema: string) {
    this.#db = db
    this.#source = source
    this.#schema = schema
    db.exec(TABLES)
    this.#put = db.prepare(
      'INSERT INTO millrace_ingest (source, seq, rows, schema, content, crc) VALUES (?, ?, ?, ?, ?, ?)',
    )
    this.#range = db.prepare('SELECT seq, schema, content, crc FROM millrace_ingest WHERE source = ? AND seq = ?')
    this.#prune = db.prepare('DELETE FROM millrace_ingest WHERE source = ? AND seq <= ?')
    this.#ends = db.prepare(
      'INSERT OR REPLACE INTO millrace_ingest_ends (source, last, pruned_to, position) VALUES (?, ?, ?, ?)',
    )
    this.#putKey = db.prepare('INSERT OR REPLACE INTO millrace_ingest_keys (source, key, seq) VALUES (?, ?, ?)')
    this.#hasKey = db.prepare('SELECT seq FROM millrace_ingest_keys WHERE source = ? AND key = ?')
    this.#cutKeys = db.prepare('DELETE FROM millrace_ingest_keys WHERE source = ? AND seq <= ?')
    const end = db.prepare('SELECT last, pruned_to, position FROM millrace_ingest_ends WHERE source = ?').get(source)
    this.#last = Number(end?.['last'] ?? 0)
    this.#prunedTo = this.#pruneTo = Number(end?.['pruned_to'] ?? 0)
    this.#position = typeof end?.['position'] === 'string' ? (JSON.parse(end['position']) as Json) : null
    this.#counts = db
      .prepare('SELECT rows FROM millrace_ingest WHERE source = ? AND seq > ? ORDER BY seq')
      .all(source, this.#prunedTo)
      .map((r) => Number(r['rows']))
  }

  /** Number of the first lot held; `last + 1` when none is. */
  get first(): number {
    return this.#prunedTo + 1
  }
  /** Number of the last lot; 0 before the first. */
  get last(): number {
    return this.#last
  }
  /** Where the sender can go on from; null when nothing was said. */
  get position(): Json | null {
    return this.#position
  }

  /** Rows of lot `seq`, 0 for one that is pruned. */
  rowsOf(seq: number): number {
    return this.#counts[seq - this.#prunedTo - 1] ?? 0
  }

  /** Whether a request of that key is in the log, or was. */
  has(key: string): boolean {
    return this.#hasKey.get(this.#source, key) !== undefined
  }

  /** Writes everything, and the pruning asked for, in one transaction. */
  append(appends: readonly IngestAppend[]): void {
    let last = this.#last
    let position = this.#position
    const counts: number[] = []
    this.#db.transaction(() => {
      for (const a of appends) {
        for (const { rows, content } of a.lots) {
          last++
          counts.push(rows)
          this.#put.run(this.#source, last, rows, this.#schema, content, checksum(this.#where(last), content))
        }
        if (a.position !== undefined) position = a.position
        if (a.key !== undefined) this.#putKey.run(this.#source, a.key, last)
      }
      this.#writeEnds(last, position)
    })
    this.#last = last
    this.#position = position
    this.#counts.push(...counts)
    this.#pruned()
  }

  /** The lots from < seq <= to. Throws INGEST_ROWS_GONE for one that is not there (any more). */
  *read(
    from: number,
    to: number,
  ): Generator<{ readonly schema: string; readonly content: Uint8Array; readonly what: string }> {
    for (let seq = from + 1; seq <= to; seq++) {
      const row = this.#range.get(this.#source, seq)
      if (row === undefined)
        throw new CheckpointError(
          'INGEST_ROWS_GONE',
          { source: this.#source, path: this.#db.path, lot: seq },
          { hint: 'rows are pruned once their batch is committed: the checkpoint cannot go back behind them' },
        )
      const what = this.#where(seq)
      yield {
        schema: String(row['schema']),
        content: checkedBlob(this.#db.path, what, row['content'], row['crc']),
        what,
      }
    }
  }

  /** Lots up to `seq` are not needed any more; they go with the next `append` or `settle`. */
  prune(seq: number): void {
    assert(seq <= this.#last, `lot ${seq} of source ${this.#source} was never logged`)
    this.#pruneTo = Math.max(this.#pruneTo, seq)
  }

  /** Carries out the pruning asked for. */
  settle(): void {
    if (this.#pruneTo === this.#prunedTo) return
    this.#db.transaction(() => this.#writeEnds(this.#last, this.#position))
    this.#pruned()
  }

  #writeEnds(last: number, position: Json | null): void {
    if (this.#pruneTo > this.#prunedTo) {
      this.#prune.run(this.#source, this.#pruneTo)
      this.#cutKeys.run(this.#source, this.#pruneTo - KEYS_KEPT)
    }
    this.#ends.run(this.#source, last, this.#pruneTo, position === null ? null : JSON.stringify(position))
  }
  #pruned(): void {
    this.#counts.splice(0, this.#pruneTo - this.#prunedTo)
    this.#prunedTo = this.#pruneTo
  }

  #where(seq: number): string {
    return lotWhere(this.#source, seq)
  }
}
