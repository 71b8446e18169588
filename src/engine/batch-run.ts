import type { Batch } from '../columns/batch.ts'
import type { ExprEnv } from '../expr/env.ts'
import { instantiate } from '../planner/instantiate.ts'
import type { PipelineSpec, RecursiveNode } from '../planner/spec.ts'
import { runnersOf } from './async-calls.ts'
import type { BadRecords } from './bad-records.ts'
import { type LeafContext, type LeafNode, readLeaf } from './leaves.ts'
import { memoryLog } from './memory-log.ts'
import { type Observed, takeObserved } from './observed.ts'
import { Pacer } from './pacer.ts'
import { Pipeline, type Step } from './pipeline.ts'
import { readRecursive } from './recursion.ts'

/** What a bounded query runs with. `signal` and `deadlineMs` (on performance.now()) act between pieces of work. */
export interface BatchRunContext extends Pick<LeafContext, 'clock' | 'timeZone' | 'objects'> {
  readonly env: ExprEnv
  readonly signal?: AbortSignal | undefined
  readonly deadlineMs?: number | undefined
  /** Takes its bad records; absent: rows for which an expression throws fail it. */
  readonly bad?: BadRecords | undefined
  /** What `observe()` saw, when the run has ended well. */
  readonly onObserved?: ((observed: readonly Observed[]) => void) | undefined
}

/** Runs a bounded query to its end and hands over its rows in order, in batches. */
export async function runBatch(
  spec: PipelineSpec,
  ctx: BatchRunContext,
  onBatch: (batch: Batch) => Promise<void> | void,
): Promise<void> {
  const own = new AbortController()
  const signal = ctx.signal ?? own.signal
  const out: Batch[] = []
  const stages = runnersOf(spec, ctx.env, signal)
  const operators = instantiate(spec, { env: ctx.env, store: null })
  const pipeline = new Pipeline(spec, operators, (b) => out.push(b), stages)
  const { bad } = ctx
  pipeline.beginTrigger({ batchId: 0, watermarkUs: 0n, lateUs: 0n, bad })
  const pacer = new Pacer(signal, ctx.deadlineMs)
  const leaves: LeafContext = {
    ...ctx,
    bad: bad === undefined ? undefined : (name) => bad.source(name),
    signal,
    log: () => memoryLog(),
    metadata: { get: () => undefined, set: () => undefined },
    wake: () => undefined,
  }
  try {
    await runPhase(pipeline, pipeline.steps('static'), leaves, pacer, async () => {
      for (const batch of out.splice(0)) await onBatch(batch)
      if (bad?.waits === true) await bad.write()
    })
    ctx.onObserved?.(takeObserved(spec, operators))
  } finally {
    own.abort()
    for (const operator of operators.values()) operator.close?.()
  }
}

/**
 * Does steps over bounded leaves: reads them through the pipeline, each by `read` and no further than somebody wants its
 * rows, and ends the nodes behind.
 */
export async function runPhase(
  pipeline: Pipeline,
  steps: readonly Step[],
  leaves: LeafContext,
  pacer: Pacer,
  between: () => Promise<void>,
  read: (leaf: LeafNode) => AsyncIterable<Batch> | Iterable<Batch> = (leaf) => readLeaf(leaf, leaves),
): Promise<void> {
  for (const step of steps) {
    if (step.kind === 'end') await pacer.run(pipeline.end(step.id), between)
    else {
      const leaf = step.leaf as LeafNode | RecursiveNode
      // A recursive table has its own end: the limit straight over it, or an error.
      const wanted = (): boolean => leaf.op === 'recursive' || pipeline.wants(leaf.id)
      if (!wanted()) continue
      for await (const batch of leaf.op === 'recursive' ? recursiveRows(leaf, leaves, pacer) : read(leaf)) {
        await pacer.run(pipeline.feed(leaf.id, batch), between)
        if (!wanted()) break
      }
      await between()
    }
  }
}

function recursiveRows(leaf: RecursiveNode, leaves: LeafContext, pacer: Pacer): AsyncIterable<Batch> {
  return readRecursive(leaf, async (spec, round) => {
    const out: Batch[] = []
    const { env, signal } = leaves
    const operators = instantiate(spec, { env, store: null })
    const pipeline = new Pipeline(spec, operators, (b) => out.push(b), runnersOf(spec, env, signal))
    pipeline.beginTrigger({ batchId: 0, watermarkUs: 0n, lateUs: 0n })
    const previous = new Map([...(leaves.previous ?? []), [leaf.recursion, round]])
    await runPhase(pipeline, pipeline.steps('static'), { ...leaves, previous }, pacer, async () => undefined)
    return out
  })
}
