import { AnalysisError, ExecutionError } from '../errors/errors.ts'
import { dotted } from '../plan/scope.ts'
import type { AstDeclare, AstDrop, AstExpr, AstSetVariable, Ident } from '../sql/ast.ts'
import { VOID } from '../types/data-type.ts'
import { parseType } from '../types/ddl.ts'
import type { Value } from '../types/value.ts'
import { containsQuery } from './bind.ts'
import { converter, evaluateNow, rowsOf, selectOf } from './evaluate.ts'
import { partsOf } from './object-names.ts'
import { command, NOTHING, type Outcome, type StatementContext } from './statement-context.ts'
import type { Variable } from './variables.ts'

/** DECLARE VARIABLE: the default is computed now; without a type it has that of its default. */
export function declareVariable(s: AstDeclare, ctx: StatementContext): Outcome {
  const given = s.default
  if (given && containsQuery(given))
    throw new AnalysisError(
      'INVALID_DEFAULT_VALUE.SUBQUERY_EXPRESSION',
      { name: dotted(s.names[0]!) },
      { at: given.at },
    )
  const computed = given ? evaluateNow(ctx, [given]) : { types: [VOID], values: [null] as readonly Value[] }
  const type = s.type ? parseType(s.type.text) : computed.types[0]!
  const convert = converter(ctx, computed.types[0]!, type, given?.at)
  for (const name of s.names) requireSessionName(name)
  const declare = (value: Value): void => {
    for (const name of s.names)
      ctx.catalog.variables.declare(
        { name: name.at(-1)!.name, type, default: given, value: convert(value) },
        s.replace,
        name[0]?.at ?? s.at,
      )
  }
  if (computed.values) {
    declare(computed.values[0]!)
    return NOTHING
  }
  return command(async () => declare((await rowsOf(ctx, selectOf([given!]))).rows[0]![0]!))
}

function requireSessionName(name: readonly Ident[]): void {
  const schema = name.at(-2)
  if (schema && schema.name.toLowerCase() !== 'session')
    throw new AnalysisError(
      'SCHEMA_NOT_FOUND',
      { name: schema.name },
      { at: schema.at, hint: 'variables are those of the session' },
    )
}

/** The variable of a name; UNRESOLVED_VARIABLE when there is none. */
export function requireVariable(ctx: StatementContext, name: readonly Ident[]): Variable {
  const found = ctx.catalog.variables.find(partsOf(name))
  if (!found)
    throw new AnalysisError(
      'UNRESOLVED_VARIABLE',
      { name: dotted(name) },
      { at: name[0]?.at, hint: `declare it first: DECLARE VARIABLE ${dotted(name)} INT` },
    )
  return found
}

/** SET VAR: all values are computed before any is set. */
export function setVariable(s: AstSetVariable, ctx: StatementContext): Outcome {
  const names = s.assignments.map((a) => a.name)
  const targets = requireDistinct(ctx, names)
  if (s.query) {
    const { attrs } = ctx.plans.analyze({ op: 'sql', query: s.query })
    checkArity(targets, attrs.length, s.at)
    const convert = targets.map((t, i) => converter(ctx, attrs[i]!.type, t.type, s.at))
    const { query } = s
    return command(async () =>
      assign(ctx, names, onlyRow((await rowsOf(ctx, { op: 'sql', query })).rows, targets.length), convert),
    )
  }
  const exprs = s.assignments.map(
    (a, i): AstExpr => a.value ?? targets[i]!.default ?? { kind: 'literal', type: 'null', text: 'NULL', at: s.at },
  )
  const { types, values } = evaluateNow(ctx, exprs)
  const convert = targets.map((t, i) => converter(ctx, types[i]!, t.type, exprs[i]!.at))
  if (values) {
    assign(ctx, names, values, convert)
    return NOTHING
  }
  return command(async () => assign(ctx, names, (await rowsOf(ctx, selectOf(exprs))).rows[0]!, convert))
}

/** The variables of names that are all different. */
export function requireDistinct(ctx: StatementContext, names: readonly (readonly Ident[])[]): readonly Variable[] {
  const seen = new Set<string>()
  return names.map((name) => {
    const found = requireVariable(ctx, name)
    if (seen.has(found.name))
      throw new AnalysisError('DUPLICATE_ASSIGNMENTS', { name: found.name }, { at: name[0]?.at })
    seen.add(found.name)
    return found
  })
}

/** As many columns as there are variables. */
export function checkArity(targets: readonly Variable[], columns: number, at: AstExpr['at']): void {
  if (targets.length !== columns)
    throw new AnalysisError(
      'ASSIGNMENT_ARITY_MISMATCH',
      { target: 'the list of variables', names: targets.length, columns },
      { at },
    )
}

/** The only row; NULLs when there is none. */
export function onlyRow(rows: readonly (readonly Value[])[], width: number): readonly Value[] {
  if (rows.length > 1) throw new ExecutionError('ROW_SUBQUERY_TOO_MANY_ROWS', {})
  return rows[0] ?? new Array<Value>(width).fill(null)
}

/** Sets the variables, after all values are converted. */
export function assign(
  ctx: StatementContext,
  names: readonly (readonly Ident[])[],
  values: readonly Value[],
  convert: readonly ((v: Value) => Value)[],
): void {
  const converted = values.map((v, i) => convert[i]!(v))
  names.forEach((name, i) => ctx.catalog.variables.set(partsOf(name), converted[i]!))
}

/** DROP TEMPORARY VARIABLE. */
export function dropVariable(s: AstDrop, ctx: StatementContext): Outcome {
  if (!ctx.catalog.variables.drop(partsOf(s.name)) && !s.ifExists)
    throw new AnalysisError('VARIABLE_NOT_FOUND', { name: dotted(s.name) }, { at: s.name[0]?.at ?? s.at })
  return NOTHING
}
