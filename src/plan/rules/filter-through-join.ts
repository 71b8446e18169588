import { conjuncts, type Expr } from '../../expr/bound.ts'
import type { ExprEnv } from '../../expr/env.ts'
import { isDeterministic } from '../../expr/fold.ts'
import { mayRaise } from '../../expr/may-raise.ts'
import { attrIds } from '../expr-key.ts'
import type { Logical, LogicalFilter, LogicalJoin } from '../logical.ts'
import { conjunction } from '../term.ts'
import { transformPlan } from '../walk.ts'
import { goingDown, type Rule } from './rule.ts'

/**
 * Matches a filter over a join, and a join whose ON has conditions on one side.
 *
 *   WHERE   a condition on one side goes to that side where the join keeps that side's rows as they are (inner, cross; left,
 *           semi, anti: the left one; right: the right one). What reads both sides of an inner join becomes part of ON.
 *   ON      a condition on one side filters that side where its unmatched rows leave anyway (inner, semi; right: the left
 *           one; left, anti: the right one)
 *
 * A side of an outer join that is filled with NULL keeps what WHERE says of it above the join. Conditions that may raise
 * are not evaluated on rows that found no partner: they stay above, or in ON behind its keys. One exception: an equality of
 * the two sides that comes first in the WHERE of a join without ON is its key, which is computed for all rows of a side
 * whatever the other holds. Conditions that change from call to call stay.
 */
export const filterThroughJoin: Rule = {
  name: 'filter-through-join',
  doc: 'moves conditions from above a join and from its ON to the sides they read',
  apply: (plan, env, ids) =>
    transformPlan(plan, (node) => {
      if (node.op === 'filter' && node.input.op === 'join') return fromWhere(node, node.input, { env, ids })
      return node.op === 'join' && node.condition ? fromOn(node, node.condition, { env, ids }) : node
    }),
}

interface Tools {
  readonly env: ExprEnv
  readonly ids: () => number
}

type Side = 'left' | 'right' | 'both' | 'none'

function sideOf(c: Expr, join: LogicalJoin): Side {
  const left = new Set(join.left.attrs.map((x) => x.id))
  const ids = [...attrIds(c)]
  if (ids.length === 0) return 'none'
  if (ids.every((id) => left.has(id))) return 'left'
  return ids.some((id) => left.has(id)) ? 'both' : 'right'
}

const KEPT_LEFT = new Set(['inner', 'cross', 'left', 'semi', 'anti'])
const KEPT_RIGHT = new Set(['inner', 'cross', 'right'])

function fromWhere(filter: LogicalFilter, join: LogicalJoin, t: Tools): Logical {
  const conditions = conjuncts(filter.condition)
  if (!conditions.every((c) => isDeterministic(c, t.env))) return filter
  const inner = join.type === 'inner' || join.type === 'cross'
  const total = (c: Expr): boolean => !mayRaise(c, t.env)
  const toSide = (c: Expr): Side => {
    const side = total(c) ? sideOf(c, join) : 'none'
    return (side === 'left' && KEPT_LEFT.has(join.type)) || (side === 'right' && KEPT_RIGHT.has(join.type))
      ? side
      : 'none'
  }
  const left = conditions.filter((c) => toSide(c) === 'left')
  const right = conditions.filter((c) => toSide(c) === 'right')
  const others = conditions.filter((c) => toSide(c) === 'none')
  const first = (c: Expr): boolean => c === others[0] && !join.condition
  const on = inner
    ? goingDown(others, (c) => sideOf(c, join) === 'both' && (total(c) || !isEquality(c) || first(c)), t.env)
    : []
  if (left.length + right.length + on.length === 0) return filter
  const condition = conjunction([...(join.condition ? conjuncts(join.condition) : []), ...on])
  const moved: LogicalJoin = {
    ...join,
    type: join.type === 'cross' && condition ? 'inner' : join.type,
    left: filtered(join.left, left, t),
    right: filtered(join.right, right, t),
    condition,
  }
  const rest = conjunction(others.filter((c) => !on.includes(c)))
  return rest ? { ...filter, id: t.ids(), input: moved, condition: rest } : moved
}

/** What a join may take as a key. */
const isEquality = (c: Expr): boolean => c.kind === 'call' && (c.fn === '=' || c.fn === '<=>')

const DROPS_LEFT = new Set(['inner', 'semi', 'right'])
const DROPS_RIGHT = new Set(['inner', 'semi', 'left', 'anti'])

function fromOn(join: LogicalJoin, condition: Expr, t: Tools): Logical {
  const parts = conjuncts(condition)
  if (!parts.every((c) => isDeterministic(c, t.env))) return join
  const goes = (side: 'left' | 'right', where: ReadonlySet<string>): readonly Expr[] =>
    where.has(join.type) ? parts.filter((c) => sideOf(c, join) === side && !mayRaise(c, t.env)) : []
  const left = goes('left', DROPS_LEFT)
  const right = goes('right', DROPS_RIGHT)
  if (left.length + right.length === 0) return join
  return {
    ...join,
    left: filtered(join.left, left, t),
    right: filtered(join.right, right, t),
    condition: conjunction(parts.filter((c) => !left.includes(c) && !right.includes(c))),
  }
}

function filtered(input: Logical, conditions: readonly Expr[], t: Tools): Logical {
  const condition = conjunction(conditions)
  return condition ? { op: 'filter', id: t.ids(), input, condition, attrs: input.attrs, at: conditions[0]!.at } : input
}
