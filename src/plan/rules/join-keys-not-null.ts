import { conjuncts, type Expr } from '../../expr/bound.ts'
import { attrExpr } from '../analysis.ts'
import type { Attr, Logical, LogicalJoin } from '../logical.ts'
import { conjunction, isNotNull } from '../term.ts'
import { transformPlan } from '../walk.ts'
import type { Rule } from './rule.ts'

/**
 * Matches a join with comparisons in ON. They are never true on NULL: rows with a NULL there find no partner, and are filtered
 * out below on the sides whose unmatched rows the join drops (below a watermark they then do not move it, as recorded). Not for
 * `<=>`, nor for what OR or a function that takes NULL stands over; a column that is tested below already is not tested again.
 */
export const joinKeysNotNull: Rule = {
  name: 'join-keys-not-null',
  doc: 'filters rows whose join key is NULL below the join',
  apply: (plan, _env, ids) =>
    transformPlan(plan, (node) => (node.op === 'join' && node.condition ? withNotNull(node, ids) : node)),
}

const COMPARISONS = new Set(['=', '<', '<=', '>', '>='])
/** Functions whose result is NULL when an argument is. */
const PROPAGATING = new Set(['+', '-', '*'])

/** The columns an expression is NULL without. */
function needed(e: Expr): readonly number[] {
  if (e.kind === 'attr') return [e.id]
  if (e.kind === 'cast') return needed(e.arg)
  if (e.kind === 'field') return needed(e.arg)
  return e.kind === 'call' && PROPAGATING.has(e.fn) ? e.args.flatMap(needed) : []
}

function withNotNull(join: LogicalJoin, ids: () => number): Logical {
  const columns = new Set(
    conjuncts(join.condition!).flatMap((c) =>
      c.kind === 'call' && COMPARISONS.has(c.fn) ? c.args.flatMap(needed) : [],
    ),
  )
  const toLeft = join.type === 'inner' || join.type === 'semi' || join.type === 'right'
  const toRight = join.type === 'inner' || join.type === 'semi' || join.type === 'left' || join.type === 'anti'
  const left = toLeft ? filtered(join.left, columns, ids) : join.left
  const right = toRight ? filtered(join.right, columns, ids) : join.right
  return left === join.left && right === join.right ? join : { ...join, left, right }
}

function filtered(plan: Logical, columns: ReadonlySet<number>, ids: () => number): Logical {
  const tests = plan.attrs
    .filter((x: Attr) => columns.has(x.id) && x.nullable && !isTested(plan, x.id))
    .map((x) => isNotNull(attrExpr(x)))
  if (tests.length === 0) return plan
  return { op: 'filter', id: ids(), input: plan, condition: conjunction(tests)!, attrs: plan.attrs }
}

/** True when a filter below leaves no NULL in the column. */
function isTested(plan: Logical, id: number): boolean {
  switch (plan.op) {
    case 'filter':
      return conjuncts(plan.condition).some((c) => isTestOf(c, id)) || isTested(plan.input, id)
    case 'project': {
      const from = plan.items.find((i) => i.attr.id === id)?.expr
      return from?.kind === 'attr' && isTested(plan.input, from.id)
    }
    case 'watermark':
    case 'sort':
    case 'limit':
      return isTested(plan.input, id)
    case 'join':
      return plan.type === 'semi' || plan.type === 'anti' ? isTested(plan.left, id) : false
    default:
      return false
  }
}

const isTestOf = (c: Expr, id: number): boolean =>
  c.kind === 'call' && c.fn === 'isnotnull' && c.args[0]!.kind === 'attr' && c.args[0].id === id
