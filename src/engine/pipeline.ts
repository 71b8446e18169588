import type { Batch } from '../columns/batch.ts'
import { MAX_BATCH_ROWS } from '../columns/batch.ts'
import { InternalError } from '../errors/errors.ts'
import type { AsyncCallRunner } from './async-calls.ts'
import type { Metric, OpContext, Operator } from '../operators/operator.ts'
import { type BadRecords, operatorsThatSpare } from './bad-records.ts'
import type { LateBatch } from './late-rows.ts'
import type { NodeSpec, PipelineSpec } from '../planner/spec.ts'

/** A piece of work that is done, or that must be awaited before the generator goes on (asynchronous functions). */
export type Work = void | Promise<void>

/** What is fixed for one trigger. */
export interface TriggerFacts {
  readonly batchId: number
  readonly watermarkUs: bigint
  readonly lateUs: bigint
  /** Takes the rows operators drop as late, when somebody reads them. */
  readonly late?: LateBatch | null
  /** Takes the rows for which an expression throws, where they do not fail the query. */
  readonly bad?: BadRecords | undefined
}

/** Which nodes end: those fed only by bounded tables, which run once at start, or the rest, once a trigger. */
export type Phase = 'static' | 'stream'

export type Step = { readonly kind: 'read'; readonly leaf: NodeSpec } | { readonly kind: 'end'; readonly id: string }

/** A bounded part of a streaming query that feeds a node of its streams. */
export interface StaticSide {
  /** The node whose rows it gives. */
  readonly root: string
  readonly nodes: readonly NodeSpec[]
  /** The node behind keeps the rows in its state: it takes them once in the life of the query. */
  readonly once: boolean
}

interface Running {
  readonly spec: NodeSpec
  operator: Operator | null
  readonly stage: AsyncCallRunner | null
  readonly phase: Phase
  readonly context: Context
  consumer: { readonly node: Running; readonly port: number } | null
}

/** A build side comes before its probe side; in a semi or anti join of streams, left rows that match at once need not be kept. */
const secondFirst = (spec: NodeSpec): boolean =>
  spec.op === 'join' || (spec.op === 'stream-join' && (spec.type === 'semi' || spec.type === 'anti'))

const lowest = (list: readonly bigint[]): bigint | undefined =>
  list.reduce<bigint | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined)

/** One operator's OpContext; collects what it emits until the pipeline passes it on. */
class Context implements OpContext {
  batchId = 0
  watermarkUs = 0n
  lateUs = 0n
  late: OpContext['late'] = undefined
  faults: OpContext['faults'] = undefined
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
  readonly #spare: ReadonlySet<string>

