import { AnalysisError, UnsupportedError } from '../errors/errors.ts'
import type { Expr } from '../expr/bound.ts'
import type {
  AstBetween,
  AstBinary,
  AstCase,
  AstCast,
  AstExpr,
  AstIn,
  AstIs,
  AstName,
  AstSubscript,
  AstUnary,
} from '../sql/ast.ts'
import { binaryOperands, commonType } from '../types/coercion.ts'
import { canCast, castError } from '../types/cast.ts'
import { BOOLEAN, sameType, typeName, VOID, type DataType } from '../types/data-type.ts'
import { parseType } from '../types/ddl.ts'
import type { Analysis } from './analysis.ts'
import type { ExprContext } from './expr-context.ts'
import { at } from './locate.ts'
import { resolveCallTerm } from './resolve-call.ts'
import { likeTerm } from './resolve-like.ts'
import { literalText, resolveInterval, resolveLiteral, type LiteralContext } from './resolve-literal.ts'
import { member, membersOf, paramTerm } from './resolve-name.ts'
import { resolveExists, resolveInQuery, resolveScalarSubquery } from './resolve-subquery.ts'
import { structTerm } from './special-forms.ts'
import { sameName, unresolvedColumn } from './scope.ts'
import { callExpr, caseOf, cast, castTo, constantValue, isNotNull, isNull, literal, not, type Term } from './term.ts'

/** An expression of the syntax tree with names, functions and types settled. Throws AnalysisError at the clause at fault. */
export function resolveExpr(ast: AstExpr, ctx: ExprContext): Term {
  const span = ast.at
  switch (ast.kind) {
    case 'literal':
      return resolveLiteral(ast, literalContext(ctx.a))
    case 'name':
      return resolveNameTerm(ast, ctx)
    case 'star':
      throw new AnalysisError(
        'PARSE_SYNTAX_ERROR',
        { found: "'*'" },
        { at: span, hint: 'a star stands alone in a select list, or in count(*)' },
      )
    case 'unary':
      return unary(ast, ctx)
    case 'binary':
      return binary(ast, ctx)
    case 'is':
      return isForm(ast, ctx)
    case 'between': {
      const term = between(ast, ctx)
      return ast.not ? negated(term, span) : term
    }
    case 'in': {
      if (ast.query) return resolveInQuery(ast, ctx)
      const term = inList(ast, ctx)
      return ast.not ? negated(term, span) : term
    }
    case 'like':
      return likeTerm(ast, ctx)
    case 'case':
      return caseForm(ast, ctx)
    case 'cast':
      return castForm(ast, ctx)
    case 'call':
      return resolveCallTerm(ast, ctx)
    case 'lambda':
      throw new AnalysisError(
        'INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION',
        { function: 'this place' },
        { at: span },
      )
    case 'subscript':
      return subscript(ast, ctx)
    case 'field': {
      const base = resolveExpr(ast.arg, ctx)
      // `f(x).a`, unlike `a.b`, keeps the whole text as its name.
      return member(ctx.a, { expr: base.expr, text: base.text }, ast.member.name, span)
    }
    case 'interval':
      return resolveInterval(ast, literalContext(ctx.a), (e) => constantValue(resolveExpr(e, ctx).expr, ctx.a.env))
    case 'subquery':
      return resolveScalarSubquery(ast.query, span, ctx)
    case 'exists':
      return resolveExists(ast.query, span, ctx)
    case 'tuple':
      return structTerm(ast.items, ctx, span, 'named_struct')
    case 'parameter':
      if (ast.bound) {
        const { value, type } = ast.bound
        return { expr: literal(value, type, span), text: literalText(value, type, ctx.a.env.timeZone) }
      }
      throw new AnalysisError(
        'UNBOUND_SQL_PARAMETER',
        { name: ast.name === undefined ? `_${ast.index ?? 0}` : ast.name },
        { at: span },
      )
    case 'alias': {
      const term = resolveExpr(ast.arg, ctx)
      return { ...term, name: ast.names[0]?.name }
    }
  }
}

/** The settings literals depend on. */
export function literalContext(a: Analysis): LiteralContext {
  return {
    env: a.env,
    calendarIntervals: a.catalog.conf('spark.sql.legacy.interval.enabled')?.toLowerCase() === 'true',
    timestampNtz: a.catalog.conf('spark.sql.timestampType')?.toUpperCase() === 'TIMESTAMP_NTZ',
  }
}

