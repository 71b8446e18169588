import type { AstExpr } from '../sql/ast.ts'
import { filter, type Analysis, type Relation, type Surroundings } from './analysis.ts'
import { Base } from './base.ts'
import type { Clause, ExprContext } from './expr-context.ts'
import type { Logical } from './logical.ts'
import { booleanCondition, resolveExpr } from './resolve-expr.ts'
import { columnNames } from './resolve-name.ts'
import { applySubqueryConjunct } from './resolve-subquery.ts'
import { conjunction } from './term.ts'

/** A context for expressions over a relation's columns in a clause without aggregates; nodes go on `base`. */
export function relationContext(
  a: Analysis,
  relation: Relation,
  surroundings: Surroundings,
  clause: Clause,
  base: Base,
): ExprContext {
  return {
    a,
    surroundings,
    clause,
    names: columnNames(a, relation.columns, relation.hidden, surroundings.outer),
    base,
    subqueryBase: base,
  }
}

/** The relation filtered by a condition; conjuncts that test a subquery become semi and anti joins. */
export function where(a: Analysis, input: Relation, condition: AstExpr, surroundings: Surroundings): Relation {
  const parts = astConjuncts(condition)
  const base = new Base(a, input.plan)
  const ctx = relationContext(a, input, surroundings, 'WHERE', base)
  const subqueries: AstExpr[] = []
  const conditions = parts.flatMap((p) => {
    if (isSubqueryTest(p)) {
      subqueries.push(p)
      return []
    }
    return [booleanCondition(resolveExpr(p, ctx), parts.length === 1 ? condition.at : p.at, ctx)]
  })
  const before = base.plan
  const whole = conjunction(conditions)
  if (whole) base.put((plan) => filter(a, plan, whole, condition.at))
  for (const s of subqueries) applySubqueryConjunct(s, false, ctx)
  const { plan }: { plan: Logical } = base
  // Columns that only the condition needed are not shown; `columns` leaves them out.
  return { plan: before === plan ? input.plan : plan, columns: input.columns, hidden: input.hidden }
}

function astConjuncts(e: AstExpr): readonly AstExpr[] {
  return e.kind === 'binary' && e.op === 'and' ? [...astConjuncts(e.left), ...astConjuncts(e.right)] : [e]
}

function isSubqueryTest(e: AstExpr): boolean {
  if (e.kind === 'unary' && e.op === 'not') return isSubqueryTest(e.arg)
  return e.kind === 'exists' || (e.kind === 'in' && e.query !== undefined)
}
