import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { validateOptions } from '../connectors/options.ts'
import type { Connectors } from '../connectors/registry.ts'
import { AnalysisError, ExecutionError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import { dotted, sameName } from '../plan/scope.ts'
import { canStore } from '../plan/store.ts'
import type { AstColumn, AstCreateTable, AstDrop, AstExpr, AstTableWatermark, AstTruncate, Ident } from '../sql/ast.ts'
import { printExpr } from '../sql/print.ts'
import { typeName, type Field, type Schema } from '../types/data-type.ts'
import { containsQuery } from './bind.ts'
import { evaluateNow } from './evaluate.ts'
import { insertRows } from './insert-statements.ts'
import { partsOf, requireDefaultSchema, requireTable, unknownTable } from './object-names.ts'
import { command, NOTHING, type Outcome, type StatementContext } from './statement-context.ts'
import { checkTableOptions, formatKind, optionsFor, refreshFor } from './table-options.ts'
import { fieldOf, MemoryRows, type ColumnDefault, type Table } from './table.ts'

/** Formats of stores millrace has none of, whose tables are kept in the session: `USING parquet` without a path. */
const STORED_ELSEWHERE = new Set(['parquet', 'orc', 'avro', 'delta', 'iceberg', 'hudi', 'hive', 'memory'])

/** CREATE TABLE, also AS SELECT. */
export function createTable(s: AstCreateTable, ctx: StatementContext): Outcome {
  requireDefaultSchema(s.name)
  const found = ctx.catalog.find(partsOf(s.name), true)
  if (found && s.ifNotExists) return NOTHING
  if (found && (!s.replace || found.kind === 'view'))
    throw new AnalysisError(
      'TABLE_OR_VIEW_ALREADY_EXISTS',
      { name: dotted(s.name) },
      { at: nameSpan(s.name, s.at), hint: 'drop it first, or use CREATE OR REPLACE TABLE' },
    )
  if (!found && s.replaceOnly)
    throw unknownTable(ctx.catalog, s.name, s.at, 'CREATE OR REPLACE TABLE makes it when it is missing')
  const { query } = s
  if (query && s.columns)
    throw new AnalysisError(
      'TABLE_COLUMNS_WITH_QUERY',
      { name: dotted(s.name) },
      { at: s.columns[0]!.at, hint: 'name and cast them in the SELECT' },
    )
  // The query is analyzed while the table it may read is still the old one.
  const queried = query ? schemaOf(ctx, query) : null
  const { query: _, ...definition } = s
  const made = tableOf(definition, ctx, queried, true)
  if (!query) {
    ctx.catalog.addTable(made, s.replace)
    ctx.catalog.file?.put('table', made.name, made.definition)
    return NOTHING
  }
  const fill = insertRows(ctx, made, { op: 'sql', query }, false)
  return command(async () => {
    await fill(() => {
      ctx.catalog.addTable(made, s.replace)
      ctx.catalog.file?.put('table', made.name, { ...made.definition, columns: columnsOf(queried!) })
    })
  })
}

/** Columns as a definition has them. */
const columnsOf = (schema: Schema): AstColumn[] =>
  schema.fields.map((f) => ({ name: { name: f.name, quoted: true }, type: { text: typeName(f.type) } }))

function schemaOf(ctx: StatementContext, query: NonNullable<AstCreateTable['query']>): Schema {
  const { attrs } = ctx.plans.analyze({ op: 'sql', query })
  const fields = attrs.map((a): Field => ({ name: a.name, type: a.type, nullable: true }))
  refuseTwice(
    fields.map((f) => ({ name: f.name })),
    query.at,
  )
  return { fields }
}

const nameSpan = (name: readonly Ident[], at: Span | undefined): Span | undefined =>
  name[0]?.at && name.at(-1)!.at ? { ...name[0].at, end: name.at(-1)!.at!.end } : at

/**
 * The table a definition says; its columns from `queried` where it names none. Throws for what does not fit. `fresh`: a
 * directory that is not there is made, so that a table without files reads as empty.
 */
export function tableOf(s: AstCreateTable, ctx: StatementContext, queried: Schema | null = null, fresh = false): Table {
  const name = s.name.at(-1)!.name
  refuseTwice(
    (s.columns ?? []).map((c) => c.name),
    s.at,
  )
  const declared: Schema | null = s.columns ? { fields: s.columns.map(fieldOf) } : queried
  const options: Record<string, string> = Object.fromEntries(s.options ?? [])
  if (s.location !== undefined) options['path'] = s.location
  const { connectors } = ctx.plans
  const format = connectorOf(connectors, s.using, options)
  if (format !== null) {
    const path = options['path']
    // A definition means the same file from wherever the process is started next time.
    if (path !== undefined && !/^[a-z][a-z0-9+.-]*:/i.test(path)) options['path'] = resolve(path)
    checkTableOptions(connectors, format, options)
    if (fresh && declared !== null) makeDirectory(connectors, format, options['path'])
  }
  if (format === null && declared === null)
    throw new AnalysisError(
      'TABLE_WITHOUT_COLUMNS',
      { name },
      { at: s.at, hint: 'list them: CREATE TABLE t (id INT, name STRING)' },
    )
  const defaults = new Map<string, ColumnDefault>()
  for (const c of s.columns ?? [])
    if (c.default) defaults.set(c.name.name.toLowerCase(), defaultOf(c.name, c.default, fieldOf(c), ctx))
  const schema = schemaReader(connectors, format, options, declared)
  if (s.watermark) checkWatermark(s.watermark, schema())
  return {
    name,
    format,
    provider: s.using ?? 'memory',
    schema,
    options,
    properties: Object.fromEntries(s.properties ?? []),
    comment: s.comment,
    columnComments: new Map(
      (s.columns ?? []).flatMap((c) =>
        c.comment === undefined ? [] : [[c.name.name.toLowerCase(), c.comment] as const],
      ),
    ),
    defaults,
    watermark: s.watermark ? watermarkOf(s.watermark) : undefined,
    partitionedBy: (s.partitionedBy ?? []).map((c) => c.name),
    sourceOptions: format === null ? {} : optionsFor(connectors, format, options, 'source'),
    refresh: refreshFor(connectors, format ?? 'memory', options),
    sinkOptions: format === null ? {} : optionsFor(connectors, format, options, 'sink'),
    definition: format === null ? s : absolute(s, options),
    rows:
      format === null ? new MemoryRows(declared!, `table:${name.toLowerCase()}:${randomUUID()}`, ctx.objects) : null,
  }
}

/** The definition with its path as the table has it. */
function absolute(s: AstCreateTable, options: Readonly<Record<string, string>>): AstCreateTable {
  const { location: _, options: __, ...rest } = s
  return Object.keys(options).length === 0 ? rest : { ...rest, options: Object.entries(options) }
}

/** Makes the directory of a table of files that can be written; one that cannot be made is told by who reads or writes there. */
function makeDirectory(connectors: Connectors, format: string, path: string | undefined): void {
  const kind = formatKind(connectors, format)
  if (path === undefined || !kind.needsPath || !kind.source || !kind.sink) return
  if (/[*?[\]{}]|^[a-z][a-z0-9+.-]*:/i.test(path) || existsSync(path)) return
  try {
    mkdirSync(path, { recursive: true })
  } catch (cause) {
    throw new ExecutionError('FILE_NOT_READABLE', { path, message: (cause as Error).message }, { cause })
  }
}

/** The connector a table stands for; null for a table whose rows the session keeps. */
function connectorOf(
  connectors: Connectors,
  using: string | undefined,
  options: Readonly<Record<string, string>>,
): string | null {
  if (using === undefined) return null
  const kind = formatKind(connectors, using)
  const hasPath = Object.keys(options).some((k) => k.toLowerCase() === 'path')
  if (using.toLowerCase() === 'memory') return null
  if (kind.known) return kind.needsPath && !hasPath ? null : using
  if (!hasPath && STORED_ELSEWHERE.has(using.toLowerCase())) return null
  connectors.source(using)
  return using
}

/** The columns as declared, or as the connector says; asked for when first needed and then kept. */
function schemaReader(
  connectors: Connectors,
  format: string | null,
  options: Readonly<Record<string, string>>,
  declared: Schema | null,
): () => Schema | null {
  if (format === null || !formatKind(connectors, format).source) return () => declared
  let known: Schema | undefined
  return () => {
    if (known) return known
    const provider = connectors.source(format)
    const own = optionsFor(connectors, format, options, 'source')
    return (known = provider.schema(
      validateOptions(provider.format, provider.options, own, provider.openOptions),
      declared,
    ))
  }
}

function refuseTwice(names: readonly Ident[], at: Span | undefined): void {
  const seen = new Set<string>()
  for (const n of names) {
    if (seen.has(n.name.toLowerCase()))
      throw new AnalysisError('COLUMN_ALREADY_EXISTS', { name: n.name }, { at: n.at ?? at })
    seen.add(n.name.toLowerCase())
  }
}

/** The text of an expression as it was written. */
export const writtenText = (e: AstExpr): string => (e.at ? e.at.sql.slice(e.at.start, e.at.end) : printExpr(e))

function defaultOf(name: Ident, expr: AstExpr, field: Field, ctx: StatementContext): ColumnDefault {
  if (containsQuery(expr))
    throw new AnalysisError('INVALID_DEFAULT_VALUE.SUBQUERY_EXPRESSION', { name: name.name }, { at: expr.at })
  const { types } = evaluateNow(ctx, [expr])
  if (!canStore(types[0]!, field.type))
    throw new AnalysisError(
      'INVALID_DEFAULT_VALUE.DATA_TYPE',
      { name: name.name, actual: typeName(types[0]!), expected: typeName(field.type) },
      { at: expr.at },
    )
  return { expr, text: writtenText(expr) }
}

/** `ts - INTERVAL …`, or `ts` alone for no delay. */
function watermarkOf(w: AstTableWatermark): { readonly column: string; readonly delay: string } {
  const wrong = (): AnalysisError =>
    new AnalysisError(
      'INVALID_WATERMARK_EXPRESSION',
      {},
      { at: w.expr.at ?? w.at, hint: `WATERMARK FOR ${w.column.name} AS ${w.column.name} - INTERVAL '10' SECONDS` },
    )
  const isColumn = (e: AstExpr): boolean =>
    e.kind === 'name' && e.parts.length === 1 && sameName(e.parts[0]!.name, w.column.name, false)
  const { expr } = w
  if (isColumn(expr)) return { column: w.column.name, delay: '0 seconds' }
  if (expr.kind !== 'binary' || expr.op !== '-' || !isColumn(expr.left) || expr.right.kind !== 'interval') throw wrong()
  const { text, parts } = expr.right
  if (text !== undefined) return { column: w.column.name, delay: text }
  const delay = (parts ?? []).map((p) => {
    if (p.value.kind !== 'literal') throw wrong()
    return `${p.value.text} ${p.unit}`
  })
  if (delay.length === 0) throw wrong()
  return { column: w.column.name, delay: delay.join(' ') }
}

function checkWatermark(w: AstTableWatermark, schema: Schema | null): void {
  const field = schema?.fields.find((f) => sameName(f.name, w.column.name, false))
  if (!field)
    throw new AnalysisError(
      'UNRESOLVED_COLUMN.WITH_SUGGESTION',
      { name: w.column.name },
      { at: w.column.at, hint: `Visible here: ${(schema?.fields ?? []).map((f) => f.name).join(', ')}.` },
    )
  if (field.type.kind !== 'timestamp' && field.type.kind !== 'timestamp_ntz')
    throw new AnalysisError(
      'EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE',
      { name: field.name, actual: typeName(field.type) },
      { at: w.column.at },
    )
}

/** DROP TABLE. */
export function dropTable(s: AstDrop, ctx: StatementContext): Outcome {
  const found = ctx.catalog.find(partsOf(s.name))
  if (!found) {
    if (s.ifExists) return NOTHING
    throw unknownTable(ctx.catalog, s.name, s.at, 'DROP TABLE IF EXISTS does nothing when it is missing')
  }
  if (found.kind === 'view')
    throw new AnalysisError(
      'WRONG_COMMAND_FOR_OBJECT_TYPE',
      { operation: 'DROP TABLE', required: 'table', name: found.view.name, found: 'view' },
      { at: nameSpan(s.name, s.at), hint: 'use DROP VIEW' },
    )
  ctx.catalog.dropTable(found.table.name)
  ctx.catalog.file?.remove('table', found.table.name)
  return NOTHING
}

/** TRUNCATE TABLE, for tables whose rows the session keeps. */
export function truncateTable(s: AstTruncate, ctx: StatementContext): Outcome {
  const found = requireTable(ctx.catalog, s.name, 'TRUNCATE TABLE', s.at)
  const { rows } = found
  if (!rows)
    throw new AnalysisError(
      'TRUNCATE_OF_CONNECTOR',
      { name: found.name, format: found.provider },
      { at: nameSpan(s.name, s.at) },
    )
  return command(() => {
    rows.clear()
    return Promise.resolve()
  })
}
