import { CstParser, EOF, tokenMatcher } from 'chevrotain'
import type { CstNode, IToken, ParserMethod, TokenType } from 'chevrotain'
import { JOIN_WORDS, STATEMENT_STARTS } from './keywords.ts'
import { LazyLookahead } from './lazy-lookahead.ts'
import * as t from './tokens.ts'

const k = t.keyword

/** A rule of the grammar. */
export type Rule = ParserMethod<[], CstNode>
/** A rule that takes arguments. */
export type RuleOf<A extends unknown[]> = ParserMethod<A, CstNode>

/** How deep brackets, CASE, subqueries and types may nest. */
export const MAX_NESTING = 160

/** Thrown inside the parser, caught by `parseTokens`: the nesting limit is passed at the current token. */
export class NestingTooDeep extends Error {
  readonly token: IToken
  constructor(token: IToken) {
    super('nesting too deep')
    this.token = token
  }
}

const statementStarts = STATEMENT_STARTS.map((s) => ({ words: s.words.split(' '), more: s.more }))
// prettier-ignore
const CLOSERS: ReadonlySet<TokenType> = new Set([
  EOF, t.RightParen, t.RightBracket, t.Comma, t.PipeInto,
])
const SET_WORDS: ReadonlySet<TokenType> = new Set([k.UNION, k.EXCEPT, k.INTERSECT, k.MINUS])
// prettier-ignore
const JOIN_STARTS: ReadonlySet<TokenType> = new Set([
  k.JOIN, k.INNER, k.CROSS, k.LEFT, k.RIGHT, k.FULL, k.SEMI, k.ANTI, k.NATURAL,
])
/** The token types that are no alias of a table. */
export const joinWords: ReadonlySet<TokenType> = new Set(
  [...JOIN_WORDS].map((w) => (k as Readonly<Record<string, TokenType>>)[w]!),
)

/** Looks ahead: every choice of the rules that needs more than one token. Keywords are names unless their clause fits. `At(n)` is about the token LA(n). */
export abstract class Lookahead extends CstParser {
  #depth = 0
  #insert = false
  #tokens: readonly IToken[] = []
  /** For each bracket token its partner's index, or the end. */
  #partner = new Int32Array(0)

  constructor() {
    super([...t.allTokens], {
      maxLookahead: 1,
      lookaheadStrategy: new LazyLookahead(),
      recoveryEnabled: false,
      skipValidations: true,
      nodeLocationTracking: 'onlyOffset',
    })
  }

