import { AnalysisError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import { nearestName } from '../errors/suggest.ts'
import type { Expr, LambdaExpr, ParamExpr } from '../expr/bound.ts'
import type { ExprEnv } from '../expr/env.ts'
import type { FunctionEntry, ScalarEntry } from '../functions/entry.ts'
import { checkCount, functionNames, lookup as lookupBuiltin, resolveCall } from '../functions/registry.ts'
import type { AstCall, AstExpr, AstLambda } from '../sql/ast.ts'
import { VOID } from '../types/data-type.ts'
import type { ExprContext } from './expr-context.ts'
import { at } from './locate.ts'
import { callName } from './pretty-name.ts'
import { resolveAggregate } from './resolve-aggregate.ts'
import { orderedByName } from './named-arguments.ts'
import { resolveExpr } from './resolve-expr.ts'
import { asyncCall } from './async-call.ts'
import { scalarRoutine } from './routine.ts'
import { SPECIAL_FORMS } from './special-forms.ts'
import { castTo, constantValue, type Term } from './term.ts'

/** The function a name calls: the session's own first, then the registry's. */
export function findFunction(name: string, env: ExprEnv): FunctionEntry | undefined {
  return env.lookup?.(name) ?? lookupBuiltin(name)
}

/** The name of a call in lower case; `system.builtin.f` and `session.f` are f. */
export const calledName = (call: AstCall): string => call.name.at(-1)!.name.toLowerCase()

/** Functions that only mean something with OVER. */
export const OVER_ONLY = new Set([
  'row_number',
  'rank',
  'dense_rank',
  'percent_rank',
  'cume_dist',
  'ntile',
  'lag',
  'lead',
  'nth_value',
  'counter_diff',
])

/** A call: a special form, a window function, an aggregate, a generator or a scalar function. */
export function resolveCallTerm(call: AstCall, ctx: ExprContext): Term {
  const name = calledName(call)
  const env = ctx.a.env
  if (call.over) {
    if (!ctx.over)
      throw new AnalysisError('WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE', { clause: ctx.clause }, { at: call.at })
    return ctx.over(call, call.over, ctx)
  }
  const routine = ctx.a.catalog.routine?.(name)
  if (routine) {
    refuseModifiers(call, name)
    return scalarRoutine(call, routine, ctx)
  }
  const special = SPECIAL_FORMS[name]
  if (special && env.lookup?.(name) === undefined) {
    refuseModifiers(call, name)
    return special(call, ctx)
  }
  if (OVER_ONLY.has(name))
    throw new AnalysisError('WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE', { function: name }, { at: call.at })
  const entry = findFunction(name, env)
  if (!entry) throw unknownFunction(call, name)
  switch (entry.kind) {
    case 'aggregate':
      return resolveAggregate(call, entry, ctx)
    case 'generator':
      if (ctx.generator) return ctx.generator(call, ctx)
      throw new AnalysisError(
        ctx.clause === 'SELECT'
          ? 'UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS'
          : 'UNSUPPORTED_GENERATOR.OUTSIDE_SELECT',
        { function: name },
        { at: call.at },
      )
    case 'scalar':
      refuseModifiers(call, name)
      return scalarCall(call, entry, ctx)
  }
}

/** The error for a function nobody knows, with the nearest name. */
export function unknownFunction(call: AstCall, name: string): AnalysisError {
  if (name === 'range')
    return new AnalysisError('NOT_A_SCALAR_FUNCTION', { function: name }, { at: call.at, hint: 'call it in FROM' })
  const near = nearestName(name, [...functionNames(), ...Object.keys(SPECIAL_FORMS)])
  const nameSpan = call.name[0]?.at ?? call.at
  return new AnalysisError(
    'UNRESOLVED_ROUTINE',
    { name },
    { at: nameSpan, hint: near === undefined ? undefined : `did you mean "${near}"?` },
  )
}

/** DISTINCT, FILTER, IGNORE NULLS and WITHIN GROUP are for aggregates; a function with OVER may pass over NULLs. */
export function refuseModifiers(call: AstCall, name: string): void {
  const syntax = call.distinct
    ? 'DISTINCT'
    : call.filter
      ? 'FILTER'
      : call.nulls && !call.over
        ? `${call.nulls.toUpperCase()} NULLS`
        : call.within
          ? 'WITHIN GROUP'
          : undefined
  if (syntax !== undefined)
    throw new AnalysisError(
      'INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX',
      { function: name, syntax },
      { at: call.at },
    )
}

/** Inside a call no generator may stand, and no window function's own rules hold. */
const argumentContext = (ctx: ExprContext): ExprContext => (ctx.generator ? { ...ctx, generator: undefined } : ctx)

/** Arguments with stars expanded (`struct(*)`, `count(DISTINCT *)`). */
export function resolveArguments(args: readonly AstExpr[], ctx: ExprContext): readonly Term[] {
  const inner = argumentContext(ctx)
  return args.flatMap((arg) => {
    if (arg.kind !== 'star') return [resolveExpr(arg, inner)]
    const wanted = arg.qualifier.map((q) => q.name).join('.')
    const names = inner.insideAggregate !== undefined && inner.inputNames ? inner.inputNames : inner.names
    return names.columns
      .filter((c) => wanted === '' || c.qualifier.some((q) => q.toLowerCase() === wanted.toLowerCase()))
      .map((c): Term => ({
        expr: { kind: 'attr', id: c.id, name: c.name, type: c.type, nullable: c.nullable, at: arg.at },
        text: c.name,
        name: c.name,
      }))
  })
}

function scalarCall(call: AstCall, entry: ScalarEntry, ctx: ExprContext): Term {
  // Names in the arguments are looked up before the function is asked whether it takes them by name.
  if (call.argNames)
    resolveArguments(
      call.args.filter((x) => x.kind === 'name'),
      ctx,
    )
  const args = orderedByName(call, entry)
  if (entry.params.some((p) => p.accepts === 'FUNCTION')) return higherOrderCall(call, args, entry, ctx)
  const lambda = args.find((x) => x.kind === 'lambda')
  if (lambda)
    throw new AnalysisError(
      'INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION',
      { function: calledName(call) },
      { at: lambda.at },
    )
  const terms = resolveArguments(args, ctx)
  if (entry.async) return asyncCall(call, entry, terms, ctx)
  return {
    expr: typedCall(
      entry,
      terms.map((t) => t.expr),
      call.at,
      ctx.a.env,
    ),
    text: callName(
      calledName(call),
      terms.map((t) => t.text),
    ),
  }
}

/** The call with its types settled and casts put in. */
export function typedCall(entry: FunctionEntry, args: readonly Expr[], span: Span | undefined, env: ExprEnv): Expr {
  const resolved = at(span, () =>
    resolveCall(
      entry,
      args.map((e) => ({ type: e.type, nullable: e.nullable, constant: constantValue(e, env) })),
      env,
    ),
  )
  return {
    kind: 'call',
    fn: entry.name,
    args: args.map((e, i) => castTo(e, resolved.args[i] ?? e.type, env)),
    type: resolved.type,
    nullable: resolved.nullable,
    at: span,
  }
}

/** Lambdas get their parameter types from the other arguments, from left to right. */
function higherOrderCall(call: AstCall, asts: readonly AstExpr[], entry: ScalarEntry, ctx: ExprContext): Term {
  at(call.at, () => checkCount(entry, asts.length))
  const inner = argumentContext(ctx)
  const paramOf = (i: number) => entry.params[Math.min(i, entry.params.length - 1)]!
  const terms: (Term | undefined)[] = asts.map((ast, i) => {
    if (paramOf(i).accepts === 'FUNCTION') return undefined
    if (ast.kind === 'lambda')
      throw new AnalysisError(
        'INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION',
        { function: entry.name },
        { at: ast.at },
      )
    return resolveExpr(ast, inner)
  })
  const typeOf = (t: Term | undefined) => t?.expr.type ?? VOID
  asts.forEach((ast, i) => {
    const lambdaTypes = paramOf(i).lambda
    if (terms[i] || !lambdaTypes) return
    const types = at(call.at, () => lambdaTypes(terms.map(typeOf), ast.kind === 'lambda' ? ast.params.length : 1))
    terms[i] =
      ast.kind === 'lambda'
        ? lambdaTerm(ast, types, entry.name, inner)
        : constantLambda(resolveExpr(ast, inner), types, ctx)
  })
  const done = terms as Term[]
  return {
    expr: typedCall(
      entry,
      done.map((t) => t.expr),
      call.at,
      ctx.a.env,
    ),
    text: callName(
      calledName(call),
      done.map((t) => t.text),
    ),
  }
}

function lambdaTerm(ast: AstLambda, types: readonly Expr['type'][], fn: string, ctx: ExprContext): Term {
  if (types.length !== ast.params.length)
    throw new AnalysisError(
      'INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH',
      { function: fn, expected: types.length, actual: ast.params.length },
      { at: ast.at },
    )
  const seen = new Set<string>()
  for (const p of ast.params) {
    const key = ctx.a.env.caseSensitive ? p.name : p.name.toLowerCase()
    if (seen.has(key))
      throw new AnalysisError(
        'INVALID_LAMBDA_FUNCTION_CALL.DUPLICATE_ARG_NAMES',
        { name: p.name },
        { at: p.at ?? ast.at },
      )
    seen.add(key)
  }
  const params = ast.params.map((p, i): ParamExpr => ({
    kind: 'param',
    id: ctx.a.freshId(),
    name: p.name,
    type: types[i]!,
    nullable: true,
    at: p.at,
  }))
  const frame = new Map(ctx.params)
  for (const p of params) {
    frame.delete(p.name)
    frame.set(p.name, p)
  }
  const body = resolveExpr(ast.body, { ...ctx, params: frame })
  const expr: LambdaExpr = {
    kind: 'lambda',
    params,
    body: body.expr,
    type: body.expr.type,
    nullable: body.expr.nullable,
    at: ast.at,
  }
  return { expr, text: lambdaText(body.text, params.length) }
}

/** An expression where a function is asked for: the same value for every element. */
function constantLambda(body: Term, types: readonly Expr['type'][], ctx: ExprContext): Term {
  const params = types
    .slice(0, 1)
    .map((type): ParamExpr => ({ kind: 'param', id: ctx.a.freshId(), name: 'unused', type, nullable: true }))
  const expr: LambdaExpr = {
    kind: 'lambda',
    params,
    body: body.expr,
    type: body.expr.type,
    nullable: body.expr.nullable,
    at: body.expr.at,
  }
  return { expr, text: lambdaText(body.text, params.length) }
}

const lambdaText = (body: string, params: number): string =>
  `lambdafunction(${body}${', namedlambdavariable()'.repeat(params)})`
