import { Batch } from '../columns/batch.ts'
import { batchOf } from '../columns/builder.ts'
import { InternalError } from '../errors/errors.ts'
import type { Expr } from '../expr/bound.ts'
import { compileFilter, compileFused, compileProjection } from '../expr/compile.ts'
import { rowByRow } from '../expr/row-by-row.ts'
import { entryOf, type ExprEnv, siteOf } from '../expr/env.ts'
import { HashStateTable } from '../state/hash-state-table.ts'
import { TimeIndex } from '../state/time-index.ts'
import { AssignCalendarWindows } from '../operators/calendar-window.ts'
import { AssignCumulatingWindows } from '../operators/cumulate-window.ts'
import { ChangeTypes } from '../operators/change-types.ts'
import { Dedup } from '../operators/dedup.ts'
import { Expand } from '../operators/expand.ts'
import { Fused, type FusedKernel, type FusedRowByRow } from '../operators/fused.ts'
import { Generate } from '../operators/generate.ts'
import { Limit } from '../operators/limit.ts'
import type { Operator } from '../operators/operator.ts'
import { SetOperation } from '../operators/set-operation.ts'
import { Sort } from '../operators/sort.ts'
import { AssignSessions } from '../operators/assign-sessions.ts'
import { StreamSetOperation } from '../operators/stream-set-operation.ts'
import { Union } from '../operators/union.ts'
import { Watermark } from '../operators/watermark.ts'
import { AssignWindows } from '../operators/window.ts'
import type { Vector } from '../columns/vector.ts'
import { BIGINT, field, type Schema } from '../types/data-type.ts'
import { groupsWithStateOf } from './groups-with-state.ts'
import { transformWithStateOf } from './transform-with-state.ts'
import { userMapOf } from './user-map.ts'
import { makeAggregate, makeSessionAggregate } from './instantiate-aggregates.ts'
import { type InstantiateContext, tableOf } from './instantiate-context.ts'
import { makeJoin, makeStreamJoin } from './instantiate-joins.ts'
import { makeObserve } from './instantiate-observe.ts'
import { makeOver } from './instantiate-over.ts'
import type { DedupNode, GenerateNode, NodeSpec, PipelineSpec } from './spec.ts'

/** The operators of a spec by node id; leaves have none. Runs on any thread: nothing but the spec goes in. */
export function instantiate(spec: PipelineSpec, ctx: InstantiateContext): ReadonlyMap<string, Operator> {
  const schemas = new Map<string, Schema>()
  const operators = new Map<string, Operator>()
  for (const node of spec.nodes) {
    schemas.set(node.id, node.schema)
    const operator = make(
      node,
      node.inputs.map((id) => schemas.get(id)!),
      ctx,
    )
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
    case 'recursive':
    case 'previous':
      return null
    case 'asyncCall':
      // Awaited by the engine: see asyncStages.
      return null
    case 'userMap':
      return userMapOf(node, input, env)
    case 'groupsWithState':
      return groupsWithStateOf(node, input, ctx)
    case 'transformWithState':
      return transformWithStateOf(node, inputs, ctx)
    case 'fused':
      return new Fused(
        schema,
        fusedKernel(node.filter, node.items, input, schema, env),
        fusedRowByRow(node.filter, node.items, schema, env),
      )
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
        keepsOrder: node.keepsOrder,
      })
    }
    case 'calendar-window': {
      const time = compileProjection([node.time], input, env)
      const { calendar } = node
      return new AssignCalendarWindows({ schema, time: (batch) => time.project(batch)[0]!, calendar })
    }
    case 'cumulate-window': {
      const time = compileProjection([node.time], input, env)
      return new AssignCumulatingWindows({
        schema,
        time: (batch) => time.project(batch)[0]!,
        sizeUs: BigInt(node.sizeUs),
        stepUs: BigInt(node.stepUs),
        startUs: BigInt(node.startUs),
      })
    }
    case 'session': {
      const bounds = compileProjection([node.start, node.end], input, env)
      return new AssignSessions({ schema, bounds: (batch) => bounds.project(batch) as [Vector, Vector] })
    }
    case 'session-aggregate':
      return makeSessionAggregate(node, input, ctx)
    case 'expand':
      return new Expand(
        schema,
        node.projections.map((items) => fusedKernel(null, items, input, schema, env)),
      )
    case 'observe':
      return makeObserve(node, input, ctx)
    case 'aggregate':
      return makeAggregate(node, input, ctx)
    case 'dedup':
      return dedup(node, ctx)
    case 'join':
      return makeJoin(node, inputs, env)
    case 'stream-join':
      return makeStreamJoin(node, inputs, ctx)
    case 'union':
      return new Union(schema)
    case 'change-types':
      return new ChangeTypes({ schema, key: node.key })
    case 'sort': {
      const keys = compileProjection(
        node.keys.map((k) => k.expr),
        input,
        env,
      )
      const directions = node.keys.map((k) => ({
        type: k.expr.type,
        descending: k.descending,
        nullsFirst: k.nullsFirst,
      }))
      return new Sort({ schema, keys: (batch) => keys.project(batch), directions })
    }
    case 'over':
      return makeOver(node, input, env)
    case 'limit':
      return new Limit({
        schema,
        count: node.count,
        offset: node.offset,
        counted: node.state === null ? null : tableOf(node.id, node.state, ctx),
      })
    case 'generate':
      return generate(node, input, env)
    case 'setop': {
      if (node.stream !== null) {
        const { port, state } = node.stream
        const copies = { name: 'table', keys: schema.fields, values: [field('copies', BIGINT)], paned: false }
        const [table, met] = [new HashStateTable(copies), tableOf(node.id, state, ctx)]
        return new StreamSetOperation({ schema, kind: node.kind, stream: port, table, met })
      }
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

function fusedRowByRow(
  filter: Expr | null,
  items: readonly Expr[] | null,
  schema: Schema,
  env: ExprEnv,
): FusedRowByRow {
  // Made when the first batch asks for it: most queries never do.
  let judge: ReturnType<typeof rowByRow> | undefined
  return (batch, faults) => {
    judge ??= rowByRow(filter, items ?? [], env)
    const { rows, values } = judge(batch, faults)
    if (items === null) return batch.select(rows).rename(schema)
    return new Batch(schema, batchOf(schema, values).columns, rows.length, null, batch.weightsOf(rows))
  }
}

function dedup(node: DedupNode, ctx: InstantiateContext): Operator {
  const table = tableOf(node.id, node.state, ctx)
  const times = node.expiry === 'within-watermark' ? new TimeIndex(table, 0) : null
  const { schema, keys, time, expiry } = node
  return new Dedup({ schema, keys, time, expiry, delayUs: BigInt(node.delayUs), table, times })
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
