import type { Cst, Token } from '../../grammar/parse.ts'
import { ParseError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import type { Ident } from './ast.ts'
import { unquoteIdentifier } from './literal-text.ts'

/** What the conversion of one statement carries: its text and where its `?` stand. */
export interface Reading {
  readonly sql: string
  readonly questions: readonly number[]
}

/** The first child of that name that is a tree, if any. */
export function kid(node: Cst, name: string): Cst | undefined {
  const child = node.children[name]?.[0]
  return child !== undefined && 'children' in child ? child : undefined
}
/** The child of that name; the grammar must provide it. */
export function must(node: Cst, name: string): Cst {
  return kid(node, name)!
}
/** All children of that name that are trees, in order. */
export function kids(node: Cst, name: string): Cst[] {
  return (node.children[name] ?? []) as Cst[]
}
/** The first token child of that name. */
export function token(node: Cst, name: string): Token | undefined {
  const child = node.children[name]?.[0]
  return child !== undefined && 'image' in child ? child : undefined
}
/** All token children of that name, in order. */
export function tokens(node: Cst, name: string): Token[] {
  return (node.children[name] ?? []) as Token[]
}
/** Whether the node has a child of that name. */
export function has(node: Cst, name: string): boolean {
  return node.children[name] !== undefined
}

/** The text a tree covers. */
export function spanOf(r: Reading, node: Cst): Span {
  const at = node.location
  const start = at === undefined || Number.isNaN(at.startOffset) ? 0 : at.startOffset
  const end = at === undefined || at.endOffset === undefined || Number.isNaN(at.endOffset) ? start : at.endOffset + 1
  return { sql: r.sql, start, end }
}
/** The text of a token. */
export function tokenSpan(r: Reading, t: Token): Span {
  return { sql: r.sql, start: t.startOffset, end: t.startOffset + t.image.length }
}
/** From the start of one span to the end of another. */
export function between(from: Span, to: Span): Span {
  return { sql: from.sql, start: Math.min(from.start, to.start), end: Math.max(from.end, to.end) }
}

/** PARSE_SYNTAX_ERROR at a span. */
export function syntaxError(at: Span, hint?: string): ParseError {
  const found = at.sql.slice(at.start, at.end)
  return new ParseError(
    'PARSE_SYNTAX_ERROR',
    { found: found === '' ? 'the end of the text' : `"${found}"` },
    { at, hint },
  )
}

/** A name as written; INVALID_IDENTIFIER where letters beyond ASCII are not in backquotes. */
export function ident(r: Reading, t: Token): Ident {
  const at = tokenSpan(r, t)
  if (t.image.startsWith('`')) return { name: unquoteIdentifier(t.image), quoted: true, at }
  if (!/^\w+$/.test(t.image))
    throw new ParseError(
      'INVALID_IDENTIFIER',
      { name: t.image },
      { at, hint: `write it in backquotes: \`${t.image}\`` },
    )
  return { name: t.image, at }
}
/** All names of a node in order. */
export function idents(r: Reading, node: Cst): Ident[] {
  return tokens(node, 'Identifier').map((t) => ident(r, t))
}
