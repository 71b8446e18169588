import type { CrashPoint } from '../../src/engine/micro-batch.ts'

export const QUERIES = ['to-kafka', 'to-sqlite'] as const
export type QueryName = (typeof QUERIES)[number]

/** What one life of the queries over Kafka is told. */
export interface KafkaPlan {
  readonly servers: string
  readonly from: string
  readonly to: string
  /**
   * Holds the checkpoint `<query>.db` and the notes `<query>.notes` of both queries; a note is a line: point and batch id.
   * What the queries say (restarts) goes to `said`.
   */
  readonly work: string
  readonly maxOffsetsPerTrigger: number
  /** SIGKILL at the `nth` time this query comes to `point` in this life; null: only the parent kills. */
  readonly kill: { readonly query: QueryName; readonly point: CrashPoint; readonly nth: number } | null
  /** Process what is there and stop, instead of running until killed. */
  readonly drain: boolean
}
