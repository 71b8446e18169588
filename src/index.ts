/** The public API of millrace. */
export { millrace, MillraceSession, SessionBuilder } from './session.ts'
export type { SessionHooks } from './session/session-parts.ts'
export { RuntimeConfig } from './session/conf.ts'
export { Catalog } from './session/catalog.ts'
export { DataFrame } from './dataframe/data-frame.ts'
export { GroupedData } from './dataframe/grouped-data.ts'
export { Observation } from './dataframe/observation.ts'
export { DataReader } from './dataframe/reader.ts'
export { DataFrameWriter } from './dataframe/writer.ts'
export { DataStreamWriter, type StartOptions } from './dataframe/stream-writer.ts'
export type { ExplainMode, RunOptions } from './dataframe/context.ts'
export { col, Column, type ColumnOrName, type ColumnOrValue, expr, lit, SortColumn } from './dataframe/column.ts'
export * as functions from './dataframe/functions.ts'
export { callFunction, countDistinct, explode, split, when, window } from './dataframe/functions.ts'
export { OutputMode, Trigger, type TriggerSpec } from './engine/trigger.ts'
export type { ChangesOptions, QueryChange } from './engine/change-feed.ts'
export type { LateRow } from './engine/late-rows.ts'
export type { QueryGuarantees, SinkGuarantee } from './engine/guarantees.ts'
export type { RestartPolicy } from './engine/restart.ts'
export { type StopOptions, StreamingQuery, type StreamingQueryStatus } from './engine/streaming-query.ts'
export { StreamingQueryManager } from './engine/query-manager.ts'
export type {
  SourceProgress,
  StateOperatorProgress,
  StaticTableProgress,
  StreamingQueryProgress,
} from './engine/progress.ts'
export type {
  QueryIdleEvent,
  QueryProgressEvent,
  QueryStartedEvent,
  QueryTerminatedEvent,
  StreamingQueryListener,
} from './engine/listeners.ts'
export {
  defineSink,
  defineSource,
  type Options,
  type OptionSpec,
  type OptionSpecs,
  type OutputModeName,
  type Replay,
  type Sink,
  type SinkContext,
  type SinkKind,
  type SinkProvider,
  type Source,
  type SourceContext,
  type SourceProvider,
} from './connectors/provider.ts'
export {
  BAD_RECORDS,
  type BadRecordPolicy,
  badRecordsOf,
  type BadRecordTaker,
  type DeadLetter,
} from './connectors/bad-records.ts'
export {
  receiver,
  type ReceiverContext,
  type ReceiverDefinition,
  type ReceiverStore,
} from './connectors/push/receiver.ts'
export { batchesOf, rowsOf } from './connectors/rows.ts'
export type { ForeachWriter } from './connectors/foreach/sink.ts'
export type { BatchContext } from './connectors/foreach-batch/batch-context.ts'
export type {
  OncePostgres,
  OncePostgresClient,
  OnceSqlite,
  OnceSqliteStatement,
} from './connectors/foreach-batch/once-targets.ts'
export { postgresPool, type PostgresPool, type PostgresPoolOptions } from './connectors/postgres/pool.ts'
export type { LiveOptions, LiveOrigin, LiveResume } from './connectors/live/input.ts'
export type { Overflow } from './connectors/live/event-items.ts'
export type { FromOptions } from './dataframe/reader.ts'
export type { ArrowTable, ArrowTableLike } from './columns/arrow/shapes.ts'
export type { Batch } from './columns/batch.ts'
export { MemoryStream } from './connectors/memory/stream.ts'
export type { Row } from './columns/row.ts'
export { LocalTimestamp, Timestamp } from './columns/timestamp.ts'
export type { Element, ResultRow, RowOf, RowOfResult, SchemaInput, StandardSchema } from './columns/typed-row.ts'
export {
  type FlatStateFunctionOptions,
  KeyValueGroupedData,
  type StateFunctionOptions,
  type TransformWithStateOptions,
} from './dataframe/key-value-grouped-data.ts'
export { type GroupState, GroupStateTimeout, type StateInput, type StateOf } from './functions/user/group-state.ts'
export {
  type ExpiredTimerInfo,
  type ListState,
  type MapState,
  type ProcessorModes,
  StatefulProcessor,
  type StatefulProcessorHandle,
  TimeMode,
  type TimerValues,
  type TTLConfig,
  type ValueState,
} from './functions/user/stateful-processor.ts'
export type { ClosureOptions } from './dataframe/schema-input.ts'
export type { AggregateFunction, AsyncOptions, FunctionDefinition } from './functions/user/definition.ts'
export type { TableFunctionDefinition } from './functions/user/table.ts'
export { type RegisteredFunction, UdfRegistration } from './session/functions.ts'
export { backupCheckpoint, type CheckpointBackup } from './checkpoint/backup.ts'
export type { Damage } from './checkpoint/damage.ts'
export { type CheckpointInspection, inspectCheckpoint } from './session/inspect-checkpoint.ts'
export { type CheckpointRollback, rollbackCheckpoint } from './session/rollback-checkpoint.ts'
export { type CheckpointVerification, verifyCheckpoint } from './session/verify-checkpoint.ts'
export type { DataType, Field, Schema } from './types/data-type.ts'
export { parseSchema, parseType, printSchema } from './types/ddl.ts'
export { typeName } from './types/data-type.ts'
export {
  AnalysisError,
  CheckpointError,
  ExecutionError,
  type FailedQuery,
  InternalError,
  MillraceError,
  OptionError,
  ParseError,
  UnsupportedError,
} from './errors/errors.ts'
