import type { DataFrame } from '../../../src/index.ts'
import { rowText, SCHEMA } from '../events.ts'
import { countsPerWindow } from '../query.ts'

/** An event as the value of a record. */
export interface EventValue {
  readonly ts: string
  readonly page: string
  readonly amount: number
}

/** Counts per window and page of the events in the values of records. */
export const countsOfRecords = (records: DataFrame): DataFrame =>
  countsPerWindow(records.selectExpr(`from_json(CAST(value AS STRING), '${SCHEMA}') AS e`).select('e.*'))

/** A row of the answer as the value of a record. */
export const asRecord = (counts: DataFrame): DataFrame =>
  counts.selectExpr(
    'page AS key',
    'to_json(named_struct("start", unix_millis(start), "page", page, "n", n, "amount", amount)) AS value',
  )

/** What `asRecord` made, as the text two answers are compared by. */
export function rowOfRecord(value: string): string {
  const { start, page, n, amount } = JSON.parse(value) as {
    readonly start: number
    readonly page: string
    readonly n: number
    readonly amount: number
  }
  return rowText(start, page, n, amount)
}
