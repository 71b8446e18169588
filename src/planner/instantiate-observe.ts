import { Batch } from '../columns/batch.ts'
import { compileProjection } from '../expr/compile.ts'
import { Observe } from '../operators/observe.ts'
import type { Operator } from '../operators/operator.ts'
import type { Schema } from '../types/data-type.ts'
import { makeAggregate } from './instantiate-aggregates.ts'
import type { InstantiateContext } from './instantiate-context.ts'
import type { AggregateNode, ObserveNode } from './spec.ts'

/** The aggregation is a batch one over a table of each trigger's own. */
export function makeObserve(node: ObserveNode, input: Schema, ctx: InstantiateContext): Operator {
  const inner: AggregateNode = { ...node, op: 'aggregate', schema: node.results, keys: [], pane: null, emit: 'batch' }
  const items = compileProjection(node.items, node.results, ctx.env)
  return new Observe({
    schema: node.schema,
    aggregate: () => makeAggregate(inner, input, ctx),
    finish: (row) => new Batch(node.metrics, items.project(row), row.length),
  })
}
