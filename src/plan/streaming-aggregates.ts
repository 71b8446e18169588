import { inputsOf, isStreaming, type Logical, type LogicalAggregate } from './logical.ts'

/** Aggregations over a stream, however far below, the topmost first. */
export function streamingAggregates(plan: Logical): readonly LogicalAggregate[] {
  const own = plan.op === 'aggregate' && isStreaming(plan) ? [plan] : []
  return [...own, ...inputsOf(plan).flatMap(streamingAggregates)]
}
