import { KEYWORDS } from '../../grammar/keywords.ts'
import { parseTokens, MAX_NESTING, type Cst, type Entry, type Fault, type Token } from '../../grammar/parse.ts'
import { isIdentifier, Question, scan, Semicolon, UnclosedComment, withWord } from '../../grammar/tokens.ts'
import { ParseError, UnsupportedError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import { editDistance } from '../errors/suggest.ts'
import type { AstExpr, AstStatement, AstType } from './ast.ts'
import { syntaxError, tokenSpan, type Reading } from './cst.ts'
import { readStatement } from './cst-to-ast.ts'
import { measureDepth } from './depth.ts'
import { readExpr, readNamed } from './read-expr.ts'
import { readType } from './read-literal.ts'

/** How deep a tree may be, so that whoever walks it need not fear for the stack. */
export const MAX_DEPTH = 600

/** Either a tree or what is wrong with the text. */
type Outcome<T> =
  | { readonly value: T; readonly error?: undefined }
  | { readonly value?: undefined; readonly error: ParseError | UnsupportedError }

/**
 * All statements of a text, separated by `;`. A fault ends its own statement only: the others are read, and each
 * faulty one gives its first fault. Never throws. An empty text has no statements and no errors.
 */
export function parseStatements(text: string): {
  statements: AstStatement[]
  errors: (ParseError | UnsupportedError)[]
} {
  const statements: AstStatement[] = []
  const errors: (ParseError | UnsupportedError)[] = []
  for (const part of splitStatements(scan(text))) {
    if (part.length === 0) continue
    const { value, error } = readTokens(text, 'statement', part, readStatement)
    if (error) errors.push(error)
    else statements.push(value)
  }
  return { statements, errors }
}

/** The only statement of a text; a `;` may follow. Throws its first ParseError, also where a second statement follows. */
export function parseStatement(text: string): AstStatement {
  const tokens = scan(text)
  const parts = splitStatements(tokens)
  if (parts.every((p) => p.length === 0))
    throw new ParseError('PARSE_EMPTY_STATEMENT', {}, { at: { sql: text, start: 0, end: text.length } })
  if (parts[0]!.length === 0) throw syntaxError(tokenSpan({ sql: text, questions: [] }, tokens[0]!))
  const { value, error } = readTokens(text, 'statement', parts[0]!, readStatement)
  if (error) throw error
  const second = parts.slice(1).find((p) => p.length > 0)
  if (second) throw syntaxError(tokenSpan({ sql: text, questions: [] }, second[0]!), 'one statement is expected here')
  return value
}

/** An expression without alias. Throws ParseError. */
export function parseExpression(text: string): AstExpr {
  return only(text, 'expression', readExpr)
}

/** An expression with or without alias, or a star; for selectExpr and expr(). Throws ParseError. */
export function parseSelectItem(text: string): AstExpr {
  return only(text, 'namedExpression', readNamed)
}

/** A type in DDL text. Throws ParseError. */
export function parseTypeText(text: string): AstType {
  return only(text, 'dataType', readType)
}

function only<T>(text: string, entry: Entry, read: (r: Reading, node: Cst) => T): T {
  const tokens = scan(text)
  if (tokens.length === 0)
    throw new ParseError('PARSE_EMPTY_STATEMENT', {}, { at: { sql: text, start: 0, end: text.length } })
  const { value, error } = readTokens(text, entry, tokens, read)
  if (error) throw error
  return value
}

/** The texts of the statements of a text, which `;` separates. */
export function statementTexts(text: string): string[] {
  return splitStatements(scan(text)).flatMap((part) => {
    const last = part.at(-1)
    return last ? [text.slice(part[0]!.startOffset, last.startOffset + last.image.length)] : []
  })
}

function splitStatements(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]]
  for (const t of tokens) {
    if (t.tokenType === Semicolon) parts.push([])
    else parts[parts.length - 1]!.push(t)
  }
  return parts
}

