import { AnalysisError } from '../errors/errors.ts'
import { printExpr } from '../sql/print-expr.ts'
import { shown, type Analysis, type Relation, type Surroundings } from './analysis.ts'
import type { LogicalObserve } from './logical.ts'
import { analyzeSelect } from './select.ts'
import type { Unresolved } from './unresolved.ts'

/** The input as it is, and aggregates of what passes. Each item is an aggregate of its rows, or an expression over such. */
export function observe(a: Analysis, p: Unresolved & { readonly op: 'observe' }, s: Surroundings): Relation {
  if (p.name === '') throw new AnalysisError('INVALID_OBSERVED_METRICS.MISSING_NAME', {})
  const input = a.plan(p.input, s)
  const below = shown(a, input)
  const made = analyzeSelect(a, { ...input, plan: below }, { items: p.items }, s).plan
  const aggregate = made.op === 'project' ? made.input : made
  if (made.op !== 'project' || aggregate.op !== 'aggregate' || aggregate.keys.length > 0) {
    const first = p.items[0]
    throw new AnalysisError(
      'INVALID_OBSERVED_METRICS.NON_AGGREGATE_FUNC_ARG_IS_ATTRIBUTE',
      { name: p.name, expression: first === undefined ? 'an empty list' : printExpr(first) },
      { at: first?.at, hint: 'such as count(lit(1)).alias("rows"), or max("price")' },
    )
  }
  const node: LogicalObserve = {
    op: 'observe',
    id: a.freshId(),
    input: aggregate.input,
    name: p.name,
    observer: p.observer ?? null,
    calls: aggregate.aggregates,
    items: made.items,
    attrs: aggregate.input.attrs,
  }
  return { ...input, plan: node }
}
