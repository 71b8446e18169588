import type { Batch } from '../../src/columns/batch.ts'
import type { SinkContext, SourceContext } from '../../src/connectors/provider.ts'
import { memoryLog } from '../../src/engine/memory-log.ts'
import type { Schema } from '../../src/types/data-type.ts'
import type { Json } from '../../src/types/json.ts'
import type { Value } from '../../src/types/value.ts'

/** A source context with a log and metadata in memory. */
export function sourceContext(schema: Schema, more: Partial<SourceContext> = {}): SourceContext {
  const metadata = new Map<string, Json>()
  return {
    schema,
    plan: { columns: [], predicates: [] },
    name: 'source-0',
    timeZone: 'UTC',
    nowUs: () => BigInt(Date.now()) * 1000n,
    log: memoryLog(),
    metadata: { get: (k) => metadata.get(k), set: (k, v) => void metadata.set(k, v) },
    signal: new AbortController().signal,
    wake: () => {},
    objects: new Map(),
    ...more,
  }
}

export function sinkContext(schema: Schema, more: Partial<SinkContext> = {}): SinkContext {
  return {
    schema,
    mode: 'append',
    queryId: 'query-1',
    queryName: 'q',
    timeZone: 'UTC',
    signal: new AbortController().signal,
    objects: new Map(),
    database: null,
    lastCommittedBatch: -1,
    ...more,
  }
}

export const token = (batchId: number): { queryId: string; batchId: number; offsetHash: string } => ({
  queryId: 'query-1',
  batchId,
  offsetHash: 'h',
})

export const rowsOf = (batches: readonly Batch[]): Value[][] =>
  batches.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => b.row(i)))