function readTokens<T>(sql: string, entry: Entry, tokens: Token[], read: (r: Reading, node: Cst) => T): Outcome<T> {
  const r: Reading = { sql, questions: tokens.filter((t) => t.tokenType === Question).map((t) => t.startOffset) }
  const open = tokens.find((t) => t.tokenType === UnclosedComment)
  if (open)
    return {
      error: new ParseError(
        'UNCLOSED_BRACKETED_COMMENT',
        {},
        { at: { sql, start: open.startOffset, end: open.startOffset + 2 } },
      ),
    }
  const semicolon = tokens.find((t) => t.tokenType === Semicolon)
  if (semicolon) return { error: syntaxError(tokenSpan(r, semicolon)) }
  const { cst, fault } = parseTokens(entry, tokens)
  if (fault) return { error: faultError(r, entry, tokens, fault) }
  try {
    const value = read(r, cst)
    if (measureDepth(value, MAX_DEPTH) > MAX_DEPTH)
      return {
        error: tooComplex(
          { ...tokenSpan(r, tokens[0]!), end: tokenSpan(r, tokens[tokens.length - 1]!).end },
          MAX_DEPTH,
        ),
      }
    return { value }
  } catch (e) {
    if (e instanceof ParseError || e instanceof UnsupportedError) return { error: e }
    throw e
  }
}

function tooComplex(at: Span, limit: number): ParseError {
  return new ParseError(
    'FAILED_TO_PARSE_TOO_COMPLEX',
    { limit },
    { at, hint: 'break it into views or common table expressions' },
  )
}

/**
 * The error for a fault. When one letter more or less makes a keyword of the token before the fault, or of the faulty
 * one, and with that keyword the text reads further, the caret goes there and the keyword is suggested.
 */
function faultError(r: Reading, entry: Entry, tokens: Token[], fault: Fault): ParseError {
  const token = tokens[fault.index]
  const end = tokenSpan(r, tokens[tokens.length - 1]!).end
  const at: Span = token ? tokenSpan(r, token) : { sql: r.sql, start: end, end }
  if (fault.kind === 'too-deep') return tooComplex(at, MAX_NESTING)
  const hyphenated = hyphenatedName(r, entry, tokens, fault.index)
  if (hyphenated) return hyphenated
  for (const index of [fault.index - 1, fault.index]) {
    const suspect = tokens[index]
    const word = suspect && meantKeyword(entry, tokens, index, fault.index)
    if (word) return syntaxError(tokenSpan(r, suspect), `did you mean ${word}?`)
  }
  if (token && /^['"`]/.test(token.image) && token.tokenType.name === 'UnclosedQuote')
    return syntaxError(at, `the quote ${token.image[0]} is never closed`)
  return syntaxError(at)
}

/** INVALID_IDENTIFIER where the text would read if `test-table` were one name. */
function hyphenatedName(
  r: Reading,
  entry: Entry,
  tokens: readonly Token[],
  faultIndex: number,
): ParseError | undefined {
  const first = tokens[faultIndex - 1]
  if (tokens[faultIndex]?.image !== '-' || first === undefined || !isIdentifier(first)) return undefined
  let end = faultIndex
  while (tokens[end]?.image === '-' && tokens[end + 1] !== undefined && isIdentifier(tokens[end + 1]!)) end += 2
  if (end === faultIndex) return undefined
  const joined = [...tokens.slice(0, faultIndex - 1), withWord(first, '`name`'), ...tokens.slice(end)]
  if (parseTokens(entry, joined).fault) return undefined
  const at: Span = { sql: r.sql, start: first.startOffset, end: tokenSpan(r, tokens[end - 1]!).end }
  const name = r.sql.slice(at.start, at.end)
  return new ParseError('INVALID_IDENTIFIER', { name }, { at, hint: `write it in backquotes: \`${name}\`` })
}

function meantKeyword(entry: Entry, tokens: readonly Token[], index: number, faultIndex: number): string | undefined {
  const suspect = tokens[index]!
  if (!isIdentifier(suspect) || suspect.image.startsWith('`') || suspect.image.length < 2) return undefined
  const written = suspect.image.toUpperCase()
  let best: string | undefined
  let reach = faultIndex
  for (const word of KEYWORDS) {
    if (
      word === written ||
      word.length < 3 ||
      Math.abs(word.length - written.length) > 1 ||
      editDistance(written, word) !== 1
    )
      continue
    const changed = tokens.slice()
    changed[index] = withWord(suspect, word)
    const { fault } = parseTokens(entry, changed)
    const reached = fault ? fault.index : tokens.length + 1
    if (reached > reach) {
      best = word
      reach = reached
    }
  }
  return best
}
