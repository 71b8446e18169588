import { type Expr, visit } from '../expr/bound.ts'
import { inputsOf, isStreaming, type Logical } from './logical.ts'

/** Positions of the output columns that come from the grouping keys alone: what identifies a row of an update-mode query. */
export function upsertKey(plan: Logical): number[] {
  const ids = keyIds(plan)
  return plan.attrs.flatMap((a, i) => (ids.has(a.id) ? [i] : []))
}

/** As upsertKey, the names of the columns. */
export const upsertKeyNames = (plan: Logical): string[] => upsertKey(plan).map((i) => plan.attrs[i]!.name)

function keyIds(plan: Logical): Set<number> {
  if (plan.op === 'aggregate' && isStreaming(plan)) return new Set(plan.keys.map((k) => k.attr.id))
  // INTERSECT and EXCEPT give each row once: it is its own key.
  if (plan.op === 'setop' && !plan.all && isStreaming(plan)) return new Set(plan.attrs.map((x) => x.id))
  const below = new Set<number>()
  for (const input of inputsOf(plan)) for (const id of keyIds(input)) below.add(id)
  if (plan.op !== 'project') return below
  const out = new Set<number>()
  for (const { expr, attr } of plan.items) if (readsOnly(expr, below)) out.add(attr.id)
  return out
}

function readsOnly(expr: Expr, ids: ReadonlySet<number>): boolean {
  let any = false
  let all = true
  visit(expr, (e) => {
    if (e.kind !== 'attr') return
    any = true
    if (!ids.has(e.id)) all = false
  })
  return any && all
}
