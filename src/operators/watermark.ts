import type { Batch } from '../columns/batch.ts'
import { rangeOfInt64 } from '../columns/int64.ts'
import { asShape } from '../columns/vector.ts'
import type { Schema } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

/** Event times seen in one trigger, in microseconds. `sumUs` and `count` give the mean, to the precision of a double. */
export interface EventTimeStats {
  /** What the watermark follows: the largest of the sources, each taken at the least of its partitions' largest. */
  readonly reachedUs: bigint
  readonly maxUs: bigint
  readonly minUs: bigint
  readonly meanUs: bigint
}

/**
 * Notes the event times that pass; the engine reads `takeStats` at the end of the trigger and moves the watermark.
 *
 *   state   none (the watermark itself is the engine's, in the commit log)
 *   late    not judged: late rows are for the stateful operators above
 *   output  its input, unchanged
 *   ports   one
 */
export class Watermark implements Operator {
  readonly name = 'Watermark'
  readonly releases = true
  readonly schema: Schema
  readonly #column: number
  #seen: { max: bigint; min: bigint; mean: number; count: number } | null = null
  /** Where the rows that come now are from, and the largest event time of each such place. */
  #from = ''
  #partition = ''
  readonly #reached = new Map<string, Map<string, bigint>>()

  constructor(schema: Schema, column: number) {
    this.schema = schema
    this.#column = column
  }

  /** What comes next is of this source, and this partition of it; '' for rows that are of none. */
  comesFrom(source: string, partition: string): void {
    this.#from = source
    this.#partition = partition
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    const range = rangeOfInt64(asShape(batch.columns[this.#column]!, 'i64'), batch)
    if (range !== null) {
      this.#note(range.max)
      const n = batch.rowCount
      const middle = (Number(range.min) + Number(range.max)) / 2
      const seen = this.#seen
      if (seen === null) this.#seen = { ...range, mean: middle, count: n }
      else {
        if (range.max > seen.max) seen.max = range.max
        if (range.min < seen.min) seen.min = range.min
        // Progress shows an average event time; the middle of each batch's range, weighted by rows, is near enough and free.
        seen.count += n
        seen.mean += ((middle - seen.mean) * n) / seen.count
      }
    }
    ctx.emit(batch)
  }

  #note(maxUs: bigint): void {
    let partitions = this.#reached.get(this.#from)
    if (partitions === undefined) this.#reached.set(this.#from, (partitions = new Map()))
    const before = partitions.get(this.#partition)
    if (before === undefined || maxUs > before) partitions.set(this.#partition, maxUs)
  }

  /** What was seen since the last call; null when there was no event time. */
  takeStats(): EventTimeStats | null {
    const seen = this.#seen
    if (seen === null) return null
    const sources = [...this.#reached.values()].map((partitions) => extreme([...partitions.values()], (a, b) => a < b))
    const reachedUs = extreme(sources, (a, b) => a > b)
    this.#seen = null
    this.#reached.clear()
    return { reachedUs, maxUs: seen.max, minUs: seen.min, meanUs: BigInt(Math.round(seen.mean)) }
  }
}

const extreme = (values: readonly bigint[], isBetter: (a: bigint, b: bigint) => boolean): bigint =>
  values.reduce((best, value) => (isBetter(value, best) ? value : best))
