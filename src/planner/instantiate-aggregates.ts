import type { Batch } from '../columns/batch.ts'
import { compileAggregateUpdate, compileFused } from '../expr/compile.ts'
import type { ExprEnv } from '../expr/env.ts'
import { Aggregate, type RunningAggregate } from '../operators/aggregate.ts'
import type { AggregateSpec, DistinctSpec } from '../operators/config.ts'
import { DistinctValues } from '../operators/distinct-values.ts'
import { OpenSessions } from '../operators/open-sessions.ts'
import type { Operator } from '../operators/operator.ts'
import { SessionAggregate } from '../operators/session-aggregate.ts'
import { HashStateTable } from '../state/hash-state-table.ts'
import type { SlotColumn, StateTable, StateTableSpec } from '../state/table.ts'
import type { Schema } from '../types/data-type.ts'
import { aggregateEntry } from './aggregates.ts'
import { type InstantiateContext, tableOf } from './instantiate-context.ts'
import type { AggregateNode, SessionAggregateNode } from './spec.ts'

/** Adds the rows of a batch to the groups `slots[i]`, whose states are `columns`. */
type Update = (batch: Batch, slots: Int32Array, columns: readonly SlotColumn[]) => void

interface Running {
  /** In the order of the calls. */
  readonly running: readonly RunningAggregate[]
  /** Of the calls over the input. */
  readonly update: Update
  /** Of the calls over each DistinctSpec: a batch has its values as columns. */
  readonly distinctUpdates: readonly Update[]
}

/** Aggregates ready to run over a table whose first `offset` value columns are not theirs. */
export function runningAggregates(
  calls: readonly AggregateSpec[],
  distinct: readonly DistinctSpec[],
  input: Schema,
  env: ExprEnv,
  offset: number,
): Running {
  const firsts: number[] = []
  let next = offset
  for (const call of calls) {
    firsts.push(next)
    next += call.state.length
  }
  const running: RunningAggregate[] = []
  const updateOf = (over: number | null, schema: Schema): Update => {
    const at = calls.flatMap((call, i) => (call.distinct === over ? [i] : []))
    if (at.length === 0) return () => undefined
    const entries = at.map((i) => aggregateEntry(calls[i]!.fn, env))
    const compiled = compileAggregateUpdate(
      at.map((i, k) => {
        const { args, filter, type, fn } = calls[i]!
        return { entry: entries[k]!, args, filter: filter ?? undefined, type, name: fn }
      }),
      schema,
      env,
    )
    at.forEach((i, k) => {
      running[i] = {
        type: calls[i]!.type,
        body: compiled.bodies[k]!,
        first: firsts[i]!,
        width: calls[i]!.state.length,
        resultField: entries[k]!.resultField?.(compiled.sites[k]!) ?? null,
        distinct: over !== null,
      }
    })
    const own = at.map((i) => running[i]!)
    return (batch, slots, columns) =>
      compiled.update(
        batch,
        slots,
        own.map((a) => columns.slice(a.first, a.first + a.width)),
      )
  }
  const update = updateOf(null, input)
  return { running, update, distinctUpdates: distinct.map((d, i) => updateOf(i, valuesOf(d))) }
}

const valuesOf = ({ state, values }: DistinctSpec): Schema => ({
  fields: state.keys.slice(state.keys.length - values.length),
})

function distinctValues(
  specs: readonly DistinctSpec[],
  updates: readonly Update[],
  input: Schema,
  env: ExprEnv,
  table: (spec: StateTableSpec) => StateTable,
): DistinctValues[] {
  return specs.map((spec, i) => {
    const values = compileFused(spec.filter, spec.values, input, env)
    return new DistinctValues({ schema: valuesOf(spec), table: table(spec.state), values, update: updates[i]! })
  })
}

/** The tables of a node: the query's, or for one run. */
const tablesOf =
  (node: AggregateNode | SessionAggregateNode, ctx: InstantiateContext) =>
  (spec: StateTableSpec): StateTable =>
    node.emit === 'batch' ? new HashStateTable(spec) : tableOf(node.id, spec, ctx)

/** GROUP BY over keys, windows included. */
export function makeAggregate(node: AggregateNode, input: Schema, ctx: InstantiateContext): Operator {
  const { running, update, distinctUpdates } = runningAggregates(node.calls, node.distinct, input, ctx.env, 0)
  const table = tablesOf(node, ctx)
  return new Aggregate({
    schema: node.schema,
    keys: node.keys,
    pane: node.pane,
    aggregates: running,
    update,
    emit: node.emit,
    table: table(node.state),
    distinct: distinctValues(node.distinct, distinctUpdates, input, ctx.env, table),
    newLateTable: () => new HashStateTable({ ...node.state, values: [] }),
  })
}

/** GROUP BY with a session window among the keys. */
export function makeSessionAggregate(node: SessionAggregateNode, input: Schema, ctx: InstantiateContext): Operator {
  const { running, update, distinctUpdates } = runningAggregates(node.calls, node.distinct, input, ctx.env, 2)
  const table = tablesOf(node, ctx)
  const sessions = table(node.state)
  const groups = new HashStateTable(
    { name: 'groups', keys: node.state.keys.slice(0, -1), values: [], paned: false },
    sessions.visits,
  )
  return new SessionAggregate({
    schema: node.schema,
    keys: node.keys,
    session: node.session,
    aggregates: running,
    update,
    emit: node.emit,
    expires: node.expires,
    table: sessions,
    distinct: distinctValues(node.distinct, distinctUpdates, input, ctx.env, table),
    open: new OpenSessions(sessions, groups),
  })
}
