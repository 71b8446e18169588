import { createToken, Lexer, tokenMatcher } from 'chevrotain'
import type { CustomPatternMatcherFunc, IToken, TokenType } from 'chevrotain'
import { KEYWORDS } from './keywords.ts'

/** Matches every token; what a statement that is not built yet is skipped by. */
export const Any = createToken({ name: 'Any', pattern: Lexer.NA })
/** Any name: plain, in backquotes, or a keyword (Spark's keywords are not reserved). */
export const Identifier = createToken({ name: 'Identifier', pattern: Lexer.NA, categories: [Any] })
/** Operators between two operands that bind tighter than predicates; DIV is one of them. */
export const BinaryOperator = createToken({ name: 'BinaryOperator', pattern: Lexer.NA })
/** `-` `+` `~` in front of an operand. */
export const UnaryOperator = createToken({ name: 'UnaryOperator', pattern: Lexer.NA })
/** AND, OR. */
export const LogicOperator = createToken({ name: 'LogicOperator', pattern: Lexer.NA })
/** NOT, `!`. */
export const NotOperator = createToken({ name: 'NotOperator', pattern: Lexer.NA })
/** YEAR, YEARS, … NANOSECONDS. */
export const IntervalUnit = createToken({ name: 'IntervalUnit', pattern: Lexer.NA })

const isDigit = (c: number): boolean => c >= 48 && c <= 57
const identifierAt = /[\p{L}\p{N}_]+/uy
const decimalAt = /(?:\d+\.\d*|\.\d+)(?:e[+-]?\d+)?(?:bd|d|f)?(?![a-z0-9_])/iy
const integerAt = /\d+(?:[lsy]|(?:e[+-]?\d+)?(?:bd|d|f)?)/iy

function stickyLength(pattern: RegExp, text: string, offset: number): number {
  pattern.lastIndex = offset
  return pattern.exec(text)?.[0].length ?? 0
}

/** The length of the number at `offset`; 0 where the digits belong to a name (`1a`). */
function numberLength(text: string, offset: number): number {
  const decimal = stickyLength(decimalAt, text, offset)
  if (decimal > 0) return Math.max(decimal, stickyLength(integerAt, text, offset))
  const integer = stickyLength(integerAt, text, offset)
  return integer >= stickyLength(identifierAt, text, offset) ? integer : 0
}

/** The length of a quoted text with its quotes; 0 where it is never closed. A doubled quote does not close it. */
function quotedLength(text: string, offset: number, quote: string, backslash: boolean, doubled: boolean): number {
  for (let i = offset + 1; i < text.length; i++) {
    const c = text[i]
    if (backslash && c === '\\') i++
    else if (c === quote) {
      if (doubled && text[i + 1] === quote) i++
      else return i + 1 - offset
    }
  }
  return 0
}

/** The length of a nested comment; 0 where it is never closed. */
function commentLength(text: string, offset: number): number {
  let depth = 0
  for (let i = offset; i < text.length - 1; i++) {
    if (text[i] === '/' && text[i + 1] === '*') {
      depth++
      i++
    } else if (text[i] === '*' && text[i + 1] === '/') {
      depth--
      i++
      if (depth === 0) return i + 1 - offset
    }
  }
  return 0
}

const match = (length: (text: string, offset: number) => number): CustomPatternMatcherFunc => {
  return (text, offset) => {
    const n = length(text, offset)
    return n === 0 ? null : ([text.slice(offset, offset + n)] as unknown as RegExpExecArray)
  }
}

const digits = [...'0123456789']
const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_']
// chevrotain sorts characters above 255 into buckets of 255: one code of each bucket stands for all of it
const beyondAscii: number[] = []
for (let c = 128; c < 256; c++) beyondAscii.push(c)
for (let c = 256; c <= 65535; c += 200) beyondAscii.push(c)
beyondAscii.push(65535)

