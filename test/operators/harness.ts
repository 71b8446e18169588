import { memoryCheckpoint } from '../../src/checkpoint/open.ts'
import { Batch, MAX_BATCH_ROWS } from '../../src/columns/batch.ts'
import { batchOf } from '../../src/columns/builder.ts'
import type { Metric, OpContext, Operator } from '../../src/operators/operator.ts'
import type { AggregateCall } from '../../src/plan/logical.ts'
import { aggregateSpecs, type AggregateSpecs } from '../../src/planner/aggregates.ts'
import { instantiate } from '../../src/planner/instantiate.ts'
import type { NodeSpec, PipelineSpec } from '../../src/planner/spec.ts'
import { CheckpointedStateStore } from '../../src/state/checkpointed-store.ts'
import { Visits } from '../../src/state/visits.ts'
import type { Expr } from '../../src/expr/bound.ts'
import type { ExprEnv } from '../../src/expr/env.ts'
import { field, type DataType, type Field, type Schema, schemaOf } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { call, env } from '../expr/build.ts'

export { pick, seeded } from '../expr/random-values.ts'

export type Row = readonly Value[]

/** What is fixed for one trigger, in microseconds. */
export interface Times {
  readonly watermarkUs?: bigint
  readonly lateUs?: bigint
}

/** What `Omit` does, for each kind of node by itself. */
type WithoutPlace<N> = N extends NodeSpec ? Omit<N, 'id' | 'inputs'> : never

export const columns = (...types: DataType[]): Schema => schemaOf(...types.map((t, i) => field(`c${i}`, t)))

/** An aggregate call over the columns of the input. */
export function aggregate(
  fn: string,
  args: readonly Expr[],
  more: { readonly distinct?: boolean; readonly filter?: Expr } = {},
): AggregateCall {
  const typed = call(fn, ...args)
  return {
    fn,
    args: typed.args,
    distinct: more.distinct ?? false,
    ...(more.filter ? { filter: more.filter } : {}),
    type: typed.type,
  }
}

/** `calls` and `distinct` of a node as the planner writes them, over a table of groups with these keys. */
export const aggregates = (
  calls: readonly AggregateCall[],
  keys: readonly Field[],
  paned = false,
  counted = true,
): AggregateSpecs => aggregateSpecs(calls, (e) => e, env, { keys, paned, counted })

/**
 * One operator, made from a node of a PipelineSpec that went through JSON, and driven by the contract of `Operator`: odd
 * batches, `drain` in odd pieces, commits between triggers, and restarts from what was committed.
 */
export class Harness {
  readonly #spec: PipelineSpec
  readonly #inputs: readonly Schema[]
  readonly #random: () => number
  readonly #checkpoint = memoryCheckpoint()
  readonly #stateful: boolean
  readonly #env: ExprEnv
  #store: CheckpointedStateStore
  #batchId = 0
  operator: Operator
  /** Of snapshots in one commit. */
  snapshotBytes = 1 << 16
  metrics = new Map<Metric, number>()

  constructor(
    node: WithoutPlace<NodeSpec>,
    inputs: readonly Schema[],
    random: () => number,
    stateful = false,
    closure?: ExprEnv['closure'],
  ) {
    this.#env = { ...env, closure }
    const leaves: NodeSpec[] = inputs.map((schema, i) => ({ op: 'local', id: `in-${i}`, inputs: [], schema, rows: [] }))
    const whole = { ...node, id: 'op', inputs: leaves.map((l) => l.id) } as NodeSpec
    const envSpec = {
      timeZone: env.timeZone,
      ansi: env.ansi,
      caseSensitive: env.caseSensitive,
      mapKeyDedupPolicy: env.mapKeyDedupPolicy,
    }
    const spec: PipelineSpec = {
      version: 1,
      kind: 'stream',
      mode: null,
      schema: node.schema,
      nodes: [...leaves, whole],
      env: envSpec,
      fingerprints: {},
    }
    this.#spec = JSON.parse(JSON.stringify(spec)) as PipelineSpec
    this.#inputs = inputs
    this.#random = random
    this.#stateful = stateful
    this.#store = new CheckpointedStateStore(this.#checkpoint)
    this.operator = this.#make()
  }

  #make(): Operator {
    return instantiate(this.#spec, { env: this.#env, store: this.#stateful ? this.#store : null }).get('op')!
  }

  /** What the tables of the operator were visited for so far. */
  visits(): Visits {
    const sum = new Visits()
    for (const { table } of this.#store.tables()) {
      sum.slots += table.visits.slots
      sum.bytes += table.visits.bytes
      sum.moved += table.visits.moved
    }
    return sum
  }

