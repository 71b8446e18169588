import type { Expr } from '../../expr/bound.ts'
import { BOOLEAN } from '../../types/data-type.ts'
import { attrExpr, passOn } from '../analysis.ts'
import type { Logical, LogicalSetOperation } from '../logical.ts'
import { conjunction } from '../term.ts'
import { transformPlan } from '../walk.ts'
import type { Rule } from './rule.ts'

/** INTERSECT and EXCEPT of distinct rows are a semi or anti join on all columns (NULL equals NULL), then DISTINCT. */
export const rewriteSetOperations: Rule = {
  name: 'rewrite-set-operations',
  doc: 'runs INTERSECT and EXCEPT as joins',
  apply: (plan, _env, ids) =>
    transformPlan(plan, (node) => (node.op === 'setop' && !node.all ? asJoin(node, ids) : node)),
}

function asJoin(node: LogicalSetOperation, ids: () => number): Logical {
  const equal = node.left.attrs.map((l, i): Expr => {
    const r = node.right.attrs[i]!
    return { kind: 'call', fn: '<=>', args: [attrExpr(l), attrExpr(r)], type: BOOLEAN, nullable: false, at: node.at }
  })
  const join: Logical = {
    op: 'join',
    id: ids(),
    left: node.left,
    right: node.right,
    type: node.kind === 'intersect' ? 'semi' : 'anti',
    condition: conjunction(equal),
    attrs: node.left.attrs,
    at: node.at,
  }
  const keys = node.attrs.map(passOn)
  return { op: 'aggregate', id: node.id, input: join, keys, aggregates: [], attrs: node.attrs, at: node.at }
}
