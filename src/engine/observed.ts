import { type Row, rowMaker, type RowOptions } from '../columns/row.ts'
import { Observe } from '../operators/observe.ts'
import type { Operator } from '../operators/operator.ts'
import type { ObserveNode, PipelineSpec } from '../planner/spec.ts'
import type { Json } from '../types/json.ts'

/** What one `observe()` saw. */
export interface Observed {
  readonly name: string
  /** Id of the Observation that waits for it, if any. */
  readonly observer: string | null
  readonly row: Row
}

/** The metrics that the observing operators have since the last call. */
export function takeObserved(
  spec: PipelineSpec,
  operators: ReadonlyMap<string, Operator>,
  options: RowOptions = {},
): Observed[] {
  return spec.nodes.flatMap((node) => {
    const operator = operators.get(node.id)
    const metrics = operator instanceof Observe ? operator.takeMetrics() : null
    if (metrics === null) return []
    const { name, observer, metrics: schema } = node as ObserveNode
    return [{ name, observer, row: rowMaker(schema, options)(metrics.row(0)) }]
  })
}

/** As progress carries them: plain JSON by name. */
export const observedMetrics = (observed: readonly Observed[]): Readonly<Record<string, Json>> =>
  Object.fromEntries(observed.map((o) => [o.name, JSON.parse(JSON.stringify(o.row)) as Json]))
