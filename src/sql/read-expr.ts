import type { Cst } from '../../grammar/parse.ts'
import { isIdentifier, scan } from '../../grammar/tokens.ts'
import { ParseError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import type { AstBinary, AstExpr, AstIs, AstLike, AstLiteral, AstName, AstUnary, Ident } from './ast.ts'
import {
  between,
  has,
  ident,
  idents,
  kid,
  kids,
  must,
  spanOf,
  syntaxError,
  token,
  tokens,
  tokenSpan,
  type Reading,
} from './cst.ts'
import { unescapeString } from './literal-text.ts'
import { readCall, readSpecialCall } from './read-call.ts'
import { readInterval, readNumber, readStrings, readType, readTypedLiteral } from './read-literal.ts'
import { readQuery } from './read-query.ts'
import { tightnessOf } from './tightness.ts'

/** An operand and the text it takes with its brackets, which the expression itself does not keep. */
interface Operand {
  readonly expr: AstExpr
  readonly at: Span
}

/** AND and OR; a run of one operator becomes a balanced tree, as deep as the logarithm of its length. */
export function readExpr(r: Reading, node: Cst): AstExpr {
  const parts = kids(node, 'predicated').map((p): Operand => ({ expr: readPredicated(r, p), at: spanOf(r, p) }))
  const ops = tokens(node, 'op').map((t) => t.image.toLowerCase())
  const alternatives: Operand[] = []
  let run: Operand[] = [parts[0]!]
  for (let i = 0; i < ops.length; i++) {
    if (ops[i] === 'and') run.push(parts[i + 1]!)
    else {
      alternatives.push(balanced('and', run))
      run = [parts[i + 1]!]
    }
  }
  alternatives.push(balanced('and', run))
  return balanced('or', alternatives).expr
}

function balanced(op: 'and' | 'or', list: readonly Operand[]): Operand {
  const build = (low: number, high: number): Operand => {
    if (low === high) return list[low]!
    const middle = high - low === 1 ? low : low + Math.floor((high - low) / 2)
    return binary(op, build(low, middle), build(middle + 1, high))
  }
  return build(0, list.length - 1)
}

function binary(op: AstBinary['op'], left: Operand, right: Operand): Operand {
  const at = between(left.at, right.at)
  return { expr: { kind: 'binary', op, left: left.expr, right: right.expr, at }, at }
}

function readPredicated(r: Reading, node: Cst): AstExpr {
  const at = spanOf(r, node)
  const nots = tokens(node, 'not')
  let expr: AstExpr
  if (has(node, 'EXISTS')) {
    expr = {
      kind: 'exists',
      query: readQuery(r, must(node, 'query')),
      at: { ...at, start: token(node, 'EXISTS')!.startOffset },
    }
  } else {
    expr = readValue(r, must(node, 'value'))
    const predicate = kid(node, 'predicate')
    if (predicate)
      expr = readPredicate(r, predicate, expr, between(spanOf(r, must(node, 'value')), spanOf(r, predicate)))
  }
  for (let i = nots.length - 1; i >= 0; i--)
    expr = { kind: 'unary', op: 'not', arg: expr, at: { ...at, start: nots[i]!.startOffset } }
  return expr
}

function readPredicate(r: Reading, node: Cst, arg: AstExpr, at: Span): AstExpr {
  const not = has(node, 'not')
  const values = kids(node, 'value')
  if (has(node, 'BETWEEN'))
    return { kind: 'between', not, arg, low: readValue(r, values[0]!), high: readValue(r, values[1]!), at }
  if (has(node, 'IN')) {
    const query = kid(node, 'query')
    if (query) return { kind: 'in', not, arg, query: readQuery(r, query), at }
    const list = kids(node, 'expression').map((e) => readExpr(r, e))
    if (list.length === 0) throw new ParseError('INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE', {}, { at })
    return { kind: 'in', not, arg, list, at }
  }
  const what = token(node, 'what')
  if (what) {
    const word = what.image.toLowerCase() as AstIs['what']
    return { kind: 'is', not, what: word, arg, ...(values[0] ? { right: readValue(r, values[0]) } : {}), at }
  }
  const op: AstLike['op'] = has(node, 'RLIKE') ? 'rlike' : has(node, 'ILIKE') ? 'ilike' : 'like'
  if (has(node, 'ANY') || has(node, 'SOME') || has(node, 'ALL')) {
    const patterns = kids(node, 'expression').map((e) => readExpr(r, e))
    if (patterns.length === 0) throw new ParseError('INVALID_SQL_SYNTAX.EMPTY_QUANTIFIED_PATTERN', {}, { at })
    return { kind: 'like', op, not, arg, patterns, quantifier: has(node, 'ALL') ? 'all' : 'any', at }
  }
  const escape = token(node, 'StringLiteral')
  if (!escape) return { kind: 'like', op, not, arg, patterns: [readValue(r, values[0]!)], at }
  const character = unescapeString(escape.image)
  if (character.length !== 1) throw new ParseError('INVALID_ESC', { escape: character }, { at: tokenSpan(r, escape) })
  return { kind: 'like', op, not, arg, patterns: [readValue(r, values[0]!)], escape: character, at }
}

const OPERATORS: Readonly<Record<string, AstBinary['op']>> = { '==': '=', '!=': '<>', '!>': '<=', '!<': '>=' }

/** A run of operands and operators put into a tree by precedence; operators of one rank group to the left. */
export function readValue(r: Reading, node: Cst): AstExpr {
  const operandNodes = kids(node, 'unary')
  const ops = tokens(node, 'op')
  if (ops.length === 0) return readUnary(r, operandNodes[0]!)
  const more = new Set(tokens(node, 'more').map((t) => t.startOffset))
  const output: Operand[] = []
  const waiting: AstBinary['op'][] = []
  const reduce = (): void => {
    const right = output.pop()!
    const left = output.pop()!
    output.push(binary(waiting.pop()!, left, right))
  }
  for (let i = 0; i < operandNodes.length; i++) {
    if (i > 0) {
      const t = ops[i - 1]!
      let image = t.image.toLowerCase()
      for (let next = t.startOffset + 1; image.startsWith('>') && more.has(next); next++) image += '>'
      if (image.length > 3) throw syntaxError({ sql: r.sql, start: t.startOffset, end: t.startOffset + image.length })
      const op = OPERATORS[image] ?? (image as AstBinary['op'])
      const rank = tightnessOf(op)
      while (waiting.length > 0 && tightnessOf(waiting[waiting.length - 1]!) >= rank) reduce()
      waiting.push(op)
    }
    const operand = operandNodes[i]!
    output.push({ expr: readUnary(r, operand), at: spanOf(r, operand) })
  }
  while (waiting.length > 0) reduce()
  return output[0]!.expr
}

function readUnary(r: Reading, node: Cst): AstExpr {
  const whole = spanOf(r, node)
  const ops = tokens(node, 'op')
  const primary = must(node, 'primary')
  const number = token(primary, 'NumberLiteral')
  let signs = ops.length
  let expr: AstExpr
  if (number && ops[signs - 1]?.image === '-') {
    // -128Y is a literal: the minus belongs to the number
    signs--
    expr = readNumber(r, number, true, { sql: r.sql, start: ops[signs]!.startOffset, end: tokenSpan(r, number).end })
  } else {
    expr = readPrimary(r, primary)
    if (!has(node, 'postfix')) expr = currentCall(expr)
  }
  const start = signs < ops.length ? ops[signs]!.startOffset : spanOf(r, primary).start
  for (const postfix of kids(node, 'postfix'))
    expr = readPostfix(r, postfix, expr, { ...whole, start, end: spanOf(r, postfix).end }, primary)
  for (let i = signs - 1; i >= 0; i--)
    expr = {
      kind: 'unary',
      op: ops[i]!.image as AstUnary['op'],
      arg: expr,
      at: { ...whole, start: ops[i]!.startOffset },
    }
  return expr
}

function readPostfix(r: Reading, node: Cst, arg: AstExpr, at: Span, primary: Cst): AstExpr {
  if (has(node, 'LeftBracket')) return { kind: 'subscript', arg, index: readValue(r, must(node, 'value')), at }
  if (has(node, 'DoubleColon'))
    return { kind: 'cast', arg, type: readType(r, must(node, 'dataType')), mode: 'cast', at }
  if (has(node, 'COLLATE')) {
    const name = must(node, 'name')
    const text = idents(r, name)
      .map((i) => i.name)
      .join('.')
    const collation: AstLiteral = { kind: 'literal', type: 'string', text, at: spanOf(r, name) }
    return { kind: 'call', name: [{ name: 'collate' }], args: [arg, collation], at }
  }
  const path = kid(node, 'path')
  if (path) {
    const pathAt = spanOf(r, path)
    const text = r.sql.slice(pathAt.start + 1, pathAt.end).trim()
    return {
      kind: 'call',
      name: [{ name: 'semi_structured_extract' }],
      args: [arg, { kind: 'literal', type: 'string', text, at: pathAt }],
      at,
    }
  }
  const member = ident(r, token(node, 'Identifier')!)
  // a.b.c is one name as long as nothing but names came before; (a).b is a member of a
  if (arg.kind === 'name' && has(primary, 'Identifier')) return { kind: 'name', parts: [...arg.parts, member], at }
  return { kind: 'field', arg, member, at }
}

const CURRENT: ReadonlySet<string> = new Set([
  'current_date',
  'current_timestamp',
  'current_time',
  'current_user',
  'session_user',
])

function readPrimary(r: Reading, node: Cst): AstExpr {
  const at = spanOf(r, node)
  const strings = tokens(node, 'StringLiteral')
  if (strings.length > 0) return readStrings(r, strings)
  const number = token(node, 'NumberLiteral')
  if (number) return readNumber(r, number, false)
  const column = token(node, 'Identifier')
  if (column) {
    const name = ident(r, column)
    return { kind: 'name', parts: [name], at }
  }
  for (const rule of Object.keys(node.children)) {
    const child = must(node, rule)
    switch (rule) {
      case 'parameter': {
        const name = token(child, 'Identifier')
        return name
          ? { kind: 'parameter', name: ident(r, name).name, at }
          : { kind: 'parameter', index: r.questions.indexOf(at.start), at }
      }
      case 'star':
        return readStar(r, child)
      case 'lambda': {
        const list = kid(child, 'identifierList')
        if (list && idents(r, list).length === 1)
          throw syntaxError(tokenSpan(r, token(child, 'Arrow')!), 'one parameter stands without brackets: x -> x + 1')
        return { kind: 'lambda', params: idents(r, list ?? child), body: readExpr(r, must(child, 'expression')), at }
      }
      case 'bracketed':
        return readBracketed(r, child)
      case 'case':
        return readCase(r, child)
      case 'cast':
        return {
          kind: 'cast',
          arg: readExpr(r, must(child, 'expression')),
          type: readType(r, must(child, 'dataType')),
          mode: has(child, 'TRY_CAST') ? 'try_cast' : 'cast',
          at,
        }
      case 'interval':
        return readInterval(r, child)
      case 'typedLiteral':
        return readTypedLiteral(r, child)
      case 'constant': {
        const word = r.sql.slice(at.start, at.end).toLowerCase()
        return { kind: 'literal', type: word === 'null' ? 'null' : 'boolean', text: word, at }
      }
      case 'call':
        return readCallOrName(r, child)
      default:
        return readSpecialCall(r, rule, child, at)
    }
  }
  throw syntaxError(at)
}

/** CURRENT_DATE and its kin without brackets are calls; USER may be a column and is left to resolution. */
function currentCall(expr: AstExpr): AstExpr {
  if (expr.kind !== 'name' || expr.parts.length !== 1 || expr.parts[0]!.quoted) return expr
  return CURRENT.has(expr.parts[0]!.name.toLowerCase())
    ? { kind: 'call', name: expr.parts, args: [], at: expr.at }
    : expr
}

/** The names in a text such as `a.b`, for IDENTIFIER('a.b'). */
export function namesIn(text: string, at: Span): Ident[] {
  const list = scan(text)
  const reading: Reading = { sql: text, questions: [] }
  const parts: Ident[] = []
  for (let i = 0; i < list.length; i++) {
    if (i % 2 === 0 ? !isIdentifier(list[i]!) : list[i]!.image !== '.')
      throw syntaxError(at, 'IDENTIFIER takes a name such as a.b')
    if (i % 2 === 0) parts.push({ ...ident(reading, list[i]!), at })
  }
  if (list.length % 2 === 0) throw syntaxError(at, 'IDENTIFIER takes a name such as a.b')
  return parts
}

/** What IDENTIFIER(expr) names: at once where it is a text, else when the statement is bound. */
export function identifierClause(expr: AstExpr, at: Span): Ident[] {
  if (expr.kind === 'literal' && expr.type === 'string') return namesIn(expr.text, at)
  return [{ name: '', computed: expr, at }]
}

function readCallOrName(r: Reading, node: Cst): AstExpr {
  const call = readCall(r, node)
  const only = call.args[0]
  const isIdentifier =
    call.name.length === 1 && !call.name[0]!.quoted && call.name[0]!.name.toLowerCase() === 'identifier'
  if (isIdentifier && call.args.length === 1 && only)
    return { kind: 'name', parts: identifierClause(only, only.at ?? spanOf(r, node)), at: spanOf(r, node) }
  return call
}

function readStar(r: Reading, node: Cst): AstExpr {
  const except = kids(node, 'name').map((n) => readName(r, n))
  return { kind: 'star', qualifier: idents(r, node), ...(except.length > 0 ? { except } : {}), at: spanOf(r, node) }
}

/** `a.b.c` as a name. */
export function readName(r: Reading, node: Cst): AstName {
  return { kind: 'name', parts: idents(r, node), at: spanOf(r, node) }
}

function readBracketed(r: Reading, node: Cst): AstExpr {
  const at = spanOf(r, node)
  const query = kid(node, 'query')
  if (query) return { kind: 'subquery', query: readQuery(r, query), at }
  const items = readNamedList(r, must(node, 'namedExpressions'))
  if (items.length > 1) return { kind: 'tuple', items, at }
  const only = items[0]!
  if (only.kind === 'alias') throw syntaxError(only.names[0]?.at ?? at)
  return only
}

function readCase(r: Reading, node: Cst): AstExpr {
  const operand = kid(node, 'operand')
  const thens = kids(node, 'then')
  const otherwise = kid(node, 'else')
  return {
    kind: 'case',
    ...(operand ? { operand: readExpr(r, operand) } : {}),
    branches: kids(node, 'when').map((w, i) => ({ when: readExpr(r, w), then: readExpr(r, thens[i]!) })),
    ...(otherwise ? { otherwise: readExpr(r, otherwise) } : {}),
    at: spanOf(r, node),
  }
}

/** An expression with or without its alias. */
export function readNamed(r: Reading, node: Cst): AstExpr {
  const arg = readExpr(r, must(node, 'expression'))
  const list = kid(node, 'identifierList')
  const name = token(node, 'Identifier')
  if (!list && !name) return arg
  return { kind: 'alias', arg, names: list ? idents(r, list) : [ident(r, name!)], at: spanOf(r, node) }
}
/** The expressions of a list, each with or without its alias. */
export function readNamedList(r: Reading, node: Cst): AstExpr[] {
  return kids(node, 'namedExpression').map((n) => readNamed(r, n))
}
