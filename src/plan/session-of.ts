import { inputsOf, type Logical, type LogicalAggregate, type LogicalWindow } from './logical.ts'

/** The session window an aggregation has as a key. */
export function sessionOf(plan: LogicalAggregate): LogicalWindow | null {
  for (let p: Logical = plan.input; ; p = inputsOf(p)[0]!) {
    if (p.op === 'window' && p.gap) {
      const column = p.attrs.at(-1)!
      return plan.keys.some((k) => k.expr.kind === 'attr' && k.expr.id === column.id) ? p : null
    }
    if (p.op !== 'project' && p.op !== 'expand' && p.op !== 'filter') return null
  }
}
