import type { Batch} from '../columns/batch.ts';
import { MAX_BATCH_ROWS } from '../columns/batch.ts'
import { InternalError } from '../errors/errors.ts'
import type { Metric, OpContext, Operator } from '../operators/operator.ts'
import type { NodeSpec, PipelineSpec } from '../planner/spec.ts'

/** What is fixed for one trigger. */
export interface TriggerFacts {
  readonly batchId: number
  readonly watermarkUs: bigint
  readonly lateUs: bigint
}

/** Which nodes end: those fed only by bounded tables, which run once at start, or the rest, once a trigger. */
export type Phase = 'static' | 'stream'

interface Running {
  readonly spec: NodeSpec
  readonly operator: Operator | null
  readonly phase: Phase
  readonly context: Context
  consumer: { readonly node: Running; readonly port: number } | null
}

/** One operator's OpContext; collects what it emits until the pipeline passes it on. */
class Context implements OpContext {
  batchId = 0
  watermarkUs = 0n
  lateUs = 0n
  readonly out: Batch[] = []
  readonly metrics = new Map<Metric, number>()

  emit(batch: Batch): void {
    this.out.push(batch)
  }

  count(metric: Metric, n: number): void {
    this.metrics.set(metric, (this.metrics.get(metric) ?? 0) + n)
  }
}

/**
 * The operators of one query, wired. `feed` and `end` are generators: each `next()` does one bounded piece of work (an
 * operator over at most MAX_BATCH_ROWS rows), so that the caller can yield to the event loop, write output and look at
 * signals in between. Output arrives through `onOutput` during those calls.
 */
export class Pipeline {
  readonly spec: PipelineSpec
  readonly #nodes: readonly Running[]
  readonly #byId: ReadonlyMap<string, Running>
  readonly #onOutput: (batch: Batch) => void

  /** `operators`: by node id, for every node that is not a source, a local table or a range. */
  constructor(spec: PipelineSpec, operators: ReadonlyMap<string, Operator>, onOutput: (batch: Batch) => void) {
    this.spec = spec
    this.#onOutput = onOutput
    const byId = new Map<string, Running>()
    for (const node of spec.nodes) {
      const inputs = node.inputs.map((id) => byId.get(id)!)
      const streams = node.op === 'source' ? node.streaming : inputs.some((i) => i.phase === 'stream')
      const running: Running = {
        spec: node,
        operator: operators.get(node.id) ?? null,
        phase: streams ? 'stream' : 'static',
        context: new Context(),
        consumer: null,
      }
      inputs.forEach((input, port) => {
        if (input.consumer !== null) throw new InternalError(`node ${input.spec.id} has two consumers`)
        input.consumer = { node: running, port }
      })
      byId.set(node.id, running)
    }
    this.#byId = byId
    this.#nodes = [...byId.values()]
  }

  /** Phase of a node. */
  phaseOf(id: string): Phase {
    return this.#byId.get(id)!.phase
  }

  /** Leaves in the order in which they must be read: the build side of a join before its probe side. */
  leaves(phase: Phase): readonly NodeSpec[] {
    const out: NodeSpec[] = []
    const walk = (node: Running): void => {
      const inputs = node.spec.inputs.map((id) => this.#byId.get(id)!)
      if (inputs.length === 0) {
        if (node.phase === phase) out.push(node.spec)
        return
      }
      for (const input of node.spec.op === 'join' ? [...inputs].reverse() : inputs) walk(input)
    }
    walk(this.#nodes[this.#nodes.length - 1]!)
    return out
  }

  /** Sets what the next calls run under and clears the counters. */
  beginTrigger(facts: TriggerFacts): void {
    for (const { context } of this.#nodes) {
      context.batchId = facts.batchId
      context.watermarkUs = facts.watermarkUs
      context.lateUs = facts.lateUs
      context.metrics.clear()
      context.out.length = 0
    }
  }

  /** Passes rows of a leaf on, cut into pieces of at most MAX_BATCH_ROWS. */
  *feed(leaf: string, batch: Batch): Generator<void> {
    const node = this.#byId.get(leaf)!
    if (batch.rowCount <= MAX_BATCH_ROWS) {
      yield* this.#deliver(node, batch)
      return
    }
    for (let from = 0; from < batch.rowCount; from += MAX_BATCH_ROWS) {
      const to = Math.min(batch.rowCount, from + MAX_BATCH_ROWS)
      const rows = Int32Array.from({ length: to - from }, (_, i) => batch.rowAt(from + i))
      yield* this.#deliver(node, batch.select(rows))
    }
  }

  /** Ends the trigger for every node of a phase, inputs first. */
  *end(phase: Phase): Generator<void> {
    for (const node of this.#nodes) {
      if (node.phase !== phase || node.operator === null) continue
      node.operator.onTriggerEnd?.(node.context)
      yield* this.#flush(node)
    }
  }

  /** Counters of an operator since `beginTrigger`. */
  metric(id: string, metric: Metric): number {
    return this.#byId.get(id)?.context.metrics.get(metric) ?? 0
  }

  *#deliver(node: Running, batch: Batch): Generator<void> {
    const consumer = node.consumer
    if (consumer === null) {
      this.#onOutput(batch)
      yield
      return
    }
    const { node: next, port } = consumer
    next.operator!.onBatch(batch, next.context, port)
    yield* this.#flush(next)
  }

  /** Passes on what a node emitted, then lets it drain. */
  *#flush(node: Running): Generator<void> {
    const { context, operator } = node
    for (;;) {
      const out = context.out.splice(0)
      for (const batch of out) yield* this.#deliver(node, batch)
      if (out.length === 0) yield
      if (operator!.drain === undefined || !operator!.drain(context, MAX_BATCH_ROWS)) break
    }
    for (const batch of context.out.splice(0)) yield* this.#deliver(node, batch)
  }
}
