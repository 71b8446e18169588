import type { Batch } from '../columns/batch.ts'
import type { DecodePlan } from '../formats/decode-plan.ts'
import type { Database } from '../storage/database.ts'
import type { SinkToken, SourceLog } from '../checkpoint/checkpoint.ts'
import type { Schema } from '../types/data-type.ts'
import type { Json } from '../types/json.ts'

/** One option of a connector; validation, "did you mean", help and docs come from it. Names are matched without regard to case. */
export interface OptionSpec {
  readonly type: 'string' | 'int' | 'boolean' | 'duration' | 'bytes'
  readonly doc: string
  readonly default?: string | number | boolean
  readonly required?: boolean
}
export type OptionSpecs = Readonly<Record<string, OptionSpec>>
/** Options after validation: declared names, values of the declared types (duration: milliseconds; bytes: a number). Missing ones have their default, or are absent. */
export type Options = Readonly<Record<string, string | number | boolean>>

/** What the engine gives a source when it opens it. */
export interface SourceContext {
  /** The columns to deliver, in order: the pruned schema (struct members may be pruned too). Rows carry exactly these. */
  readonly schema: Schema
  /** What the query needs of the source; a source without pushdown ignores `predicates`. */
  readonly plan: DecodePlan
  /** Name of the source in the query, unique and stable over restarts. */
  readonly name: string
  readonly timeZone: string
  /** False for a bounded read, which rate limits do not cut; a stream unless told. */
  readonly streaming?: boolean
  /** Wall time in microseconds, from engine/clock. */
  nowUs(): bigint
  /** Durable memory of the source in the checkpoint; one in memory for batch reads. */
  readonly log: SourceLog
  readonly metadata: { get(key: string): Json | undefined; set(key: string, value: Json): void }
  /** Aborted when the query stops. */
  readonly signal: AbortSignal
  /** Call when new data may have arrived, so that an idle query looks at once. */
  wake(): void
  /** Objects of the session by id, for sources over live objects (memory streams). */
  readonly objects: ReadonlyMap<string, unknown>
}

/**
 * A running source. Offsets are plain JSON. `read(a, b)` gives the rows after `a` up to `b`, the same rows each time
 * until `commit(b)` when replay is 'native' or 'logged'. `a` is null for "from the initial offset".
 */
export interface Source<Offset extends Json = Json> {
  /** Where a fresh query starts; null when that is not known before data arrives (a batch 0 then waits for data). */
  initialOffset(): Promise<Offset | null>
  /** The end of what can be read now, at most `limit`'s worth beyond `from`; null or equal to `from` when there is nothing new. */
  latestOffset(from: Offset | null): Promise<Offset | null>
  /** Batches of at most MAX_BATCH_ROWS rows with exactly the columns of the context's schema. */
  read(from: Offset | null, to: Offset): AsyncIterable<Batch> | Iterable<Batch>
  /** All batches up to `to` are committed. */
  commit?(to: Offset): Promise<void> | void
  /** Freezes `latestOffset` at what is there now (trigger availableNow); rate limits still cut it in pieces. */
  prepareAvailableNow?(): Promise<void>
  close(): Promise<void>
}

export interface SourceProvider {
  readonly format: string
  readonly doc: string
  readonly options: OptionSpecs
  /** Other options a format takes are passed on untouched when this is true (kafka.*). */
  readonly openOptions?: boolean
  readonly replay: 'native' | 'logged' | 'none'
  readonly supports: readonly ('batch' | 'stream')[]
  /** The columns of the table; synchronous, called at load(). Throws OptionError/AnalysisError when `declared` is missing and needed. */
  schema(options: Options, declared: Schema | null): Schema
  open(options: Options, ctx: SourceContext): Promise<Source>
  /** One line for progress and explain: `FileStreamSource[file:/…]`. */
  describe(options: Options): string
}

/** Declares a source. */
export const defineSource = (provider: SourceProvider): SourceProvider => provider

export type OutputModeName = 'append' | 'update' | 'complete'

export interface SinkContext {
  readonly schema: Schema
  readonly mode: OutputModeName
  readonly queryId: string
  readonly queryName: string | null
  readonly timeZone: string
  readonly signal: AbortSignal
  readonly objects: ReadonlyMap<string, unknown>
  /** The checkpoint's own file, for joining sinks; null without a checkpoint on disk. */
  readonly database: Database | null
  /** Last committed batch at recovery, -1 for none: a file sink removes files of later batches. */
  readonly lastCommittedBatch: number
}

/**
 * A running sink. For each batch the engine calls `begin`, then `add` for each piece of the output in order, then
 * `finish`, or `abort` when the batch failed.
 *
 *   idempotent   doing a batch id twice has the effect of doing it once
 *   tokened      `finish` stores `token` atomically with the output; `readToken` gives the last one
 *   joining      `begin … finish` run inside the checkpoint's transaction: `add` only collects, `writeInTx` writes
 */
export interface Sink {
  begin(batchId: number, token: SinkToken): Promise<void> | void
  add(batch: Batch): Promise<void> | void
  finish(): Promise<void> | void
  abort?(): Promise<void> | void
  /** Joining sinks: writes what was added into ctx.database; runs inside the commit transaction. */
  writeInTx?(): void
  /** Tokened sinks. */
  readToken?(): Promise<SinkToken | null>
  close(): Promise<void>
}

export interface SinkProvider {
  readonly format: string
  readonly doc: string
  readonly options: OptionSpecs
  readonly openOptions?: boolean
  readonly kind: 'joining' | 'tokened' | 'idempotent'
  /** At least once: `finish` of a rerun batch repeats its effect (console, foreachBatch without care). Shown by query.guarantees(). */
  readonly repeats?: boolean
  readonly modes: readonly OutputModeName[]
  open(options: Options, ctx: SinkContext): Promise<Sink>
  describe(options: Options): string
}

/** Declares a sink. */
export const defineSink = (provider: SinkProvider): SinkProvider => provider
