import type { Batch } from '../columns/batch.ts'
import { type Row, rowMaker, type RowOptions } from '../columns/row.ts'
import type { Schema } from '../types/data-type.ts'

/**
 * What one committed batch did to the result.
 *
 *   insert    append mode: rows that will never change
 *   upsert    update mode: the newest row of each group touched
 *   replace   complete mode: the whole result
 *   delete    rows that are in the result no more
 */
export interface QueryChange {
  readonly batchId: number
  readonly changeType: 'insert' | 'upsert' | 'replace' | 'delete'
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

const KINDS = { append: 'insert', update: 'upsert', complete: 'replace' } as const

/** The readers of `query.changes()`. Only committed batches reach them, each once, from the first that began after they subscribed. */
export class ChangeFeed {
  readonly #kind: QueryChange['changeType']
  readonly #row: ReturnType<typeof rowMaker>
  readonly #readers = new Set<Reader>()
  #end: { readonly failure: unknown } | null = null

  constructor(schema: Schema, mode: 'append' | 'update' | 'complete', rows: RowOptions) {
    this.#kind = KINDS[mode]
    this.#row = rowMaker(schema, rows)
  }

  /** Changes from the next batch on; ends with the query, throws its failure. */
  subscribe(options: ChangesOptions = {}): AsyncIterableIterator<QueryChange> {
    const reader = new Reader(options.maxBufferedRows ?? 10_000, (gone) => this.#readers.delete(gone))
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

class Reader implements AsyncIterableIterator<QueryChange> {
  readonly #maxRows: number
  readonly #gone: (reader: Reader) => void
  readonly #queue: QueryChange[] = []
  #rows = 0
  #waiting: { readonly resolve: (r: IteratorResult<QueryChange>) => void; readonly reject: (e: unknown) => void }[] = []
  #room: (() => void)[] = []
  #end: { readonly failure: unknown } | null = null

  constructor(maxRows: number, gone: (reader: Reader) => void) {
    this.#maxRows = maxRows
    this.#gone = gone
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  push(change: QueryChange): void {
    if (this.#end !== null) return
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) {
      waiting.resolve({ done: false, value: change })
      return
    }
    this.#queue.push(change)
    this.#rows += change.rows.length
  }

  /** Resolves when no more than the buffered rows are allowed wait. */
  async room(): Promise<void> {
    while (this.#end === null && this.#rows > this.#maxRows)
      await new Promise<void>((resolve) => this.#room.push(resolve))
  }

  next(): Promise<IteratorResult<QueryChange>> {
    const change = this.#queue.shift()
    if (change !== undefined) {
      this.#rows -= change.rows.length
      this.#freeRoom()
      return Promise.resolve({ done: false, value: change })
    }
    if (this.#end === null) return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
    const { failure } = this.#end
    this.#end = { failure: null }
    return failure === null ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(failure)
  }

  /** Leaving the loop ends the subscription and frees a query that waits for room. */
  return(): Promise<IteratorResult<QueryChange>> {
    this.close()
    return Promise.resolve({ done: true, value: undefined })
  }

  close(): void {
    this.#queue.length = 0
    this.#rows = 0
    this.end(null)
    this.#gone(this)
  }

  end(failure: unknown): void {
    if (this.#end !== null) return
    const waiting = this.#waiting
    this.#waiting = []
    // One waiting call hears of the failure, the others of the end.
    this.#end = { failure: waiting.length === 0 ? failure : null }
    waiting.forEach((w, i) =>
      i === 0 && failure !== null ? w.reject(failure) : w.resolve({ done: true, value: undefined }),
    )
    this.#freeRoom()
  }

  #freeRoom(): void {
    const waiting = this.#room
    this.#room = []
    for (const resolve of waiting) resolve()
  }
}