/** Words that are functions without parentheses when no column has that name. */
const BARE = new Set([
  'current_date',
  'current_timestamp',
  'current_time',
  'localtimestamp',
  'current_user',
  'session_user',
  'user',
])

function resolveNameTerm(ast: AstName, ctx: ExprContext): Term {
  const head = ast.parts[0]!
  if (ctx.params) {
    for (const [name, p] of [...ctx.params].reverse())
      if (sameName(name, head.name, ctx.a.env.caseSensitive))
        return membersOf(ctx.a, paramTerm(p), ast.parts.slice(1), ast.at)
  }
  const names = ctx.insideAggregate !== undefined && ctx.inputNames ? ctx.inputNames : ctx.names
  const term = names.find(ast.parts, ast.at)
  if (term) return term
  const bare = head.name.toLowerCase()
  if (ast.parts.length === 1 && head.quoted !== true) {
    if (BARE.has(bare)) return resolveCallTerm({ kind: 'call', name: [head], args: [], at: ast.at }, ctx)
    if (bare === 'grouping__id' && ctx.grouping)
      return resolveCallTerm({ kind: 'call', name: [{ name: 'grouping_id' }], args: [], at: ast.at }, ctx)
  }
  const value = ctx.a.values?.(ast.parts, ast.at) ?? variableTerm(ast, ctx)
  if (value) return value
  throw unresolvedColumn(ast.parts, ctx.params && names.columns.length === 0 ? [] : names.columns, ast.at)
}

/** A session variable; what stands behind its name are members. */
function variableTerm(ast: AstName, ctx: ExprContext): Term | null {
  const { catalog, env } = ctx.a
  if (!catalog.variable) return null
  const names = ast.parts.map((p) => p.name)
  for (let used = names.length; used > 0; used--) {
    const found = catalog.variable(names.slice(0, used))
    if (!found) continue
    const text = `variablereference(system.session.${found.name}=${literalText(found.value, found.type, env.timeZone)})`
    const term: Term = { expr: literal(found.value, found.type, ast.at), text, name: names[used - 1] }
    return membersOf(ctx.a, term, ast.parts.slice(used), ast.at)
  }
  return null
}

/** NOT of a term. */
export const negated = (term: Term, span: AstExpr['at']): Term => ({
  expr: not(term.expr, span),
  text: `(NOT ${term.text})`,
})

function unary(ast: AstUnary, ctx: ExprContext): Term {
  const inner = ast.arg
  if (ast.op === '-' && inner.kind === 'literal' && isNumber(inner.type) && !inner.text.startsWith('-'))
    return resolveLiteral({ ...inner, at: ast.at ?? inner.at }, literalContext(ctx.a), true)
  // NOT of IN is NOT IN: they differ from each other's opposite where SQL knows no answer.
  if (ast.op === 'not' && inner.kind === 'in' && inner.query) return resolveInQuery({ ...inner, not: !inner.not }, ctx)
  const arg = resolveExpr(inner, ctx)
  switch (ast.op) {
    case 'not':
      return { expr: callExpr(ctx.a.env, 'not', [arg.expr], ast.at), text: `(NOT ${arg.text})` }
    case '-':
      return { expr: callExpr(ctx.a.env, 'negative', [arg.expr], ast.at), text: `(- ${arg.text})` }
    case '+':
      return { expr: callExpr(ctx.a.env, 'positive', [arg.expr], ast.at), text: `(+ ${arg.text})` }
    case '~':
      return { expr: callExpr(ctx.a.env, '~', [arg.expr], ast.at), text: `~${arg.text}` }
  }
}

const isNumber = (t: string): boolean =>
  ['integer', 'bigint', 'smallint', 'tinyint', 'decimal', 'bigdecimal', 'double', 'float'].includes(t)

const isInterval = (t: DataType): boolean =>
  t.kind === 'interval' || t.kind === 'interval_dt' || t.kind === 'interval_ym'
const isMoment = (t: DataType): boolean => t.kind === 'date' || t.kind === 'timestamp' || t.kind === 'timestamp_ntz'

