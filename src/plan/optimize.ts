import type { ExprEnv } from '../expr/env.ts'
import { describePlan } from './describe-plan.ts'
import { inputsOf, type Logical } from './logical.ts'
import { collapseProjects } from './rules/collapse-projects.ts'
import { commonConditions } from './rules/common-conditions.ts'
import { foldConstantExpressions } from './rules/fold.ts'
import { joinKeysNotNull } from './rules/join-not-null.ts'
import { pruneColumns } from './rules/prune-columns.ts'
import { pruneMembers } from './rules/prune-members.ts'
import { pushFilters } from './rules/push-filters.ts'
import { removeNoops } from './rules/remove-noops.ts'
import type { Rule } from './rules/rule.ts'
import { scanPredicates } from './rules/scan-predicates.ts'
import { rewriteSetOperations } from './rules/set-operations.ts'

/** The rules in the order they run; filters are pushed again once joins and folding have made new ones. */
export const RULES: readonly Rule[] = [
  foldConstantExpressions,
  commonConditions,
  rewriteSetOperations,
  pushFilters,
  joinKeysNotNull,
  pushFilters,
  collapseProjects,
  foldConstantExpressions,
  pruneColumns,
  pruneMembers,
  removeNoops,
  collapseProjects,
  scanPredicates,
]

/** A rule that changed the plan, for EXPLAIN. */
export interface AppliedRule {
  readonly rule: string
  readonly note: string
}

/** An equivalent plan that reads and computes less. Nodes with state keep their order and their ids. */
export function optimize(
  plan: Logical,
  env: ExprEnv,
): { readonly plan: Logical; readonly applied: readonly AppliedRule[] } {
  let next = greatestId(plan)
  const ids = (): number => ++next
  const applied: AppliedRule[] = []
  let current = plan
  let text = describePlan(plan)
  for (const rule of RULES) {
    const after = rule.apply(current, env, ids)
    if (after === current) continue
    current = after
    const now = describePlan(after)
    if (now !== text && !applied.some((x) => x.rule === rule.name)) applied.push({ rule: rule.name, note: rule.doc })
    text = now
  }
  return { plan: current, applied }
}

/** The greatest id in use by nodes and columns. */
function greatestId(plan: Logical): number {
  return Math.max(plan.id, ...plan.attrs.map((x) => x.id), ...inputsOf(plan).map(greatestId))
}
