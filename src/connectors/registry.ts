import { AnalysisError } from '../errors/errors.ts'
import { nearestName } from '../errors/suggest.ts'
import { consoleSink } from './console/sink.ts'
import { jsonSink } from './files/sink.ts'
import { jsonSource, textSource } from './files/source.ts'
import { foreachBatchSink } from './foreach-batch/sink.ts'
import { memorySink } from './memory/sink.ts'
import { memorySource } from './memory/source.ts'
import { noopSink } from './noop/sink.ts'
import type { SinkProvider, SourceProvider } from './provider.ts'
import { rateSource } from './rate/source.ts'
import { socketSource } from './socket/source.ts'

/** Every source; a new one is one more line here. */
export const SOURCES: readonly SourceProvider[] = [jsonSource, textSource, memorySource, rateSource, socketSource]

/** Every sink; a new one is one more line here. */
export const SINKS: readonly SinkProvider[] = [consoleSink, foreachBatchSink, jsonSink, memorySink, noopSink]

/** The source of a format, without regard to case; DATA_SOURCE_NOT_FOUND names the nearest. */
export const sourceProvider = (format: string): SourceProvider => find('source', SOURCES, format)

/** The sink of a format, likewise. */
export const sinkProvider = (format: string): SinkProvider => find('sink', SINKS, format)

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
