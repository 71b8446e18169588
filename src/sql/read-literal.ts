import type { Cst, Token } from '../../grammar/parse.ts'
import { ParseError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import type { AstExpr, AstInterval, AstLiteral } from './ast.ts'
import { has, kids, must, spanOf, syntaxError, token, tokens, tokenSpan, type Reading } from './cst.ts'
import { unescapeString } from './literal-text.ts'

const SUFFIXES: readonly (readonly [RegExp, AstLiteral['type']])[] = [
  [/bd$/i, 'bigdecimal'],
  [/l$/i, 'bigint'],
  [/s$/i, 'smallint'],
  [/y$/i, 'tinyint'],
  [/f$/i, 'float'],
  [/d$/i, 'double'],
]
const WHOLE_RANGE = {
  tinyint: [-128n, 127n],
  smallint: [-32768n, 32767n],
  bigint: [-(2n ** 63n), 2n ** 63n - 1n],
} as const
const MAX_FLOAT = 3.4028234663852886e38

/** A number with its suffix read into the type; `negative` puts the minus in front of it into the literal, as its range includes the sign. */
export function readNumber(r: Reading, t: Token, negative: boolean, at: Span = tokenSpan(r, t)): AstLiteral {
  let digits = t.image
  let type: AstLiteral['type'] = /e/i.test(digits) ? 'double' : digits.includes('.') ? 'decimal' : 'integer'
  for (const [suffix, suffixType] of SUFFIXES)
    if (suffix.test(digits)) {
      digits = digits.replace(suffix, '')
      type = suffixType
      break
    }
  if (digits.startsWith('.')) digits = `0${digits}`
  digits = digits.replace(/\.(?=$|e)/i, '')
  const text = negative ? `-${digits}` : digits
  const range = WHOLE_RANGE[type as keyof typeof WHOLE_RANGE] as readonly [bigint, bigint] | undefined
  const outside =
    range !== undefined
      ? BigInt(text) < range[0] || BigInt(text) > range[1]
      : type === 'float'
        ? Math.abs(Number(text)) > MAX_FLOAT
        : type === 'double' && !Number.isFinite(Number(text))
  if (outside) throw new ParseError('INVALID_NUMERIC_LITERAL_RANGE', { value: text, type: type.toUpperCase() }, { at })
  return { kind: 'literal', type, text, at }
}

/** Strings side by side are one string. */
export function readStrings(r: Reading, list: readonly Token[]): AstLiteral {
  const first = list[0]!
  const last = list[list.length - 1]!
  const at: Span = { sql: r.sql, start: first.startOffset, end: last.startOffset + last.image.length }
  return { kind: 'literal', type: 'string', text: list.map((t) => unescapeString(t.image)).join(''), at }
}

const TYPED: ReadonlySet<string> = new Set(['date', 'timestamp', 'timestamp_ntz', 'timestamp_ltz', 'time'])

/** DATE '…' and kin, text unread; X'…' with its digits checked. */
export function readTypedLiteral(r: Reading, node: Cst): AstExpr {
  const at = spanOf(r, node)
  const word = token(node, 'Identifier')!
  const type = word.image.toLowerCase()
  const text = unescapeString(token(node, 'StringLiteral')!.image)
  if (TYPED.has(type)) return { kind: 'literal', type: type as AstLiteral['type'], text, at }
  if (type === 'interval') return { kind: 'interval', text, at }
  if (type === 'x') {
    if (!/^[0-9a-fA-F]*$/.test(text))
      throw new ParseError('INVALID_TYPED_LITERAL', { value: `'${text}'`, type: 'hexadecimal number' }, { at })
    return { kind: 'literal', type: 'binary', text: (text.length % 2 === 0 ? text : `0${text}`).toUpperCase(), at }
  }
  throw new ParseError(
    'UNSUPPORTED_TYPED_LITERAL',
    { type: word.image.toUpperCase() },
    {
      at,
      hint: 'an alias stands in backquotes, not in quotes; literals with a type are DATE, TIMESTAMP, TIMESTAMP_NTZ, TIMESTAMP_LTZ, TIME, INTERVAL and X',
    },
  )
}

const unitOf = (t: Token): string => t.image.toLowerCase().replace(/s$/, '')
// prettier-ignore
const RANGES: ReadonlySet<string> = new Set([
  'year month', 'day hour', 'day minute', 'day second', 'hour minute', 'hour second', 'minute second',
])

/** INTERVAL with units; the values stay unread. */
export function readInterval(r: Reading, node: Cst): AstInterval {
  const at = spanOf(r, node)
  const parts = kids(node, 'intervalPart')
  const first = parts[0]!
  const unitless = parts.find((p) => !has(p, 'unit'))
  if (has(node, 'TO')) {
    const to = unitOf(token(node, 'toUnit')!)
    if (unitless) throw syntaxError(tokenSpan(r, token(node, 'TO')!))
    const from = unitOf(token(first, 'unit')!)
    if (!RANGES.has(`${from} ${to}`))
      throw new ParseError('INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION', { from, to }, { at })
    const text = token(first, 'StringLiteral')
    const value = text ? unescapeString(text.image) : token(first, 'NumberLiteral')!.image
    return { kind: 'interval', range: { value, ...(has(first, 'Minus') ? { negative: true } : {}), from, to }, at }
  }
  if (unitless) {
    if (parts.length > 1 || has(unitless, 'Minus') || has(unitless, 'Plus'))
      throw syntaxError(spanOf(r, unitless), 'a unit must follow, as in INTERVAL 1 DAY')
    return { kind: 'interval', text: unescapeString(token(first, 'StringLiteral')!.image), at }
  }
  return {
    kind: 'interval',
    parts: parts.map((p) => ({ value: intervalValue(r, p), unit: unitOf(token(p, 'unit')!) })),
    at,
  }
}

function intervalValue(r: Reading, part: Cst): AstExpr {
  const negative = has(part, 'Minus')
  const number = token(part, 'NumberLiteral')
  if (number) {
    if (!/^[\d.]+$/.test(number.image)) throw syntaxError(tokenSpan(r, number))
    return readNumber(r, number, negative)
  }
  const text = readStrings(r, tokens(part, 'StringLiteral'))
  return negative ? { kind: 'unary', op: '-', arg: text, at: text.at } : text
}

/** A type as DDL text without blanks around brackets; type words in lower case, member names as written. */
export function readType(r: Reading, node: Cst): { readonly text: string; readonly at: Span } {
  return { text: typeText(r, node), at: spanOf(r, node) }
}

function typeText(r: Reading, node: Cst): string {
  if (has(node, 'ARRAY')) return `array<${typeText(r, must(node, 'dataType'))}>`
  if (has(node, 'MAP')) {
    const [key, value] = kids(node, 'dataType')
    return `map<${typeText(r, key!)},${typeText(r, value!)}>`
  }
  if (has(node, 'STRUCT')) {
    const fields = kids(node, 'structField').map((f) => {
      const comment = token(f, 'StringLiteral')
      return `${token(f, 'Identifier')!.image}:${typeText(r, must(f, 'dataType'))}${has(f, 'NULL') ? ' not null' : ''}${comment ? ` comment ${comment.image}` : ''}`
    })
    return `struct<${fields.join(',')}>`
  }
  if (has(node, 'INTERVAL')) return `interval ${tokens(node, 'IntervalUnit').map(unitOf).join(' to ')}`
  const name = token(node, 'Identifier')!.image
  const args = tokens(node, 'NumberLiteral').map((t) => {
    if (!/^\d+$/.test(t.image)) throw syntaxError(tokenSpan(r, t))
    return t.image
  })
  const collation = has(node, 'name')
    ? ` collate ${tokens(must(node, 'name'), 'Identifier')
        .map((t) => t.image)
        .join('.')}`
    : ''
  return `${name.startsWith('`') ? name : name.replace(/[A-Z]+/g, (word) => word.toLowerCase())}${args.length > 0 ? `(${args.join(',')})` : ''}${collation}`
}
