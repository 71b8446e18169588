import type { Batch } from '../columns/batch.ts'
import { compileAggregateUpdate } from '../expr/compile.ts'
import type { ExprEnv } from '../expr/env.ts'
import { Aggregate, type RunningAggregate } from '../operators/aggregate.ts'
import type { AggregateSpec } from '../operators/config.ts'
import type { Operator } from '../operators/operator.ts'
import { SessionAggregate } from '../operators/session-aggregate.ts'
import { HashStateTable } from '../state/hash-state-table.ts'
import type { SlotColumn } from '../state/table.ts'
import type { Schema } from '../types/data-type.ts'
import { runningEntry } from './aggregates.ts'
import { type InstantiateContext, tableOf } from './instantiate-context.ts'
import type { AggregateNode, SessionAggregateNode } from './spec.ts'

/** Aggregates ready to run over a table whose first `offset` value columns are not theirs. */
export function runningAggregates(calls: readonly AggregateSpec[], input: Schema, env: ExprEnv, offset: number) {
  const entries = calls.map((call) =>
    runningEntry(
      call.fn,
      call.distinct,
      call.args.map((a) => a.type),
      env,
    ),
  )
  const compiled = compileAggregateUpdate(
    calls.map((call, i) => ({
      entry: entries[i]!,
      args: call.args,
      filter: call.filter ?? undefined,
      type: call.type,
      name: call.fn,
    })),
    input,
    env,
  )
  let first = offset
  const running: RunningAggregate[] = calls.map((call, i) => {
    const width = call.state.length
    first += width
    const resultField = entries[i]!.resultField?.(compiled.sites[i]!) ?? null
    return { type: call.type, body: compiled.bodies[i]!, first: first - width, width, resultField }
  })
  const update = (batch: Batch, slots: Int32Array, columns: readonly SlotColumn[]): void =>
    compiled.update(
      batch,
      slots,
      running.map((a) => columns.slice(a.first, a.first + a.width)),
    )
  return { running, update }
}

/** GROUP BY over keys, windows included. */
export function makeAggregate(node: AggregateNode, input: Schema, ctx: InstantiateContext): Operator {
  const { running, update } = runningAggregates(node.calls, input, ctx.env, 0)
  return new Aggregate({
    schema: node.schema,
    keys: node.keys,
    pane: node.pane,
    aggregates: running,
    update,
    emit: node.emit,
    table: node.emit === 'batch' ? new HashStateTable(node.state) : tableOf(node.id, node.state, ctx),
    newLateTable: () => new HashStateTable({ ...node.state, values: [] }),
  })
}

/** GROUP BY with a session window among the keys. */
export function makeSessionAggregate(node: SessionAggregateNode, input: Schema, ctx: InstantiateContext): Operator {
  const { running, update } = runningAggregates(node.calls, input, ctx.env, 2)
  return new SessionAggregate({
    schema: node.schema,
    keys: node.keys,
    session: node.session,
    aggregates: running,
    update,
    emit: node.emit,
    expires: node.expires,
    table: node.emit === 'batch' ? new HashStateTable(node.state) : tableOf(node.id, node.state, ctx),
    groups: new HashStateTable({ name: 'groups', keys: node.state.keys.slice(0, -1), values: [], paned: false }),
  })
}
