import type { RowOptions } from '../columns/row.ts'
import type { Connectors } from '../connectors/registry.ts'
import type { Clock } from '../engine/clock.ts'
import type { CrashPoint } from '../engine/micro-batch.ts'
import type { StreamingQueryManager } from '../engine/query-manager.ts'
import type { RuleChoice } from '../plan/optimize.ts'
import type { Catalog } from './catalog.ts'
import type { RuntimeConfig } from './conf.ts'
import type { SessionFunctions } from './functions.ts'

/** What tests put in place of the machine. */
export interface SessionHooks {
  readonly clock?: Clock
  readonly crash?: (point: CrashPoint, batchId: number) => void
  /** Where recovery notes go; stderr otherwise. */
  readonly note?: (line: string) => void
  /** Which rules of the optimizer run; all unless given. */
  readonly rules?: RuleChoice
}

/** What a session is made of, for those that plan, run and start its queries. */
export interface SessionParts {
  readonly conf: RuntimeConfig
  readonly catalog: Catalog
  readonly streams: StreamingQueryManager
  readonly functions: SessionFunctions
  readonly connectors: Connectors
  /** Live objects of the session by id. */
  readonly objects: Map<string, unknown>
  readonly clock: Clock
  readonly hooks: SessionHooks
  /** The session's time zone as it is set now. */
  timeZone(): string
  /** How values are handed to the program, as it is set now. */
  rowOptions(): RowOptions
}
