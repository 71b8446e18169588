import type { Cst } from '../../grammar/parse.ts'
import type { Span } from '../errors/span.ts'
import type {
  AstColumn,
  AstCreateFunction,
  AstCreateTable,
  AstCreateView,
  AstDeclare,
  AstDrop,
  AstDropView,
  AstProperties,
  Ident,
} from './ast.ts'
import { has, ident, idents, kid, kids, must, spanOf, syntaxError, token, tokenSpan, type Reading } from './cst.ts'
import { unescapeString } from './literal-text.ts'
import { identifierClause, readExpr } from './read-expr.ts'
import { readType } from './read-literal.ts'
import { readQuery } from './read-query.ts'
import { readProperties } from './read-relation.ts'

type Definition = AstCreateView | AstCreateTable | AstCreateFunction | AstDropView | AstDrop | AstDeclare

/** CREATE, DROP and DECLARE; undefined for another statement. */
export function readDefinition(r: Reading, node: Cst, at: Span): Definition | undefined {
  const view = kid(node, 'createView')
  if (view) return readCreateView(r, view, at)
  const table = kid(node, 'createTable')
  if (table) return readCreateTable(r, table, at)
  const fn = kid(node, 'createFunction')
  if (fn) return readCreateFunction(r, fn, at)
  const drop = kid(node, 'drop')
  if (drop) return readDrop(r, drop, at)
  const declare = kid(node, 'declare')
  if (declare) return readDeclare(r, declare, at)
  return undefined
}

/** A name, or IDENTIFIER(…). */
export function readTarget(r: Reading, node: Cst): Ident[] {
  const target = must(node, 'target')
  const computed = kid(target, 'expression')
  return computed ? identifierClause(readExpr(r, computed), spanOf(r, computed)) : idents(r, must(target, 'name'))
}

const textOf = (node: Cst): string => unescapeString(token(node, 'StringLiteral')!.image)

function commentOf(node: Cst): { comment?: string } {
  const comment = kid(node, 'comment')
  return comment ? { comment: textOf(comment) } : {}
}

function readCreateView(r: Reading, node: Cst, at: Span): AstCreateView {
  const columns = kids(node, 'viewColumn')
  const comments = columns.map((c) => commentOf(c).comment)
  const properties = kid(node, 'properties')
  return {
    kind: 'create_view',
    replace: has(node, 'orReplace'),
    temporary: has(node, 'TEMPORARY'),
    ...(has(node, 'GLOBAL') ? { global: true } : {}),
    ifNotExists: has(node, 'ifNotExists'),
    name: readTarget(r, node),
    ...(columns.length > 0 ? { columns: columns.map((c) => ident(r, token(c, 'Identifier')!)) } : {}),
    ...(comments.some((c) => c !== undefined) ? { columnComments: comments } : {}),
    ...commentOf(node),
    ...(properties ? { properties: readProperties(r, properties) } : {}),
    query: readQuery(r, must(node, 'query')),
    at,
  }
}

function readColumn(r: Reading, node: Cst): AstColumn {
  const value = kid(node, 'defaultValue')
  return {
    name: ident(r, token(node, 'Identifier')!),
    type: readType(r, must(node, 'dataType')),
    ...(has(node, 'NotOperator') ? { notNull: true } : {}),
    ...(value ? { default: readExpr(r, must(value, 'expression')) } : {}),
    ...commentOf(node),
    at: spanOf(r, node),
  }
}

interface Clauses {
  using?: string
  options?: AstProperties
  properties?: AstProperties
  location?: string
  comment?: string
  partitionedBy?: readonly Ident[]
}

