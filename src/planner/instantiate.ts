import { Batch } from '../columns/batch.ts'
import { InternalError } from '../errors/errors.ts'
import { compileAggregateUpdate, compileFilter, compileFused, compileProjection } from '../expr/compile.ts'
import { entryOf, type ExprEnv, siteOf } from '../expr/env.ts'
import type { SlotColumn, StateTable, StateTableSpec } from '../state/table.ts'
import { HashStateTable } from '../state/hash-state-table.ts'
import type { StateStore } from '../state/store.ts'
import { TimeIndex } from '../state/time-index.ts'
import { Aggregate, type RunningAggregate } from '../operators/aggregate.ts'
import { Dedup } from '../operators/dedup.ts'
import { Expand } from '../operators/expand.ts'
import { Fused, type FusedKernel } from '../operators/fused.ts'
import { Generate } from '../operators/generate.ts'
import { HashJoin } from '../operators/hash-join.ts'
import { Limit } from '../operators/limit.ts'
import type { Operator } from '../operators/operator.ts'
import { SetOperation } from '../operators/set-operation.ts'
import { Sort } from '../operators/sort.ts'
import { Union } from '../operators/union.ts'
import { Watermark } from '../operators/watermark.ts'
import { AssignWindows } from '../operators/window.ts'
import { BIGINT, field, type Schema } from '../types/data-type.ts'
import { runningEntry } from './aggregates.ts'
import type { AggregateNode, DedupNode, GenerateNode, JoinNode, NodeSpec, PipelineSpec } from './spec.ts'

/** What operators are made with besides their spec. */
export interface InstantiateContext {
  readonly env: ExprEnv
  /** State of a stream; bounded queries and static sides get tables of their own. */
  readonly store: StateStore | null
}

/** The operators of a spec by node id; leaves have none. Runs on any thread: nothing but the spec goes in. */
export function instantiate(spec: PipelineSpec, ctx: InstantiateContext): ReadonlyMap<string, Operator> {
  const schemas = new Map<string, Schema>()
  const operators = new Map<string, Operator>()
  for (const node of spec.nodes) {
    schemas.set(node.id, node.schema)
    const operator = make(node, node.inputs.map((id) => schemas.get(id)!), ctx)
    if (operator !== null) operators.set(node.id, operator)
  }
  return operators
}

function make(node: NodeSpec, inputs: readonly Schema[], ctx: InstantiateContext): Operator | null {
  const { env } = ctx
  const { schema } = node
  const input = inputs[0]!
  switch (node.op) {
    case 'source':
    case 'local':
    case 'range':
      return null
    case 'fused':
      return new Fused(schema, fusedKernel(node.filter, node.items, input, schema, env))
    case 'watermark':
      return new Watermark(schema, node.column)
    case 'window': {
      const time = compileProjection([node.time], input, env)
      return new AssignWindows({
        schema,
        time: (batch) => time.project(batch)[0]!,
        sizeUs: BigInt(node.sizeUs),
        slideUs: BigInt(node.slideUs),
        startUs: BigInt(node.startUs),
      })
    }
    case 'expand':
      return new Expand(schema, node.projections.map((items) => fusedKernel(null, items, input, schema, env)))
    case 'aggregate':
      return aggregate(node, input, ctx)
    case 'dedup':
      return dedup(node, ctx)
    case 'join':
      return join(node, inputs, env)
    case 'union':
      return new Union(schema)
    case 'sort': {
      const keys = compileProjection(node.keys.map((k) => k.expr), input, env)
      const directions = node.keys.map((k) => ({ type: k.expr.type, descending: k.descending, nullsFirst: k.nullsFirst }))
      return new Sort({ schema, keys: (batch) => keys.project(batch), directions })
    }
    case 'limit':
      return new Limit({ schema, count: node.count, offset: node.offset, counted: node.state === null ? null : tableOf(node.id, node.state, ctx) })
    case 'generate':
      return generate(node, input, env)
    case 'setop': {
      const values = [field('left', BIGINT), field('right', BIGINT)]
      const counts = new HashStateTable({ name: 'counts', keys: schema.fields, values, paned: false })
      return new SetOperation({ schema, kind: node.kind, all: node.all, counts })
    }
  }
}

