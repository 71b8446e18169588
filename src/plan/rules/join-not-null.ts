import { conjuncts, type Expr } from '../../expr/bound.ts'
import { attrExpr } from '../analysis.ts'
import { exprKey } from '../expr-key.ts'
import type { Attr, Logical, LogicalJoin } from '../logical.ts'
import { conjunction, isNotNull } from '../term.ts'
import { transformPlan } from '../walk.ts'
import type { Rule } from './rule.ts'

/**
 * A comparison in a join's condition is never true on NULL: rows with a NULL there cannot match, and are filtered out below on the
 * sides whose unmatched rows the join drops. (Below a watermark they then do not move it, as recorded.)
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
  const known = new Set(plan.op === 'filter' ? conjuncts(plan.condition).map((c) => exprKey(c)) : [])
  const tests = plan.attrs
    .filter((x: Attr) => columns.has(x.id) && x.nullable)
    .map((x) => isNotNull(attrExpr(x)))
    .filter((e) => !known.has(exprKey(e)))
  if (tests.length === 0) return plan
  return { op: 'filter', id: ids(), input: plan, condition: conjunction(tests)!, attrs: plan.attrs }
}
