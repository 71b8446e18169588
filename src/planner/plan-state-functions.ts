import { stateType } from '../functions/user/group-state.ts'
import { isStreaming, type LogicalGroupsWithState, type LogicalTransformWithState } from '../plan/logical.ts'
import { BIGINT, field } from '../types/data-type.ts'
import { schemaOfAttrs } from './bind.ts'
import type { Planned, PlannerContext } from './planner-context.ts'
import { processorTables } from './processor-tables.ts'

/** mapGroupsWithState and flatMapGroupsWithState: one state a group. */
export function planGroupsWithState(plan: LogicalGroupsWithState, ctx: PlannerContext): Planned {
  const { closure, label, single, timeout, time, attrs } = plan
  const input = ctx.plan(plan.input)
  const streaming = isStreaming(plan)
  return ctx.add(
    {
      op: 'groupsWithState',
      id: streaming ? ctx.statefulId('groupsWithState', plan) : ctx.id('groupsWithState'),
      inputs: [input.id],
      schema: schemaOfAttrs(attrs),
      closure,
      label,
      single,
      timeout,
      states: plan.state,
      time,
      state: {
        name: 'states',
        keys: [field('key', input.attrs[0]!.type)],
        values: [field('state', stateType(plan.state)), field('timeoutAt', BIGINT)],
        paned: false,
      },
      streaming,
    },
    attrs,
  )
}

/** A stateful processor: the states it declares, and timers. */
export function planTransformWithState(plan: LogicalTransformWithState, ctx: PlannerContext): Planned {
  const { closure, label, timeMode, emits: outputMode, states, time, attrs } = plan
  const input = ctx.plan(plan.input)
  const initial = plan.initial === null ? [] : [ctx.plan(plan.initial).id]
  const streaming = isStreaming(plan)
  const emitTime = attrs.findIndex((x) => x.eventTime)
  return ctx.add(
    {
      op: 'transformWithState',
      id: streaming ? ctx.statefulId('transformWithState', plan) : ctx.id('transformWithState'),
      inputs: [input.id, ...initial],
      schema: schemaOfAttrs(attrs),
      closure,
      label,
      timeMode,
      outputMode,
      states,
      ...processorTables(states, timeMode, input.attrs[0]!.type),
      // A bounded table is complete: nothing in it is late.
      time: streaming && timeMode === 'EventTime' ? time : null,
      emitTime: emitTime < 0 ? null : emitTime,
      streaming,
    },
    attrs,
  )
}