/** USING, OPTIONS, TBLPROPERTIES, LOCATION, PARTITIONED BY and COMMENT, in any order, each at most once. */
function readClauses(r: Reading, node: Cst): Clauses {
  const out: Clauses = {}
  for (const clause of kids(node, 'tableClause')) {
    const properties = kid(clause, 'properties')
    const one: Clauses = has(clause, 'USING')
      ? {
          using: idents(r, must(clause, 'name'))
            .map((i) => i.name)
            .join('.'),
        }
      : properties && has(clause, 'OPTIONS')
        ? { options: readProperties(r, properties) }
        : properties
          ? { properties: readProperties(r, properties) }
          : has(clause, 'LOCATION')
            ? { location: textOf(clause) }
            : has(clause, 'PARTITIONED')
              ? { partitionedBy: idents(r, must(clause, 'identifierList')) }
              : commentOf(clause)
    const key = Object.keys(one)[0] as keyof Clauses
    if (out[key] !== undefined) throw syntaxError(spanOf(r, clause), 'the clause stands there twice')
    Object.assign(out, one)
  }
  return out
}

function readCreateTable(r: Reading, node: Cst, at: Span): AstCreateTable {
  const columns = kids(node, 'columnDefinition')
  const [watermark, second] = kids(node, 'tableWatermark')
  if (second) throw syntaxError(spanOf(r, second), 'a table has one watermark')
  const query = kid(node, 'query')
  return {
    kind: 'create_table',
    replace: has(node, 'orReplace') || has(node, 'replaceOnly'),
    ...(has(node, 'replaceOnly') ? { replaceOnly: true } : {}),
    ...(has(node, 'EXTERNAL') ? { external: true } : {}),
    ifNotExists: has(node, 'ifNotExists'),
    name: readTarget(r, node),
    ...(columns.length > 0 ? { columns: columns.map((c) => readColumn(r, c)) } : {}),
    ...(watermark
      ? {
          watermark: {
            column: ident(r, token(watermark, 'Identifier')!),
            expr: readExpr(r, must(watermark, 'expression')),
            at: spanOf(r, watermark),
          },
        }
      : {}),
    ...readClauses(r, node),
    ...(query ? { query: readQuery(r, query) } : {}),
    at,
  }
}

function readCreateFunction(r: Reading, node: Cst, at: Span): AstCreateFunction {
  const returns = kid(node, 'returns')
  const type = returns && kid(returns, 'dataType')
  const query = kid(node, 'query')
  const comment = kids(node, 'characteristic')
    .map((c) => commentOf(c).comment)
    .find((c) => c !== undefined)
  return {
    kind: 'create_function',
    replace: has(node, 'orReplace'),
    temporary: has(node, 'TEMPORARY'),
    ifNotExists: has(node, 'ifNotExists'),
    name: idents(r, must(node, 'name')),
    parameters: kids(node, 'parameterDefinition').map((p) => readColumn(r, p)),
    ...(returns
      ? {
          returns: type
            ? { type: readType(r, type) }
            : { columns: kids(returns, 'columnDefinition').map((c) => readColumn(r, c)) },
        }
      : {}),
    ...(comment === undefined ? {} : { comment }),
    body: query ? readQuery(r, query) : readExpr(r, must(node, 'expression')),
    at,
  }
}

function readDrop(r: Reading, node: Cst, at: Span): AstDropView | AstDrop {
  const word = token(node, 'what')!
  const what = word.image.toLowerCase()
  const rest = { ifExists: has(node, 'ifExists'), name: readTarget(r, node), at }
  if (what === 'view') return { kind: 'drop_view', ...rest }
  if (what !== 'table' && what !== 'function' && what !== 'variable' && what !== 'var')
    throw syntaxError(tokenSpan(r, word))
  return {
    kind: 'drop',
    what: what === 'var' ? 'variable' : what,
    temporary: has(node, 'TEMPORARY'),
    ...(has(node, 'PURGE') ? { purge: true } : {}),
    ...rest,
  }
}

function readDeclare(r: Reading, node: Cst, at: Span): AstDeclare {
  const type = kid(node, 'dataType')
  const value = kid(node, 'expression')
  return {
    kind: 'declare',
    replace: has(node, 'orReplace'),
    names: kids(node, 'name').map((n) => idents(r, n)),
    ...(type ? { type: readType(r, type) } : {}),
    ...(value ? { default: readExpr(r, value) } : {}),
    at,
  }
}
