import type { TimeColumn } from '../operators/config.ts'
import {
  type Attr,
  inputsOf,
  isStreaming,
  type Logical,
  type LogicalDedup,
  type LogicalWatermark,
} from '../plan/logical.ts'
import { field, TIMESTAMP } from '../types/data-type.ts'
import { schemaOfAttrs } from './bind.ts'
import { lateColumn, timeColumn } from './join-bounds.ts'
import type { Planned, PlannerContext } from './planner-context.ts'

/** The first row of each key, and how long a key is remembered. */
export function planDedup(plan: LogicalDedup, ctx: PlannerContext): Planned {
  const input = ctx.plan(plan.input)
  const keys = plan.keys.map((id) => input.attrs.findIndex((a) => a.id === id))
  const streaming = isStreaming(plan)
  const time = streaming ? dedupTime(input.attrs, keys) : null
  const watermark = time === null ? null : watermarkOf(plan.input, input.attrs[time.column]!.id)
  const expiry =
    plan.withinWatermark && watermark
      ? 'within-watermark'
      : time !== null && keys.includes(time.column)
        ? 'time-key'
        : 'never'
  return ctx.add(
    {
      op: 'dedup',
      id: streaming ? ctx.statefulId('dedup', plan) : ctx.id('dedup'),
      inputs: [input.id],
      schema: schemaOfAttrs(plan.attrs),
      keys,
      time,
      expiry,
      delayUs: watermark?.delayUs ?? '0',
      state: {
        name: 'seen',
        keys: keys.map((k) => field(input.attrs[k]!.name, input.attrs[k]!.type)),
        values: expiry === 'within-watermark' ? [field('expiresAt', TIMESTAMP)] : [],
        paned: expiry === 'time-key',
      },
    },
    plan.attrs,
  )
}

/** The event time that rows are deduplicated by: one among the keys, if there is one. */
function dedupTime(attrs: readonly Attr[], keys: readonly number[]): TimeColumn | null {
  const key = keys.find((k) => attrs[k]!.eventTime === true)
  return key === undefined ? lateColumn(attrs) : timeColumn(attrs, key)
}

/** The watermark that a column of event time comes from; where it is computed (a window), the one below. */
function watermarkOf(plan: Logical, column: number): LogicalWatermark | null {
  return findWatermark(plan, (mark) => mark.column === column) ?? findWatermark(plan, () => true)
}

function findWatermark(plan: Logical, wanted: (mark: LogicalWatermark) => boolean): LogicalWatermark | null {
  if (plan.op === 'watermark' && wanted(plan)) return plan
  for (const input of inputsOf(plan)) {
    const found = findWatermark(input, wanted)
    if (found) return found
  }
  return null
}
