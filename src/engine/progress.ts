import type { Json } from '../types/json.ts'

/** Progress of one batch, with Spark's field names; ours are added, never renamed. Times are ISO-8601 UTC, durations milliseconds. */
export interface StreamingQueryProgress {
  readonly id: string
  readonly runId: string
  readonly name: string | null
  readonly timestamp: string
  readonly batchId: number
  readonly batchDuration: number
  readonly numInputRows: number
  readonly inputRowsPerSecond: number
  readonly processedRowsPerSecond: number
  readonly durationMs: Readonly<Record<string, number>>
  /** `{}` without a watermark. */
  readonly eventTime: Readonly<Partial<Record<'avg' | 'max' | 'min' | 'watermark', string>>>
  /** Output side first. */
  readonly stateOperators: readonly StateOperatorProgress[]
  readonly sources: readonly SourceProgress[]
  /** Bounded tables that are read again while the query runs, or whose rows a join keeps (ours); absent without any. */
  readonly staticTables?: readonly StaticTableProgress[]
  readonly sink: {
    readonly description: string
    readonly numOutputRows: number
    readonly metrics: Readonly<Record<string, string>>
  }
  readonly observedMetrics: Readonly<Record<string, Json>>
  /** Records that could not be decoded, and rows for which an expression threw (ours); absent without any. */
  readonly badRecords?: number
  /** Operators whose expressions threw for some rows (ours); absent without any. */
  readonly operators?: readonly { readonly operator: string; readonly badRecords: number }[]
}

export interface StateOperatorProgress {
  readonly operatorName: string
  readonly numRowsTotal: number
  readonly numRowsUpdated: number
  readonly allUpdatesTimeMs: number
  readonly numRowsRemoved: number
  readonly allRemovalsTimeMs: number
  readonly commitTimeMs: number
  readonly memoryUsedBytes: number
  readonly numRowsDroppedByWatermark: number
  readonly numShufflePartitions: number
  readonly numStateStoreInstances: number
  readonly customMetrics: Readonly<Record<string, number>>
}

export interface SourceProgress {
  readonly description: string
  readonly startOffset: Json
  readonly endOffset: Json
  readonly latestOffset: Json
  readonly numInputRows: number
  readonly inputRowsPerSecond: number
  readonly processedRowsPerSecond: number
  readonly metrics: Readonly<Record<string, string>>
  /** Records it could not decode (ours); absent without any. */
  readonly badRecords?: number
}

/** A bounded table as a batch saw it. */
export interface StaticTableProgress {
  readonly name: string
  readonly description: string
  /** Counts the readings that found other rows than the one before, from 1. */
  readonly version: number
  readonly readAt: string
  readonly numRows: number
}

/** `YYYY-MM-DDTHH:MM:SS.mmmZ`. */
export const isoMs = (ms: number): string => new Date(ms).toISOString()

/** Rows per second over a span; 0 for an empty span. */
export const rate = (rows: number, ms: number): number => (ms > 0 ? (rows * 1000) / ms : 0)
