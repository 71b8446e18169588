import { EOF } from 'chevrotain'
import type { CstNode, IToken } from 'chevrotain'
import { BUILT_STARTS, STATEMENT_STARTS } from './keywords.ts'
import { MAX_NESTING, NestingTooDeep } from './lookahead.ts'
import { SqlParser } from './parser.ts'

export { MAX_NESTING }

/** A tree of the grammar: children by rule name, token name or label. */
export type Cst = CstNode
/** A token of the text, with its offset. */
export type Token = IToken

/** Where a parse may begin. */
export type Entry = 'statement' | 'namedExpression' | 'expression' | 'dataType'

/** What is wrong: the index of the first token that fits nowhere (the count of tokens at the end of the text). */
export interface Fault {
  readonly kind: 'unexpected' | 'too-deep'
  readonly index: number
}

/** A tree or a fault, one of them. */
export type ParseOutcome =
  { readonly cst: CstNode; readonly fault?: undefined } | { readonly cst?: undefined; readonly fault: Fault }

let parser: SqlParser | undefined

/** Parses the tokens of one statement, expression or type. Never throws; the parser is built on the first call. */
export function parseTokens(entry: Entry, tokens: IToken[]): ParseOutcome {
  parser ??= new SqlParser()
  parser.begin(tokens)
  try {
    const cst = parser[entry]()
    const error = parser.errors[0]
    if (error === undefined) return { cst }
    const index = indexOf(error.token, tokens)
    return { fault: { kind: 'unexpected', index: index === 0 && entry === 'statement' ? knownWords(tokens) : index } }
  } catch (e) {
    if (e instanceof NestingTooDeep) return { fault: { kind: 'too-deep', index: indexOf(e.token, tokens) } }
    // the interpreter's own limit, met where the caller's stack is nearly used up
    if (e instanceof RangeError && /call stack/i.test(e.message))
      return { fault: { kind: 'too-deep', index: tokens.length } }
    throw e
  }
}

const starts = [...STATEMENT_STARTS.map((s) => s.words), ...BUILT_STARTS].map((words) => words.split(' '))

/** How many of the first words may begin a statement together: CREATE TEMP in CREATE TEMP VEIW. */
function knownWords(tokens: readonly IToken[]): number {
  let best = 0
  for (const words of starts) {
    let n = 0
    while (
      n < words.length &&
      n < tokens.length &&
      (words[n] === tokens[n]!.image.toUpperCase() || words[n] === tokens[n]!.tokenType.name)
    )
      n++
    best = Math.max(best, n)
  }
  return best
}

function indexOf(token: IToken, tokens: readonly IToken[]): number {
  if (token.tokenType === EOF) return tokens.length
  return typeof token.payload === 'number' ? token.payload : tokens.length
}
