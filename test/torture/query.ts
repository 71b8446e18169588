import type { DataFrame } from '../../src/index.ts'
import { expr, window } from '../../src/index.ts'
import { DELAY_MS, WINDOW_MS } from './events.ts'

/** Counts per window and page: the same chain for the stream and for the batch query that judges it. */
export const countsPerWindow = (events: DataFrame): DataFrame =>
  events
    .withWatermark('ts', `${DELAY_MS / 1000} seconds`)
    .groupBy(window('ts', `${WINDOW_MS / 1000} seconds`), 'page')
    .agg(expr('count(*)').as('n'), expr('sum(amount)').as('amount'))
    .selectExpr('window.start AS start', 'page', 'n', 'amount')
