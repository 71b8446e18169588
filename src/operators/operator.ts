import type { Batch } from '../columns/batch.ts'
import type { Int64Vector } from '../columns/vector.ts'
import type { RowFaults } from '../expr/row-by-row.ts'
import type { Schema } from '../types/data-type.ts'

/** Counters an operator reports through `ctx.count`; the names of Spark's progress where it has them. */
export type Metric =
  'numRowsUpdated' | 'numRowsRemoved' | 'numRowsDroppedByWatermark' | 'numDroppedDuplicateRows' | 'numOutputRows'

/**
 * What an operator may touch besides the state given to its constructor. Fixed for the whole trigger.
 *
 * `watermarkUs` evicts, emits and times out; rows are late against `lateUs` (the watermark of the batch before).
 * Both are 0n while nothing is known. `emit` passes a batch on; the operator must not touch it afterwards.
 */
export interface OpContext {
  readonly batchId: number
  readonly watermarkUs: bigint
  readonly lateUs: bigint
  emit(batch: Batch): void
  count(metric: Metric, n: number): void
  /**
   * Set while somebody reads late rows: takes rows the operator drops. The time of each, `times` by physical row plus
   * `plusUs`, is at or before `lateUs`.
   */
  readonly late?: ((rows: Batch, times: Int64Vector, plusUs: bigint) => void) | undefined
  /** Set where rows for which an expression throws do not fail the query. An operator that ignores it fails it. */
  readonly faults?: RowFaults | undefined
}

/**
 * A running operator. Synchronous: no clock, randomness, file or network. The same batches in the same order give
 * the same output and state. Calls in one trigger: `onBatch` any number of times with at most MAX_BATCH_ROWS rows,
 * each followed by `drain` until it returns false; then `onTriggerEnd` once (after all inputs ended theirs), again
 * followed by `drain`. An operator that may emit more than a few batches for one input remembers where it is and
 * emits from `drain`, at most about `maxRows` rows a call, so that the engine can yield between calls.
 * Operators with several inputs get `port`.
 */
export interface Operator {
  readonly name: string
  readonly schema: Schema
  /**
   * Nothing of an input batch is kept after `onBatch` and the `drain`s behind it: the memory of the rows may be used
   * again. By port where ports differ.
   */
  readonly releases?: boolean | readonly boolean[]
  /** No further row can change what it gives: a bounded query need not read on, nor have other operators give more. */
  readonly done?: boolean
  onBatch(batch: Batch, ctx: OpContext, port: number): void
  onTriggerEnd?(ctx: OpContext): void
  /** Forgets the rows of a port that is a bounded table: they come anew before the next trigger. */
  forget?(port: number): void
  drain?(ctx: OpContext, maxRows: number): boolean
  /**
   * The watermark of what it emits, given that of its input: a join that keeps rows back gives them out later than the
   * watermark has passed them. Without it the watermark passes unchanged.
   */
  outputWatermarkUs?(inputUs: bigint): bigint
  /**
   * The watermark with which the last row it holds back would leave, in microseconds; null when it holds none back, or
   * none that a watermark would let go. May take as long as its state is large.
   */
  heldUntilUs?(): bigint | null
  /** Processing-time timers: when to run a batch without data, in microseconds. */
  wakeAtUs?(): bigint | null
  /** The query has ended, well or not: for operators whose user code holds something. Called once. */
  close?(): void
}
