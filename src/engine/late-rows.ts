import type { Batch } from '../columns/batch.ts'
import { type Row, rowMaker, type RowOptions } from '../columns/row.ts'
import { Timestamp } from '../columns/timestamp.ts'
import type { Int64Vector } from '../columns/vector.ts'
import type { Schema } from '../types/data-type.ts'
import type { ChangesOptions } from './change-feed.ts'
import { FeedReader } from './feed-reader.ts'

/** A row that came too late for an operator with state and was dropped. */
export interface LateRow {
  /** As the operator got it: the columns the query needs there. */
  readonly row: Row
  /** The time that was too old: the event time, or where the row goes by windows, the end of its window or session. */
  readonly eventTime: Timestamp
  /** What it was late against; `eventTime` is at or before it. */
  readonly watermark: Timestamp
  /** The operator that dropped it, as `state-metadata` names it. */
  readonly operator: string
  readonly batchId: number
}

/** Late rows of one batch on their way to those who read them. */
export interface LateBatch {
  add(operator: string, watermarkUs: bigint, rows: Batch, times: Int64Vector, plusUs: bigint): void
  /** The batch is committed: hands them over and waits until every reader has room, or `until` resolves. */
  publish(until: Promise<void>): Promise<void>
}

/** The readers of `query.lateRows()`. Only rows of committed batches reach them, each once. */
export class LateFeed {
  readonly #options: RowOptions
  readonly #readers = new Set<FeedReader<LateRow>>()
  readonly #makers = new WeakMap<Schema, ReturnType<typeof rowMaker>>()
  #end: { readonly failure: unknown } | null = null

  constructor(options: RowOptions) {
    this.#options = options
  }

  /** Late rows from the next batch on; ends with the query, throws its failure. */
  subscribe(options: ChangesOptions = {}): AsyncIterableIterator<LateRow> {
    const reader = new FeedReader<LateRow>(
      options.maxBufferedRows ?? 10_000,
      () => 1,
      (gone) => this.#readers.delete(gone),
    )
    if (this.#end !== null) reader.end(this.#end.failure)
    else this.#readers.add(reader)
    if (options.signal?.aborted === true) reader.close()
    else options.signal?.addEventListener('abort', () => reader.close(), { once: true })
    return reader
  }

  /** For the engine: collects what is late in the batch that begins now; null when nobody reads. */
  begin(batchId: number): LateBatch | null {
    if (this.#readers.size === 0) return null
    const readers = [...this.#readers]
    const late: LateRow[] = []
    return {
      add: (operator, watermarkUs, rows, times, plusUs) => {
        const make = this.#maker(rows.schema)
        for (let i = 0; i < rows.rowCount; i++)
          // Rows at once: the columns may be used again for the next piece.
          late.push({
            row: make(rows.row(i)),
            eventTime: new Timestamp(times.values[rows.rowAt(i)]! + plusUs),
            watermark: new Timestamp(watermarkUs),
            operator,
            batchId,
          })
      },
      publish: async (until) => {
        for (const reader of readers) for (const row of late) reader.push(row)
        await Promise.race([Promise.all(readers.map((r) => r.room())), until])
      },
    }
  }

  #maker(schema: Schema): ReturnType<typeof rowMaker> {
    let make = this.#makers.get(schema)
    if (make === undefined) this.#makers.set(schema, (make = rowMaker(schema, this.#options)))
    return make
  }

  /** The query has ended; readers get what is left, then the end or its failure. */
  end(failure: unknown): void {
    this.#end = { failure }
    for (const reader of this.#readers) reader.end(failure)
    this.#readers.clear()
  }
}
