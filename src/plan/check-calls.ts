import { AnalysisError } from '../errors/errors.ts'
import { checkCount } from '../functions/registry.ts'
import type { AstCall, AstExpr, AstQuery } from '../sql/ast.ts'
import { beginsWithUnit } from '../sql/datetime-units.ts'
import { parseType } from '../types/ddl.ts'
import type { Analysis } from './analysis.ts'
import { checkArgumentCount } from './argument-count.ts'
import { at } from './locate.ts'
import { calledName, findFunction, OVER_ONLY, unknownFunction } from './resolve-call.ts'
import { literalContext } from './resolve-expr.ts'
import { resolveInterval, resolveLiteral } from './resolve-literal.ts'
import { SPECIAL_FORMS } from './special-forms.ts'

/**
 * The faults that a whole query is searched for before anything in it is resolved, so that they come before faults of names and
 * types wherever those stand: constants and types that cannot be read, then functions nobody knows, then calls with too few
 * or too many arguments. That is the recorded engine's order: it reads constants while it parses, and looks up functions before
 * tables and columns.
 */
export function checkCalls(a: Analysis, query: AstQuery): void {
  const literals = literalContext(a)
  const calls: AstCall[] = []
  visitExpressions(query, (node) => {
    if (node.kind === 'literal' && READ_LATER.has(node.type)) resolveLiteral(node, literals)
    else if (node.kind === 'interval') resolveInterval(node, literals, () => undefined)
    else if (node.kind === 'cast') at(node.type.at, () => parseType(node.type.text))
    else if (node.kind === 'call') calls.push(node)
  })
  const known = calls.filter((call) => !call.name.some((part) => part.computed))
  for (const call of known) checkName(a, call)
  for (const call of known) checkArguments(a, call)
}

/** The constants whose text the parser leaves unread. */
const READ_LATER = new Set(['date', 'timestamp', 'timestamp_ntz', 'timestamp_ltz', 'time', 'decimal', 'bigdecimal'])

const isForm = (a: Analysis, name: string): boolean =>
  a.env.lookup?.(name) === undefined && (SPECIAL_FORMS[name] !== undefined || OVER_ONLY.has(name))

function checkName(a: Analysis, call: AstCall): void {
  const name = calledName(call)
  const known = isForm(a, name) || a.catalog.routine?.(name) !== undefined || findFunction(name, a.env) !== undefined
  if (known && (!UNIT_ONLY.has(name) || beginsWithUnit(call))) return
  throw unknownFunction(call, name)
}

/** Functions that are nothing without a unit: `timestampadd(DAY, 1, t)`. */
const UNIT_ONLY = new Set(['timestampadd', 'timestampdiff', 'timediff'])

/** Calls whose arguments can be counted as they stand: no stars, no arguments by name, nothing that WITHIN GROUP adds. */
function checkArguments(a: Analysis, call: AstCall): void {
  const name = calledName(call)
  if (call.argNames || call.within || call.args.some((x) => x.kind === 'star') || a.catalog.routine?.(name)) return
  if (isForm(a, name)) return checkArgumentCount(name, call.args.length, call)
  const entry = findFunction(name, a.env)!
  if (NEEDS_ORDER.has(entry.name) && call.args.length === 1)
    throw new AnalysisError(
      'INVALID_WITHIN_GROUP_EXPRESSION.WITHIN_GROUP_MISSING',
      { function: name },
      { at: call.at, hint: `write ${name}(0.5) WITHIN GROUP (ORDER BY x)` },
    )
  // count() has a condition of its own.
  if (entry.name !== 'count' || call.args.length > 0) at(call.at, () => checkCount(entry, call.args.length))
}

/** Aggregates that mean nothing without WITHIN GROUP. */
const NEEDS_ORDER = new Set(['percentile_cont', 'percentile_disc'])

/** TABLE t and DESCRIPTOR(c), which read like calls. */
const isTableWord = (x: AstExpr): x is AstCall =>
  x.kind === 'call' && (calledName(x) === 'table' || calledName(x) === 'descriptor')

const EXPRESSIONS = new Set(['literal', 'interval', 'cast', 'call'])

/** Every constant, cast and call of a syntax tree, in the order of the text; calls that stand for tables only by their arguments. */
function visitExpressions(node: unknown, f: (node: AstExpr) => void): void {
  if (Array.isArray(node)) {
    for (const x of node) visitExpressions(x, f)
    return
  }
  if (node === null || typeof node !== 'object') return
  const { kind } = node as { readonly kind?: unknown }
  if (kind === 'tablefunction') {
    for (const x of (node as { readonly call: AstCall }).call.args) visitExpressions(isTableWord(x) ? x.args : x, f)
    return
  }
  if (typeof kind === 'string' && EXPRESSIONS.has(kind)) f(node as AstExpr)
  for (const key in node)
    if (key !== 'at' && key !== 'bound') visitExpressions((node as Record<string, unknown>)[key], f)
}
