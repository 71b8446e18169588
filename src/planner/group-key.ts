import type { Expr } from '../expr/bound.ts'
import { inputsOf, type Logical } from '../plan/logical.ts'
import { upsertKey } from '../plan/upsert-key.ts'
import { originOf } from '../plan/window-origin.ts'

/**
 * Positions of the output columns that identify a row, as upsertKey, where each group gives one row and all its keys are
 * in the output, so that two rows of equal key are two states of one group; null otherwise. Either bound stands for a
 * window.
 */
export function groupKey(plan: Logical): number[] | null {
  let node = plan
  while (node.op === 'project' || node.op === 'filter') node = node.input
  if (node.op !== 'aggregate') return null
  const key = upsertKey(plan)
  const known = new Set(key.map((i) => plan.attrs[i]!.id))
  for (let p = plan; p !== node; p = inputsOf(p)[0]!)
    if (p.op === 'project')
      for (const { expr, attr } of p.items) {
        const id = known.has(attr.id) ? given(expr, p.input) : null
        if (id !== null) known.add(id)
      }
  return node.keys.every((k) => known.has(k.attr.id)) ? key : null
}

/** The column whose value follows from that of an expression. */
function given(expr: Expr, input: Logical): number | null {
  if (expr.kind === 'attr') return expr.id
  if (expr.kind === 'field' && expr.arg.kind === 'attr' && originOf(input, expr.arg.id) !== null) return expr.arg.id
  return null
}