  /** `operators`: by node id, for every node that is not a source, a local table or a range. */
  constructor(
    spec: PipelineSpec,
    operators: ReadonlyMap<string, Operator>,
    onOutput: (batch: Batch) => void,
    stages: ReadonlyMap<string, AsyncCallRunner> = new Map(),
  ) {
    this.spec = spec
    this.#onOutput = onOutput
    this.#spare = operatorsThatSpare(spec)
    const byId = new Map<string, Running>()
    for (const node of spec.nodes) {
      const inputs = node.inputs.map((id) => byId.get(id)!)
      const streams = node.op === 'source' ? node.streaming : inputs.some((i) => i.phase === 'stream')
      const running: Running = {
        spec: node,
        operator: operators.get(node.id) ?? null,
        stage: stages.get(node.id) ?? null,
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

  /**
   * What a phase does up to a node, the last unless given, in order: read a leaf, or end a node all of whose inputs have
   * ended. The build side of a join comes, and ends, before its probe side.
   */
  steps(phase: Phase, root: string = this.#nodes[this.#nodes.length - 1]!.spec.id): readonly Step[] {
    const out: Step[] = []
    const walk = (node: Running): void => {
      const inputs = node.spec.inputs.map((id) => this.#byId.get(id)!)
      for (const input of secondFirst(node.spec) ? [...inputs].reverse() : inputs) walk(input)
      if (node.phase !== phase) return
      out.push(inputs.length === 0 ? { kind: 'read', leaf: node.spec } : { kind: 'end', id: node.spec.id })
    }
    walk(this.#byId.get(root)!)
    return out
  }

  /** The bounded parts that feed nodes of the streams. */
  staticSides(): readonly StaticSide[] {
    return this.#nodes.flatMap((root) => {
      const consumer = root.consumer
      if (root.phase === 'stream' || consumer === null || consumer.node.phase === 'static') return []
      const below = (node: Running): readonly NodeSpec[] => [
        ...node.spec.inputs.flatMap((id) => below(this.#byId.get(id)!)),
        node.spec,
      ]
      return [{ root: root.spec.id, nodes: below(root), once: consumer.node.spec.op === 'stream-join' }]
    })
  }

  /** Forgets what a bounded part gave: its nodes get fresh operators, the node behind awaits its rows anew. */
  renew(side: StaticSide, operators: ReadonlyMap<string, Operator>): void {
    for (const { id } of side.nodes) this.#byId.get(id)!.operator = operators.get(id) ?? null
    const { node, port } = this.#byId.get(side.root)!.consumer!
    node.operator!.forget?.(port)
  }

  /** The leaves of a phase, in the order of `steps`. */
  leaves(phase: Phase): readonly NodeSpec[] {
    return this.steps(phase).flatMap((s) => (s.kind === 'read' ? [s.leaf] : []))
  }

  /** True when no operator behind a leaf keeps anything of its rows: see Operator.releases. */
  releases(leaf: string): boolean {
    let consumer = this.#byId.get(leaf)!.consumer
    for (; consumer !== null; consumer = consumer.node.consumer) {
      const releases = consumer.node.operator?.releases
      if (releases !== true && (releases === undefined || releases === false || releases[consumer.port] !== true))
        return false
    }
    return true
  }

  /**
   * False when nothing behind a node of a bounded query can use another row of it: a limit there is full, and nothing on
   * the way counts rows for somebody else. A stream always goes on.
   */
  wants(id: string): boolean {
    return this.#wantsMore(this.#byId.get(id)!)
  }

  #wantsMore(node: Running): boolean {
    if (this.spec.kind !== 'batch') return true
    for (let next = node.consumer?.node; next !== undefined; next = next.consumer?.node) {
      if (next.operator?.done === true) return false
      if (next.spec.op === 'observe') return true
    }
    return true
  }

  /** Sets what the next calls run under and clears the counters. */
  beginTrigger(facts: TriggerFacts): void {
    const passed = new Map<string, { readonly watermarkUs: bigint; readonly lateUs: bigint }>()
    for (const { spec, operator, context, phase } of this.#nodes) {
      const inputs =
        phase === 'static' ? [] : spec.inputs.filter((id) => this.phaseOf(id) === 'stream').map((id) => passed.get(id)!)
      const watermarkUs = lowest(inputs.map((i) => i.watermarkUs)) ?? facts.watermarkUs
      const lateUs = lowest(inputs.map((i) => i.lateUs)) ?? facts.lateUs
      context.batchId = facts.batchId
      context.watermarkUs = watermarkUs
      context.lateUs = lateUs
      const { late } = facts
      context.late = late ? (rows, times, plusUs) => late.add(spec.id, lateUs, rows, times, plusUs) : undefined
      const spares = (phase === 'stream' || this.spec.kind === 'batch') && this.#spare.has(spec.id)
      context.faults = spares ? facts.bad?.operator(spec.id) : undefined
      context.metrics.clear()
      context.out.length = 0
      const out = (us: bigint): bigint => operator?.outputWatermarkUs?.(us) ?? us
      passed.set(spec.id, { watermarkUs: out(watermarkUs), lateUs: out(lateUs) })
    }
  }

  /** The watermark of the query with which all that its operators hold back would have left; null when they hold nothing back. */
  heldUntilUs(): bigint | null {
    // Far from the epoch, where no edge is cut off at it: what an edge is behind the watermark is the same everywhere.
    const far = 1n << 60n
    const behind = new Map<string, bigint>()
    let last: bigint | null = null
    for (const { spec, operator, phase } of this.#nodes) {
      if (phase === 'static') continue
      const lags = spec.inputs.flatMap((id) => behind.get(id) ?? [])
      const lag = lags.reduce((a, b) => (b > a ? b : a), 0n)
      behind.set(spec.id, far - (operator?.outputWatermarkUs?.(far - lag) ?? far - lag))
      const held = operator?.heldUntilUs?.() ?? null
      if (held !== null && (last === null || held + lag > last)) last = held + lag
    }
    return last
  }

  /** Passes rows of a leaf on, cut into pieces of at most MAX_BATCH_ROWS. */
  *feed(leaf: string, batch: Batch): Generator<Work> {
    const node = this.#byId.get(leaf)!
    // A source may give an empty batch so that its bad records are taken from it.
    if (batch.rowCount === 0) return
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

  /** Ends the trigger for one node. */
  *end(id: string): Generator<Work> {
    const node = this.#byId.get(id)!
    if (node.stage !== null) return
    node.operator!.onTriggerEnd?.(node.context)
    yield* this.#flush(node)
  }

  /** Counters of an operator since `beginTrigger`. */
  metric(id: string, metric: Metric): number {
    return this.#byId.get(id)?.context.metrics.get(metric) ?? 0
  }

  *#deliver(node: Running, batch: Batch): Generator<Work> {
    const consumer = node.consumer
    if (consumer === null) {
      this.#onOutput(batch)
      yield
      return
    }
    const { node: next, port } = consumer
    if (next.stage !== null) {
      const out: Batch[] = []
      yield next.stage.run(batch, next.context.faults).then((b) => void out.push(b))
      for (const b of out) if (b.rowCount > 0) yield* this.#deliver(next, b)
      return
    }
    next.operator!.onBatch(batch, next.context, port)
    yield* this.#flush(next)
  }

  /** Passes on what a node emitted, then lets it drain. */
  *#flush(node: Running): Generator<Work> {
    const { context, operator } = node
    for (;;) {
      const out = context.out.splice(0)
      for (const batch of out) yield* this.#deliver(node, batch)
      if (out.length === 0) yield
      if (!this.#wantsMore(node)) break
      if (operator!.drain === undefined || !operator!.drain(context, MAX_BATCH_ROWS)) break
    }
    for (const batch of context.out.splice(0)) yield* this.#deliver(node, batch)
  }
}