function fusedKernel(
  filter: Parameters<typeof compileFused>[0],
  items: Parameters<typeof compileFused>[1] | null,
  input: Schema,
  schema: Schema,
  env: ExprEnv,
): FusedKernel {
  if (items === null) {
    if (filter === null) return (batch) => batch.rename(schema)
    const select = compileFilter(filter, input, env)
    return (batch) => {
      const rows = select(batch)
      return (rows === null ? batch : batch.select(rows)).rename(schema)
    }
  }
  const fused = compileFused(filter, items, input, env)
  return (batch) => {
    const { selection, columns } = fused(batch)
    return new Batch(schema, columns, batch.length, selection, batch.weights)
  }
}

function tableOf(id: string, spec: StateTableSpec, ctx: InstantiateContext): StateTable {
  return ctx.store === null ? new HashStateTable(spec) : ctx.store.table(id, spec)
}

function aggregate(node: AggregateNode, input: Schema, ctx: InstantiateContext): Operator {
  const { env } = ctx
  const table = node.emit === 'batch' ? new HashStateTable(node.state) : tableOf(node.id, node.state, ctx)
  const entries = node.calls.map((call) => runningEntry(call.fn, call.distinct, call.args.map((a) => a.type), env))
  const compiled = compileAggregateUpdate(
    node.calls.map((call, i) => ({ entry: entries[i]!, args: call.args, filter: call.filter ?? undefined, type: call.type, name: call.fn })),
    input,
    env,
  )
  let first = 0
  const running: RunningAggregate[] = node.calls.map((call, i) => {
    const width = call.state.length
    first += width
    const resultField = entries[i]!.resultField?.(compiled.sites[i]!) ?? null
    return { type: call.type, body: compiled.bodies[i]!, first: first - width, width, resultField }
  })
  return new Aggregate({
    schema: node.schema,
    keys: node.keys,
    pane: node.pane,
    aggregates: running,
    update: (batch: Batch, slots: Int32Array, columns: readonly SlotColumn[]) =>
      compiled.update(batch, slots, running.map((a) => columns.slice(a.first, a.first + a.width))),
    emit: node.emit,
    table,
    newLateTable: () => new HashStateTable({ ...node.state, values: [] }),
  })
}

function dedup(node: DedupNode, ctx: InstantiateContext): Operator {
  const table = tableOf(node.id, node.state, ctx)
  const times = node.expiry === 'within-watermark' ? new TimeIndex(table, 0) : null
  const { schema, keys, time, expiry } = node
  return new Dedup({ schema, keys, time, expiry, delayUs: BigInt(node.delayUs), table, times })
}

function join(node: JoinNode, inputs: readonly Schema[], env: ExprEnv): Operator {
  const [left, right] = [inputs[0]!, inputs[1]!]
  const pair: Schema = { fields: [...left.fields, ...right.fields] }
  const residual = node.residual === null ? null : compileFilter(node.residual, pair, env)
  const keys = node.rightKeys.map((k) => right.fields[k]!)
  return new HashJoin({
    schema: node.schema,
    left,
    right,
    type: node.type,
    leftKeys: node.leftKeys,
    rightKeys: node.rightKeys,
    nullSafe: node.nullSafe,
    residual,
    table: new HashStateTable({ name: 'build', keys, values: [], paned: false }),
  })
}

function generate(node: GenerateNode, input: Schema, env: ExprEnv): Operator {
  const entry = entryOf(node.fn, env)
  if (entry.kind !== 'generator') throw new InternalError(`${node.fn} is not a generator`)
  const args = compileProjection(node.args, input, env)
  const type = node.schema.fields[node.schema.fields.length - 1]!.type
  const explodes = /^(pos)?explode(_outer)?$/.test(entry.name) && node.argTypes[0]?.kind === 'array'
  return new Generate({
    schema: node.schema,
    args: (batch) => args.project(batch),
    rows: entry.bind(siteOf(node.fn, node.args, type, env)),
    keep: node.keep,
    outer: node.outer || entry.name.endsWith('_outer'),
    explode: explodes ? { position: entry.name.startsWith('pos') } : null,
  })
}
