import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import type { Options, OutputModeName, SinkProvider } from '../connectors/provider.ts'
import type { StreamRequest } from '../dataframe/context.ts'
import type { StreamingQuery } from '../engine/streaming-query.ts'
import type { BadRecordOptions } from './bad-records.ts'

/** What is settled about a query when its checkpoint is open. */
export interface StartingQuery {
  readonly request: StreamRequest
  readonly mode: OutputModeName
  readonly provider: SinkProvider
  readonly options: Options
  readonly flushOnIdle: boolean
  readonly bad: BadRecordOptions
  readonly checkpoint: Checkpoint
  /** What the checkpoint outlives; null: it is kept in memory. */
  readonly durability: 'power' | 'process' | null
  /** What the query opens is away, and its restart policy waits: another start on its location need not. */
  readonly waits: (query: StreamingQuery) => void
  /** The query has ended. */
  readonly release: () => void
}
