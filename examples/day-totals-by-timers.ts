// The amount sold of each product over the past 24 hours, at every moment where it changes, by a stateful processor.
import {
  type DataFrame,
  type ExpiredTimerInfo,
  type MapState,
  StatefulProcessor,
  type StatefulProcessorHandle,
  TimeMode,
  type TimerValues,
  type ValueState,
} from '../src/index.ts'
import type { Sale } from './day-totals.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * A sale is counted when the watermark reaches its time and taken off 24 hours later: two timers. Timers fire in the
 * order of time, so sales may come in any order within the delay of the watermark. What a sale costs does not depend on
 * how many there are.
 */
export class DayTotals extends StatefulProcessor<string, Sale> {
  #handle!: StatefulProcessorHandle
  /** Amounts by the millisecond of their sale. */
  #sales!: MapState<bigint, bigint>
  /** Of the sales counted at the time of the last timer. */
  #past!: ValueState<{ total: bigint | null; sales: number | null }>

  override init(handle: StatefulProcessorHandle): void {
    this.#handle = handle
    this.#sales = handle.getMapState('sales', 'BIGINT', 'BIGINT')
    this.#past = handle.getValueState('past', 'total BIGINT, sales INT')
  }

  override handleInputRows(_product: string, sales: Iterable<Sale>) {
    for (const { ts, amount } of sales) {
      const at = ts.getTime()
      this.#sales.updateValue(at, (this.#sales.getValue(at) ?? 0n) + amount)
      this.#handle.registerTimer(at)
      this.#handle.registerTimer(at + DAY_MS)
    }
    return []
  }

  override *handleExpiredTimer(product: string, _times: TimerValues, timer: ExpiredTimerInfo) {
    const at = timer.getExpiryTimeInMs()
    const [sold, over] = [this.#sales.getValue(at), this.#sales.getValue(at - DAY_MS)]
    this.#sales.removeKey(at - DAY_MS)
    const past = this.#past.get()
    const total = (past?.total ?? 0n) + (sold ?? 0n) - (over ?? 0n)
    const sales = (past?.sales ?? 0) + (sold === null ? 0 : 1) - (over === null ? 0 : 1)
    if (sales > 0) this.#past.update({ total, sales })
    else this.#past.clear()
    yield { at: new Date(at), product, total: sales > 0 ? total : null }
  }
}

/**
 * `at, product, total` of sales: from `at` on, `total` was sold in the 24 hours up to and including it; NULL when nothing
 * was. A sale exactly 24 hours old is out. New rows only, final.
 */
export const dayTotalsByTimers = (sales: DataFrame<Sale>, delay = '0 seconds') =>
  sales
    .withWatermark('ts', delay)
    .as<Sale>()
    .groupByKey((sale) => sale.product, 'STRING')
    .transformWithState(new DayTotals(), {
      timeMode: TimeMode.EventTime,
      outputMode: 'append',
      result: 'at TIMESTAMP, product STRING, total BIGINT',
      eventTimeColumnName: 'at',
    })
