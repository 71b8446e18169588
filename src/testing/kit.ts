import { MemoryStream } from '../connectors/memory/stream.ts'
import type { DataFrame } from '../dataframe/data-frame.ts'
import type { CrashPoint } from '../engine/micro-batch.ts'
import { MillraceSession } from '../session.ts'
import type { SessionHooks } from '../session/session-parts.ts'
import type { Schema } from '../types/data-type.ts'
import { ManualClock } from './manual-clock.ts'

/** A stream of a test: `df` to build queries on, rows are put in by `add(stream, …)` steps. */
export interface TestStream {
  readonly df: DataFrame
  readonly schema: Schema
  /** Id among the session's objects. */
  readonly id: string
}

/** The crash a test asked for; never seen outside the kit. */
export class CrashForTest extends Error {}

/**
 * The session behind tests: a manual clock, and a hook that lets the kit crash a query at any point of a commit.
 * `conf` as for `millrace()`; the time zone is UTC unless given. `rules` says which rules of the optimizer run.
 */
export class TestKit {
  readonly clock = new ManualClock(Date.UTC(2026, 0, 1))
  readonly session: MillraceSession
  /** Set by the kit while a world runs. */
  crash: ((point: CrashPoint, batchId: number) => void) | null = null

  constructor(conf: Readonly<Record<string, string>> = {}, hooks: Pick<SessionHooks, 'rules'> = {}) {
    this.session = new MillraceSession(
      { 'spark.sql.session.timeZone': 'UTC', 'millrace.durability': 'process', ...conf },
      { ...hooks, clock: this.clock, crash: (point, batchId) => this.crash?.(point, batchId), note: () => undefined },
    )
  }

  /** An empty stream with these columns (DDL). */
  stream(ddl: string, name?: string): TestStream {
    const { df, id, stream } = this.session.memoryStream(ddl, name === undefined ? {} : { name })
    return { df, id, schema: stream.schema }
  }
}

/** A fresh, empty stream of the same columns, for one world. */
export const emptyCopy = (of: Pick<TestStream, 'schema'>): MemoryStream => new MemoryStream(of.schema)
