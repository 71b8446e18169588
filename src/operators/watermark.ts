import type { Batch } from '../columns/batch.ts'
import { rangeOfInt64 } from '../columns/int64.ts'
import { asShape } from '../columns/vector.ts'
import type { Schema } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

/** Event times seen in one trigger, in microseconds. `sumUs` and `count` give the mean, to the precision of a double. */
export interface EventTimeStats {
  /** What the watermark follows: the largest of the sources with rows in the trigger, each taken at the least of what its partitions with rows have reached. */
  readonly reachedUs: bigint
  readonly maxUs: bigint
  readonly minUs: bigint
  readonly meanUs: bigint
}

/** By source, by partition: the largest event time seen, in microseconds. Only of sources whose partitions advance on their own. */
export type ReachedByPartition = Readonly<Record<string, Readonly<Record<string, bigint>>>>

/**
 * Notes the event times that pass; the engine reads `takeStats` at the end of the trigger and moves the watermark.
 *
 *   state   what each partition has reached; kept, like the watermark itself, by the engine in the commit log
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
  /** Where the rows that come now are from, the largest event time of each such place ever, and the places of this trigger. */
  #from = ''
  #partition = ''
  readonly #reached = new Map<string, Map<string, bigint>>()
  readonly #touched = new Map<string, Set<string>>()

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
    const partitions = entry(this.#reached, this.#from, () => new Map<string, bigint>())
    const before = partitions.get(this.#partition)
    if (before === undefined || maxUs > before) partitions.set(this.#partition, maxUs)
    entry(this.#touched, this.#from, () => new Set<string>()).add(this.#partition)
  }

  /** What was seen since the last call; null when there was no event time. */
  takeStats(): EventTimeStats | null {
    const seen = this.#seen
    if (seen === null) return null
    const sources = [...this.#touched].map(([source, partitions]) => {
      const reached = this.#reached.get(source)!
      return extreme(
        [...partitions].map((p) => reached.get(p)!),
        (a, b) => a < b,
      )
    })
    const reachedUs = extreme(sources, (a, b) => a > b)
    this.#seen = null
    this.#touched.clear()
    return { reachedUs, maxUs: seen.max, minUs: seen.min, meanUs: BigInt(Math.round(seen.mean)) }
  }

  /** What partitions have reached in all triggers. */
  get reached(): ReachedByPartition {
    const named = [...this.#reached].map(
      ([source, partitions]) => [source, [...partitions].filter(([partition]) => partition !== '')] as const,
    )
    return Object.fromEntries(
      named.filter(([, p]) => p.length > 0).map(([source, p]) => [source, Object.fromEntries(p)]),
    )
  }

  /** Takes up where `reached` left off. */
  restore(reached: ReachedByPartition): void {
    for (const [source, partitions] of Object.entries(reached))
      this.#reached.set(source, new Map(Object.entries(partitions)))
  }
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) map.set(key, (value = make()))
  return value
}

const extreme = (values: readonly bigint[], isBetter: (a: bigint, b: bigint) => boolean): bigint =>
  values.reduce((best, value) => (isBetter(value, best) ? value : best))
