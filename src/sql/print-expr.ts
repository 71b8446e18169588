import type {
  AstBinary,
  AstCall,
  AstExpr,
  AstFrameBound,
  AstInterval,
  AstLiteral,
  AstSortItem,
  AstWindowSpec,
  Ident,
} from './ast.ts'
import { quoteIdentifier, quoteString } from './literal-text.ts'
import { beginsWithUnit } from './datetime-units.ts'
import { printQuery } from './print.ts'
import { tightnessOf } from './tightness.ts'

/** A name with backquotes where it needs them. */
export const printIdent = (i: Ident): string =>
  i.computed ? `IDENTIFIER(${printExpr(i.computed)})` : quoteIdentifier(i.name, i.quoted)
/** `a.b.c`. */
export const printName = (parts: readonly Ident[]): string => parts.map(printIdent).join('.')

/** Words that begin a construct where an operand may stand: as names there they are put in backquotes, written so or not. */
const STARTERS = /^(all|case|distinct|exists|from|interval|not|select|table|values|with)$/i
const printOperandName = (parts: readonly Ident[]): string =>
  !parts[0]!.computed && STARTERS.test(parts[0]!.name)
    ? [quoteIdentifier(parts[0]!.name, true), ...parts.slice(1).map(printIdent)].join('.')
    : printName(parts)

const list = (exprs: readonly AstExpr[]): string => exprs.map(printExpr).join(', ')

/** Whether the left operand goes on with operators of the same rank. */
const continues = ({ left, op }: AstBinary): boolean =>
  left.kind === 'binary' && tightnessOf(op) > 1 && tightnessOf(left.op) === tightnessOf(op)

/** SQL text of an expression; it parses to the same tree apart from spans (and `quoted` on names such as FROM). Operands are bracketed rather than precedence relied on, but for a long run of one rank: a bracket for each would nest too deeply to be read. */
export function printExpr(e: AstExpr): string {
  const not = 'not' in e && e.not ? 'NOT ' : ''
  switch (e.kind) {
    case 'literal':
      return printLiteral(e)
    case 'name':
      // a column of this name came from the DataFrame API: as a word it would be the constant
      return e.parts.length === 1 && /^(null|true|false)$/i.test(e.parts[0]!.name)
        ? quoteIdentifier(e.parts[0]!.name, true)
        : printOperandName(e.parts)
    case 'star':
      return `${e.qualifier.map((q) => `${printIdent(q)}.`).join('')}*${e.except ? ` EXCEPT (${list(e.except)})` : ''}`
    case 'unary':
      if (e.op === 'not') return `NOT ${operand(e.arg)}`
      return `${e.op}${e.arg.kind === 'literal' || e.arg.kind === 'unary' ? `(${printExpr(e.arg)})` : operand(e.arg)}`
    case 'binary':
      return `${continues(e) ? printExpr(e.left) : operand(e.left)} ${e.op.toUpperCase()} ${operand(e.right)}`
    case 'is':
      return `${operand(e.arg)} IS ${not}${e.what.toUpperCase()}${e.right ? ` FROM ${operand(e.right)}` : ''}`
    case 'between':
      return `${operand(e.arg)} ${not}BETWEEN ${operand(e.low)} AND ${operand(e.high)}`
    case 'in':
      return `${operand(e.arg)} ${not}IN (${e.query ? printQuery(e.query) : list(e.list ?? [])})`
    case 'like': {
      const op = `${operand(e.arg)} ${not}${e.op.toUpperCase()}`
      if (e.quantifier) return `${op} ${e.quantifier.toUpperCase()} (${list(e.patterns)})`
      return `${op} ${operand(e.patterns[0]!)}${e.escape === undefined ? '' : ` ESCAPE ${quoteString(e.escape)}`}`
    }
    case 'case': {
      const branches = e.branches.map((b) => ` WHEN ${printExpr(b.when)} THEN ${printExpr(b.then)}`).join('')
      return `CASE${e.operand ? ` ${operand(e.operand)}` : ''}${branches}${e.otherwise ? ` ELSE ${printExpr(e.otherwise)}` : ''} END`
    }
    case 'cast':
      return `${e.mode.toUpperCase()}(${printExpr(e.arg)} AS ${e.type.text})`
    case 'call':
      return printCall(e)
    case 'lambda':
      return `${e.params.length === 1 ? printIdent(e.params[0]!) : `(${e.params.map(printIdent).join(', ')})`} -> ${printExpr(e.body)}`
    case 'subscript':
      return `${postfixed(e.arg)}[${operand(e.index)}]`
    case 'field':
      // the name a.b is one column reference, (a).b a member of a
      return `${e.arg.kind === 'name' ? `(${printExpr(e.arg)})` : postfixed(e.arg)}.${printIdent(e.member)}`
    case 'interval':
      return printInterval(e)
    case 'subquery':
      return `(${printQuery(e.query)})`
    case 'exists':
      return `EXISTS (${printQuery(e.query)})`
    case 'tuple':
      return `(${list(e.items)})`
    case 'parameter':
      return e.name === undefined ? '?' : `:${quoteIdentifier(e.name, false)}`
    case 'alias':
      return `${printExpr(e.arg)} AS ${e.names.length === 1 ? printIdent(e.names[0]!) : `(${e.names.map(printIdent).join(', ')})`}`
  }
}

