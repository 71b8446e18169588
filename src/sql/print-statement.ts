import type {
  AstColumn,
  AstCreateFunction,
  AstCreateTable,
  AstCreateView,
  AstDescribe,
  AstProperties,
  AstShow,
  AstStatement,
} from './ast.ts'
import { quoteIdentifier, quoteString } from './literal-text.ts'
import { printQuery } from './print.ts'
import { printExpr, printIdent, printName } from './print-expr.ts'

/** SQL text of a statement; it parses to the same tree apart from spans. A statement that was not read is printed as it was written. */
export function printStatement(s: AstStatement): string {
  switch (s.kind) {
    case 'query_statement':
      return printQuery(s.query)
    case 'create_view':
      return printCreateView(s)
    case 'create_table':
      return printCreateTable(s)
    case 'create_function':
      return printCreateFunction(s)
    case 'drop_view':
      return `DROP VIEW ${s.ifExists ? 'IF EXISTS ' : ''}${printName(s.name)}`
    case 'drop':
      return `DROP ${s.temporary ? 'TEMPORARY ' : ''}${s.what.toUpperCase()} ${s.ifExists ? 'IF EXISTS ' : ''}${printName(s.name)}${s.purge ? ' PURGE' : ''}`
    case 'insert': {
      const head = `INSERT ${s.overwrite ? 'OVERWRITE' : 'INTO'} TABLE ${printName(s.name)}${s.byName ? ' BY NAME' : ''}`
      const columns = s.columns ? ` (${s.columns.map(printIdent).join(', ')})` : ''
      const query = printQuery(s.query)
      if (s.options) return `${head}${columns} ${query} WITH ${printProperties(s.options)}`
      // At the end they would be the INSERT's.
      return `${head}${columns} ${/ WITH \('.*\)$/s.test(query) ? `(${query})` : query}`
    }
    case 'truncate':
      return `TRUNCATE TABLE ${printName(s.name)}`
    case 'show':
      return printShow(s)
    case 'describe':
      return printDescribe(s)
    case 'explain':
      return `EXPLAIN ${s.mode === 'simple' ? '' : `${s.mode.toUpperCase()} `}${printStatement(s.statement)}`
    case 'set': {
      if (s.key === undefined) return s.reset ? 'RESET' : 'SET'
      const key = /^[\w.:-]+$/.test(s.key) ? s.key : quoteIdentifier(s.key, true)
      if (s.value === undefined) return `${s.reset ? 'RESET' : 'SET'} ${key}`
      return `SET ${key} = ${/;/.test(s.value) ? quoteIdentifier(s.value, true) : s.value}`
    }
    case 'set_variable': {
      const names = s.assignments.map((a) => printName(a.name))
      if (s.query) return `SET VAR (${names.join(', ')}) = (${printQuery(s.query)})`
      return `SET VAR ${s.assignments.map((a, i) => `${names[i]!} = ${a.value ? printExpr(a.value) : 'DEFAULT'}`).join(', ')}`
    }
    case 'declare': {
      const type = s.type ? ` ${s.type.text}` : ''
      return `DECLARE ${s.replace ? 'OR REPLACE ' : ''}VARIABLE ${s.names.map(printName).join(', ')}${type}${s.default ? ` DEFAULT ${printExpr(s.default)}` : ''}`
    }
    case 'execute_immediate': {
      const into = s.into ? ` INTO ${s.into.map(printName).join(', ')}` : ''
      return `EXECUTE IMMEDIATE ${printExpr(s.text)}${into}${s.using ? ` USING ${s.using.map(printExpr).join(', ')}` : ''}`
    }
    case 'stop_query':
      return `STOP QUERY ${quoteString(s.query)}`
    case 'use':
      return `USE ${s.what ? `${s.what.toUpperCase()} ` : ''}${printName(s.name)}`
    case 'cache': {
      if (s.action === 'clear') return 'CLEAR CACHE'
      const name = printName(s.name!)
      if (s.action === 'uncache') return `UNCACHE TABLE ${s.ifExists ? 'IF EXISTS ' : ''}${name}`
      return `CACHE ${s.lazy ? 'LAZY ' : ''}TABLE ${name}${s.options ? ` OPTIONS ${printProperties(s.options)}` : ''}${s.query ? ` AS ${printQuery(s.query)}` : ''}`
    }
    case 'refresh':
      return `REFRESH TABLE ${printName(s.name)}`
    case 'unparsed':
      return s.at ? s.at.sql.slice(s.at.start, s.at.end) : s.what
  }
}

/** `('key' = 'value', …)`. */
export const printProperties = (properties: AstProperties): string =>
  `(${properties.map(([k, v]) => `${quoteString(k)} = ${quoteString(v)}`).join(', ')})`

