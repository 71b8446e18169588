import { BIGINT, BOOLEAN, DOUBLE, type DataType } from '../types/data-type.ts'
import { encodeLiteral } from '../types/literal.ts'
import type { Expr } from '../expr/bound.ts'
import type { Value } from '../types/value.ts'
import type { LogicalSample } from '../plan/logical.ts'
import type { Planned, PlannerContext } from './planner-context.ts'
import { planFilter } from './plan-project.ts'

const constant = (value: Value, type: DataType): Expr => ({
  kind: 'literal',
  type,
  nullable: false,
  value: encodeLiteral(value, type),
})

/** TABLESAMPLE of a share: a filter that draws a random number for each row. */
export function planSample(plan: LogicalSample, planner: PlannerContext): Planned {
  const seed = plan.seed === null ? [] : [constant(BigInt(plan.seed), BIGINT)]
  const draw: Expr = { kind: 'call', fn: 'rand', args: seed, type: DOUBLE, nullable: false, at: plan.at }
  const share = constant(plan.fraction, DOUBLE)
  const condition: Expr = { kind: 'call', fn: '<', args: [draw, share], type: BOOLEAN, nullable: false, at: plan.at }
  return planFilter(
    { op: 'filter', id: plan.id, input: plan.input, condition, attrs: plan.attrs, at: plan.at },
    planner,
  )
}
