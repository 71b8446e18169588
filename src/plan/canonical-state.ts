import { passOn } from './analysis.ts'
import { aggregateOrder, type IdentityOf } from './fingerprint.ts'
import { inputsOf, isStreaming, type Logical } from './logical.ts'
import { transformPlan } from './walk.ts'

/**
 * The plan with the aggregates of every stateful node in an order that depends on nothing but what they mean, so that
 * a query whose columns are written in another order finds its state again. A projection above keeps the order asked for.
 */
export function canonicalState(plan: Logical, identityOf?: IdentityOf): Logical {
  const order = aggregateOrder(plan, identityOf)
  let next = greatestId(plan)
  return transformPlan(plan, (node) => {
    if (node.op !== 'aggregate' || node.aggregates.length < 2 || !isStreaming(node)) return node
    const aggregates = [...node.aggregates].sort((a, b) => order(a.call, b.call))
    if (aggregates.every((x, i) => x === node.aggregates[i])) return node
    const keys = node.attrs.slice(0, node.keys.length)
    const sorted = { ...node, aggregates, attrs: [...keys, ...aggregates.map((x) => x.attr)] }
    return { op: 'project', id: ++next, input: sorted, items: node.attrs.map(passOn), attrs: node.attrs }
  })
}

const greatestId = (plan: Logical): number =>
  Math.max(plan.id, ...plan.attrs.map((x) => x.id), ...inputsOf(plan).map(greatestId))
