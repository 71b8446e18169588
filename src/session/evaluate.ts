import { AnalysisError } from '../errors/errors.ts'
import { constantValue } from '../plan/term.ts'
import type { Unresolved } from '../plan/unresolved.ts'
import type { AstExpr } from '../sql/ast.ts'
import { caster, canCast, castError } from '../types/cast.ts'
import { sameType, typeName, type DataType, type Schema } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import { type Rows, type StatementContext } from './statement-context.ts'

/** A value with its type. */
export interface Typed {
  readonly value: Value
  readonly type: DataType
}

/** `SELECT items` without FROM. */
export const selectOf = (items: readonly AstExpr[]): Unresolved => ({
  op: 'sql',
  query: { kind: 'query', body: { kind: 'select', distinct: false, items } },
})

/** The types of expressions, and their values where all are constants that can be computed now. Throws AnalysisError. */
export function evaluateNow(
  ctx: StatementContext,
  items: readonly AstExpr[],
): { readonly types: readonly DataType[]; readonly values: readonly Value[] | null } {
  const plan = ctx.plans.analyze(selectOf(items))
  const types = plan.attrs.map((a) => a.type)
  if (plan.op !== 'project' || plan.input.op !== 'local') return { types, values: null }
  const env = ctx.env()
  const values = plan.items.map((item) => constantValue(item.expr, env))
  return { types, values: values.includes(undefined) ? null : (values as readonly Value[]) }
}

/** The value of a constant text: of IDENTIFIER, EXECUTE IMMEDIATE. */
export function constantText(ctx: StatementContext, expr: AstExpr, name: string): string {
  const { types, values } = evaluateNow(ctx, [expr])
  const type = types[0]!
  if (values === null) throw new AnalysisError('NOT_A_CONSTANT_STRING.NOT_CONSTANT', { name }, { at: expr.at })
  if (values[0] === null) throw new AnalysisError('NOT_A_CONSTANT_STRING.NULL', { name }, { at: expr.at })
  if (type.kind !== 'string')
    throw new AnalysisError('NOT_A_CONSTANT_STRING.WRONG_TYPE', { name, actual: typeName(type) }, { at: expr.at })
  return values[0] as string
}

/** Every row of a bounded plan. */
export async function rowsOf(
  ctx: StatementContext,
  plan: Unresolved,
): Promise<{ readonly schema: Schema; readonly rows: Rows }> {
  const { schema, batches } = await ctx.plans.run(plan)
  return { schema, rows: batches.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => b.row(i))) }
}

/** Casts values of one type to another as CAST does in ANSI mode; refuses types without such a cast. */
export function converter(
  ctx: StatementContext,
  from: DataType,
  to: DataType,
  at: AstExpr['at'],
): (value: Value) => Value {
  if (sameType(from, to)) return (value) => value
  if (!canCast(from, to, 'ansi')) throw castError(from, to, 'ansi', { at })
  const env = ctx.env()
  const cast = caster(from, to, { mode: 'ansi', timeZone: env.timeZone, nowUs: () => env.batchTimeUs() })
  return (value) => (value === null ? null : cast(value))
}
