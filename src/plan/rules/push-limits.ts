import type { ExprEnv } from '../../expr/env.ts'
import { isDeterministic } from '../../expr/fold.ts'
import { isStreaming, type Logical, type LogicalLimit } from '../logical.ts'
import { expressionsOf, transformPlan } from '../walk.ts'
import type { Rule } from './rule.ts'

/**
 * Matches LIMIT over bounded tables.
 *
 *   over a projection   goes below: what is left out is not computed, and raises no error
 *   over another        becomes one with it
 *   over UNION ALL      stays, and each input gives no more than it may take
 *
 * A table is read no further than the limits over it let through (see Operator.done). Never of a stream, whose rows a limit
 * counts over the life of the query, and never past a projection whose results change from call to call.
 */
export const pushLimits: Rule = {
  name: 'push-limits',
  doc: 'moves limits towards the tables',
  apply: (plan, env, ids) =>
    transformPlan(plan, (node) => (node.op === 'limit' && !isStreaming(node) ? pushed(node, env, ids) : node)),
}

function pushed(limit: LogicalLimit, env: ExprEnv, ids: () => number): Logical {
  const { input } = limit
  switch (input.op) {
    case 'project': {
      if (!expressionsOf(input).every((e) => isDeterministic(e, env))) return limit
      const below = pushed({ ...limit, input: input.input, attrs: input.input.attrs }, env, ids)
      return { ...input, input: below }
    }
    case 'limit':
      return pushed(both(limit, input), env, ids)
    case 'union': {
      if (limit.count === null) return limit
      const most = limit.count + limit.offset
      const inputs = input.inputs.map((x) => capped(x, most, ids))
      return inputs.every((x, i) => x === input.inputs[i]) ? limit : { ...limit, input: { ...input, inputs } }
    }
    default:
      return limit
  }
}

/** A limit of what a limit gives. */
function both(upper: LogicalLimit, lower: LogicalLimit): LogicalLimit {
  const left = lower.count === null ? null : Math.max(0, lower.count - upper.offset)
  const count = upper.count === null ? left : left === null ? upper.count : Math.min(upper.count, left)
  return { ...upper, input: lower.input, count, offset: lower.offset + upper.offset }
}

function capped(plan: Logical, most: number, ids: () => number): Logical {
  return gives(plan) <= most ? plan : { op: 'limit', id: ids(), input: plan, count: most, offset: 0, attrs: plan.attrs }
}

/** How many rows a plan gives at most, as far as a limit or constant rows tell. */
function gives(plan: Logical): number {
  if (plan.op === 'project') return gives(plan.input)
  if (plan.op === 'limit') return plan.count ?? Infinity
  return plan.op === 'local' ? plan.rows.length : Infinity
}