function binary(ast: AstBinary, ctx: ExprContext): Term {
  const env = ctx.a.env
  const left = resolveExpr(ast.left, ctx)
  const right = resolveExpr(ast.right, ctx)
  const [l, r] = [left.expr, right.expr]
  switch (ast.op) {
    case 'and':
    case 'or':
      return logic(ast.op, left, right, ast, ctx)
    case '||':
      return { expr: callExpr(env, 'concat', [l, r], ast.at), text: `concat(${left.text}, ${right.text})` }
    case '<>':
      return { expr: callExpr(env, '<>', namedAlike([l, r]), ast.at), text: `(NOT (${left.text} = ${right.text}))` }
  }
  const expr = callExpr(env, ast.op, COMPARISONS.has(ast.op) ? namedAlike([l, r]) : [l, r], ast.at)
  let text = `(${left.text} ${ast.op} ${right.text})`
  if (ast.op === '+' || ast.op === '-') {
    if (isMoment(l.type) && isInterval(r.type)) text = dateMath(left, ast.op, right)
    else if (ast.op === '+' && isInterval(l.type) && isMoment(r.type)) text = dateMath(right, '+', left)
    else if (ast.op === '+' && l.type.kind === 'date' && r.type.kind !== 'date' && !isMoment(r.type))
      text = `date_add(${left.text}, ${right.text})`
    else if (ast.op === '-' && l.type.kind === 'date' && !isMoment(r.type) && r.type.kind !== 'string')
      text = `date_sub(${left.text}, ${right.text})`
  } else if (ast.op === '*' && isInterval(r.type) && !isInterval(l.type)) text = `(${right.text} * ${left.text})`
  return { expr, text }
}

/** Spark names a moment plus an interval without brackets; a date plus days is date_add. */
function dateMath(moment: Term, op: '+' | '-', interval: Term): string {
  const type = interval.expr.type
  if (moment.expr.type.kind === 'date' && type.kind === 'interval_dt' && type.end === 'day')
    return `date_add(${moment.text}, ${op === '+' ? '' : '(- '}extractansiintervaldays(${interval.text})${op === '+' ? '' : ')'})`
  return `${moment.text} ${op} ${interval.text}`
}

function logic(op: 'and' | 'or', left: Term, right: Term, ast: AstBinary, ctx: ExprContext): Term {
  const operand = (t: Term): Expr => {
    const kind = t.expr.type.kind
    if (kind === 'boolean') return t.expr
    if (kind === 'void') return castTo(t.expr, BOOLEAN, ctx.a.env)
    if (kind === 'string' && (left.expr.type.kind === 'boolean' || right.expr.type.kind === 'boolean'))
      return castTo(t.expr, BOOLEAN, ctx.a.env)
    const params = { operator: op.toUpperCase(), left: typeName(left.expr.type), right: typeName(right.expr.type) }
    if (left.expr.type.kind === right.expr.type.kind)
      throw new AnalysisError(
        'DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE',
        { operator: params.operator, actual: params.left },
        { at: ast.at },
      )
    throw new AnalysisError('DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES', params, { at: ast.at })
  }
  const args = [operand(left), operand(right)].flatMap((e) => (e.kind === op ? e.args : [e]))
  const expr: Expr = { kind: op, args, type: BOOLEAN, nullable: args.some((e) => e.nullable), at: ast.at }
  return { expr, text: `(${left.text} ${op.toUpperCase()} ${right.text})` }
}

function isForm(ast: AstIs, ctx: ExprContext): Term {
  const env = ctx.a.env
  const arg = resolveExpr(ast.arg, ctx)
  const span = ast.at
  if (ast.what === 'null' || ast.what === 'unknown') {
    if (ast.what === 'unknown' && arg.expr.type.kind !== 'boolean')
      callExpr(env, '=', [arg.expr, literal(true, BOOLEAN)], span)
    const expr = ast.not ? isNotNull(arg.expr) : isNull(arg.expr)
    return { expr: { ...expr, at: span }, text: `(${arg.text} IS ${ast.not ? 'NOT ' : ''}NULL)` }
  }
  const right: Term =
    ast.what === 'distinct'
      ? resolveExpr(ast.right!, ctx)
      : { expr: literal(ast.what === 'true', BOOLEAN, span), text: ast.what }
  const term: Term = {
    expr: callExpr(env, '<=>', [arg.expr, right.expr], span),
    text: `(${arg.text} <=> ${right.text})`,
  }
  return (ast.what === 'distinct') !== ast.not ? negated(term, span) : term
}

