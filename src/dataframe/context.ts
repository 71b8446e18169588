import type { Batch } from '../columns/batch.ts'
import type { RowOptions } from '../columns/row.ts'
import type { Connectors } from '../connectors/registry.ts'
import type { RestartPolicy } from '../engine/restart.ts'
import type { StreamingQuery } from '../engine/streaming-query.ts'
import type { TriggerSpec } from '../engine/trigger.ts'
import type { Logical } from '../plan/logical.ts'
import type { Closure, StateFunctionKind, Unresolved, UserMapKind } from '../plan/unresolved.ts'
import type { Schema } from '../types/data-type.ts'
import type { Observation } from './observation.ts'

/** Limits of a bounded query: `signal` cancels it, `timeoutMs` ends it, both between two pieces of work (within about 10 ms). */
export interface RunOptions {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

export type ExplainMode = 'simple' | 'extended' | 'formatted' | 'codegen' | 'cost'

/** What `writeStream…start()` asks the session to run. */
export interface StreamRequest {
  readonly plan: Unresolved
  readonly format: string
  readonly options: Readonly<Record<string, string>>
  readonly outputMode: string
  readonly trigger: TriggerSpec
  readonly queryName: string | null
  /** Live objects the sink needs, by id (the function of foreachBatch). */
  readonly objects: ReadonlyMap<string, unknown>
  readonly partitionBy: readonly string[]
  /** Stops the query, or the start, when it aborts. */
  readonly signal?: AbortSignal | undefined
  readonly restart?: RestartPolicy | undefined
}

/** What a bounded write does where there is something already; `append` unless told. */
export type SaveMode = 'append' | 'overwrite' | 'error' | 'ignore'

export interface WriteHow {
  readonly mode?: SaveMode
  readonly partitionBy?: readonly string[]
}

/** What a DataFrame needs of the session behind it. */
export interface QueryContext {
  analyze(plan: Unresolved): Logical
  /** Runs a bounded plan and gives its batches in order. */
  run(plan: Unresolved, options?: RunOptions): Promise<{ readonly schema: Schema; readonly batches: readonly Batch[] }>
  start(request: StreamRequest): Promise<StreamingQuery>
  /** Writes a bounded plan to a sink, once. */
  write(plan: Unresolved, format: string, options: Readonly<Record<string, string>>, how?: WriteHow): Promise<void>
  explain(plan: Unresolved, mode: ExplainMode): string
  createView(name: string, plan: Unresolved, replace: boolean): void
  /** A function of the user's under an id, alive as long as the plan that holds it. */
  closure(
    kind: UserMapKind | StateFunctionKind | 'reduceGroups' | 'transformWithState',
    fn: (...args: never[]) => unknown,
    version: string | number | undefined,
  ): Closure
  /** The sources and sinks of the session. */
  readonly connectors: Connectors
  /** Keeps a live object among those of the session, for connectors; gives its id. */
  keep(value: unknown): string
  /** Keeps an observation until its metrics are there. */
  observe(observation: Observation): void
  rowOptions(): RowOptions
  timeZone(): string
  /** Value of a session setting. */
  conf(key: string): string | undefined
}
