// The amount sold of each product over the past 24 hours, known at every minute, by sliding windows.
import { type DataFrame, functions, window } from '../src/index.ts'

/** What is sold, as the stream gives it. */
export type Sale = { readonly ts: Date; readonly product: string; readonly amount: bigint }

/**
 * `end, product, total` of sales: the total over the 24 hours before `end`. A window holds its start and not its end, so
 * what was sold in the 24 hours up to and including 00:30 is the total before 00:31; a sale exactly 24 hours old is out.
 * A sale is in 24 hours / slide windows: where totals by the quarter of an hour do, a slide of 15 minutes costs a
 * fifteenth. In update mode each batch gives the totals it changed.
 */
export const dayTotals = (sales: DataFrame<Sale>, slide = '1 minute') =>
  sales
    .withWatermark('ts', slide)
    .groupBy(window('ts', '24 hours', slide), 'product')
    .agg(functions.sum('amount').as('total'))
    .selectExpr('window.end AS end', 'product', 'total')
