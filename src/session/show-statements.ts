import { shown } from '../connectors/redact.ts'
import { functionNames } from '../functions/registry.ts'
import { AnalysisError } from '../errors/errors.ts'
import { dotted } from '../plan/scope.ts'
import type { AstCreateView, AstShow, AstStopQuery } from '../sql/ast.ts'
import { printStatement } from '../sql/print.ts'
import { CATALOG, requireDefaultSchema, requireRelation, requireTable, SCHEMA } from './object-names.ts'
import { command, table, type Outcome, type Rows, type StatementContext } from './statement-context.ts'

/** SHOW …, with Spark's column names. */
export function show(s: AstShow, ctx: StatementContext): Outcome {
  const matches = likeTest(s.like)
  const named = (rows: Rows, column: number): Rows =>
    rows.filter((r) => matches(String(r[column]))).toSorted((a, b) => (String(a[column]) < String(b[column]) ? -1 : 1))
  switch (s.what) {
    case 'tables':
      return table('namespace STRING, tableName STRING, isTemporary BOOLEAN', named(tables(s, ctx), 1))
    case 'views': {
      const views = ctx.catalog.entries().views.filter((v) => (isGlobal(s) ? v.global || v.temporary : !v.global))
      return table(
        'namespace STRING, viewName STRING, isTemporary BOOLEAN',
        named(
          views.map((v) => [namespaceOf(v), v.name.toLowerCase(), v.temporary]),
          1,
        ),
      )
    }
    case 'functions':
      return table('function STRING', named(functions(s, ctx), 0))
    case 'queries':
      return table(
        'name STRING, id STRING, runId STRING, status STRING, batchId BIGINT, sink STRING',
        queries(ctx).filter((r) => s.like === undefined || matches(String(r[0] ?? ''))),
      )
    case 'databases':
      return table('namespace STRING', named([[SCHEMA]], 0))
    case 'catalogs':
      return table('catalog STRING', named([[CATALOG]], 0))
    case 'current_namespace':
      return table('catalog STRING, namespace STRING', [[CATALOG, SCHEMA]])
    case 'columns': {
      const name = s.namespace ? [...s.namespace, s.name!.at(-1)!] : s.name!
      requireRelation(ctx.catalog, name, s.at)
      const { attrs } = ctx.plans.analyze({ op: 'table', name })
      return table(
        'col_name STRING',
        attrs.map((a) => [a.name]),
      )
    }
    case 'tblproperties': {
      const { properties } = requireTable(ctx.catalog, s.name!, 'SHOW TBLPROPERTIES', s.at)
      if (s.like === undefined) return table('key STRING, value STRING', Object.entries(properties))
      return table('key STRING, value STRING', [
        [s.like, properties[s.like] ?? `Table ${dotted(s.name!)} does not have property: ${s.like}`],
      ])
    }
    case 'create_table': {
      const found = requireRelation(ctx.catalog, s.name!, s.at)
      const statement = found?.table ? found.table.definition : found?.view?.definition
      if (!statement) throw new AnalysisError('NOT_DEFINED_IN_SQL', { name: dotted(s.name!) }, { at: s.name![0]?.at })
      const visible =
        statement.kind === 'create_table' && statement.options
          ? { ...statement, options: statement.options.map(([key, value]) => [key, shown(key, value)] as const) }
          : statement
      return table('createtab_stmt STRING', [[printStatement(visible satisfies AstCreateView | typeof visible)]])
    }
  }
}

const isGlobal = (s: AstShow): boolean => s.namespace?.at(-1)?.name.toLowerCase() === 'global_temp'

const namespaceOf = (v: { readonly temporary: boolean; readonly global: boolean }): string =>
  v.global ? 'global_temp' : v.temporary ? '' : SCHEMA

function tables(s: AstShow, ctx: StatementContext): Rows {
  if (s.namespace && !isGlobal(s)) requireDefaultSchema([...s.namespace, { name: '' }])
  const { views, tables: own, memory } = ctx.catalog.entries()
  const listed = views.filter((v) => (isGlobal(s) ? v.global || v.temporary : !v.global))
  return [
    ...listed.map((v) => [namespaceOf(v), v.name.toLowerCase(), v.temporary]),
    ...(isGlobal(s) ? [] : own.map((t) => [SCHEMA, t.name.toLowerCase(), false])),
    ...(isGlobal(s) ? [] : memory.map((name) => ['', name, true])),
  ]
}

function functions(s: AstShow, ctx: StatementContext): Rows {
  const registered = ctx.functions.list().map((f) => [f.name])
  const sql = ctx.catalog.routines.map((r) => [
    r.temporary ? r.name.toLowerCase() : `${CATALOG}.${SCHEMA}.${r.name.toLowerCase()}`,
  ])
  const own = [...sql, ...registered]
  const builtIn = functionNames().map((name) => [name])
  return s.scope === 'user' ? own : s.scope === 'system' ? builtIn : [...own, ...builtIn]
}

function queries(ctx: StatementContext): Rows {
  return ctx.streams.active.map((q) => {
    const last = q.lastProgress
    return [q.name, q.id, q.runId, q.status.message, last ? BigInt(last.batchId) : null, last?.sink.description ?? null]
  })
}

/** Spark's pattern of SHOW … LIKE: `*` any text, `|` either, without regard to case. */
function likeTest(pattern: string | undefined): (text: string) => boolean {
  if (pattern === undefined) return () => true
  const tests = pattern.split('|').map(
    (p) =>
      new RegExp(
        `^${p
          .trim()
          .replace(/[.+?^${}()[\]\\]/g, '\\$&')
          .replaceAll('*', '.*')}$`,
        'i',
      ),
  )
  return (text) => tests.some((t) => t.test(text))
}

/** STOP QUERY: of an active query by name, or by id. */
export function stopQuery(s: AstStopQuery, ctx: StatementContext): Outcome {
  const found = (): (typeof ctx.streams.active)[number] | undefined =>
    ctx.streams.active.find((q) => q.name === s.query || q.id === s.query || q.runId === s.query)
  // Apart: the batch it waits for may itself run queries of the session, which must not wait for it.
  const stop = command(async () => {
    const query = found()
    if (!query) {
      const names = ctx.streams.active.map((q) => q.name ?? q.id)
      throw new AnalysisError(
        'QUERY_NOT_FOUND',
        { query: s.query },
        { at: s.at, hint: names.length > 0 ? `active: ${names.join(', ')}` : 'no query is active' },
      )
    }
    await query.stop()
  })
  return { ...stop, apart: true }
}
