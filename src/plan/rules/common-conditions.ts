import { conjuncts, type Expr, type LogicExpr } from '../../expr/bound.ts'
import { isDeterministic } from '../../expr/fold.ts'
import { mayRaise } from '../../expr/may-raise.ts'
import { exprKey } from '../expr-key.ts'
import { conjunction } from '../term.ts'
import { mapExpressions, transformPlan } from '../walk.ts'
import type { Rule } from './rule.ts'

/**
 * `(a = b AND x) OR (a = b AND y)` is `a = b AND (x OR y)`, in the logic of three values too: so an equality that every
 * branch names becomes the key of its join. Conditions that may raise stay: what stands before them may be what keeps them
 * from the rows they raise for.
 */
export const commonConditions: Rule = {
  name: 'common-conditions',
  doc: 'takes out of OR what each of its branches asks for',
  apply: (plan, env) =>
    transformPlan(plan, (node) =>
      node.op === 'filter' || node.op === 'join'
        ? mapExpressions(node, (e) => takenOut(e, (c) => isDeterministic(c, env) && !mayRaise(c, env)))
        : node,
    ),
}

type May = (c: Expr) => boolean

function takenOut(condition: Expr, movable: May): Expr {
  const parts = conjuncts(condition)
  const after = parts.flatMap((part) => (part.kind === 'or' ? factored(part, movable) : [part]))
  return after.every((part, i) => part === parts[i]) ? condition : conjunction(after)!
}

function factored(or: LogicExpr, movable: May): readonly Expr[] {
  const branches = disjuncts(or).map(conjuncts)
  const keys = branches.map((branch) => new Set(branch.map((c) => exprKey(c))))
  const common = branches[0]!.filter((c) => movable(c) && keys.every((of) => of.has(exprKey(c))))
  if (common.length === 0) return [or]
  const taken = new Set(common.map((c) => exprKey(c)))
  const rest = branches.map((branch) => conjunction(branch.filter((c) => !taken.has(exprKey(c)))))
  // A branch that asks for nothing more holds wherever the common conditions do.
  return rest.some((r) => r === null) ? common : [...common, { ...or, args: rest as readonly Expr[] }]
}

const disjuncts = (e: Expr): readonly Expr[] => (e.kind === 'or' ? e.args.flatMap(disjuncts) : [e])
