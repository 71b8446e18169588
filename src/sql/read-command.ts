import type { Cst } from '../../grammar/parse.ts'
import type { Span } from '../errors/span.ts'
import type { AstCache, AstDescribe, AstInsert, AstSetVariable, AstShow, AstStatement, Ident } from './ast.ts'
import { has, idents, kid, kids, must, token, type Reading } from './cst.ts'
import { unescapeString } from './literal-text.ts'
import { readTarget } from './read-definition.ts'
import { readExpr, readNamedList } from './read-expr.ts'
import { readQuery } from './read-query.ts'
import { readProperties } from './read-relation.ts'

/** Statements that write, show, describe, set and stop; undefined for another one. */
export function readCommand(r: Reading, node: Cst, at: Span): AstStatement | undefined {
  const insert = kid(node, 'insert')
  if (insert) return readInsert(r, insert, at)
  const show = kid(node, 'show')
  if (show) return readShow(r, show, at)
  const describe = kid(node, 'describe')
  if (describe) return readDescribe(r, describe, at)
  const variable = kid(node, 'setVariable')
  if (variable) return readSetVariable(r, variable, at)
  const execute = kid(node, 'executeImmediate')
  if (execute) {
    const into = kids(execute, 'name').map((n) => idents(r, n))
    const using = kid(execute, 'namedExpressions')
    const items = using && readNamedList(r, using)
    const only = items?.length === 1 ? items[0]! : undefined
    return {
      kind: 'execute_immediate',
      text: readExpr(r, must(execute, 'expression')),
      ...(into.length > 0 ? { into } : {}),
      ...(items ? { using: only?.kind === 'tuple' ? only.items : items } : {}),
      at,
    }
  }
  const stop = kid(node, 'stopQuery')
  if (stop) return { kind: 'stop_query', query: textOrName(r, must(stop, 'textOrName')), at }
  const truncate = kid(node, 'truncate')
  if (truncate) return { kind: 'truncate', name: readTarget(r, truncate), at }
  const use = kid(node, 'use')
  if (use) {
    const what = has(use, 'CATALOG')
      ? 'catalog'
      : has(use, 'SCHEMA') || has(use, 'DATABASE') || has(use, 'NAMESPACE')
        ? 'schema'
        : undefined
    return { kind: 'use', ...(what ? { what } : {}), name: nameOrText(r, must(use, 'textOrName')), at }
  }
  const cache = kid(node, 'cache') ?? kid(node, 'uncache') ?? kid(node, 'clearCache')
  if (cache) return readCache(r, cache, at)
  const refresh = kid(node, 'refresh')
  if (refresh) return { kind: 'refresh', name: readTarget(r, refresh), at }
  return undefined
}

function textOrName(r: Reading, node: Cst): string {
  const text = token(node, 'StringLiteral')
  return text
    ? unescapeString(text.image)
    : idents(r, must(node, 'name'))
        .map((i) => i.name)
        .join('.')
}

function nameOrText(r: Reading, node: Cst): Ident[] {
  const text = token(node, 'StringLiteral')
  return text ? [{ name: unescapeString(text.image), quoted: true }] : idents(r, must(node, 'name'))
}

function readInsert(r: Reading, node: Cst, at: Span): AstInsert {
  const columns = kid(node, 'identifierList')
  const properties = kid(node, 'properties')
  return {
    kind: 'insert',
    overwrite: has(node, 'OVERWRITE'),
    name: readTarget(r, node),
    ...(columns ? { columns: idents(r, columns) } : {}),
    ...(has(node, 'BY') ? { byName: true } : {}),
    query: readQuery(r, must(node, 'query')),
    ...(properties ? { options: readProperties(r, properties) } : {}),
    at,
  }
}

const SHOWN: Readonly<Record<string, AstShow['what']>> = {
  schemas: 'databases',
  namespaces: 'databases',
  create: 'create_table',
  current: 'current_namespace',
}

function readShow(r: Reading, node: Cst, at: Span): AstShow {
  const list = kid(node, 'showList') ?? node
  const word = token(list, 'what')!.image.toLowerCase()
  const what = SHOWN[word] ?? (word as AstShow['what'])
  const [first, second] = kids(list, 'inName').map((n) => readTarget(r, n))
  const like = kid(list, 'textOrName')
  const scope = token(list, 'scope')
  const table = what === 'columns' ? first : kid(node, 'target') ? readTarget(r, node) : undefined
  const namespace = what === 'columns' ? second : first
  return {
    kind: 'show',
    what,
    ...(scope ? { scope: scope.image.toLowerCase() } : {}),
    ...(table ? { name: table } : {}),
    ...(namespace ? { namespace } : {}),
    ...(like ? { like: textOrName(r, like) } : {}),
    at,
  }
}

function readDescribe(r: Reading, node: Cst, at: Span): AstDescribe {
  const query = kid(node, 'query')
  if (query) return { kind: 'describe', what: 'query', extended: false, query: readQuery(r, query), at }
  const extended = has(node, 'EXTENDED') || has(node, 'FORMATTED')
  if (has(node, 'FUNCTION'))
    return { kind: 'describe', what: 'function', extended, name: nameOrText(r, must(node, 'textOrName')), at }
  const column = kid(node, 'column')
  return {
    kind: 'describe',
    what: 'table',
    extended,
    name: readTarget(r, node),
    ...(column ? { column: idents(r, column) } : {}),
    at,
  }
}

function readSetVariable(r: Reading, node: Cst, at: Span): AstSetVariable {
  const query = kid(node, 'query')
  if (query)
    return {
      kind: 'set_variable',
      assignments: kids(node, 'name').map((n) => ({ name: idents(r, n) })),
      query: readQuery(r, query),
      at,
    }
  return {
    kind: 'set_variable',
    assignments: kids(node, 'variableAssignment').map((a) => {
      const value = kid(a, 'expression')
      return { name: idents(r, must(a, 'name')), ...(value ? { value: readExpr(r, value) } : {}) }
    }),
    at,
  }
}

function readCache(r: Reading, node: Cst, at: Span): AstCache {
  if (node.name === 'clearCache') return { kind: 'cache', action: 'clear', at }
  if (node.name === 'uncache')
    return {
      kind: 'cache',
      action: 'uncache',
      ...(has(node, 'ifExists') ? { ifExists: true } : {}),
      name: readTarget(r, node),
      at,
    }
  const properties = kid(node, 'properties')
  const query = kid(node, 'query')
  return {
    kind: 'cache',
    action: 'cache',
    ...(has(node, 'LAZY') ? { lazy: true } : {}),
    name: readTarget(r, node),
    ...(properties ? { options: readProperties(r, properties) } : {}),
    ...(query ? { query: readQuery(r, query) } : {}),
    at,
  }
}
