import { conjuncts, transform, type Expr } from '../expr/bound.ts'
import { inputsOf, isStreaming, type Logical, type LogicalJoin } from './logical.ts'
import { conjunction } from './term.ts'

export const isStreamJoin = (join: LogicalJoin): boolean => isStreaming(join.left) && isStreaming(join.right)

/** The joins of two streams, the topmost first, each with the whole condition: that of an inner join may stand in a WHERE above it. */
export function streamJoins(plan: Logical): readonly LogicalJoin[] {
  return below(plan, [])
}

function below(node: Logical, above: readonly Expr[]): readonly LogicalJoin[] {
  switch (node.op) {
    case 'filter':
      return below(node.input, [...above, ...conjuncts(node.condition)])
    case 'project': {
      const items = new Map(node.items.map((i) => [i.attr.id, i.expr]))
      return below(
        node.input,
        above.map((c) => transform(c, (n) => (n.kind === 'attr' ? (items.get(n.id) ?? n) : n))),
      )
    }
    case 'join': {
      const inner = node.type === 'inner' || node.type === 'cross'
      const condition = conjunction([...(node.condition ? [node.condition] : []), ...(inner ? above : [])])
      const own = isStreamJoin(node) ? [{ ...node, condition }] : []
      const rest = inner ? above : []
      return [...own, ...below(node.left, rest), ...below(node.right, rest)]
    }
    default:
      return inputsOf(node).flatMap((p) => below(p, []))
  }
}