  /** Takes the tokens of one statement, without its semicolon, and forgets what was before. */
  begin(tokens: IToken[]): void {
    this.#depth = 0
    this.#insert = false
    this.#tokens = tokens
    this.#partner = new Int32Array(tokens.length).fill(tokens.length)
    const open: number[] = []
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i]!
      token.payload = i
      if (token.tokenType === t.LeftParen || token.tokenType === t.LeftBracket) open.push(i)
      else if (token.tokenType === t.RightParen || token.tokenType === t.RightBracket) {
        const from = open.pop()
        if (from !== undefined) this.#partner[from] = i
      }
    }
    this.input = tokens
  }

  // -------------------------------------------------------------- gates

  protected isAt(n: number, ...types: readonly TokenType[]): boolean {
    return types.includes(this.LA(n).tokenType)
  }
  protected nameAt(n: number): boolean {
    return tokenMatcher(this.LA(n), t.Identifier)
  }
  protected closesAt(n: number): boolean {
    return CLOSERS.has(this.LA(n).tokenType)
  }
  protected startsExpressionAt(n: number): boolean {
    const token = this.LA(n)
    if (tokenMatcher(token, t.Identifier) || tokenMatcher(token, t.UnaryOperator)) return true
    return this.isAt(n, t.LeftParen, t.StringLiteral, t.NumberLiteral, t.Star, t.Colon, t.Question, t.Bang)
  }
  protected nextIndex(): number {
    const payload: unknown = this.LA(1).payload
    return typeof payload === 'number' ? payload : this.#tokens.length
  }
  protected typeAtIndex(index: number): TokenType {
    return this.#tokens[index]?.tokenType ?? EOF
  }
  protected nameAtIndex(index: number): boolean {
    const token = this.#tokens[index]
    return token !== undefined && tokenMatcher(token, t.Identifier)
  }
  /** The token type behind the bracket that the bracket at LA(n) opens. */
  protected behindBracket(n: number): TokenType {
    return this.typeAtIndex(this.#partner[this.nextIndex() + n - 1]! + 1)
  }
  /** Whether `type` stands inside the bracket at LA(n), not inside deeper ones. */
  protected inBracket(n: number, type: TokenType): boolean {
    const from = this.nextIndex() + n - 1
    if (this.typeAtIndex(from) !== t.LeftParen) return false
    const end = this.#partner[from]!
    for (let i = from + 1; i < end; i++) {
      const here = this.typeAtIndex(i)
      if (here === type && i > from + 1) return true
      if (here === t.LeftParen || here === t.LeftBracket) i = this.#partner[i]!
    }
    return false
  }
  /** How many tokens `a.b.c` at LA(1) takes; 0 if there is no name. */
  protected nameLength(): number {
    let n = 0
    while (this.nameAt(n + 1)) {
      n++
      if (!this.isAt(n + 1, t.Dot) || !this.nameAt(n + 2)) return n
      n++
    }
    return n
  }
  protected queryWordAtIndex(index: number): boolean {
    const next = this.typeAtIndex(index + 1)
    const nextIsName = this.nameAtIndex(index + 1)
    switch (this.typeAtIndex(index)) {
      case k.SELECT:
        return (
          nextIsName ||
          !(
            CLOSERS.has(next) ||
            next === t.Dot ||
            (this.#tokens[index + 1] &&
              next !== t.Star &&
              next !== t.Minus &&
              next !== t.Plus &&
              tokenMatcher(this.#tokens[index + 1]!, t.BinaryOperator))
          )
        )
      case k.WITH:
        return nextIsName && (this.nameAtIndex(index + 2) || this.typeAtIndex(index + 2) === t.LeftParen)
      case k.FROM:
        return nextIsName || next === t.LeftParen
      case k.TABLE:
        return nextIsName
      case k.VALUES:
        return (
          nextIsName || next === t.LeftParen || next === t.NumberLiteral || next === t.StringLiteral || next === t.Minus
        )
      default:
        return false
    }
  }
  /** Whether a query begins at the token with this index; brackets around its first part are looked into. */
  protected queryAtIndex(start: number): boolean {
    let index = start
    while (this.typeAtIndex(index) === t.LeftParen) index++
    if (!this.queryWordAtIndex(index)) return false
    // ((SELECT …) + 1) is an expression, ((SELECT …) UNION …) and ((SELECT …)) are queries
    for (let open = index - 1; open >= start; open--) {
      const close = this.#partner[open]!
      const behind = this.typeAtIndex(close + 1)
      if (behind === EOF || behind === t.RightParen || behind === t.PipeInto || SET_WORDS.has(behind)) continue
      if (behind === k.ORDER || behind === k.LIMIT || behind === k.OFFSET || behind === k.SORT) continue
      if (behind === k.CLUSTER || behind === k.DISTRIBUTE) continue
      return false
    }
    return true
  }
  protected queryAt(n = 1): boolean {
    return this.queryAtIndex(this.nextIndex() + n - 1)
  }
  /** Whether a clause keyword at LA(n) begins its clause, by the tokens behind it. */
  protected clauseAt(n: number): boolean {
    const type = this.LA(n).tokenType
    switch (type) {
      case k.FROM:
        return this.nameAt(n + 1) || this.isAt(n + 1, t.LeftParen)
      case k.WHERE:
      case k.HAVING:
      case k.QUALIFY:
      case k.LIMIT:
      case k.OFFSET:
        return this.startsExpressionAt(n + 1)
      case k.GROUP:
      case k.ORDER:
      case k.SORT:
      case k.CLUSTER:
      case k.DISTRIBUTE:
        return this.isAt(n + 1, k.BY)
      case k.WINDOW:
        return this.nameAt(n + 1) && this.isAt(n + 2, k.AS)
      case k.LATERAL:
        return this.isAt(n + 1, k.VIEW)
      case k.UNION:
      case k.EXCEPT:
      case k.INTERSECT:
      case k.MINUS:
        return this.isAt(n + 1, k.ALL, k.DISTINCT, k.BY, k.SELECT, k.FROM, k.VALUES, k.TABLE, t.LeftParen)
      default:
        return false
    }
  }
  /** The same behind a relation: there are more clauses, and SELECT may follow FROM. */
  protected relationClauseAt(n: number): boolean {
    switch (this.LA(n).tokenType) {
      case k.PIVOT:
        return this.isAt(n + 1, t.LeftParen)
      case k.UNPIVOT:
        return this.isAt(n + 1, t.LeftParen, k.INCLUDE, k.EXCLUDE)
      case k.TABLESAMPLE:
        return this.isAt(n + 1, t.LeftParen)
      case k.WATERMARK:
        return this.startsExpressionAt(n + 1)
      case k.WITH:
        return this.isAt(n + 1, t.LeftParen)
      case k.SELECT:
        return this.startsExpressionAt(n + 1) || this.isAt(n + 1, t.Hint)
      default:
        return this.clauseAt(n)
    }
  }
  /** Whether the name at LA(1) is the alias of the expression before it. */
  protected aliasHere(): boolean {
    if (this.insertTailHere()) return false
    if (this.isAt(1, k.AS) && (this.nameAt(2) || this.isAt(2, t.LeftParen))) return true
    if (!this.nameAt(1)) return false
    if (this.isAt(1, k.FOR)) return !(this.isAt(2, t.LeftParen) || (this.nameAt(2) && this.isAt(3, k.IN)))
    if (this.isAt(1, k.DELAY)) return !this.isAt(2, k.OF)
    if (this.isAt(1, k.WHERE, k.HAVING, k.QUALIFY, k.LIMIT, k.OFFSET) && this.isAt(2, k.FROM) && this.clauseAt(2))
      return true
    return !this.clauseAt(1)
  }
  protected tableAliasHere(): boolean {
    if (this.isAt(1, k.AS) && this.nameAt(2)) return true
    return this.nameAt(1) && !joinWords.has(this.LA(1).tokenType) && !this.relationClauseAt(1)
  }
  /** A keyword operator at LA(1) that has its operand behind it. */
  protected operandFollows(): boolean {
    return this.startsExpressionAt(2) && !(this.isAt(2, k.FROM) && this.nameAt(3))
  }
  protected predicateHere(): boolean {
    const n = tokenMatcher(this.LA(1), t.NotOperator) ? 2 : 1
    switch (this.LA(n).tokenType) {
      case k.IN:
        return this.isAt(n + 1, t.LeftParen)
      case k.BETWEEN:
      case k.RLIKE:
      case k.LIKE:
      case k.ILIKE:
        return this.startsExpressionAt(n + 1)
      case k.IS:
        return n === 1 && this.isAt(2, k.NOT, t.Bang, k.NULL, k.TRUE, k.FALSE, k.UNKNOWN, k.DISTINCT)
      default:
        return false
    }
  }
  protected joinHere(): boolean {
    if (!JOIN_STARTS.has(this.LA(1).tokenType)) return false
    for (let n = 1; n <= 4; n++) {
      if (this.isAt(n, k.JOIN)) return true
      if (!this.isAt(n, k.NATURAL, k.OUTER) && !JOIN_STARTS.has(this.LA(n).tokenType)) return false
    }
    return false
  }
  protected statementStartHere(): boolean {
    return statementStarts.some(
      ({ words, more }) =>
        words.every((w, i) => {
          const token = this.LA(i + 1)
          return (
            token.tokenType !== EOF &&
            (token.image.toUpperCase() === w || (w === 'TEMPORARY' && token.tokenType === k.TEMPORARY))
          )
        }) &&
        (!more || this.LA(words.length + 1).tokenType !== EOF),
    )
  }
  /** From here on a `WITH (…)` at the end of the text belongs to the INSERT, not to the table before it. */
  protected enterInsert(): void {
    this.#insert = true
  }
  protected insertTailHere(): boolean {
    return this.#insert && this.isAt(1, k.WITH) && this.isAt(2, t.LeftParen) && this.behindBracket(2) === EOF
  }
  protected createHere(what: TokenType): boolean {
    for (let n = 2; n <= 6; n++) {
      if (this.isAt(n, what)) return true
      if (!this.isAt(n, k.OR, k.REPLACE, k.TEMPORARY, k.EXTERNAL)) return false
    }
    return false
  }
  /** CREATE FUNCTION of a function in SQL; `AS 'class'` is another. */
  protected sqlFunctionHere(): boolean {
    if (!this.createHere(k.FUNCTION)) return false
    let n = 2
    while (!this.isAt(n, k.FUNCTION)) n++
    for (n++; this.nameAt(n) || this.isAt(n, t.Dot, t.Bang); n++) if (this.isAt(n, k.AS)) return false
    return true
  }
  protected viewHere(): boolean {
    for (let n = 2; n <= 6; n++) {
      if (this.isAt(n, k.VIEW)) return true
      if (!this.isAt(n, k.OR, k.REPLACE, k.GLOBAL, k.TEMPORARY)) return false
    }
    return false
  }
  protected intervalHere(): boolean {
    if (!this.isAt(1, k.INTERVAL)) return false
    const n = this.isAt(2, t.Plus, t.Minus) ? 3 : 2
    if (this.isAt(n, t.StringLiteral)) return true
    return this.isAt(n, t.NumberLiteral) && (n === 2 || tokenMatcher(this.LA(n + 1), t.IntervalUnit))
  }
  protected intervalPartHere(): boolean {
    const n = this.isAt(1, t.Plus, t.Minus) ? 2 : 1
    return this.isAt(n, t.StringLiteral, t.NumberLiteral) && tokenMatcher(this.LA(n + 1), t.IntervalUnit)
  }
  protected enterNesting(): void {
    if (++this.#depth > MAX_NESTING && !this.RECORDING_PHASE) throw new NestingTooDeep(this.LA(1))
  }
  protected leaveNesting(): void {
    this.#depth--
  }
}
