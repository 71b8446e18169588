import type { Batch } from '../columns/batch.ts'
import type { DecodePlan } from '../formats/decode-plan.ts'
import type { Database } from '../storage/database.ts'
import type { SinkToken, SourceLog } from '../checkpoint/checkpoint.ts'
import type { Schema } from '../types/data-type.ts'
import type { Json } from '../types/json.ts'
import type { BadRecordTaker } from './bad-records.ts'

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
  /** The columns of the table before pruning: what the provider's `schema` gave at load(). */
  readonly declared?: Schema
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
  /** The checkpoint's own file, for logs of what was received (IngestLog); absent or null for a bounded read. */
  readonly database?: Database | null
  /** Nothing of a batch is kept once the next is asked for, or `read` has ended: its memory may be used again. False unless told. */
  readonly mayReuse?: boolean
  /**
   * Told, while `read` runs, of each record that could not be decoded and did not fail the query; the same ones each time
   * the same offsets are read. Absent where nobody counts them: bounded reads.
   */
  readonly bad?: BadRecordTaker
  /** Aborted when the query stops. */
  readonly signal: AbortSignal
  /** Call when new data may have arrived, so that an idle query looks at once. */
  wake(): void
  /** Says in a line, once, what the source does by itself. */
  note?(line: string): void
  /** What holds the source up, for the status of the query; null when it goes on. */
  status?(text: string | null): void
  /** Objects of the session by id, for sources over live objects (memory streams). */
  readonly objects: ReadonlyMap<string, unknown>
}

/** A record as a source has it. */
export interface SourceRecord {
  /** Where it stands, for people. */
  readonly position: string
  /** Its bytes, where they are at hand. */
  readonly raw: Uint8Array | null
}

/** Figures of a source for progress. */
export interface SourceMetrics {
  /** Rows read, those a pushed-down predicate left out among them. */
  readonly rowsRead: number
  /** Rows that no fast way could read; absent where there is no such thing. */
  readonly slowRows?: number
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
  /** The partition of the batch `read` gave last, where a source has several that advance on their own: watermarks take their least. */
  currentPartition?(): string
  /** The record behind a physical row of the batch `read` gave last; for rows that become bad records. */
  recordAt?(row: number): SourceRecord
  /** What was read since the last call; the rows given count without it. */
  takeMetrics?(): SourceMetrics
  /** Figures of its own for progress, after a batch that ends at `to`. */
  reportMetrics?(to: Offset): Readonly<Record<string, string>>
  /** The end of all there is, for progress; that of the batch without it. */
  reportLatestOffset?(): Offset | null
  /** All batches up to `to` are committed. */
  commit?(to: Offset): Promise<void> | void
  /** Freezes `latestOffset` at what is there now (trigger availableNow); rate limits still cut it in pieces. */
  prepareAvailableNow?(): Promise<void>
  /** Of a bounded read, for providers that say `tellsChange`: another text whenever `read` may give other rows. Cheap. */
  changeToken?(): Promise<string>
  close(): Promise<void>
}

/**
 * What a restart can read again: 'native' any row until its commit, from the origin; 'logged' likewise, from a log in the
 * checkpoint, for every row that was acknowledged; 'none' nothing, rows under way are lost with the process.
 */
export type Replay = 'native' | 'logged' | 'none'

/** What a provider may ask when it is to name the columns of a table. */
export interface SchemaContext {
  readonly streaming: boolean
  readonly timeZone: string
  /** Value of a session setting. */
  conf(key: string): string | undefined
}

