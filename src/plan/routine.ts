import { AnalysisError } from '../errors/errors.ts'
import type { Expr } from '../expr/bound.ts'
import type { AstCall, AstExpr } from '../sql/ast.ts'
import { canCast, castError } from '../types/cast.ts'
import { sameType, type DataType } from '../types/data-type.ts'
import {
  freshAttr,
  passOn,
  project,
  relationOf,
  attrExpr,
  type Analysis,
  type Relation,
  type Surroundings,
  type ValueNames,
} from './analysis.ts'
import { Base } from './base.ts'
import type { ExprContext } from './expr-context.ts'
import { attrIds } from './expr-key.ts'
import type { Attr, Named } from './logical.ts'
import { callName } from './pretty-name.ts'
import { resolveExpr } from './resolve-expr.ts'
import { columnNames, membersOf } from './resolve-name.ts'
import { sameName } from './scope.ts'
import { cast, type Term } from './term.ts'
import type { SqlRoutine } from './unresolved.ts'
import { relationContext } from './where.ts'

/** A call of a scalar function in SQL: its body with the arguments in the places of the parameters. */
export function scalarRoutine(call: AstCall, routine: SqlRoutine, ctx: ExprContext): Term {
  if (routine.returns.kind === 'table')
    throw new AnalysisError(
      'NOT_A_SCALAR_FUNCTION',
      { function: routine.name },
      { at: call.at, hint: `call it in FROM: SELECT * FROM ${routine.name}(…)` },
    )
  const own = { ...ctx, generator: undefined }
  const surroundings = entered(routine, call, ctx.surroundings)
  const args = argumentsOf(call, routine, (ast) => resolveExpr(ast, own), ctx.a)
  const text = callName(routine.name.toLowerCase(), args.given)
  // A subquery reaches the arguments as columns of the query around it; elsewhere they stand in the body themselves.
  const asColumns = containsQuery(routine.body)
  const columns: Attr[] = []
  const values = new Map<string, Term>()
  routine.parameters.forEach((p, i) => {
    const expr = args.terms[i]!
    if (asColumns && readsColumns(expr)) {
      const attr = ctx.subqueryBase.compute(expr, p.name, false)
      columns.push({ ...attr, name: p.name, qualifier: [routine.name] })
    } else values.set(p.name.toLowerCase(), { expr, text: p.name })
  })
  const a = ctx.a.withValues(valueNames(ctx.a, routine.name, values))
  const body: AstExpr =
    routine.body.kind === 'query' ? { kind: 'subquery', query: routine.body, at: routine.body.at } : routine.body
  const term = resolveExpr(body, {
    a,
    surroundings,
    clause: ctx.clause,
    names: columnNames(a, columns, [], null),
    base: ctx.base,
    subqueryBase: ctx.subqueryBase,
  })
  const { type } = routine.returns
  return { expr: { ...(type === null ? term.expr : converted(term.expr, type, call)), at: call.at }, text }
}

/** A call of a table function in SQL: its query with the arguments, which are constant, in the places of the parameters. */
export function tableRoutine(a: Analysis, call: AstCall, routine: SqlRoutine, surroundings: Surroundings): Relation {
  if (routine.returns.kind === 'value')
    throw new AnalysisError(
      'NOT_A_TABLE_FUNCTION',
      { function: routine.name },
      { at: call.at, hint: 'call it in an expression' },
    )
  const empty = { op: 'local', id: a.freshId(), rows: [[]], attrs: [] } as const
  const ctx = relationContext(a, relationOf(empty), surroundings, 'LATERAL VIEW', new Base(a, empty))
  const args = argumentsOf(call, routine, (ast) => resolveExpr(ast, ctx), a)
  const values = new Map(
    routine.parameters.map((p, i) => [p.name.toLowerCase(), { expr: args.terms[i]!, text: p.name }]),
  )
  const inner = a.withValues(valueNames(a, routine.name, values))
  const { body } = routine
  if (body.kind !== 'query')
    throw new AnalysisError('NOT_A_TABLE_FUNCTION', { function: routine.name }, { at: call.at })
  const result = inner.query(body, entered(routine, call, surroundings))
  const { columns } = routine.returns
  if (columns === null)
    return { ...result, columns: result.columns.map((c) => ({ ...c, qualifier: [routine.name] })), hidden: [] }
  if (columns.length !== result.columns.length)
    throw new AnalysisError(
      'ASSIGNMENT_ARITY_MISMATCH',
      { target: routine.name, names: columns.length, columns: result.columns.length },
      { at: call.at },
    )
  const items = columns.map((f, i): Named => {
    const c = result.columns[i]!
    if (sameType(c.type, f.type)) return { ...passOn(c), attr: { ...c, name: f.name } }
    return { expr: converted(attrExpr(c), f.type, call), attr: freshAttr(a, f.name, f.type, true) }
  })
  const plan = project(a, result.plan, items, call.at)
  return relationOf(
    plan,
    plan.attrs.map((x) => ({ ...x, qualifier: [routine.name] })),
  )
}

