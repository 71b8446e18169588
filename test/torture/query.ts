import {
  type DataFrame,
  type ExpiredTimerInfo,
  expr,
  type MapState,
  StatefulProcessor,
  type StatefulProcessorHandle,
  TimeMode,
  type TimerValues,
  window,
} from '../../src/index.ts'
import { DELAY_MS, WINDOW_MS } from './events.ts'

/** Counts per window and page: the same chain for the stream and for the batch query that judges it. */
export const countsPerWindow = (events: DataFrame): DataFrame =>
  events
    .withWatermark('ts', `${DELAY_MS / 1000} seconds`)
    .groupBy(window('ts', `${WINDOW_MS / 1000} seconds`), 'page')
    .agg(expr('count(*)').as('n'), expr('sum(amount)').as('amount'))
    .selectExpr('window.start AS start', 'page', 'n', 'amount')

type Event = { readonly ts: Date; readonly page: string; readonly amount: bigint }

/** The windows of a page by their start, each given out by a timer at its end. */
class WindowsOfPage extends StatefulProcessor<string, Event> {
  #handle!: StatefulProcessorHandle
  #windows!: MapState<bigint, { n: bigint | null; amount: bigint | null }>
  override init(handle: StatefulProcessorHandle): void {
    this.#handle = handle
    this.#windows = handle.getMapState('windows', 'BIGINT', 'n BIGINT, amount BIGINT')
  }
  override handleInputRows(_page: string, events: Iterable<Event>) {
    for (const { ts, amount } of events) {
      const start = Math.floor(ts.getTime() / WINDOW_MS) * WINDOW_MS
      const { n, amount: sum } = this.#windows.getValue(start) ?? { n: 0n, amount: 0n }
      this.#windows.updateValue(start, { n: n! + 1n, amount: sum! + amount })
      this.#handle.registerTimer(start + WINDOW_MS)
    }
    return []
  }
  override *handleExpiredTimer(page: string, _times: TimerValues, timer: ExpiredTimerInfo) {
    const start = timer.getExpiryTimeInMs() - WINDOW_MS
    const { n, amount } = this.#windows.getValue(start)!
    this.#windows.removeKey(start)
    yield { start: new Date(start), page, n, amount }
  }
}

/** The same counts by a stateful processor. */
export const countsByProcessor = (events: DataFrame): DataFrame =>
  events
    .withWatermark('ts', `${DELAY_MS / 1000} seconds`)
    .as<Event>()
    .groupByKey((event) => event.page, 'STRING')
    .transformWithState(new WindowsOfPage(), {
      timeMode: TimeMode.EventTime,
      result: 'start TIMESTAMP, page STRING, n BIGINT, amount BIGINT',
    }) as unknown as DataFrame
