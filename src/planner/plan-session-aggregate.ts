import { isStreaming, type LogicalAggregate } from '../plan/logical.ts'
import { BIGINT, field } from '../types/data-type.ts'
import type { AggregateSpecs } from './aggregates.ts'
import { schemaOfAttrs } from './bind.ts'
import type { Planned, PlannerContext } from './planner-context.ts'

/** What planAggregate has planned before it knows the groups for sessions. */
export interface SessionGroups extends AggregateSpecs {
  readonly input: Planned
  /** Where the keys stand among the columns of `input`. */
  readonly keys: readonly number[]
  /** Which of the keys is the session window. */
  readonly session: number
}

/** Groups of which one key is a session window: sessions of the other keys, which merge as rows come. */
export function planSessionAggregate(plan: LogicalAggregate, groups: SessionGroups, ctx: PlannerContext): Planned {
  const { input, keys, session, calls, distinct } = groups
  const { mode } = ctx.options
  const streaming = isStreaming(plan)
  const others = plan.keys.filter((_, k) => k !== session).map((k) => field(k.attr.name, k.attr.type))
  const values = calls.flatMap((c, i) => c.state.map((type, k) => field(`${c.fn}_${i}_${k}`, type)))
  return ctx.add(
    {
      op: 'session-aggregate',
      id: streaming ? ctx.statefulId('sessions', plan) : ctx.id('sessions'),
      inputs: [input.id],
      schema: schemaOfAttrs(plan.attrs),
      keys,
      session,
      expires: plan.keys[session]!.attr.eventTime === true,
      calls,
      distinct,
      emit: streaming && mode !== null ? mode : 'batch',
      state: {
        name: 'sessions',
        keys: [...others, field('session', BIGINT)],
        values: [field('start', BIGINT), field('end', BIGINT), ...values],
        paned: false,
      },
    },
    plan.attrs,
  )
}