export interface SourceProvider {
  readonly format: string
  readonly doc: string
  readonly options: OptionSpecs
  /** Other options a format takes are passed on untouched when this is true (kafka.*). */
  readonly openOptions?: boolean
  readonly replay: Replay
  /** Where it depends on the options (wal): what these options give; `replay` is what the defaults give. */
  readonly replayOf?: (options: Options) => Replay
  readonly supports: readonly ('batch' | 'stream')[]
  /** The columns of the table; synchronous, called at load(). Throws OptionError/AnalysisError when `declared` is missing and needed. */
  schema(options: Options, declared: Schema | null, ctx?: SchemaContext): Schema
  /** Without a declared schema the columns are found in the data: a stream keeps those of its first start. */
  readonly infersSchema?: boolean
  /** A bounded table can say that it changed, without being read (`refreshInterval` onChange). */
  readonly tellsChange?: boolean
  /** Hidden columns that a query may name beside those of the table. */
  readonly metadataColumns?: Schema
  open(options: Options, ctx: SourceContext): Promise<Source>
  /** One line for progress and explain: `FileStreamSource[file:/…]`. */
  describe(options: Options): string
}

/** Declares a source. */
export const defineSource = (provider: SourceProvider): SourceProvider => provider

/** Output modes of a streaming query; `changelog` is ours. */
export const OUTPUT_MODES = ['append', 'update', 'complete', 'changelog'] as const
/** The column that changelog mode adds behind the others: insert, update_preimage, update_postimage or delete. */
export const CHANGE_TYPE = '_change_type'
export type OutputModeName = (typeof OUTPUT_MODES)[number]

export interface SinkContext {
  readonly schema: Schema
  readonly mode: OutputModeName
  /** Positions of the columns that tell rows apart in update mode, where the plan says so. */
  readonly upsertKey?: readonly number[]
  readonly queryId: string
  readonly queryName: string | null
  readonly timeZone: string
  /** Wall time in microseconds, from engine/clock. */
  nowUs(): bigint
  readonly signal: AbortSignal
  /** What holds the sink up, for the status of the query; null when it goes on. */
  status?(text: string | null): void
  readonly objects: ReadonlyMap<string, unknown>
  /** The checkpoint's own file, for joining sinks; null without a checkpoint on disk. */
  readonly database: Database | null
  /** A bounded write, done once: its output stands beside what queries and other writes left. */
  readonly bounded?: boolean
  /** Last committed batch at recovery, -1 for none: a file sink removes files of later batches. */
  readonly lastCommittedBatch: number
  /** It takes the bad records of a query, whose columns are fixed, and not its rows. */
  readonly takesBadRecords?: boolean
  /** Columns that become directories (partitionBy); only of sinks that say `partitions`. */
  readonly partitionBy?: readonly string[]
  /** Bounded writes: beside what is there, or in its place; beside it unless told. */
  readonly save?: 'append' | 'overwrite'
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

export type SinkKind = 'joining' | 'tokened' | 'idempotent'

export interface SinkProvider {
  readonly format: string
  readonly doc: string
  readonly options: OptionSpecs
  readonly openOptions?: boolean
  readonly kind: SinkKind
  /** Where it depends on the options (atomic): what these options give. */
  readonly kindOf?: (options: Options) => SinkKind
  /** At least once: `finish` of a rerun batch repeats its effect (console, foreachBatch without care). Shown by query.guarantees(). */
  readonly repeats?: boolean
  /** Removes, when it is opened, what it has of batches after the last commit: a checkpoint may go back under it. */
  readonly rollsBack?: boolean
  /** `add` is done with a batch when it (or its promise) is: the memory of the rows may be used again. False unless told. */
  readonly releases?: boolean
  readonly modes: readonly OutputModeName[]
  /** Update mode: a row of weight -1 takes the row of its key out. A query that needs it does not start on other sinks. */
  readonly deletes?: boolean
  /** Takes partitionBy. */
  readonly partitions?: boolean
  /** Whether there is something already where a bounded write would go (save modes error and ignore). */
  exists?(options: Options): boolean
  open(options: Options, ctx: SinkContext): Promise<Sink>
  describe(options: Options): string
}

/** Declares a sink. */
export const defineSink = (provider: SinkProvider): SinkProvider => provider
