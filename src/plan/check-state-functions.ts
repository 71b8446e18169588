import type { OutputModeName } from '../connectors/provider.ts'
import { UnsupportedError } from '../errors/errors.ts'
import { isStreaming, type Logical, type LogicalTransformWithState } from './logical.ts'
import { streamingAggregates } from './streaming-aggregates.ts'
import { visitPlan } from './walk.ts'

/** Refuses a stateful processor that cannot run as a stream in an output mode. */
export function checkProcessor(node: LogicalTransformWithState, mode: OutputModeName): void {
  if (mode === 'changelog' && node.emits === 'update')
    throw new UnsupportedError(
      'STREAMING_STATE_FUNCTION_MODE',
      { emits: node.emits, place: 'in output mode changelog' },
      { at: node.at, hint: 'nobody knows which row a result takes the place of: write in output mode update' },
    )
  if (node.initial !== null && isStreaming(node.initial))
    throw new UnsupportedError(
      'STREAMING_INITIAL_STATE',
      { function: node.label },
      { at: node.at, hint: 'give a bounded table as initialState, or read the stream as one of the inputs' },
    )
}

/** The mode a state function emits in has to be that of the query; above it only append goes with aggregations. */
export function checkStateFunctions(plan: Logical, mode: OutputModeName): void {
  const aggregated = streamingAggregates(plan).length > 0
  let singles = 0
  visitPlan(plan, (p) => {
    if (p.op !== 'groupsWithState' || !isStreaming(p)) return
    const { at, emits } = p
    const refuse = (place: string, hint: string): never => {
      throw new UnsupportedError('STREAMING_STATE_FUNCTION_MODE', { emits, place }, { at, hint })
    }
    if (p.single && ++singles > 1)
      throw new UnsupportedError('STREAMING_STATE_FUNCTION_COUNT', {}, { at, hint: 'use flatMapGroupsWithState' })
    if (aggregated && p.single)
      refuse('together with an aggregation', 'use flatMapGroupsWithState in output mode append')
    if (aggregated && emits === 'update')
      refuse('together with an aggregation', "give the function outputMode: 'append'")
    if (aggregated && streamingAggregates(p).length > 0) refuse('above an aggregation', 'aggregate in another query')
    if (!aggregated && emits !== mode && !(emits === 'append' && mode === 'changelog'))
      refuse(
        `in output mode ${mode}`,
        `write in output mode ${emits}${p.single ? '' : `, or give the function outputMode: '${mode}'`}`,
      )
    if (p.timeout === 'EventTimeTimeout' && p.time === null)
      throw new UnsupportedError(
        'STREAMING_STATE_FUNCTION_WITHOUT_WATERMARK',
        {},
        { at, hint: 'call withWatermark(...) before groupByKey' },
      )
  })
}
