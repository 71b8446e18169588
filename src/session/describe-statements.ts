import { shown } from '../connectors/redact.ts'
import type { FunctionEntry } from '../functions/entry.ts'
import { lookup, signature } from '../functions/registry.ts'
import { AnalysisError } from '../errors/errors.ts'
import { dotted, sameName } from '../plan/scope.ts'
import type { AstDescribe } from '../sql/ast.ts'
import { printExpr, printQuery } from '../sql/print.ts'
import { typeName } from '../types/data-type.ts'
import type { Routine } from './catalog.ts'
import { CATALOG, requireRelation, SCHEMA } from './object-names.ts'
import { table, type Outcome, type StatementContext } from './statement-context.ts'

const COLUMNS = 'col_name STRING, data_type STRING, comment STRING'

/** DESCRIBE of a table, a view, a query or a function. */
export function describe(s: AstDescribe, ctx: StatementContext): Outcome {
  switch (s.what) {
    case 'query': {
      const { attrs } = ctx.plans.analyze({ op: 'sql', query: s.query! })
      return table(
        COLUMNS,
        attrs.map((a) => [a.name, typeName(a.type), null]),
      )
    }
    case 'function':
      return describeFunction(s, ctx)
    case 'table':
      return s.column ? describeColumn(s, ctx) : describeTable(s, ctx)
  }
}

type Line = readonly [name: string, type: string, comment: string | null]

function describeTable(s: AstDescribe, ctx: StatementContext): Outcome {
  const name = s.name!
  const found = requireRelation(ctx.catalog, name, s.at)
  const target = found?.table
  const view = found?.view
  // A table that is only written may have no columns.
  const fields = target && target.schema() === null ? [] : ctx.plans.analyze({ op: 'table', name }).attrs
  const lines: Line[] = fields.map((a, i) => [
    a.name,
    typeName(a.type),
    target?.columnComments.get(a.name.toLowerCase()) ?? view?.columnComments?.[i] ?? null,
  ])
  if (target && target.partitionedBy.length > 0) {
    lines.push(['# Partition Information', '', ''], ['# col_name', 'data_type', 'comment'])
    for (const column of target.partitionedBy)
      lines.push([column, typeName(fields.find((f) => sameName(f.name, column, false))!.type), null])
  }
  if (target && target.defaults.size > 0) {
    lines.push(['', '', ''], ['# Column Default Values', '', ''])
    for (const f of fields) {
      const given = target.defaults.get(f.name.toLowerCase())
      if (given) lines.push([f.name, typeName(f.type), given.text])
    }
  }
  if (s.extended) lines.push(['', '', ''], ['# Detailed Table Information', '', ''], ...details(s, found))
  return table(COLUMNS, lines)
}

function details(s: AstDescribe, found: ReturnType<typeof requireRelation>): Line[] {
  const name = s.name!.at(-1)!.name
  const view = found?.view
  const target = found?.table
  if (!found)
    return [
      ['Table', name, ''],
      ['Type', 'MEMORY SINK', ''],
    ]
  const lines: Line[] = []
  const add = (key: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') lines.push([key, value, ''])
  }
  const pairs = (record: Readonly<Record<string, string>>): string => {
    const entries = Object.entries(record)
    return entries.length === 0 ? '' : `[${entries.map(([k, v]) => `${k}=${shown(k, v)}`).join(', ')}]`
  }
  if (view) {
    if (!view.temporary) {
      add('Catalog', CATALOG)
      add('Database', SCHEMA)
    }
    add('Table', view.name)
    add('Type', 'VIEW')
    add('Comment', view.comment)
    add(
      'View Text',
      view.definition
        ? view.definition.query.at
          ? view.definition.query.at.sql.slice(view.definition.query.at.start, view.definition.query.at.end)
          : printQuery(view.definition.query)
        : undefined,
    )
    return lines
  }
  if (!target) return lines
  add('Catalog', CATALOG)
  add('Database', SCHEMA)
  add('Table', target.name)
  add('Type', target.format === null ? 'MANAGED' : 'EXTERNAL')
  add('Provider', target.provider)
  add('Comment', target.comment)
  if (target.format === null) add('Rows', 'kept by this session')
  add('Location', target.options['path'])
  add('Watermark', target.watermark && `${target.watermark.column} - INTERVAL ${target.watermark.delay}`)
  add('Table Properties', pairs(target.properties))
  add('Storage Properties', pairs(target.options))
  return lines
}

function describeColumn(s: AstDescribe, ctx: StatementContext): Outcome {
  const found = requireRelation(ctx.catalog, s.name!, s.at)
  const wanted = s.column!.at(-1)!.name
  const { attrs } = ctx.plans.analyze({ op: 'table', name: s.name! })
  const attr = attrs.find((a) => sameName(a.name, wanted, false))
  if (!attr)
    throw new AnalysisError(
      'COLUMN_NOT_FOUND',
      { table: dotted(s.name!), name: wanted },
      { at: s.column![0]?.at, hint: `its columns: ${attrs.map((a) => a.name).join(', ')}` },
    )
  return table('info_name STRING, info_value STRING', [
    ['col_name', attr.name],
    ['data_type', typeName(attr.type)],
    ['comment', found?.table?.columnComments.get(attr.name.toLowerCase()) ?? 'NULL'],
  ])
}

function describeFunction(s: AstDescribe, ctx: StatementContext): Outcome {
  const name = s.name!.at(-1)!.name
  const routine = ctx.catalog.routine(name)
  const entry = ctx.functions.list().find((f) => f.name === name.toLowerCase()) ?? lookup(name.toLowerCase())
  if (!routine && !entry)
    throw new AnalysisError('UNRESOLVED_ROUTINE', { name: dotted(s.name!) }, { at: s.name![0]?.at ?? s.at })
  const lines = routine ? routineLines(routine, s.extended) : entryLines(entry!, s.extended)
  return table(
    'function_desc STRING',
    lines.map((l) => [l]),
  )
}

function routineLines(r: Routine, extended: boolean): string[] {
  const parameters = r.parameters.map(
    (p) => `${p.name} ${typeName(p.type).toUpperCase()}${p.default ? ` DEFAULT ${printExpr(p.default)}` : ''}`,
  )
  const returns =
    r.returns.kind === 'value'
      ? r.returns.type && typeName(r.returns.type).toUpperCase()
      : `TABLE${r.returns.columns ? ` (${r.returns.columns.map((c) => `${c.name} ${typeName(c.type).toUpperCase()}`).join(', ')})` : ''}`
  return [
    `Function:      ${r.temporary ? r.name : `${CATALOG}.${SCHEMA}.${r.name}`}`,
    `Type:          ${r.returns.kind === 'value' ? 'SCALAR' : 'TABLE'}`,
    `Input:         ${parameters.length > 0 ? parameters.join(', ') : '()'}`,
    ...(returns === null ? [] : [`Returns:       ${returns}`]),
    ...(r.comment === undefined ? [] : [`Comment:       ${r.comment}`]),
    ...(extended ? [`Body:          ${r.body.kind === 'query' ? printQuery(r.body) : printExpr(r.body)}`] : []),
  ]
}

function entryLines(e: FunctionEntry, extended: boolean): string[] {
  const lines = [`Function: ${e.name}`, `Usage: ${signature(e)} - ${e.doc}`]
  if (!extended) return lines
  const examples = e.examples.map((x) => `      > ${x.sql};\n       ${x.gives}`)
  return [...lines, `Extended Usage:\n    Examples:\n${examples.join('\n')}`]
}