function between(ast: AstBetween, ctx: ExprContext): Term {
  const [arg, low, high] = [resolveExpr(ast.arg, ctx), resolveExpr(ast.low, ctx), resolveExpr(ast.high, ctx)]
  return betweenTerm(arg, low, high, ast.at, ctx)
}

/** `low <= arg AND arg <= high`, each pair with a common type of its own. */
export function betweenTerm(arg: Term, low: Term, high: Term, span: AstExpr['at'], ctx: ExprContext): Term {
  const args = [
    callExpr(ctx.a.env, '>=', [arg.expr, low.expr], span),
    callExpr(ctx.a.env, '<=', [arg.expr, high.expr], span),
  ]
  const expr: Expr = { kind: 'and', args, type: BOOLEAN, nullable: args.some((e) => e.nullable), at: span }
  return { expr, text: `between(${arg.text}, ${low.text}, ${high.text})` }
}

function inList(ast: AstIn, ctx: ExprContext): Term {
  return inTerm(
    resolveExpr(ast.arg, ctx),
    (ast.list ?? []).map((e) => resolveExpr(e, ctx)),
    ast.at,
    ctx,
  )
}

const COMPARISONS = new Set(['=', '<=>', '<', '<=', '>', '>='])

/** Structs are compared by position: those behind the first take its member names. */
function namedAlike(list: readonly Expr[]): readonly Expr[] {
  const first = list[0]!.type
  if (first.kind !== 'struct') return list
  return list.map((e) => {
    if (e.type.kind !== 'struct' || e.type.fields.length !== first.fields.length) return e
    const { fields: own } = e.type
    // Members of other names meet as they are: no type is brought to another's.
    if (own.some((f, i) => !sameName(f.name, first.fields[i]!.name, false) && !sameType(f.type, first.fields[i]!.type)))
      return e
    const fields = own.map((f, i) => ({ ...f, name: first.fields[i]!.name }))
    return own.every((f, i) => f.name === fields[i]!.name) ? e : cast(e, { kind: 'struct', fields }, 'ansi', e.at)
  })
}

/** `arg IN (list)`, all as one common type. */
export function inTerm(arg: Term, list: readonly Term[], span: AstExpr['at'], ctx: ExprContext): Term {
  const all = namedAlike([arg, ...list].map((t) => t.expr))
  const type = commonOf(all, 'IN', span, ctx)
  const [first, ...rest] = all.map((e) => castTo(e, type, ctx.a.env))
  const expr: Expr = {
    kind: 'in',
    arg: first!,
    list: rest,
    type: BOOLEAN,
    nullable: all.some((e) => e.nullable),
    at: span,
  }
  return { expr, text: `(${arg.text} IN (${list.map((t) => t.text).join(', ')}))` }
}

/** The type all expressions can be cast to; DATATYPE_MISMATCH.DATA_DIFF_TYPES when there is none. */
export function commonOf(list: readonly Expr[], what: string, span: AstExpr['at'], ctx: ExprContext): DataType {
  let type: DataType = VOID
  for (const e of list) {
    const next = commonType(type, e.type, ctx.a.env.ansi)
    if (!next)
      throw new AnalysisError(
        'DATATYPE_MISMATCH.DATA_DIFF_TYPES',
        { function: what, types: list.map((x) => typeName(x.type)).join(', ') },
        { at: span },
      )
    type = next
  }
  return type
}

