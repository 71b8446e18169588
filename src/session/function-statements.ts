import { AnalysisError } from '../errors/errors.ts'
import { dotted } from '../plan/scope.ts'
import type { AstCall, AstColumn, AstCreateFunction, AstDrop, AstExpr } from '../sql/ast.ts'
import { lookup } from '../functions/registry.ts'
import { typeName, type DataType, type Field } from '../types/data-type.ts'
import { parseType } from '../types/ddl.ts'
import { canStore } from '../plan/store.ts'
import type { Routine } from './catalog.ts'
import { evaluateNow, selectOf } from './evaluate.ts'
import { NOTHING, type Outcome, type StatementContext } from './statement-context.ts'

/** CREATE FUNCTION: the body is checked now, by a call with NULLs, and analyzed anew at each call. */
export function createFunction(s: AstCreateFunction, ctx: StatementContext): Outcome {
  const name = s.name.at(-1)!.name
  const before = ctx.catalog.routine(name)
  if (before && s.ifNotExists) return NOTHING
  const routine = routineOf(s)
  for (const p of s.parameters) checkDefault(p, ctx)
  ctx.catalog.addRoutine(routine, s.replace)
  try {
    check(routine, s, ctx)
  } catch (error) {
    if (before) ctx.catalog.addRoutine(before, true)
    else ctx.catalog.dropRoutine(name)
    throw error
  }
  if (!routine.temporary) ctx.catalog.file?.put('function', name, s)
  return NOTHING
}

/** The function a statement defines. */
export function routineOf(s: AstCreateFunction): Routine {
  const { returns } = s
  const isTable = returns !== undefined && 'columns' in returns
  const fieldOf = (c: AstColumn): Field => ({ name: c.name.name, type: parseType(c.type.text), nullable: true })
  return {
    name: s.name.at(-1)!.name,
    parameters: s.parameters.map((p) => ({
      name: p.name.name,
      type: parseType(p.type.text),
      ...(p.default ? { default: p.default } : {}),
    })),
    returns: isTable
      ? { kind: 'table', columns: returns.columns.length > 0 ? returns.columns.map(fieldOf) : null }
      : {
          kind: 'value',
          type: returns === undefined ? null : parseType((returns as { type: { text: string } }).type.text),
        },
    body: s.body,
    temporary: s.temporary,
    ...(s.comment === undefined ? {} : { comment: s.comment }),
  }
}

function checkDefault(p: AstColumn, ctx: StatementContext): void {
  if (!p.default) return
  const { types } = evaluateNow(ctx, [p.default])
  const type = parseType(p.type.text)
  if (!canStore(types[0]!, type))
    throw new AnalysisError(
      'INVALID_DEFAULT_VALUE.DATA_TYPE',
      { name: p.name.name, actual: typeName(types[0]!), expected: typeName(type) },
      { at: p.default.at },
    )
}

function check(routine: Routine, s: AstCreateFunction, ctx: StatementContext): void {
  const nulls = routine.parameters.map((p): AstExpr => ({
    kind: 'parameter',
    name: p.name,
    bound: { value: null, type: p.type satisfies DataType },
  }))
  const call: AstCall = { kind: 'call', name: [{ name: routine.name }], args: nulls, at: s.at }
  if (routine.returns.kind === 'value') ctx.plans.analyze(selectOf([call]))
  else
    ctx.plans.analyze({
      op: 'sql',
      query: {
        kind: 'query',
        body: {
          kind: 'select',
          distinct: false,
          items: [{ kind: 'star', qualifier: [] }],
          from: [{ kind: 'tablefunction', call }],
        },
      },
    })
}

/** DROP [TEMPORARY] FUNCTION. */
export function dropFunction(s: AstDrop, ctx: StatementContext): Outcome {
  const name = s.name.at(-1)!.name
  const found = ctx.catalog.routine(name)
  if (found) {
    ctx.catalog.dropRoutine(name)
    if (!found.temporary) ctx.catalog.file?.remove('function', name)
    return NOTHING
  }
  if (ctx.functions.remove(name)) return NOTHING
  if (s.ifExists) return NOTHING
  const hint = lookup(name.toLowerCase()) ? 'it is built in, and stays' : undefined
  throw new AnalysisError('ROUTINE_NOT_FOUND', { name: dotted(s.name) }, { at: s.name[0]?.at ?? s.at, hint })
}
