import { CHANGE_TYPE, OUTPUT_MODES, type OutputModeName } from '../connectors/provider.ts'
import { AnalysisError, UnsupportedError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import type { Logical } from './logical.ts'
import { sessionOf } from './session-of.ts'
import { streamingAggregates } from './streaming-aggregates.ts'

/** The output mode a word names, in any case; STREAMING_OUTPUT_MODE.INVALID otherwise. `extensions`: changelog is one. */
export function outputMode(mode: string, extensions: boolean): OutputModeName {
  const known = OUTPUT_MODES.filter((m) => extensions || m !== 'changelog')
  const found = known.find((m) => m === mode.toLowerCase())
  if (found !== undefined) return found
  throw new UnsupportedError(
    'STREAMING_OUTPUT_MODE.INVALID',
    { mode },
    { hint: `the output modes are ${known.slice(0, -1).join(', ')} and ${known.at(-1)}` },
  )
}

/** Refuses an operation in an output mode, at the clause that asks for it. */
export function refuseMode(operation: string, mode: OutputModeName, at: Span | undefined, hint?: string): never {
  throw new UnsupportedError('STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION', { operation, mode }, { at, hint })
}

/** Refuses a query whose aggregations, or want of them, do not go with the output mode. */
export function checkMode(plan: Logical, mode: OutputModeName, extensions: boolean): void {
  const aggregates = streamingAggregates(plan)
  const first = aggregates[0]
  switch (mode) {
    case 'append':
      if (first && !first.keys.some((k) => k.attr.eventTime))
        refuseMode(
          first.aggregates.length === 0
            ? 'distinct rows without a watermark column among them'
            : 'an aggregation without a watermark on one of its grouping columns',
          mode,
          first.at,
          'set withWatermark(...) on the event time and group by it or a window of it, or write in output mode update or complete',
        )
      return
    case 'complete':
      if (!first) refuseMode('a query without an aggregation', mode, plan.at, 'write in output mode append or update')
      return
    case 'update': {
      const session = first && sessionOf(first)
      if (session && !extensions)
        refuseMode('session_window', mode, session.at, 'write in output mode append or complete')
      return
    }
    case 'changelog': {
      const taken = plan.attrs.find((a) => a.name.toLowerCase() === CHANGE_TYPE)
      if (taken) throw new AnalysisError('COLUMN_ALREADY_EXISTS', { name: taken.name }, { at: plan.at })
    }
  }
}
