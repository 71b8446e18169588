import type { Analysis } from './analysis.ts'
import { inputsOf, withInputs, type Logical } from './logical.ts'

/** The same plan once more, its nodes with ids of their own; its columns keep theirs, so the copies may not meet in one node. */
export function renumber(plan: Logical, a: Analysis, ids: ReadonlyMap<number, number> = new Map()): Logical {
  const id = a.freshId()
  // The rounds of a recursive table name it by its id.
  const inner = plan.op === 'recursive' ? new Map([...ids, [plan.id, id]]) : ids
  const copy = withInputs(
    plan,
    inputsOf(plan).map((p) => renumber(p, a, inner)),
  )
  if (copy.op === 'previous') return { ...copy, id, recursion: ids.get(copy.recursion) ?? copy.recursion }
  return { ...copy, id }
}
