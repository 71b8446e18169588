import type { Batch } from '../columns/batch.ts'
import type { ExprEnv } from '../expr/env.ts'
import { instantiate } from '../planner/instantiate.ts'
import type { LocalNode, PipelineSpec, RangeNode, SourceNode } from '../planner/spec.ts'
import { type LeafContext, readLeaf } from './leaves.ts'
import { memoryLog } from './memory-log.ts'
import { Pacer } from './pacer.ts'
import { type Phase, Pipeline } from './pipeline.ts'

/** What a bounded query runs with. `signal` and `deadlineMs` (on performance.now()) act between pieces of work. */
export interface BatchRunContext extends Pick<LeafContext, 'clock' | 'timeZone' | 'objects'> {
  readonly env: ExprEnv
  readonly signal?: AbortSignal | undefined
  readonly deadlineMs?: number | undefined
}

/** Runs a bounded query to its end and hands over its rows in order, in batches. */
export async function runBatch(spec: PipelineSpec, ctx: BatchRunContext, onBatch: (batch: Batch) => Promise<void> | void): Promise<void> {
  const own = new AbortController()
  const signal = ctx.signal ?? own.signal
  const out: Batch[] = []
  const pipeline = new Pipeline(spec, instantiate(spec, { env: ctx.env, store: null }), (b) => out.push(b))
  pipeline.beginTrigger({ batchId: 0, watermarkUs: 0n, lateUs: 0n })
  const pacer = new Pacer(signal, ctx.deadlineMs)
  const leaves: LeafContext = {
    ...ctx,
    signal,
    log: () => memoryLog(),
    metadata: { get: () => undefined, set: () => undefined },
    wake: () => undefined,
  }
  try {
    await runPhase(pipeline, 'static', leaves, pacer, async () => {
      for (const batch of out.splice(0)) await onBatch(batch)
    })
  } finally {
    own.abort()
  }
}

/** Reads every bounded leaf of a phase through the pipeline and ends it. */
export async function runPhase(
  pipeline: Pipeline,
  phase: Phase,
  leaves: LeafContext,
  pacer: Pacer,
  between: () => Promise<void>,
): Promise<void> {
  for (const leaf of pipeline.leaves(phase))
    for await (const batch of readLeaf(leaf as SourceNode | LocalNode | RangeNode, leaves)) await pacer.run(pipeline.feed(leaf.id, batch), between)
  await pacer.run(pipeline.end(phase), between)
}