// prettier-ignore
const ATOMIC: ReadonlySet<AstExpr['kind']> = new Set([
  'literal', 'name', 'case', 'cast', 'call', 'subscript', 'field', 'subquery', 'tuple', 'parameter',
])

function operand(e: AstExpr): string {
  return ATOMIC.has(e.kind) ? printExpr(e) : `(${printExpr(e)})`
}

function postfixed(e: AstExpr): string {
  return e.kind === 'literal' ? `(${printExpr(e)})` : operand(e)
}

const SUFFIX: Partial<Record<AstLiteral['type'], string>> = {
  bigint: 'L',
  smallint: 'S',
  tinyint: 'Y',
  bigdecimal: 'BD',
  float: 'F',
}

function printLiteral(e: AstLiteral): string {
  switch (e.type) {
    case 'null':
      return 'NULL'
    case 'boolean':
      return e.text.toLowerCase()
    case 'string':
      return quoteString(e.text)
    case 'binary':
      return `X'${e.text}'`
    case 'integer':
      return e.text
    case 'decimal':
      return e.text.includes('.') ? e.text : `${e.text}.`
    case 'double':
      return /e/i.test(e.text) ? e.text : `${e.text}D`
    case 'bigint':
    case 'smallint':
    case 'tinyint':
    case 'bigdecimal':
    case 'float':
      return `${e.text}${SUFFIX[e.type]!}`
    default:
      return `${e.type.toUpperCase()} ${quoteString(e.text)}`
  }
}

function printInterval(e: AstInterval): string {
  if (e.range)
    return `INTERVAL ${e.range.negative ? '-' : ''}${quoteString(e.range.value)} ${e.range.from.toUpperCase()} TO ${e.range.to.toUpperCase()}`
  if (e.text !== undefined) return `INTERVAL ${quoteString(e.text)}`
  const parts = (e.parts ?? []).map((p) => {
    const value = p.value.kind === 'unary' ? `${p.value.op}${printExpr(p.value.arg)}` : printExpr(p.value)
    return ` ${value} ${p.unit.toUpperCase()}`
  })
  return `INTERVAL${parts.join('')}`
}

/** Calls whose own grammar has words inside the brackets: an argument must not show such a word. */
const WORDED: ReadonlySet<string> = new Set(['extract', 'overlay', 'position', 'substr', 'substring', 'trim'])

/** A function call with all that may follow its brackets. */
export function printCall(e: AstCall): string {
  const worded = e.name.length === 1 && WORDED.has(e.name[0]!.name.toLowerCase())
  const args = e.args.map((a, i) => {
    const name = e.argNames?.[i]
    if (i === 0 && beginsWithUnit(e) && a.kind === 'literal') return a.text.toUpperCase()
    return `${name === undefined ? '' : `${quoteIdentifier(name, false)} => `}${worded ? operand(a) : printExpr(a)}`
  })
  let text = `${/^(exists|table)$/i.test(e.name[0]!.name) ? printName(e.name) : printOperandName(e.name)}(${e.distinct ? 'DISTINCT ' : ''}${args.join(', ')})`
  if (e.within) text += ` WITHIN GROUP (ORDER BY ${e.within.map(printSortItem).join(', ')})`
  if (e.filter) text += ` FILTER (WHERE ${printExpr(e.filter)})`
  if (e.nulls) text += ` ${e.nulls.toUpperCase()} NULLS`
  if (e.partitionBy) text += ` PARTITION BY (${list(e.partitionBy)})`
  if (e.over) text += ` OVER ${printWindowSpec(e.over)}`
  return text
}

/** An item of ORDER BY. */
export function printSortItem(s: AstSortItem): string {
  return `${printExpr(s.expr)}${s.descending ? ' DESC' : ''}${s.nulls ? ` NULLS ${s.nulls.toUpperCase()}` : ''}`
}

/** `w`, or the specification in brackets. */
export function printWindowSpec(w: AstWindowSpec): string {
  if (w.base) return printOperandName([w.base])
  const parts: string[] = []
  if (w.partitionBy.length > 0) parts.push(`PARTITION BY ${list(w.partitionBy)}`)
  if (w.orderBy.length > 0) parts.push(`ORDER BY ${w.orderBy.map(printSortItem).join(', ')}`)
  if (w.frame) {
    const { unit, start, end } = w.frame
    parts.push(
      `${unit.toUpperCase()} ${end ? `BETWEEN ${printBound(start)} AND ${printBound(end)}` : printBound(start)}`,
    )
  }
  return `(${parts.join(' ')})`
}

function printBound(b: AstFrameBound): string {
  if ('offset' in b) return `${operand(b.offset)} ${b.kind.toUpperCase()}`
  return b.kind.replace('_', ' ').toUpperCase()
}
