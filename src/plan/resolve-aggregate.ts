import { AnalysisError, InternalError } from '../errors/errors.ts'
import { entryOf, type ExprEnv } from '../expr/env.ts'
import type { AggregateEntry } from '../functions/entry.ts'
import { resolveCall } from '../functions/registry.ts'
import type { AstCall, AstExpr } from '../sql/ast.ts'
import { BOOLEAN, INT, STRING, typeName } from '../types/data-type.ts'
import type { AggregateCall } from './logical.ts'
import type { ExprContext } from './expr-context.ts'
import { at } from './locate.ts'
import { callName } from './pretty-name.ts'
import { sortTerm } from './over.ts'
import { calledName, resolveArguments } from './resolve-call.ts'
import { resolveExpr } from './resolve-expr.ts'
import { castTo, constantValue, deterministic, literal, type Term } from './term.ts'

/** Stands for the aggregate's name inside its FILTER. */
const FILTER = 'FILTER'

/** An aggregate call with its types settled, before it has a place. */
export interface ResolvedAggregate {
  readonly call: AggregateCall
  readonly text: string
  readonly nullable: boolean
}

/** An aggregate call: stands as a column of the aggregate node. Refused where no aggregate may stand. */
export function resolveAggregate(call: AstCall, entry: AggregateEntry, ctx: ExprContext): Term {
  const name = calledName(call)
  if (ctx.insideAggregate === FILTER)
    throw new AnalysisError('INVALID_AGGREGATE_FILTER.CONTAINS_AGGREGATE', {}, { at: call.at })
  if (ctx.insideAggregate !== undefined)
    throw new AnalysisError(
      'NESTED_AGGREGATE_FUNCTION',
      { function: ctx.insideAggregate },
      { at: call.at, hint: 'aggregate in a subquery first' },
    )
  if (!ctx.aggregates) throw aggregateNotAllowed(name, call, ctx)
  const { call: resolved, text, nullable } = aggregateCall(call, entry, ctx)
  return { expr: ctx.aggregates.add(resolved, text, nullable), text }
}

function aggregateNotAllowed(name: string, call: AstCall, ctx: ExprContext): AnalysisError {
  const expression = `${name}(...)`
  if (ctx.clause === 'GROUP BY') return new AnalysisError('GROUP_BY_AGGREGATE', { expression }, { at: call.at })
  if (ctx.clause === 'WHERE')
    return new AnalysisError(
      'INVALID_WHERE_CONDITION',
      { expression },
      { at: call.at, hint: 'conditions on aggregates stand in HAVING' },
    )
  return new AnalysisError('INVALID_WHERE_CONDITION', { expression }, { at: call.at })
}

/** Resolves arguments, DISTINCT, FILTER, WITHIN GROUP and IGNORE NULLS of an aggregate. */
export function aggregateCall(call: AstCall, entry: AggregateEntry, ctx: ExprContext): ResolvedAggregate {
  const env = ctx.a.env
  const name = calledName(call)
  // Over a window an aggregate may take the result of another.
  const inner: ExprContext = ctx.insideOver
    ? { ...ctx, generator: undefined }
    : { ...ctx, insideAggregate: name, generator: undefined, subqueryBase: ctx.base }
  const star =
    call.args.length === 1 && call.args[0]!.kind === 'star' && call.args[0]!.qualifier.length === 0 && !call.distinct
  const table = call.args.find((x) => x.kind === 'star' && x.qualifier.length > 0)
  if (entry.name === 'count' && table)
    throw new AnalysisError(
      'INVALID_USAGE_OF_STAR_WITH_TABLE_IDENTIFIER_IN_COUNT',
      {},
      { at: table.at ?? call.at, hint: 'count(*) counts rows, count(a, b) those without NULL' },
    )
  let terms: readonly Term[] =
    star && entry.name === 'count'
      ? [{ expr: literal(1, INT, call.args[0]!.at), text: '1' }]
      : resolveArguments(call.args, inner)
  let shown = terms.map((t) => t.text)
  let within = ''
  // WITHIN GROUP may need another entry than the one the name stands for.
  let running = entry
  if (call.within) {
    const ordered = withinGroup(call, name, terms, inner)
    terms = ordered.terms
    within = ordered.text
    if (ordered.entry !== undefined) running = aggregateEntry(ordered.entry, env)
  }
  if (call.nulls === 'ignore') {
    if (!['first', 'last', 'any_value', 'first_value', 'last_value'].includes(name) || terms.length !== 1)
      throw new AnalysisError(
        'INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX',
        { function: name, syntax: 'IGNORE NULLS' },
        { at: call.at },
      )
    terms = [...terms, { expr: literal(true, BOOLEAN, call.at), text: 'true' }]
  } else if (['first', 'last', 'any_value', 'first_value', 'last_value'].includes(name)) shown = shown.slice(0, 1)
  if (entry.name === 'count' && terms.length === 0)
    throw new AnalysisError(
      'WRONG_NUM_ARGS.WITH_SUGGESTION',
      { function: 'count', expected: 'an argument or *', actual: 0 },
      { at: call.at, hint: 'write count(*)' },
    )
  const args = terms.map((t) => t.expr)
  const resolved = at(call.at, () =>
    resolveCall(
      running,
      args.map((e) => ({ type: e.type, nullable: e.nullable, constant: constantValue(e, env) })),
      env,
    ),
  )
  const random = args.find((e) => !deterministic(e, env))
  if (random) {
    throw new AnalysisError(
      'AGGREGATE_FUNCTION_WITH_NONDETERMINISTIC_EXPRESSION',
      { function: name, expression: shown[args.indexOf(random)] ?? name },
      { at: random.at ?? call.at, hint: 'compute it in a subquery first' },
    )
  }
  const filter = call.filter ? aggregateFilter(call.filter, inner) : undefined
  const distinct = call.distinct === true
  const text = `${callName(call.nulls === 'ignore' ? ignoreNullsName(name) : shownName(name, within !== ''), distinct ? [`DISTINCT ${shown[0] ?? ''}`, ...shown.slice(1)] : shown)}${within}${filter ? ` FILTER (WHERE ${filter.text})` : ''}`
  return {
    call: {
      fn: running.name,
      args: args.map((e, i) => castTo(e, resolved.args[i] ?? e.type, env)),
      distinct,
      ...(filter ? { filter: filter.expr } : {}),
      type: resolved.type,
      at: call.at,
    },
    text,
    nullable: resolved.nullable,
  }
}

