import type {
  AstGroupBy,
  AstGroupingElement,
  AstPipeStep,
  AstQuery,
  AstQueryBody,
  AstSelect,
  AstSetOperation,
  AstValues,
} from './ast.ts'
import { printExpr, printIdent, printName, printSortItem, printWindowSpec } from './print-expr.ts'
import { printExtension, printJoinTail, printLateralView, printRelation } from './print-relation.ts'

export { printStatement } from './print-statement.ts'
export { printExpr }

/** SQL text of a query; it parses to the same tree apart from spans. */
export function printQuery(q: AstQuery): string {
  const body = q.body.kind === 'query' ? `(${printQuery(q.body)})` : printBody(q.body)
  const tail = printOrganization(q)
  return `${q.with ? `${printWith(q)} ` : ''}${body}${tail === '' ? '' : ` ${tail}`}`
}

function printWith(q: AstQuery): string {
  const ctes = q.with!.ctes.map((c) => {
    const columns = c.columns ? `(${c.columns.map(printIdent).join(', ')})` : ''
    const level = c.maxRecursionLevel === undefined ? '' : ` MAX RECURSION LEVEL ${c.maxRecursionLevel}`
    return `${printIdent(c.name)}${columns}${level} AS (${printQuery(c.query)})`
  })
  return `WITH ${q.with!.recursive ? 'RECURSIVE ' : ''}${ctes.join(', ')}`
}

function printOrganization(q: AstQuery): string {
  const parts: string[] = []
  if (q.orderBy) {
    const items = q.orderBy.items.map(printSortItem).join(', ')
    // quoted it would be a column named so
    parts.push(`ORDER BY ${q.orderBy.all ? items.replaceAll('`', '') : items}`)
  }
  if (q.sortBy) {
    if (q.sortBy.distributeBy) parts.push(`DISTRIBUTE BY ${q.sortBy.distributeBy.map(printSortItem).join(', ')}`)
    parts.push(`${q.sortBy.kind.toUpperCase()} BY ${q.sortBy.items.map(printSortItem).join(', ')}`)
  }
  if (q.limit) parts.push(`LIMIT ${printExpr(q.limit)}`)
  if (q.offset) parts.push(`OFFSET ${printExpr(q.offset)}`)
  return parts.join(' ')
}

function printBody(b: AstQueryBody): string {
  switch (b.kind) {
    case 'select':
      return printSelect(b)
    case 'setop':
      return `${continues(b) ? printBody(b.left) : bracketed(b.left)} ${b.op.toUpperCase()}${b.all ? ' ALL' : ''}${b.byName ? ' BY NAME' : ''} ${bracketed(b.right)}`
    case 'values':
      return printValues(b)
    case 'table':
      return `TABLE ${printName(b.name)}`
    case 'pipe':
      return `${bracketed(b.input)}${b.steps.map((s) => ` |> ${printStep(s)}`).join('')}`
    case 'query':
      return printQuery(b)
  }
}

/** Whether the left side is read first without a bracket, as in a long run of UNION. */
const continues = ({ left, op }: AstSetOperation): boolean =>
  left.kind === 'setop' && (left.op === 'intersect') === (op === 'intersect')

function bracketed(b: AstQueryBody): string {
  return b.kind === 'select' || b.kind === 'values' || b.kind === 'table' ? printBody(b) : `(${printBody(b)})`
}

/** `VALUES (…), (…)`. */
export function printValues(v: AstValues): string {
  return `VALUES ${v.rows.map((row) => `(${row.map(printExpr).join(', ')})`).join(', ')}`
}

function printSelect(s: AstSelect): string {
  const parts = [
    `SELECT${(s.hints ?? []).map((h) => ` /*+ ${h} */`).join('')}${s.distinct ? ' DISTINCT' : ''} ${s.items.map(printExpr).join(', ')}`,
  ]
  if (s.from) parts.push(`FROM ${s.from.map(printRelation).join(', ')}`)
  for (const view of s.lateralViews ?? []) parts.push(printLateralView(view))
  if (s.where) parts.push(`WHERE ${printExpr(s.where)}`)
  if (s.groupBy) parts.push(printGroupBy(s.groupBy))
  if (s.having) parts.push(`HAVING ${printExpr(s.having)}`)
  if (s.qualify) parts.push(`QUALIFY ${printExpr(s.qualify)}`)
  if (s.windows)
    parts.push(`WINDOW ${s.windows.map((w) => `${printIdent(w.name)} AS ${printWindowSpec(w.spec)}`).join(', ')}`)
  return parts.join(' ')
}

function printGroupBy(g: AstGroupBy): string {
  return `GROUP BY ${g.all ? 'ALL' : g.elements.map(printGroupingElement).join(', ')}`
}

function printGroupingElement(e: AstGroupingElement): string {
  switch (e.kind) {
    case 'expr':
      return printExpr(e.expr)
    case 'rollup':
    case 'cube':
      return `${e.kind.toUpperCase()}(${e.sets.map((s) => `(${s.map(printExpr).join(', ')})`).join(', ')})`
    case 'sets':
      return `${(e.keys ?? []).map(printExpr).join(', ')}${e.keys ? ' ' : ''}GROUPING SETS (${e.elements.map(printGroupingElement).join(', ')})`
    case 'set':
      return `(${e.exprs.map(printExpr).join(', ')})`
  }
}

function printStep(s: AstPipeStep): string {
  const items = (s.items ?? []).map(printExpr).join(', ')
  switch (s.op) {
    case 'select':
      return s.query ? printQuery(s.query) : `SELECT ${items}`
    case 'extend':
      return `EXTEND ${items}`
    case 'set':
      return `SET ${(s.items ?? []).map((i) => (i.kind === 'alias' ? `${printName(i.names)} = ${printExpr(i.arg)}` : printExpr(i))).join(', ')}`
    case 'drop':
      return `DROP ${items}`
    case 'as':
      return `AS ${printIdent(s.alias!.name)}`
    case 'where':
      return `WHERE ${printExpr(s.condition!)}`
    case 'aggregate':
      return ['AGGREGATE', items, s.groupBy ? printGroupBy(s.groupBy) : ''].filter((p) => p !== '').join(' ')
    case 'join':
      return printJoinTail(s.join!)
    case 'pivot':
    case 'unpivot':
      return printExtension(s.pivot!)
    case 'tablesample':
      return s.sample!.text
    case 'lateral view':
      return printLateralView(s.lateralView!)
    case 'union':
    case 'intersect':
    case 'except': {
      const { op, all, byName, queries } = s.setop!
      return `${op.toUpperCase()}${all ? ' ALL' : ''}${byName ? ' BY NAME' : ''} ${queries.map(bracketed).join(', ')}`
    }
    default:
      // LIMIT ALL leaves no trace but the step
      return printOrganization(s.query!) || 'LIMIT ALL'
  }
}
