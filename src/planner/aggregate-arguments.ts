import type { Expr } from '../expr/bound.ts'
import { exprKey } from '../plan/expr-key.ts'
import type { LogicalAggregate, Named } from '../plan/logical.ts'

/** The name of columns computed for an aggregation; state is not named after them. */
export const ARGUMENT = '(argument)'

/**
 * An aggregation whose calls take columns and constants only, and the columns to compute below it for that. What throws for
 * a row then throws before the row reaches the state. `freshId` gives ids no column of the plan has.
 */
export function withComputedArguments(
  plan: LogicalAggregate,
  freshId: () => number,
): { readonly plan: LogicalAggregate; readonly computed: readonly Named[] } {
  // Equal arguments are one column, as DISTINCT values of equal arguments are one table.
  const computed = new Map<string, Named>()
  const column = (expr: Expr): Expr => {
    if (expr.kind === 'attr' || expr.kind === 'literal' || expr.kind === 'lambda') return expr
    const key = exprKey(expr)
    const { type, at } = expr
    const known = computed.get(key)?.attr
    const attr = known ?? { id: freshId(), name: ARGUMENT, type, nullable: true, qualifier: [] }
    if (known === undefined) computed.set(key, { expr, attr })
    return { kind: 'attr', id: attr.id, name: ARGUMENT, type, nullable: true, at }
  }
  const aggregates = plan.aggregates.map((x) => {
    const { filter, args } = x.call
    // An argument is looked at only where the filter is true.
    const guarded = (arg: Expr): Expr =>
      filter === undefined || arg.kind === 'attr' || arg.kind === 'literal'
        ? arg
        : {
            kind: 'case',
            branches: [{ when: filter, then: arg }],
            otherwise: { kind: 'literal', type: arg.type, nullable: true, value: null },
            type: arg.type,
            nullable: true,
            at: arg.at,
          }
    const call = { ...x.call, args: args.map((a) => column(guarded(a))) }
    return { ...x, call: filter === undefined ? call : { ...call, filter: column(filter) } }
  })
  return { plan: { ...plan, aggregates }, computed: [...computed.values()] }
}
