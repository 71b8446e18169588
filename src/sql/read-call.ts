import type { Cst } from '../../grammar/parse.ts'
import { ParseError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import type { AstCall, AstExpr, AstFrame, AstFrameBound, AstSortItem, AstWindowSpec, Ident } from './ast.ts'
import { has, ident, idents, kid, kids, must, spanOf, syntaxError, token, tokenSpan, type Reading } from './cst.ts'
import { isUnitWord, mayTakeUnit } from './datetime-units.ts'
import { identifierClause, readExpr, readNamed, readValue } from './read-expr.ts'
import { readQuery } from './read-query.ts'

/** A function call with DISTINCT, FILTER, WITHIN GROUP, null treatment and OVER. */
export function readCall(r: Reading, node: Cst): AstCall {
  const at = spanOf(r, node)
  const argNodes = kids(node, 'argument')
  const name = callName(r, node)
  const args = argNodes.map((a) => readArgument(r, a))
  const names = argNodes.map((a) => token(a, 'Identifier')?.image)
  const first = args[0]
  const unitFirst = mayTakeUnit({ name, args })
  if (unitFirst && first?.kind === 'literal' && first.type === 'string')
    throw new ParseError(
      'INVALID_PARAMETER_VALUE.DATETIME_UNIT',
      { function: name[0]!.name.toLowerCase(), value: first.text },
      { at: first.at, hint: 'units are words without quotes' },
    )
  // timestampadd(DAY, …): the unit is a word, not a column
  if (unitFirst && first?.kind === 'name' && first.parts.length === 1 && isUnitWord(first.parts[0]!.name))
    args[0] = { kind: 'literal', type: 'string', text: first.parts[0]!.name, at: first.at }
  const nulls = kid(node, 'nullTreatment')
  const sort = kids(node, 'sortItem')
  const filter = kid(node, 'filter')
  const over = kid(node, 'windowSpec')
  return {
    kind: 'call',
    name,
    args,
    ...(names.some((n) => n !== undefined) ? { argNames: argNodes.map((a) => argumentName(r, a)) } : {}),
    ...(has(node, 'DISTINCT') ? { distinct: true } : {}),
    ...(filter ? { filter: readExpr(r, filter) } : {}),
    ...(nulls ? { nulls: has(nulls, 'IGNORE') ? ('ignore' as const) : ('respect' as const) } : {}),
    ...(sort.length > 0 ? { within: sort.map((s) => readSortItem(r, s)) } : {}),
    ...(over ? { over: readWindowSpec(r, over) } : {}),
    at,
  }
}

function callName(r: Reading, node: Cst): readonly Ident[] {
  const computed = kid(node, 'nameExpression')
  if (!computed) return idents(r, must(node, 'name'))
  return identifierClause(readExpr(r, computed), spanOf(r, computed))
}

function argumentName(r: Reading, node: Cst): string | undefined {
  const name = token(node, 'Identifier')
  return name && ident(r, name).name
}

function readArgument(r: Reading, node: Cst): AstExpr {
  const arg = readArgumentValue(r, node)
  const partition = kid(node, 'partition')
  if (!partition) return arg
  if (arg.kind !== 'call' || arg.name.at(-1)!.name.toLowerCase() !== 'table') throw syntaxError(spanOf(r, partition))
  const by = readExpr(r, partition)
  return { ...arg, partitionBy: by.kind === 'tuple' ? by.items : [by] }
}

function readArgumentValue(r: Reading, node: Cst): AstExpr {
  if (!has(node, 'TABLE')) return readExpr(r, must(node, 'expression'))
  const at = spanOf(r, node)
  const query = kid(node, 'query')
  const arg: AstExpr = query
    ? { kind: 'subquery', query: readQuery(r, query), at: spanOf(r, query) }
    : { kind: 'name', parts: idents(r, must(node, 'name')), at: spanOf(r, must(node, 'name')) }
  return { kind: 'call', name: [{ name: 'table', at: tokenSpan(r, token(node, 'TABLE')!) }], args: [arg], at }
}

/** EXTRACT, POSITION, SUBSTRING, TRIM, OVERLAY and STRUCT: calls with a grammar of their own, named as their functions. */
export function readSpecialCall(r: Reading, rule: string, node: Cst, at: Span): AstExpr {
  const call = (name: string, args: readonly AstExpr[]): AstCall => ({ kind: 'call', name: [{ name }], args, at })
  const values = kids(node, 'value').map((v) => readValue(r, v))
  switch (rule) {
    case 'extract': {
      const field = token(node, 'Identifier')!
      return call('extract', [
        { kind: 'literal', type: 'string', text: ident(r, field).name, at: tokenSpan(r, field) },
        ...values,
      ])
    }
    case 'position':
    case 'overlay':
      return call(rule, values)
    case 'substring':
      return call('substring', values)
    case 'trim': {
      const side = token(node, 'side')?.image.toLowerCase()
      const characters = kid(node, 'characters')
      const name = side === 'leading' ? 'ltrim' : side === 'trailing' ? 'rtrim' : 'trim'
      return call(name, characters ? [readValue(r, characters), ...values] : values)
    }
    case 'struct':
      return call(
        'struct',
        kids(node, 'namedExpression').map((n) => readNamed(r, n)),
      )
    default:
      throw syntaxError(at)
  }
}

/** One item of ORDER BY; NULLS as written. */
export function readSortItem(r: Reading, node: Cst): AstSortItem {
  const nulls = has(node, 'FIRST') ? 'first' : has(node, 'LAST') ? 'last' : undefined
  return {
    expr: readExpr(r, must(node, 'expression')),
    descending: has(node, 'DESC'),
    ...(nulls ? { nulls } : {}),
    at: spanOf(r, node),
  }
}

/** What stands behind OVER, or behind the name in a WINDOW clause. */
export function readWindowSpec(r: Reading, node: Cst): AstWindowSpec {
  const base = token(node, 'Identifier')
  const frame = kid(node, 'frame')
  const partition = kids(node, 'partition').map((p) => readExpr(r, p))
  const order = kids(node, 'sortItem').map((s) => readSortItem(r, s))
  return {
    ...(base ? { base: ident(r, base) } : {}),
    partitionBy: partition,
    // CLUSTER BY is both
    orderBy: has(node, 'CLUSTER')
      ? [...partition.map((expr): AstSortItem => ({ expr, descending: false, at: expr.at })), ...order]
      : order,
    ...(frame ? { frame: readFrame(r, frame) } : {}),
    at: spanOf(r, node),
  }
}

function readFrame(r: Reading, node: Cst): AstFrame {
  const [start, end] = kids(node, 'frameBound').map((b) => readBound(r, b))
  return { unit: has(node, 'ROWS') ? 'rows' : 'range', start: start!, ...(end ? { end } : {}), at: spanOf(r, node) }
}

function readBound(r: Reading, node: Cst): AstFrameBound {
  if (has(node, 'CURRENT')) return { kind: 'current_row' }
  const preceding = has(node, 'PRECEDING')
  if (has(node, 'UNBOUNDED')) return { kind: preceding ? 'unbounded_preceding' : 'unbounded_following' }
  return { kind: preceding ? 'preceding' : 'following', offset: readValue(r, must(node, 'value')) }
}
