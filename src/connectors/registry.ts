import { AnalysisError, OptionError } from '../errors/errors.ts'
import { nearestName } from '../errors/suggest.ts'
import { arrowTableSource } from './arrow-table/source.ts'
import { consoleSink } from './console/sink.ts'
import { arrowSink, csvSink, jsonSink, textSink } from './files/sink.ts'
import { arrowSource, csvSource, jsonSource, textSource } from './files/source.ts'
import { foreachSink } from './foreach/sink.ts'
import { foreachBatchSink } from './foreach-batch/sink.ts'
import { httpPullSource } from './http/pull-source.ts'
import { httpSource } from './http/push-source.ts'
import { kafkaSink } from './kafka/sink.ts'
import { kafkaSource } from './kafka/source.ts'
import { liveSource } from './live/source.ts'
import { memorySink } from './memory/sink.ts'
import { memorySource } from './memory/source.ts'
import { noopSink } from './noop/sink.ts'
import type { SinkProvider, SourceProvider } from './provider.ts'
import { postgresSink } from './postgres/sink.ts'
import { postgresSource } from './postgres/source.ts'
import { rateMicroBatchSource } from './rate-micro-batch/source.ts'
import { rateSource } from './rate/source.ts'
import { socketSource } from './socket/source.ts'
import { sqliteSink } from './sqlite/sink.ts'
import { sqliteSource } from './sqlite/source.ts'
import { stateMetadataSource } from './statestore/metadata-source.ts'
import { stateSource } from './statestore/state-source.ts'

/** Every source; a new one is one more line here. */
export const SOURCES: readonly SourceProvider[] = [
  csvSource,
  jsonSource,
  textSource,
  arrowSource,
  arrowTableSource,
  httpSource,
  httpPullSource,
  kafkaSource,
  liveSource,
  memorySource,
  postgresSource,
  rateSource,
  rateMicroBatchSource,
  socketSource,
  sqliteSource,
  stateSource,
  stateMetadataSource,
]

/** Every sink; a new one is one more line here. */
export const SINKS: readonly SinkProvider[] = [
  consoleSink,
  foreachSink,
  foreachBatchSink,
  jsonSink,
  csvSink,
  textSink,
  arrowSink,
  kafkaSink,
  memorySink,
  noopSink,
  postgresSink,
  sqliteSink,
]

/** Id of a session's Connectors among the objects of its queries. */
export const CONNECTORS = 'connectors'

/** The connectors of a session: those of millrace and those the program has registered. Names are matched without regard to case. */
export class Connectors {
  readonly #sources: SourceProvider[] = [...SOURCES]
  readonly #sinks: SinkProvider[] = [...SINKS]

  /** Every source, millrace's own first. */
  get sources(): readonly SourceProvider[] {
    return this.#sources
  }
  /** Every sink, likewise. */
  get sinks(): readonly SinkProvider[] {
    return this.#sinks
  }

  /** The source of a format; DATA_SOURCE_NOT_FOUND names the nearest. */
  source(format: string): SourceProvider {
    return find('source', this.#sources, format)
  }
  /** The sink of a format, likewise. */
  sink(format: string): SinkProvider {
    return find('sink', this.#sinks, format)
  }

  /** Adds a source; a name that is taken raises CONNECTOR_ALREADY_EXISTS. */
  registerSource(provider: SourceProvider): void {
    add('source', this.#sources, provider)
  }
  /** Adds a sink, likewise. */
  registerSink(provider: SinkProvider): void {
    add('sink', this.#sinks, provider)
  }
}

const BUILT_IN = new Connectors()

/** The connectors of the session whose objects these are; millrace's own where there is no session. */
export function connectorsOf(objects: ReadonlyMap<string, unknown>): Connectors {
  const held = objects.get(CONNECTORS)
  return held instanceof Connectors ? held : BUILT_IN
}

/** The source of a format among millrace's own. */
export const sourceProvider = (format: string): SourceProvider => BUILT_IN.source(format)

/** The sink of a format where it is one of millrace's own. */
export const builtInSink = (format: string): SinkProvider | undefined =>
  SINKS.find((p) => p.format.toLowerCase() === format.toLowerCase())

/** The sink of a format among millrace's own. */
export const sinkProvider = (format: string): SinkProvider => BUILT_IN.sink(format)

function add<P extends { readonly format: string }>(kind: 'source' | 'sink', all: P[], provider: P): void {
  const taken = all.some((p) => p.format.toLowerCase() === provider.format.toLowerCase())
  if (taken)
    throw new OptionError(
      'CONNECTOR_ALREADY_EXISTS',
      { kind, format: provider.format },
      { hint: 'choose another format' },
    )
  all.push(provider)
}

function find<P extends { readonly format: string }>(kind: 'source' | 'sink', all: readonly P[], format: string): P {
  const found = all.find((p) => p.format.toLowerCase() === format.toLowerCase())
  if (found !== undefined) return found
  const names = all.map((p) => p.format)
  const near = nearestName(format, names)
  throw new AnalysisError(
    'DATA_SOURCE_NOT_FOUND',
    { kind, provider: format },
    { hint: near ? `did you mean "${near}"?` : `there are ${names.join(', ')}` },
  )
}
