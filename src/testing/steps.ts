import type { CrashPoint } from '../engine/micro-batch.ts'
import type { StreamingQuery } from '../engine/streaming-query.ts'
import type { TestStream } from './kit.ts'

/** A row as its column values in order, or as an object by column name. Values as for createDataFrame. */
export type TestRow = readonly unknown[] | Readonly<Record<string, unknown>>

/** What `expectProgress` compares of the last batch with data or the no-data batch behind it. */
export interface ProgressExpectation {
  /** ISO text or its beginning; of the last batch. */
  readonly watermark?: string
  /** Of the first state operator, after the last batch. */
  readonly stateRows?: number
  /** Summed over the batches since the last expectation, first state operator. */
  readonly rowsDropped?: number
  readonly rowsRemoved?: number
  /** Batches since the last expectation. */
  readonly batches?: number
}

export type Step =
  | { readonly kind: 'add'; readonly stream: TestStream; readonly rows: readonly TestRow[] }
  | {
      readonly kind: 'addAll'
      readonly adds: readonly { readonly stream: TestStream; readonly rows: readonly TestRow[] }[]
    }
  | { readonly kind: 'expectNew'; readonly rows: readonly TestRow[] }
  | { readonly kind: 'expectTable'; readonly rows: readonly TestRow[] }
  | { readonly kind: 'expectProgress'; readonly progress: ProgressExpectation }
  | { readonly kind: 'expectError'; readonly code: string }
  | { readonly kind: 'restart' }
  | { readonly kind: 'crashNext'; readonly point: CrashPoint }
  | { readonly kind: 'advanceClock'; readonly ms: number }
  | { readonly kind: 'run'; readonly body: (query: StreamingQuery) => Promise<void> | void }

/** Appends one lot of rows. */
export const add = (stream: TestStream, ...rows: readonly TestRow[]): Step => ({ kind: 'add', stream, rows })
/** Appends to several streams in one instant. */
export const addAll = (
  ...adds: readonly { readonly stream: TestStream; readonly rows: readonly TestRow[] }[]
): Step => ({ kind: 'addAll', adds })
/** The rows that went to the sink since the last expectation, as a bag, once the query is idle. */
export const expectNew = (...rows: readonly TestRow[]): Step => ({ kind: 'expectNew', rows })
/** The whole sink table, as a bag: append all rows, update the last row per key, complete the last table. */
export const expectTable = (...rows: readonly TestRow[]): Step => ({ kind: 'expectTable', rows })
export const expectProgress = (progress: ProgressExpectation): Step => ({ kind: 'expectProgress', progress })
/** The query fails with this condition. */
export const expectError = (code: string): Step => ({ kind: 'expectError', code })
/** Stops the query and starts it again from its checkpoint. */
export const restart = (): Step => ({ kind: 'restart' })
/** The next batch dies there; the query is opened again from its checkpoint. */
export const crashNext = (point: CrashPoint): Step => ({ kind: 'crashNext', point })
export const advanceClock = (ms: number): Step => ({ kind: 'advanceClock', ms })
/** Anything else, with the running query. */
export const run = (body: (query: StreamingQuery) => Promise<void> | void): Step => ({ kind: 'run', body })