/** The surroundings of a body: nothing of the caller's but what it is inside of. A function that calls itself is not known there. */
function entered(routine: SqlRoutine, call: AstCall, surroundings: Surroundings): Surroundings {
  const mark = `${routine.name.toLowerCase()}()`
  if (surroundings.views.includes(mark))
    throw new AnalysisError(
      'UNRESOLVED_ROUTINE',
      { name: routine.name },
      { at: call.at, hint: 'a function in SQL cannot call itself' },
    )
  return { ctes: new Map(), outer: null, views: [...surroundings.views, mark] }
}

/** Arguments by position and name, defaults filled in, cast to the types of the parameters; `given` are the texts of those written. */
function argumentsOf(
  call: AstCall,
  routine: SqlRoutine,
  resolve: (ast: AstExpr) => Term,
  a: Analysis,
): { readonly terms: readonly Expr[]; readonly given: readonly string[] } {
  const { parameters } = routine
  const asts = new Array<AstExpr | undefined>(parameters.length)
  const wrongCount = (): AnalysisError => {
    const least = parameters.filter((p) => !p.default).length
    const expected = least === parameters.length ? `${least}` : `${least} to ${parameters.length}`
    return new AnalysisError(
      'WRONG_NUM_ARGS.WITHOUT_SUGGESTION',
      {
        function: routine.name,
        expected: `${expected} argument${parameters.length === 1 ? '' : 's'}`,
        actual: call.args.length,
      },
      { at: call.at },
    )
  }
  if (call.args.length > parameters.length) throw wrongCount()
  call.args.forEach((arg, i) => {
    const name = call.argNames?.[i]
    const at = name === undefined ? i : parameters.findIndex((p) => sameName(p.name, name, a.env.caseSensitive))
    if (at < 0)
      throw new AnalysisError(
        'UNRECOGNIZED_PARAMETER_NAME',
        { function: routine.name, name: name! },
        { at: arg.at ?? call.at, hint: `its parameters: ${parameters.map((p) => p.name).join(', ')}` },
      )
    if (asts[at] !== undefined)
      throw new AnalysisError(
        'DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.BOTH_POSITIONAL_AND_NAMED',
        { function: routine.name, name: parameters[at]!.name },
        { at: arg.at ?? call.at },
      )
    asts[at] = arg
  })
  const given: string[] = []
  const terms = parameters.map((p, i) => {
    const ast = asts[i] ?? p.default
    if (!ast) throw wrongCount()
    const term = resolve(ast)
    if (asts[i]) given.push(term.text)
    return converted(term.expr, p.type, call)
  })
  return { terms, given }
}

/** `expr` as `type`, by the rules of a CAST in ANSI mode. */
function converted(expr: Expr, type: DataType, call: AstCall): Expr {
  if (sameType(expr.type, type)) return expr
  if (!canCast(expr.type, type, 'ansi')) throw castError(expr.type, type, 'ansi', { at: expr.at ?? call.at })
  return cast(expr, type, 'ansi', expr.at ?? call.at)
}

function valueNames(a: Analysis, routine: string, values: ReadonlyMap<string, Term>): ValueNames {
  return (parts, at) => {
    const qualified =
      parts.length > 1 && sameName(parts[0]!.name, routine, false) && values.has(parts[1]!.name.toLowerCase())
    const used = qualified ? 2 : 1
    const term = values.get(parts[used - 1]!.name.toLowerCase())
    if (!term) return null
    return membersOf(a, { ...term, name: parts[used - 1]!.name }, parts.slice(used), at)
  }
}

/** Whether a query stands anywhere in a syntax tree. */
function containsQuery(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(containsQuery)
  if (node === null || typeof node !== 'object') return false
  if ((node as { kind?: unknown }).kind === 'query') return true
  return Object.entries(node).some(([key, child]) => key !== 'at' && key !== 'bound' && containsQuery(child))
}

function readsColumns(expr: Expr): boolean {
  return attrIds(expr).size > 0
}
