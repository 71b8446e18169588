import type { Batch } from '../columns/batch.ts'
import { type Row, rowMaker, type RowOptions } from '../columns/row.ts'
import type { OutputModeName } from '../connectors/provider.ts'
import type { Schema } from '../types/data-type.ts'
import { FeedReader } from './feed-reader.ts'

/**
 * What one committed batch did to the result.
 *
 *   insert    append mode: rows that will never change
 *   upsert    update mode: the newest row of each group touched
 *   replace   complete mode: the whole result
 *   delete    rows that are in the result no more
 *   changelog changelog mode: rows with their `_change_type`
 */
export interface QueryChange {
  readonly batchId: number
  readonly changeType: 'insert' | 'upsert' | 'replace' | 'delete' | 'changelog'
  readonly rows: readonly Row[]
}

export interface ChangesOptions {
  /** Rows held for a reader that is behind; with more, the query waits. Default 10 000; a single batch may be larger. */
  readonly maxBufferedRows?: number
  /** Ends the iteration. */
  readonly signal?: AbortSignal
}

/** Output of one batch on its way to those who read changes. */
export interface ChangeBatch {
  add(batch: Batch): void
  /** The batch is committed: hands it over and waits until every reader has room, or `until` resolves. */
  publish(until: Promise<void>): Promise<void>
}

const KINDS = { append: 'insert', update: 'upsert', complete: 'replace', changelog: 'changelog' } as const

/** The readers of `query.changes()`. Only committed batches reach them, each once, from the first that began after they subscribed. */
export class ChangeFeed {
  readonly #kind: QueryChange['changeType']
  readonly #row: ReturnType<typeof rowMaker>
  readonly #readers = new Set<FeedReader<QueryChange>>()
  #end: { readonly failure: unknown } | null = null

  constructor(schema: Schema, mode: OutputModeName, rows: RowOptions) {
    this.#kind = KINDS[mode]
    this.#row = rowMaker(schema, rows)
  }

  /** Changes from the next batch on; ends with the query, throws its failure. */
  subscribe(options: ChangesOptions = {}): AsyncIterableIterator<QueryChange> {
    const reader = new FeedReader<QueryChange>(
      options.maxBufferedRows ?? 10_000,
      (change) => change.rows.length,
      (gone) => this.#readers.delete(gone),
    )
    if (this.#end !== null) reader.end(this.#end.failure)
    else this.#readers.add(reader)
    if (options.signal?.aborted === true) reader.close()
    else options.signal?.addEventListener('abort', () => reader.close(), { once: true })
    return reader
  }

  /** For the engine: collects the output of the batch that begins now; null when nobody reads. */
  begin(batchId: number): ChangeBatch | null {
    if (this.#readers.size === 0) return null
    const readers = [...this.#readers]
    const rows: Row[] = []
    const deleted: Row[] = []
    return {
      // Rows at once: the columns may be used again for the next piece.
      add: (batch) => this.#collect(batch, rows, deleted),
      publish: async (until) => {
        const changes: QueryChange[] = []
        if (deleted.length > 0) changes.push({ batchId, changeType: 'delete', rows: deleted })
        if (rows.length > 0 || this.#kind === 'replace') changes.push({ batchId, changeType: this.#kind, rows })
        for (const reader of readers) for (const change of changes) reader.push(change)
        await Promise.race([Promise.all(readers.map((r) => r.room())), until])
      },
    }
  }

  /** The query has ended; readers get what is left, then the end or its failure. */
  end(failure: unknown): void {
    this.#end = { failure }
    for (const reader of this.#readers) reader.end(failure)
    this.#readers.clear()
  }

  #collect(batch: Batch, rows: Row[], deleted: Row[]): void {
    for (let i = 0; i < batch.rowCount; i++) {
      const weight = batch.weights === null ? 1 : batch.weights[batch.rowAt(i)]!
      const row = this.#row(batch.row(i))
      for (let n = Math.abs(weight); n > 0; n--) (weight < 0 ? deleted : rows).push(row)
    }
  }
}
