import type { Batch } from '../columns/batch.ts'
import type { SinkContext, SourceContext } from '../connectors/provider.ts'
import { systemClock } from '../engine/clock.ts'
import { memoryLog } from '../engine/memory-log.ts'
import { openDatabase } from '../storage/sqlite.ts'
import type { Schema } from '../types/data-type.ts'
import type { Json } from '../types/json.ts'
import type { Value } from '../types/value.ts'

/** What the engine would give a source, with a log, metadata and database in memory. */
export function sourceContext(schema: Schema, more: Partial<SourceContext> = {}): SourceContext {
  const metadata = new Map<string, Json>()
  return {
    schema,
    plan: { columns: [], predicates: [] },
    name: 'source-0',
    timeZone: 'UTC',
    nowUs: () => BigInt(systemClock.nowMs()) * 1000n,
    log: memoryLog(),
    metadata: { get: (k) => metadata.get(k), set: (k, v) => void metadata.set(k, v) },
    database: openDatabase(':memory:', { durability: 'process' }),
    signal: new AbortController().signal,
    wake: () => {},
    objects: new Map(),
    ...more,
  }
}

/** What the engine would give a sink, without a checkpoint on disk. */
export function sinkContext(schema: Schema, more: Partial<SinkContext> = {}): SinkContext {
  return {
    schema,
    mode: 'append',
    queryId: 'query-1',
    queryName: 'q',
    timeZone: 'UTC',
    nowUs: () => BigInt(systemClock.nowMs()) * 1000n,
    signal: new AbortController().signal,
    objects: new Map(),
    database: null,
    lastCommittedBatch: -1,
    ...more,
  }
}

/** The token of a batch of that query. */
export const sinkToken = (batchId: number): { queryId: string; batchId: number; offsetHash: string } => ({
  queryId: 'query-1',
  batchId,
  offsetHash: `offsets of batch ${batchId}`,
})

/** The rows of batches, as values in column order. */
export const valuesOf = (batches: readonly Batch[]): Value[][] =>
  batches.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => b.row(i)))