const commentClause = (comment: string | undefined): string =>
  comment === undefined ? '' : ` COMMENT ${quoteString(comment)}`

function printCreateView(s: AstCreateView): string {
  const head = `CREATE ${s.replace ? 'OR REPLACE ' : ''}${s.global ? 'GLOBAL ' : ''}${s.temporary ? 'TEMPORARY ' : ''}VIEW ${s.ifNotExists ? 'IF NOT EXISTS ' : ''}`
  const columns = s.columns
    ? `(${s.columns.map((c, i) => `${printIdent(c)}${commentClause(s.columnComments?.[i])}`).join(', ')})`
    : ''
  const properties = s.properties ? ` TBLPROPERTIES ${printProperties(s.properties)}` : ''
  return `${head}${printName(s.name)}${columns}${commentClause(s.comment)}${properties} AS ${printQuery(s.query)}`
}

function printColumn(c: AstColumn): string {
  return `${printIdent(c.name)} ${c.type.text}${c.notNull ? ' NOT NULL' : ''}${c.default ? ` DEFAULT ${printExpr(c.default)}` : ''}${commentClause(c.comment)}`
}

function printCreateTable(s: AstCreateTable): string {
  const verb = s.replaceOnly ? 'REPLACE' : `CREATE${s.replace ? ' OR REPLACE' : ''}`
  const items = [
    ...(s.columns ?? []).map(printColumn),
    ...(s.watermark ? [`WATERMARK FOR ${printIdent(s.watermark.column)} AS ${printExpr(s.watermark.expr)}`] : []),
  ]
  const parts = [
    `${verb}${s.external ? ' EXTERNAL' : ''} TABLE${s.ifNotExists ? ' IF NOT EXISTS' : ''} ${printName(s.name)}`,
  ]
  if (items.length > 0) parts.push(`(${items.join(', ')})`)
  if (s.using !== undefined)
    parts.push(
      `USING ${s.using
        .split('.')
        .map((p) => quoteIdentifier(p, undefined))
        .join('.')}`,
    )
  if (s.options) parts.push(`OPTIONS ${printProperties(s.options)}`)
  if (s.partitionedBy) parts.push(`PARTITIONED BY (${s.partitionedBy.map(printIdent).join(', ')})`)
  if (s.location !== undefined) parts.push(`LOCATION ${quoteString(s.location)}`)
  if (s.comment !== undefined) parts.push(`COMMENT ${quoteString(s.comment)}`)
  if (s.properties) parts.push(`TBLPROPERTIES ${printProperties(s.properties)}`)
  if (s.query) parts.push(`AS ${printQuery(s.query)}`)
  return parts.join(' ')
}

function printCreateFunction(s: AstCreateFunction): string {
  const head = `CREATE ${s.replace ? 'OR REPLACE ' : ''}${s.temporary ? 'TEMPORARY ' : ''}FUNCTION ${s.ifNotExists ? 'IF NOT EXISTS ' : ''}${printName(s.name)}(${s.parameters.map(printColumn).join(', ')})`
  const returns = !s.returns
    ? ''
    : 'type' in s.returns
      ? ` RETURNS ${s.returns.type.text}`
      : ` RETURNS TABLE${s.returns.columns.length > 0 ? ` (${s.returns.columns.map(printColumn).join(', ')})` : ''}`
  return `${head}${returns}${commentClause(s.comment)} RETURN ${s.body.kind === 'query' ? printQuery(s.body) : printExpr(s.body)}`
}

function printShow(s: AstShow): string {
  const name = s.name ? printName(s.name) : ''
  const within = s.namespace ? ` IN ${printName(s.namespace)}` : ''
  switch (s.what) {
    case 'columns':
      return `SHOW COLUMNS IN ${name}${within}`
    case 'tblproperties':
      return `SHOW TBLPROPERTIES ${name}${s.like === undefined ? '' : ` (${quoteString(s.like)})`}`
    case 'create_table':
      return `SHOW CREATE TABLE ${name}`
    case 'current_namespace':
      return 'SHOW CURRENT NAMESPACE'
    default:
      return `SHOW ${s.scope === undefined ? '' : `${s.scope.toUpperCase()} `}${s.what.toUpperCase()}${within}${s.like === undefined ? '' : ` LIKE ${quoteString(s.like)}`}`
  }
}

function printDescribe(s: AstDescribe): string {
  if (s.query) return `DESCRIBE QUERY ${printQuery(s.query)}`
  const extended = s.extended ? 'EXTENDED ' : ''
  if (s.what === 'function') return `DESCRIBE FUNCTION ${extended}${printName(s.name!)}`
  return `DESCRIBE TABLE ${extended}${printName(s.name!)}${s.column ? ` ${printName(s.column)}` : ''}`
}
