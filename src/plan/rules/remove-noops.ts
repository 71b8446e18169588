import type { Logical } from '../logical.ts'
import { transformPlan } from '../walk.ts'
import type { Rule } from './rule.ts'

/** Projects that pass all their columns on in order go; the plan's own columns and names stay. */
export const removeNoops: Rule = {
  name: 'remove-noops',
  doc: 'drops projections that change nothing',
  apply: (plan) => transformPlan(plan, (node) => (node.op === 'project' && passesAll(node) ? node.input : node)),
}

function passesAll(node: Logical & { readonly op: 'project' }): boolean {
  const below = node.input.attrs
  return (
    node.items.length === below.length &&
    node.items.every(
      (i, k) =>
        i.expr.kind === 'attr' &&
        i.expr.id === i.attr.id &&
        i.attr.id === below[k]!.id &&
        i.attr.name === below[k]!.name,
    )
  )
}
