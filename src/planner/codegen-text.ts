import { Batch } from '../columns/batch.ts'
import { vectorOf } from '../columns/builder.ts'
import { compileFilter, compileFused } from '../expr/compile.ts'
import type { ExprEnv } from '../expr/env.ts'
import { captureSources } from '../expr/kernel.ts'
import { HashStateTable } from '../state/hash-state-table.ts'
import type { Schema } from '../types/data-type.ts'
import { runningAggregates } from './instantiate-aggregates.ts'
import type { NodeSpec, PipelineSpec } from './spec.ts'

/**
 * What EXPLAIN CODEGEN prints: the JavaScript of the generated loops, by node of the pipeline, as made for columns without
 * NULLs. Other variants (columns with NULLs, int64 beyond 2^53) are made when a batch asks for them.
 */
export function codegenText(spec: PipelineSpec, env: ExprEnv): string {
  const schemas = new Map(spec.nodes.map((n) => [n.id, n.schema]))
  const parts = spec.nodes.flatMap((node) => {
    const input = node.inputs.map((id) => schemas.get(id)!)[0]
    if (input === undefined) return []
    const sources = captureSources(() => compileNode(node, input, env))
    return sources.length === 0 ? [] : [`-- ${node.id}\n${sources.join('\n')}`]
  })
  return parts.length === 0 ? 'no generated loops: every column passes through' : parts.join('\n\n')
}

function compileNode(node: NodeSpec, input: Schema, env: ExprEnv): void {
  const empty = new Batch(
    input,
    input.fields.map((f) => vectorOf(f.type, [])),
    0,
  )
  if (node.op === 'fused') {
    if (node.items !== null) compileFused(node.filter, node.items, input, env)(empty)
    else if (node.filter !== null) compileFilter(node.filter, input, env)(empty)
  } else if (node.op === 'aggregate') {
    const { update } = runningAggregates(node.calls, node.distinct, input, env, 0)
    update(empty, new Int32Array(0), new HashStateTable(node.state).columns)
    for (const d of node.distinct) compileFused(d.filter, d.values, input, env)(empty)
  }
}
