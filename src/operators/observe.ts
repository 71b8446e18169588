import type { Batch } from '../columns/batch.ts'
import type { Schema } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

export interface ObserveConfig {
  readonly schema: Schema
  /** A fresh aggregation over the rows of one trigger, without keys. */
  readonly aggregate: () => Operator
  /** The metrics from the one row it gives. */
  readonly finish: (row: Batch) => Batch
}

/**
 * Passes rows on and aggregates them beside.
 *
 *   state   the aggregates of the trigger; nothing is kept over triggers
 *   late    not judged
 *   output  the input; the metrics of a trigger are taken with `takeMetrics`
 *   ports   one
 */
export class Observe implements Operator {
  readonly name = 'Observe'
  readonly releases = true
  readonly schema: Schema
  readonly #config: ObserveConfig
  #aggregate: Operator | null = null
  #metrics: Batch | null = null

  constructor(config: ObserveConfig) {
    this.schema = config.schema
    this.#config = config
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    this.#begun().onBatch(batch, quiet(ctx, []), 0)
    ctx.emit(batch)
  }

  onTriggerEnd(ctx: OpContext): void {
    const out: Batch[] = []
    const inner = quiet(ctx, out)
    const aggregate = this.#begun()
    aggregate.onTriggerEnd?.(inner)
    while (aggregate.drain?.(inner, 1) === true);
    this.#aggregate = null
    this.#metrics = this.#config.finish(out[0]!)
  }

  /** The metrics of the trigger that ended, one row; null when none has since the last call. */
  takeMetrics(): Batch | null {
    const metrics = this.#metrics
    this.#metrics = null
    return metrics
  }

  #begun(): Operator {
    return (this.#aggregate ??= this.#config.aggregate())
  }
}

/** A context of the aggregation's own: its rows and counters are none of the query's. */
const quiet = (ctx: OpContext, out: Batch[]): OpContext => ({
  batchId: ctx.batchId,
  watermarkUs: ctx.watermarkUs,
  lateUs: ctx.lateUs,
  emit: (batch) => void out.push(batch),
  count: () => undefined,
})
