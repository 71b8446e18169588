import type { Cst, Token } from '../../grammar/parse.ts'
import type { AstExplain, AstSet, AstStatement } from './ast.ts'
import { has, kid, must, spanOf, syntaxError, token, tokens, tokenSpan, type Reading } from './cst.ts'
import { unescapeString, unquoteIdentifier } from './literal-text.ts'
import { readCommand } from './read-command.ts'
import { readDefinition } from './read-definition.ts'
import { readQuery } from './read-query.ts'

/** The statement a tree of rule `statement` says. Throws ParseError where the words fit and their meaning does not. */
export function readStatement(r: Reading, node: Cst): AstStatement {
  const at = spanOf(r, node)
  const query = kid(node, 'query')
  if (query) return { kind: 'query_statement', query: readQuery(r, query), at }
  const built = readDefinition(r, node, at) ?? readCommand(r, node, at)
  if (built) return built
  const explain = kid(node, 'explain')
  if (explain) {
    const word = token(explain, 'mode')?.image.toLowerCase()
    const mode = (
      word === undefined || word === 'logical' ? (word === undefined ? 'simple' : 'extended') : word
    ) as AstExplain['mode']
    return { kind: 'explain', mode, statement: readStatement(r, must(explain, 'statement')), at }
  }
  const set = kid(node, 'set')
  if (set) return readSet(r, set)
  return { kind: 'unparsed', what: firstWords(tokens(must(node, 'unparsed'), 'Any')), at }
}

/** The leading words that say which statement it is: CREATE OR REPLACE TABLE, INSERT INTO, SHOW TABLES. */
function firstWords(list: readonly Token[]): string {
  const words = list.slice(0, 6).map((t) => t.image.toUpperCase())
  const first = words[0]!
  if (['CREATE', 'DROP', 'ALTER'].includes(first)) {
    const at = words.findIndex((w) =>
      /^(TABLE|VIEW|FUNCTION|DATABASE|SCHEMA|NAMESPACE|FLOW|SINK|SOURCE|VARIABLE|CATALOG)$/.test(w),
    )
    return words.slice(0, at < 0 ? 1 : at + 1).join(' ')
  }
  const one = ['ADD', 'BEGIN', 'CALL', 'COMMIT', 'LIST', 'ROLLBACK', 'UPDATE']
  return one.includes(first) ? first : words.slice(0, 2).join(' ')
}

function readSet(r: Reading, node: Cst): AstSet {
  const at = spanOf(r, node)
  const rest = tokens(node, 'Any')
  const reset = has(node, 'RESET') ? { reset: true } : {}
  if (rest.length === 0) return { kind: 'set', ...reset, at }
  const text = r.sql.slice(rest[0]!.startOffset, at.end)
  const words = rest.slice(0, 3).map((t) => t.image.toUpperCase())
  if (!has(node, 'RESET') && words[0] === 'TIME' && words[1] === 'ZONE') {
    const zone = rest[2]
    if (!zone) throw syntaxError(tokenSpan(r, rest[1]!))
    const value =
      zone.tokenType.name === 'StringLiteral' ? unescapeString(zone.image) : r.sql.slice(zone.startOffset, at.end)
    return { kind: 'set', key: 'spark.sql.session.timeZone', value, at }
  }
  const equals = has(node, 'RESET')
    ? -1
    : text.startsWith('`')
      ? text.indexOf('=', text.indexOf('`', 1))
      : text.indexOf('=')
  const plain = (part: string): string => {
    const trimmed = part.trim()
    return /^`(?:[^`]|``)*`$/.test(trimmed) ? unquoteIdentifier(trimmed) : trimmed
  }
  if (equals < 0) return { kind: 'set', key: plain(text), ...reset, at }
  return { kind: 'set', key: plain(text.slice(0, equals)), value: plain(text.slice(equals + 1)), at }
}
