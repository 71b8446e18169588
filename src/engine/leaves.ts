import type { SourceLog } from '../checkpoint/checkpoint.ts'
import { Batch, MAX_BATCH_ROWS } from '../columns/batch.ts'
import { batchOf } from '../columns/builder.ts'
import { Int64Vector } from '../columns/vector.ts'
import { validateOptions } from '../connectors/options.ts'
import type { BadRecordTaker } from '../connectors/bad-records.ts'
import type { Source } from '../connectors/provider.ts'
import { connectorsOf } from '../connectors/registry.ts'
import type { ExprEnv } from '../expr/env.ts'
import type { LocalNode, PreviousNode, RangeNode, SourceNode } from '../planner/spec.ts'
import { BIGINT } from '../types/data-type.ts'
import type { Json } from '../types/json.ts'
import { decodeLiteral } from '../types/literal.ts'
import type { Database } from '../storage/database.ts'
import type { Clock } from './clock.ts'
import { memoryLog } from './memory-log.ts'

/** What sources need of the query that runs them. */
export interface LeafContext {
  readonly clock: Clock
  readonly timeZone: string
  readonly env: ExprEnv
  readonly signal: AbortSignal
  readonly objects: ReadonlyMap<string, unknown>
  readonly log: (name: string) => SourceLog
  readonly metadata: { get(key: string): Json | undefined; set(key: string, value: Json): void }
  readonly wake: () => void
  /** Takes the bad records of a source, by its name; absent where nobody counts them. */
  readonly bad?: ((name: string) => BadRecordTaker) | undefined
  /** Lines on what a source does by itself, and what holds it up; absent for bounded queries. */
  readonly note?: (line: string) => void
  readonly holdUp?: (what: string, text: string | null) => void
  /** The checkpoint's own file; absent for bounded queries. */
  readonly database?: Database | null
  /** Inside a round of a recursive table: the rows of the round before, by `recursion` of the node. */
  readonly previous?: ReadonlyMap<number, readonly Batch[]> | undefined
}

/** Key among the metadata of a checkpoint of what a source keeps there. */
export const sourceKey = (source: string, key: string): string => `source/${source}/${key}`

/** Opens the connector of a source node, for exactly the columns the plan wants; `mayReuse` as in SourceContext. */
export function openSource(node: SourceNode, ctx: LeafContext, mayReuse = false): Promise<Source> {
  const provider = connectorsOf(ctx.objects).source(node.format)
  const options = validateOptions(provider.format, provider.options, node.options, provider.openOptions)
  return provider.open(options, {
    schema: node.schema,
    declared: node.declared,
    plan: node.plan,
    name: node.name,
    timeZone: ctx.timeZone,
    streaming: node.streaming,
    nowUs: () => BigInt(ctx.clock.nowMs()) * 1000n,
    log: ctx.log(node.name),
    database: ctx.database ?? null,
    metadata: {
      get: (key) => ctx.metadata.get(sourceKey(node.name, key)),
      set: (key, value) => ctx.metadata.set(sourceKey(node.name, key), value),
    },
    mayReuse,
    ...(ctx.bad === undefined ? {} : { bad: ctx.bad(node.name) }),
    signal: ctx.signal,
    wake: ctx.wake,
    note: (line) => ctx.note?.(`source ${node.name}: ${line}`),
    status: (text) => ctx.holdUp?.(`source ${node.name}`, text),
    objects: ctx.objects,
  })
}

/** One line on the source of a node, for progress. */
export function describeSource(node: SourceNode, objects: ReadonlyMap<string, unknown>): string {
  const provider = connectorsOf(objects).source(node.format)
  return provider.describe(validateOptions(provider.format, provider.options, node.options, provider.openOptions))
}

/** Leaves that are read where they stand. */
export type LeafNode = SourceNode | LocalNode | RangeNode | PreviousNode

/** All rows of a bounded leaf. */
export async function* readLeaf(node: LeafNode, ctx: LeafContext): AsyncGenerator<Batch> {
  if (node.op === 'previous') {
    yield* ctx.previous?.get(node.recursion) ?? []
    return
  }
  if (node.op !== 'source') {
    yield* localBatches(node)
    return
  }
  // A bounded read remembers nothing: the logs of the checkpoint are those of its streams.
  const metadata = { get: () => undefined, set: () => undefined }
  const source = await openSource(node, { ...ctx, log: () => memoryLog(), metadata })
  try {
    const end = await source.latestOffset(null)
    if (end !== null) yield* source.read(null, end)
  } finally {
    await source.close()
  }
}

/** All rows of a leaf that needs no connector. */
export function* localBatches(node: LocalNode | RangeNode): Generator<Batch> {
  if (node.op === 'local') {
    const { fields } = node.schema
    for (let at = 0; at < node.rows.length; at += MAX_BATCH_ROWS)
      yield batchOf(
        node.schema,
        node.rows.slice(at, at + MAX_BATCH_ROWS).map((row) => row.map((v, i) => decodeLiteral(v, fields[i]!.type))),
      )
    return
  }
  yield* rangeBatches(node)
}

/** `range(start, end, step)`: BIGINT `id`, made piece by piece. */
function* rangeBatches(node: RangeNode): Generator<Batch> {
  const end = BigInt(node.end)
  const step = BigInt(node.step)
  let next = BigInt(node.start)
  const more = (): boolean => (step > 0n ? next < end : next > end)
  while (more()) {
    const values = new BigInt64Array(MAX_BATCH_ROWS)
    let n = 0
    for (; n < MAX_BATCH_ROWS && more(); n++, next += step) values[n] = next
    const columns = node.schema.fields.map(() => new Int64Vector(BIGINT, values.subarray(0, n), null))
    yield new Batch(node.schema, columns, n)
  }
}