const spaceAt = /(?:[ \t\n\f\r\v\u00a0\u1680\u2000-\u200a\u2028\u202f\u205f\u3000]|--(?:\\\n|[^\r\n])*)+/y
const Blank = createToken({
  name: 'Blank',
  pattern: match((text, i) => stickyLength(spaceAt, text, i)),
  start_chars_hint: [' ', '\t', '\n', '\f', '\r', '\v', '-', ...beyondAscii],
  line_breaks: true,
  group: Lexer.SKIPPED,
})
const Comment = createToken({
  name: 'Comment',
  pattern: match((text, i) => (text.startsWith('/*', i) && text[i + 2] !== '+' ? commentLength(text, i) : 0)),
  start_chars_hint: ['/'],
  line_breaks: true,
  group: Lexer.SKIPPED,
})
/** `/*+ … *\/` as one token. */
export const Hint = createToken({
  name: 'Hint',
  pattern: match((text, i) => (text.startsWith('/*+', i) ? commentLength(text, i) : 0)),
  start_chars_hint: ['/'],
  line_breaks: true,
  categories: [Any],
})
/** A comment without end, to the end of the text. */
export const UnclosedComment = createToken({
  name: 'UnclosedComment',
  pattern: match((text, i) => (text.startsWith('/*', i) ? text.length - i : 0)),
  start_chars_hint: ['/'],
  line_breaks: true,
})
/** '…' and "…" with their quotes, also r'…'. */
export const StringLiteral = createToken({
  name: 'StringLiteral',
  pattern: match((text, i) => {
    const c = text[i]!
    if (c === "'" || c === '"') return quotedLength(text, i, c, true, true)
    const quote = text[i + 1]
    if ((c !== 'r' && c !== 'R') || (quote !== "'" && quote !== '"')) return 0
    const n = quotedLength(text, i + 1, quote, false, false)
    return n === 0 ? 0 : n + 1
  }),
  start_chars_hint: ["'", '"', 'r', 'R'],
  line_breaks: true,
  categories: [Any],
})
/** A quote that nothing closes, to the end of its line. */
export const UnclosedQuote = createToken({ name: 'UnclosedQuote', pattern: /['"`][^\n]*/, categories: [Any] })
/** A number with its suffix. */
export const NumberLiteral = createToken({
  name: 'NumberLiteral',
  pattern: match((text, i) => (isDigit(text.charCodeAt(i)) || text[i] === '.' ? numberLength(text, i) : 0)),
  start_chars_hint: [...digits, '.'],
  line_breaks: false,
  categories: [Any],
})
/** A name without quotes that is no keyword of ours. */
export const PlainIdentifier = createToken({
  name: 'PlainIdentifier',
  pattern: match((text, i) => stickyLength(identifierAt, text, i)),
  start_chars_hint: [...letters, ...digits, ...beyondAscii],
  line_breaks: false,
  categories: [Identifier, Any],
})
/** A name in backquotes, with them. */
export const QuotedIdentifier = createToken({
  name: 'QuotedIdentifier',
  pattern: match((text, i) => (text[i] === '`' ? quotedLength(text, i, '`', false, true) : 0)),
  start_chars_hint: ['`'],
  line_breaks: true,
  categories: [Identifier, Any],
})

const sign = (name: string, pattern: string | RegExp, ...categories: TokenType[]): TokenType =>
  createToken({ name, pattern, categories: [...categories, Any] })

export const PipeInto = sign('PipeInto', '|>')
export const DoubleColon = sign('DoubleColon', '::')
export const Arrow = sign('Arrow', '->')
export const FatArrow = sign('FatArrow', '=>')
export const NullSafeEqual = sign('NullSafeEqual', '<=>', BinaryOperator)
export const NotEqual = sign('NotEqual', /<>|!=/, BinaryOperator)
export const LessEqual = sign('LessEqual', /<=|!>/, BinaryOperator)
export const GreaterEqual = sign('GreaterEqual', />=|!</, BinaryOperator)
export const Equal = sign('Equal', /==?/, BinaryOperator)
export const ShiftLeft = sign('ShiftLeft', '<<', BinaryOperator)
export const Less = sign('Less', '<', BinaryOperator)
/** `>`; the parser puts `>>` and `>>>` together, so that `array<array<int>>` closes twice. */
export const Greater = sign('Greater', '>', BinaryOperator)
export const Concat = sign('Concat', '||', BinaryOperator)
export const Pipe = sign('Pipe', '|', BinaryOperator)
export const Ampersand = sign('Ampersand', '&', BinaryOperator)
export const Hat = sign('Hat', '^', BinaryOperator)
export const Plus = sign('Plus', '+', BinaryOperator, UnaryOperator)
export const Minus = sign('Minus', '-', BinaryOperator, UnaryOperator)
export const Star = sign('Star', '*', BinaryOperator)
export const Slash = sign('Slash', '/', BinaryOperator)
export const Percent = sign('Percent', '%', BinaryOperator)
export const Tilde = sign('Tilde', '~', UnaryOperator)
export const Bang = sign('Bang', '!', NotOperator)
export const LeftParen = sign('LeftParen', '(')
export const RightParen = sign('RightParen', ')')
export const LeftBracket = sign('LeftBracket', '[')
export const RightBracket = sign('RightBracket', ']')
export const Comma = sign('Comma', ',')
export const Dot = sign('Dot', '.')
export const Colon = sign('Colon', ':')
export const Question = sign('Question', '?')
/** Ends a statement; never reaches the parser. */
export const Semicolon = createToken({ name: 'Semicolon', pattern: ';' })
/** Characters that begin nothing. */
export const Unrecognized = createToken({ name: 'Unrecognized', pattern: Lexer.NA, categories: [Any] })

const extraCategory: Readonly<Record<string, TokenType>> = {
  AND: LogicOperator,
  OR: LogicOperator,
  NOT: NotOperator,
  DIV: BinaryOperator,
}

/** The token type of each keyword the grammar names, by its upper-case word. */
export const keyword: Readonly<Record<(typeof KEYWORDS)[number], TokenType>> = Object.fromEntries(
  KEYWORDS.map((word) => {
    const extra =
      extraCategory[word] ??
      (/^(NANO|MICRO|MILLI)?SECONDS?$|^(MINUTE|HOUR|DAY|WEEK|MONTH|YEAR)S?$/.test(word) ? IntervalUnit : undefined)
    return [
      word,
      createToken({ name: word, pattern: Lexer.NA, categories: extra ? [Identifier, Any, extra] : [Identifier, Any] }),
    ]
  }),
) as Record<(typeof KEYWORDS)[number], TokenType>

const keywordOf = new Map<string, TokenType>(Object.entries(keyword))
keywordOf.set('TEMP', keyword.TEMPORARY)
keywordOf.set('REGEXP', keyword.RLIKE)
keywordOf.set('DESC', keyword.DESC)

// prettier-ignore
const scanned: TokenType[] = [
  Blank, Comment, Hint, UnclosedComment, StringLiteral, NumberLiteral, PlainIdentifier, QuotedIdentifier, UnclosedQuote,
  PipeInto, DoubleColon, Arrow, FatArrow, NullSafeEqual, NotEqual, LessEqual, GreaterEqual, Equal, ShiftLeft, Less,
  Greater, Concat, Pipe, Ampersand, Hat, Plus, Minus, Star, Slash, Percent, Tilde, Bang, LeftParen, RightParen,
  LeftBracket, RightBracket, Comma, Dot, Colon, Question, Semicolon,
]

/** Every token type the parser knows. */
// prettier-ignore
export const allTokens: readonly TokenType[] = [
  Any, Identifier, BinaryOperator, UnaryOperator, LogicOperator, NotOperator, IntervalUnit, Unrecognized, ...scanned, ...Object.values(keyword),
]

let lexer: Lexer | undefined

/** Whether a token may be a name. */
export function isIdentifier(token: IToken): boolean {
  return tokenMatcher(token, Identifier)
}

/** `token` as it would be with `word` in its place; the offsets stay. */
export function withWord(token: IToken, word: string): IToken {
  const type = keywordOf.get(word.toUpperCase()) ?? PlainIdentifier
  return { ...token, image: word, tokenType: type, tokenTypeIdx: type.tokenTypeIdx! }
}

/** The tokens of `text`, blanks and comments left out; what begins nothing is a token too (Unrecognized, Unclosed…). */
export function scan(text: string): IToken[] {
  lexer ??= new Lexer(scanned, { positionTracking: 'onlyOffset', skipValidations: true, ensureOptimizations: true })
  const { tokens, errors } = lexer.tokenize(text)
  for (const { offset, length } of errors)
    tokens.push({
      image: text.slice(offset, offset + length),
      startOffset: offset,
      endOffset: offset + length - 1,
      tokenType: Unrecognized,
      tokenTypeIdx: Unrecognized.tokenTypeIdx!,
    })
  if (errors.length > 0) tokens.sort((x, y) => x.startOffset - y.startOffset)
  for (const token of tokens) {
    // the lexer leaves it out, the tree's locations need it
    token.endOffset = token.startOffset + token.image.length - 1
    if (token.tokenType !== PlainIdentifier) continue
    const type = keywordOf.get(token.image.toUpperCase())
    if (type === undefined) continue
    token.tokenType = type
    token.tokenTypeIdx = type.tokenTypeIdx!
  }
  return tokens
}
