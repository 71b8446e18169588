/** The public API of millrace. */
export { millrace, MillraceSession, SessionBuilder, type SessionHooks } from './session.ts'
export { RuntimeConfig } from './session/conf.ts'
export { Catalog } from './session/catalog.ts'
export { DataFrame } from './dataframe/data-frame.ts'
export { GroupedData } from './dataframe/grouped-data.ts'
export { DataReader } from './dataframe/reader.ts'
export { DataFrameWriter } from './dataframe/writer.ts'
export { DataStreamWriter } from './dataframe/stream-writer.ts'
export type { ExplainMode, RunOptions } from './dataframe/context.ts'
export { col, Column, type ColumnOrName, type ColumnOrValue, expr, lit, SortColumn } from './dataframe/column.ts'
export * as functions from './dataframe/functions.ts'
export { callFunction, countDistinct, explode, split, when, window } from './dataframe/functions.ts'
export { OutputMode, Trigger, type TriggerSpec } from './engine/trigger.ts'
export { StreamingQuery, type StreamingQueryStatus } from './engine/streaming-query.ts'
export { StreamingQueryManager } from './engine/query-manager.ts'
export type { SourceProgress, StateOperatorProgress, StreamingQueryProgress } from './engine/progress.ts'
export type {
  QueryIdleEvent,
  QueryProgressEvent,
  QueryStartedEvent,
  QueryTerminatedEvent,
  StreamingQueryListener,
} from './engine/listeners.ts'
export { MemoryStream } from './connectors/memory/stream.ts'
export type { Row } from './columns/row.ts'
export type { DataType, Field, Schema } from './types/data-type.ts'
export { parseSchema, parseType, printSchema } from './types/ddl.ts'
export { typeName } from './types/data-type.ts'
export {
  AnalysisError,
  CheckpointError,
  ExecutionError,
  InternalError,
  MillraceError,
  OptionError,
  ParseError,
  UnsupportedError,
} from './errors/errors.ts'
