import type { ExprEnv } from '../expr/env.ts'
import { inputsOf, type Logical } from './logical.ts'
import { collapseProjects } from './rules/collapse-projects.ts'
import { commonConditions } from './rules/common-conditions.ts'
import { filterThroughJoin } from './rules/filter-through-join.ts'
import { foldConstants } from './rules/fold-constants.ts'
import { joinKeysNotNull } from './rules/join-keys-not-null.ts'
import { pruneColumns } from './rules/prune-columns.ts'
import { pruneMembers } from './rules/prune-members.ts'
import { pushFilters } from './rules/push-filters.ts'
import { pushLimits } from './rules/push-limits.ts'
import { removeNoops } from './rules/remove-noops.ts'
import { rewriteSetOperations } from './rules/rewrite-set-operations.ts'
import type { Rule } from './rules/rule.ts'
import { scanPredicates } from './rules/scan-predicates.ts'

/**
 * The rules, in stages that run one after the other. The rules of a stage run in turn until none changes the plan. Filters
 * are moved again once join keys have made new ones.
 */
export const STAGES: readonly (readonly Rule[])[] = [
  [foldConstants],
  [commonConditions],
  [rewriteSetOperations],
  [pushFilters, filterThroughJoin],
  [joinKeysNotNull],
  [pushFilters, filterThroughJoin],
  [collapseProjects, foldConstants],
  [pushLimits],
  [pruneColumns],
  [pruneMembers],
  [removeNoops, collapseProjects],
  [scanPredicates],
]

/** A stage that has not come to rest by then is left: each of its plans is right. */
const MOST_ROUNDS = 50

/** One rule that changed the plan. */
export interface RuleStep {
  readonly rule: Rule
  readonly before: Logical
  readonly after: Logical
}

/** Which rules run; all unless given. Those that plans need to run do in any case. */
export type RuleChoice = (rule: string) => boolean

/** A plan as it runs, the steps that led there from the analyzed one, and what its expressions are evaluated with. */
export interface Optimized {
  readonly plan: Logical
  readonly steps: readonly RuleStep[]
  readonly env: ExprEnv
}

/**
 * An equivalent plan that reads and computes less. Nodes with state keep their order and their ids. The plan must be the
 * analyzed one: fingerprints are taken from that.
 */
export function optimize(analyzed: Logical, env: ExprEnv, runs: RuleChoice = () => true): Optimized {
  let next = greatestId(analyzed)
  const ids = (): number => ++next
  const steps: RuleStep[] = []
  let plan = analyzed
  for (const stage of STAGES) {
    const rules = stage.filter((r) => r.needed || runs(r.name))
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const first = plan
      for (const rule of rules) {
        const after = rule.apply(plan, env, ids)
        if (after !== plan) steps.push({ rule, before: plan, after })
        plan = after
      }
      if (plan === first) break
    }
  }
  return { plan, steps, env }
}

/** The greatest id in use by nodes and columns. */
function greatestId(plan: Logical): number {
  return Math.max(plan.id, ...plan.attrs.map((x) => x.id), ...inputsOf(plan).map(greatestId))
}
