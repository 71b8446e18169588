import type { CrashPoint } from '../../../src/engine/micro-batch.ts'

/** The queries of a life, each a pipeline from one topic: windowed counts to another topic, a table beside the checkpoint, a database. */
export const QUERIES = ['to-kafka', 'to-sqlite', 'to-postgres'] as const
export type QueryName = (typeof QUERIES)[number]

/** A value for each query. */
export const perQuery = <T>(of: (query: QueryName) => T): Record<QueryName, T> =>
  Object.fromEntries(QUERIES.map((query) => [query, of(query)])) as Record<QueryName, T>

/** SIGKILL at the `nth` time this query comes to `point` in this life. */
export interface KillPoint {
  readonly query: QueryName
  readonly point: CrashPoint
  readonly nth: number
}

/** What one life of the queries is told. */
export interface LifePlan {
  /** The broker as host:port, its topic that is read and the one that is written. */
  readonly servers: string
  readonly from: string
  readonly to: string
  /** The database, and its table that is written. */
  readonly url: string
  readonly table: string
  /**
   * Holds the checkpoint `<query>.db` and the notes `<query>.notes` of each query; a note is a line: point and batch id.
   * What the queries say (restarts) goes to `said`.
   */
  readonly work: string
  readonly maxOffsetsPerTrigger: number
  /** null: only the parent kills. */
  readonly kill: KillPoint | null
  /** Process what is there and stop, instead of running until killed. */
  readonly drain: boolean
}