  /** Goes back to what the last trigger committed, as a new process would. */
  restart(): void {
    this.#store = new CheckpointedStateStore(this.#checkpoint)
    this.operator = this.#make()
  }

  /** One trigger: rows by port in the order given, then the end; gives what came out. State is committed. */
  trigger(feeds: readonly { readonly port?: number; readonly rows: readonly Row[] }[], times: Times = {}): Value[][] {
    const out: Batch[] = []
    this.metrics = new Map()
    const ctx: OpContext = {
      batchId: this.#batchId,
      watermarkUs: times.watermarkUs ?? 0n,
      lateUs: times.lateUs ?? 0n,
      emit: (batch) => void out.push(batch),
      count: (metric, n) => void this.metrics.set(metric, (this.metrics.get(metric) ?? 0) + n),
    }
    const drain = (): void => {
      if (this.operator.drain === undefined) return
      for (let calls = 0; ; calls++) {
        const before = out.length
        const maxRows = 1 + Math.floor(this.#random() * (this.#random() < 0.5 ? 3 : 200))
        const more = this.operator.drain(ctx, maxRows)
        const rows = out.slice(before).reduce((n, b) => n + b.rowCount, 0)
        if (rows > Math.max(maxRows, MAX_BATCH_ROWS)) throw new Error(`drain(${maxRows}) gave ${rows} rows`)
        if (!more) return
        if (calls > 1_000_000) throw new Error('drain does not end')
      }
    }
    for (const { port = 0, rows } of feeds)
      for (const batch of cut(this.#inputs[port]!, rows, this.#random)) {
        this.operator.onBatch(batch, ctx, port)
        drain()
      }
    this.operator.onTriggerEnd?.(ctx)
    drain()
    if (this.#stateful) this.#commit()
    for (const batch of out)
      if (JSON.stringify(batch.schema) !== JSON.stringify(this.operator.schema))
        throw new Error('a batch has another schema than its operator')
    return out.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => b.row(i)))
  }

  #commit(): void {
    const batchId = this.#batchId++
    this.#checkpoint.writeOffsets({
      batchId,
      offsets: {},
      batchWatermarkMs: 0,
      lateWatermarkMs: 0,
      batchTimestampMs: 0,
      conf: {},
      extra: {},
    })
    this.#checkpoint.commit(
      { batchId, nextBatchWatermarkMs: 0, streamWatermarksMs: {} },
      this.#store.takeWrites(this.snapshotBytes),
    )
  }
}

/** The rows in batches of odd sizes, empty ones too; some batches carry rows that do not count, some in another physical order. */
export function* cut(schema: Schema, rows: readonly Row[], random: () => number): Generator<Batch> {
  for (let at = 0; at < rows.length || random() < 0.2;) {
    const size = Math.min(rows.length - at, random() < 0.2 ? 0 : 1 + Math.floor(random() * (random() < 0.5 ? 4 : 300)))
    const part = rows.slice(at, at + size)
    at += size
    const style = random()
    if (style < 0.4) {
      yield batchOf(schema, part)
      continue
    }
    // Every row that counts among others that do not, in a shuffled physical order.
    const physical: { readonly row: Row; readonly at: number }[] = part.map((row, i) => ({ row, at: i }))
    for (let i = 0; i < part.length && rows.length > 0; i++)
      if (random() < 0.5) physical.push({ row: rows[Math.floor(random() * rows.length)]!, at: -1 })
    for (let i = physical.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1))
      ;[physical[i], physical[j]] = [physical[j]!, physical[i]!]
    }
    const selection = new Int32Array(part.length)
    physical.forEach((p, i) => {
      if (p.at >= 0) selection[p.at] = i
    })
    const whole = batchOf(
      schema,
      physical.map((p) => p.row),
    )
    yield new Batch(schema, whole.columns, whole.length, selection)
  }
}

/** A row as text: equal text, equal row. */
export const text = (row: Row): string =>
  JSON.stringify(row, (_, v: unknown) =>
    typeof v === 'bigint'
      ? `${v}n`
      : Object.is(v, -0)
        ? 0
        : typeof v === 'number' && !Number.isFinite(v)
          ? String(v)
          : v,
  )

/** Rows as a sorted bag of texts. */
export const bag = (rows: readonly Row[]): string[] => rows.map(text).sort()

/** Tests every seed by itself, so that a failure names it. */
export const SEEDS: readonly number[] =
  process.env['MILLRACE_SEED'] === undefined ? [1, 2, 3, 4, 5, 6, 7, 8] : [Number(process.env['MILLRACE_SEED'])]
