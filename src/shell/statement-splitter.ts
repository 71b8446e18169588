import { scan, Semicolon, UnclosedComment, UnclosedQuote } from '../../grammar/tokens.ts'

/** Input cut at its semicolons. */
export interface SplitInput {
  /** Texts of whole statements, without their `;`. Empty ones are left out. */
  readonly statements: readonly string[]
  /** What stands behind the last `;`: '' when it is blank or comments only. */
  readonly rest: string
  /** What the rest waits for: `;`, or the end of a quote or comment; null when there is no rest. */
  readonly open: ';' | "'" | '"' | '`' | '*' | null
}

/** Cuts input into statements; semicolons in quotes and comments do not count. */
export function splitInput(text: string): SplitInput {
  const statements: string[] = []
  let start = 0
  let first: number | null = null
  let open: SplitInput['open'] = null
  for (const token of scan(text)) {
    if (token.tokenType === UnclosedComment) open = '*'
    else if (token.tokenType === UnclosedQuote) open = token.image[0] as "'"
    if (open !== null) {
      first ??= token.startOffset
      break
    }
    if (token.tokenType !== Semicolon) {
      first ??= token.startOffset
      continue
    }
    if (first !== null) statements.push(text.slice(first, token.startOffset))
    start = token.startOffset + 1
    first = null
  }
  if (first === null) return { statements, rest: '', open: null }
  return { statements, rest: text.slice(start), open: open ?? ';' }
}

/** The statement on one line, without comments: what the history keeps. Line ends inside quotes stay. */
export function onOneLine(statement: string): string {
  let out = ''
  let end = 0
  for (const token of scan(statement)) {
    const gap = statement.slice(end, token.startOffset)
    if (out !== '') out += /^[^\S\n]*$/.test(gap) ? gap : ' '
    out += token.image
    end = token.startOffset + token.image.length
  }
  return out
}
