import type { Batch } from '../columns/batch.ts'
import type { ExprEnv } from '../expr/env.ts'
import { instantiate } from '../planner/instantiate.ts'
import type { LocalNode, PipelineSpec, RangeNode } from '../planner/spec.ts'
import { localBatches } from './leaves.ts'
import { Pipeline } from './pipeline.ts'

/**
 * Runs a bounded query over constant rows and ranges only, without waiting for anything: for looking at the first rows
 * of small tables. The caller stops when it has seen enough.
 */
export function* runLocal(spec: PipelineSpec, env: ExprEnv): Generator<Batch> {
  const out: Batch[] = []
  const operators = instantiate(spec, { env, store: null })
  const pipeline = new Pipeline(spec, operators, (b) => out.push(b))
  pipeline.beginTrigger({ batchId: 0, watermarkUs: 0n, lateUs: 0n })
  try {
    for (const step of pipeline.steps('static')) {
      if (step.kind === 'end') for (const _ of pipeline.end(step.id)) yield* out.splice(0)
      else
        for (const batch of localBatches(step.leaf as LocalNode | RangeNode))
          for (const _ of pipeline.feed(step.leaf.id, batch)) yield* out.splice(0)
    }
    yield* out.splice(0)
  } finally {
    for (const operator of operators.values()) operator.close?.()
  }
}