function caseForm(ast: AstCase, ctx: ExprContext): Term {
  const env = ctx.a.env
  const operand = ast.operand ? resolveExpr(ast.operand, ctx) : undefined
  const branches = ast.branches.map((b, i) => {
    const when = resolveExpr(b.when, ctx)
    const then = resolveExpr(b.then, ctx)
    if (operand)
      return {
        when: callExpr(env, '=', [operand.expr, when.expr], b.when.at),
        whenText: `(${operand.text} = ${when.text})`,
        then,
      }
    if (when.expr.type.kind !== 'boolean')
      throw new AnalysisError(
        'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE',
        { position: 2 * i + 1, function: 'CASE', expected: 'BOOLEAN', actual: typeName(when.expr.type) },
        { at: b.when.at },
      )
    return { when: when.expr, whenText: when.text, then }
  })
  const otherwise = ast.otherwise ? resolveExpr(ast.otherwise, ctx) : undefined
  const values = [...branches.map((b) => b.then.expr), ...(otherwise ? [otherwise.expr] : [])]
  const type = commonOf(values, 'CASE', ast.at, ctx)
  const expr = caseOf(
    branches.map((b) => ({ when: b.when, then: castTo(b.then.expr, type, env) })),
    otherwise ? castTo(otherwise.expr, type, env) : literal(null, type, ast.at),
    ast.at,
  )
  const tail = otherwise ? ` ELSE ${otherwise.text}` : ''
  return { expr, text: `CASE ${branches.map((b) => `WHEN ${b.whenText} THEN ${b.then.text}`).join(' ')}${tail} END` }
}

function castForm(ast: AstCast, ctx: ExprContext): Term {
  const type = at(ast.type.at ?? ast.at, () => parseType(ast.type.text))
  return castTerm(resolveExpr(ast.arg, ctx), type, ast.mode === 'try_cast', ast.at, ctx)
}

/** An explicit CAST or TRY_CAST; refuses pairs of types that have none. */
export function castTerm(arg: Term, type: DataType, attempt: boolean, span: AstExpr['at'], ctx: ExprContext): Term {
  const mode = attempt ? 'try' : ctx.a.env.ansi ? 'ansi' : 'legacy'
  if (!canCast(arg.expr.type, type, mode)) throw castError(arg.expr.type, type, mode, { at: span })
  const nested = type.kind === 'array' || type.kind === 'map' || type.kind === 'struct'
  const text = nested ? arg.text : `${attempt ? 'TRY_CAST' : 'CAST'}(${arg.text} AS ${sqlType(type)})`
  return { expr: cast(arg.expr, type, mode, span), text }
}

const sqlType = (type: DataType): string => typeName(type).toUpperCase()

function subscript(ast: AstSubscript, ctx: ExprContext): Term {
  const base = resolveExpr(ast.arg, ctx)
  const index = resolveExpr(ast.index, ctx)
  const type = base.expr.type
  if (type.kind === 'struct') {
    const name = constantValue(index.expr, ctx.a.env)
    if (typeof name !== 'string')
      throw new AnalysisError('INVALID_EXTRACT_FIELD_TYPE', { expression: index.text }, { at: ast.index.at ?? ast.at })
    return member(ctx.a, base, name, ast.at)
  }
  if (type.kind !== 'array' && type.kind !== 'map')
    throw new AnalysisError(
      'INVALID_EXTRACT_BASE_FIELD_TYPE',
      { base: base.text, actual: typeName(type) },
      { at: ast.at },
    )
  if (type.kind === 'array' && type.element.kind === 'struct' && index.expr.type.kind === 'string') {
    const name = constantValue(index.expr, ctx.a.env)
    if (typeof name === 'string') return member(ctx.a, base, name, ast.at)
  }
  return { expr: callExpr(ctx.a.env, 'getitem', [base.expr, index.expr], ast.at), text: `${base.text}[${index.text}]` }
}

/** A condition: BOOLEAN, or NULL. Refuses everything else with DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN. */
export function booleanCondition(term: Term, span: AstExpr['at'], ctx: ExprContext): Expr {
  const type = term.expr.type
  if (type.kind === 'boolean') return term.expr
  if (type.kind === 'void') return castTo(term.expr, BOOLEAN, ctx.a.env)
  throw new AnalysisError('DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN', { actual: typeName(type) }, { at: span })
}

/** Refuses what millrace does not do yet. */
export function unsupported(feature: string, span?: AstExpr['at']): never {
  throw new UnsupportedError('UNSUPPORTED', { feature }, { at: span })
}

/** The types both sides of a comparison are cast to. */
export function comparedTypes(l: DataType, r: DataType, ctx: ExprContext): readonly [DataType, DataType] | null {
  const found = binaryOperands('=', l, r, ctx.a.env.ansi)
  return found ? [found.left, found.right] : null
}
