import type { Expr } from '../../expr/bound.ts'
import { BOOLEAN } from '../../types/data-type.ts'
import { attrExpr } from '../analysis.ts'
import { isStreaming, type Logical, type LogicalSetOperation } from '../logical.ts'
import { conjunction } from '../term.ts'
import { transformPlan } from '../walk.ts'
import type { Rule } from './rule.ts'

/**
 * Matches INTERSECT and EXCEPT without ALL: a semi or anti join on all columns (NULL equals NULL), then DISTINCT. Over a
 * stream they run in no other way; the DISTINCT keeps the id, and so the state. ALL has operators of its own, which count.
 */
export const rewriteSetOperations: Rule = {
  name: 'rewrite-set-operations',
  doc: 'runs INTERSECT and EXCEPT as joins',
  needed: true,
  apply: (plan, _env, ids) =>
    transformPlan(plan, (node) => (node.op === 'setop' && !node.all ? asJoin(node, ids) : node)),
}

function asJoin(node: LogicalSetOperation, ids: () => number): Logical {
  // Of a table and a stream the stream is looked up in the table, whichever stands first: INTERSECT has no sides.
  const swap = node.kind === 'intersect' && isStreaming(node.right) && !isStreaming(node.left)
  const [left, right] = swap ? [node.right, node.left] : [node.left, node.right]
  const equal = left.attrs.map((l, i): Expr => {
    const r = right.attrs[i]!
    return { kind: 'call', fn: '<=>', args: [attrExpr(l), attrExpr(r)], type: BOOLEAN, nullable: false, at: node.at }
  })
  const join: Logical = {
    op: 'join',
    id: ids(),
    left,
    right,
    type: node.kind === 'intersect' ? 'semi' : 'anti',
    condition: conjunction(equal),
    attrs: left.attrs,
    at: node.at,
  }
  const keys = node.attrs.map((attr, i) => ({ expr: attrExpr(left.attrs[i]!), attr }))
  return { op: 'aggregate', id: node.id, input: join, keys, aggregates: [], attrs: node.attrs, at: node.at }
}
