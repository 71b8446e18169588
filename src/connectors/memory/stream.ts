import type { Batch } from '../../columns/batch.ts'
import { MAX_BATCH_ROWS } from '../../columns/batch.ts'
import { batchOf } from '../../columns/builder.ts'
import { rowFromJs } from '../../columns/row.ts'
import type { Schema } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'

/**
 * An unbounded table fed by the program. Each add is an indivisible lot of rows; its number, counted from 1, is the
 * offset behind it. All adds stay, so that queries may restart from any checkpoint of this session.
 */
export class MemoryStream {
  readonly schema: Schema
  readonly #timeZone: string
  readonly #adds: (readonly Batch[])[] = []
  readonly #watchers = new Set<() => void>()
  #forgotten = 0

  constructor(schema: Schema, timeZone = 'UTC') {
    this.schema = schema
    this.#timeZone = timeZone
  }

  /** Number of adds so far. */
  get size(): number {
    return this.#forgotten + this.#adds.length
  }

  /**
   * One add of rows as a program gives them (see `rowFromJs`: objects by column name, arrays, or single values for one
   * column): an array of rows, or the rows one after the other as in Spark, `addData(1, 2)`; `[]` is an add too. Gives
   * the offset behind it. A value that does not fit its column raises ExecutionError, and nothing is added.
   */
  addData(...given: readonly unknown[]): number {
    const rows: readonly unknown[] = given.length === 1 && Array.isArray(given[0]) ? given[0] : given
    return this.addValues(rows.map((row) => rowFromJs(this.schema, row, this.#timeZone)))
  }

  /** One add of rows of Values, in the order of the columns. */
  addValues(rows: readonly (readonly Value[])[]): number {
    const batches: Batch[] = []
    for (let i = 0; i < rows.length; i += MAX_BATCH_ROWS)
      batches.push(batchOf(this.schema, rows.slice(i, i + MAX_BATCH_ROWS)))
    return this.addBatches(batches)
  }

  /** One add of batches of this schema. */
  addBatches(batches: readonly Batch[]): number {
    this.#adds.push(batches)
    for (const wake of this.#watchers) wake()
    return this.size
  }

  /** The batches of adds `from` (exclusive) to `to`. */
  *read(from: number, to: number): Generator<Batch> {
    for (let i = from; i < to; i++) yield* this.#adds[i - this.#forgotten] ?? []
  }

  /** Calls `wake` after each add until the function it gives back is called. */
  watch(wake: () => void): () => void {
    this.#watchers.add(wake)
    return () => this.#watchers.delete(wake)
  }

  /** Releases the rows of adds up to `offset`; they cannot be read any more. */
  forget(offset: number): void {
    const n = Math.min(offset, this.size) - this.#forgotten
    if (n <= 0) return
    this.#adds.splice(0, n)
    this.#forgotten += n
  }
}