const shownName = (name: string, within: boolean): string => (within && name === 'string_agg' ? 'listagg' : name)

const ignoreNullsName = (name: string): string =>
  name === 'first_value' ? 'first' : name === 'last_value' ? 'last' : name

function aggregateFilter(ast: AstExpr, ctx: ExprContext): Term {
  const term = resolveExpr(ast, { ...ctx, insideAggregate: FILTER })
  if (term.expr.type.kind !== 'boolean' && term.expr.type.kind !== 'void')
    throw new AnalysisError(
      'INVALID_AGGREGATE_FILTER.NOT_BOOLEAN',
      { actual: typeName(term.expr.type) },
      { at: ast.at },
    )
  if (!deterministic(term.expr, ctx.a.env))
    throw new AnalysisError('INVALID_AGGREGATE_FILTER.NON_DETERMINISTIC', {}, { at: ast.at })
  return { expr: castTo(term.expr, BOOLEAN, ctx.a.env), text: term.text }
}

function aggregateEntry(name: string, env: ExprEnv): AggregateEntry {
  const entry = entryOf(name, env)
  if (entry.kind !== 'aggregate') throw new InternalError(`${name} is not an aggregate function`)
  return entry
}

/** WITHIN GROUP: the ordered value becomes the first argument of the functions that take it so. */
function withinGroup(
  call: AstCall,
  name: string,
  terms: readonly Term[],
  ctx: ExprContext,
): { readonly terms: readonly Term[]; readonly text: string; readonly entry?: string } {
  const items = call.within!.map((s) => ({ item: s, term: resolveExpr(s.expr, ctx) }))
  const first = items[0]!
  const descending = first.item.descending
  if (name === 'mode' && terms.length === 0) {
    // Spark names the order it breaks ties by, which is the other one.
    const text = ` WITHIN GROUP (ORDER BY ${first.term.text}${descending ? '' : ' DESC'})`
    return { terms: [first.term, { expr: literal(true, BOOLEAN), text: 'true' }], text }
  }
  if ((name === 'percentile_cont' || name === 'percentile_disc') && terms.length === 1) {
    const text = ` WITHIN GROUP (ORDER BY ${first.term.text}${descending ? ' DESC' : ''})`
    return {
      terms: [first.term, terms[0]!, ...(descending ? [{ expr: literal(true, BOOLEAN), text: 'true' }] : [])],
      text,
    }
  }
  if ((name === 'listagg' || name === 'string_agg') && terms.length > 0) {
    if (call.distinct && items.some((i) => i.term.text !== terms[0]?.text))
      throw new AnalysisError(
        'INVALID_WITHIN_GROUP_EXPRESSION.MISMATCH_WITH_DISTINCT_INPUT',
        { function: name },
        { at: call.within![0]!.at ?? call.at },
      )
    const delimiter = terms[1] ?? { expr: literal(null, STRING), text: 'NULL' }
    const keys = items.flatMap(({ item, term }): Term[] => {
      const first = item.nulls ? item.nulls === 'first' : !item.descending
      return [term, { expr: literal((item.descending ? 1 : 0) + (first ? 2 : 0), INT), text: '' }]
    })
    const order = items.map(({ item }) => sortTerm(item, ctx).text).join(', ')
    return {
      terms: [terms[0]!, delimiter, ...keys],
      text: ` WITHIN GROUP (ORDER BY ${order})`,
      entry: 'listagg_within',
    }
  }
  throw new AnalysisError(
    'INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX',
    { function: name, syntax: 'WITHIN GROUP' },
    { at: call.at },
  )
}
