import { randomUUID } from 'node:crypto'
import type { Batch } from '../columns/batch.ts'
import { Trigger, type TriggerSpec } from '../engine/trigger.ts'
import { AnalysisError, UnsupportedError, ExecutionError, OptionError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import { isStreaming, type Logical } from '../plan/logical.ts'
import { dotted, sameName } from '../plan/scope.ts'
import { identityText, sourceIdentity, tableIdentity } from '../plan/source-identity.ts'
import type { StoreInto, Unresolved } from '../plan/unresolved.ts'
import { visitPlan } from '../plan/walk.ts'
import type { AstExpr, AstInsert, AstQuery, AstValues } from '../sql/ast.ts'
import { typeName, type Schema } from '../types/data-type.ts'
import { parseSchema } from '../types/ddl.ts'
import { rowsOf } from './evaluate.ts'
import { requireTable } from './object-names.ts'
import { command, type Outcome, type StatementContext } from './statement-context.ts'
import { fieldOf, type Table } from './table.ts'

/** INSERT: writes the rows of a bounded query, or starts a query when it reads a stream. */
export function insert(s: AstInsert, ctx: StatementContext): Outcome {
  const target = requireTable(ctx.catalog, s.name, s.overwrite ? 'INSERT OVERWRITE' : 'INSERT INTO', s.at)
  const schema = target.format === null ? target.rows!.schema : declaredSchema(target)
  const columns = schema ? targetColumns(s, target, schema) : null
  const query =
    columns && schema
      ? withDefaults(
          s.query,
          columns.map((i) => target.defaults.get(schema.fields[i]!.name.toLowerCase())?.expr),
        )
      : s.query
  const input: Unresolved = { op: 'sql', query }
  const analyzed = ctx.plans.analyze(input)
  const plan = schema && columns ? stored(s, target, schema, columns, input, analyzed) : input
  ctx.plans.analyze(plan)
  if (isStreaming(analyzed)) return startInsert(s, target, plan, analyzed, ctx)
  const option = s.options?.[0]
  if (option)
    throw new OptionError(
      'INSERT_OPTIONS_WITHOUT_STREAM',
      { option: option[0] },
      { at: s.at, hint: 'read the table with FROM STREAM t' },
    )
  if (s.overwrite) checkOverwrite(s, target, analyzed, ctx)
  const write = insertRows(ctx, target, plan, s.overwrite)
  return command(() => write(() => undefined))
}

/** The columns a table that is written was declared with, whether or not there is anything to read yet; null when its sink takes any. */
function declaredSchema(target: Table): Schema | null {
  const { columns } = target.definition
  return columns ? { fields: columns.map(fieldOf) } : null
}

/** Indices of the table's columns in the order of the query's. */
function targetColumns(s: AstInsert, target: Table, schema: Schema): readonly number[] {
  if (!s.columns) return schema.fields.map((_, i) => i)
  const seen = new Set<number>()
  return s.columns.map((c) => {
    const i = schema.fields.findIndex((f) => sameName(f.name, c.name, false))
    if (i < 0)
      throw new AnalysisError(
        'UNRESOLVED_COLUMN.WITH_SUGGESTION',
        { name: c.name },
        { at: c.at, hint: `${target.name} has ${schema.fields.map((f) => f.name).join(', ')}` },
      )
    if (seen.has(i)) throw new AnalysisError('COLUMN_ALREADY_EXISTS', { name: c.name }, { at: c.at })
    seen.add(i)
    return i
  })
}

/** VALUES with each DEFAULT as what it stands for. */
function withDefaults(query: AstQuery, defaults: readonly (AstExpr | undefined)[]): AstQuery {
  const { body } = query
  if (body.kind !== 'values' || !body.rows.some((row) => row.some(isDefault))) return query
  const rows = body.rows.map((row) =>
    row.map((cell, i): AstExpr =>
      isDefault(cell) ? (defaults[i] ?? { kind: 'literal', type: 'null', text: 'NULL', at: cell.at }) : cell,
    ),
  )
  const values: AstValues = { ...body, rows }
  return { ...query, body: values }
}

const isDefault = (e: AstExpr): boolean =>
  e.kind === 'name' &&
  e.parts.length === 1 &&
  e.parts[0]!.quoted !== true &&
  e.parts[0]!.name.toLowerCase() === 'default'

function stored(
  s: AstInsert,
  target: Table,
  schema: Schema,
  columns: readonly number[],
  input: Unresolved,
  analyzed: Logical,
): StoreInto {
  const given = analyzed.attrs
  const from = new Map<number, number>()
  if (s.byName) {
    given.forEach((a, i) => {
      const at = schema.fields.findIndex((f) => sameName(f.name, a.name, false))
      if (at < 0)
        throw new AnalysisError(
          'INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS',
          { table: target.name, column: a.name },
          { at: s.query.at ?? s.at },
        )
      if (from.has(at)) throw new AnalysisError('COLUMN_ALREADY_EXISTS', { name: a.name }, { at: s.query.at ?? s.at })
      from.set(at, i)
    })
  } else {
    if (given.length !== columns.length)
      throw new AnalysisError(
        given.length < columns.length
          ? 'INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS'
          : 'INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS',
        { table: target.name, expected: columns.length, given: given.length },
        { at: s.query.at ?? s.at, hint: `the columns are ${columns.map((i) => schema.fields[i]!.name).join(', ')}` },
      )
    columns.forEach((column, i) => from.set(column, i))
  }
  return {
    op: 'store',
    input,
    table: target.name,
    columns: schema.fields.map((field, i) => {
      const given = target.defaults.get(field.name.toLowerCase())
      return { field, from: from.get(i) ?? null, ...(given ? { default: given.expr } : {}) }
    }),
    ...(s.query.at ? { at: s.query.at } : {}),
  }
}

/** Writes a bounded plan into a table. `before` runs when the rows are there and are about to be written. */
export function insertRows(
  ctx: StatementContext,
  target: Table,
  plan: Unresolved,
  overwrite: boolean,
): (before: () => void) => Promise<void> {
  return async (before) => {
    try {
      if (target.rows) {
        const { rows } = await rowsOf(ctx, plan)
        before()
        if (overwrite) target.rows.clear()
        target.rows.add(rows)
        return
      }
      before()
      await ctx.plans.write(plan, target.format!, target.sinkOptions, {
        mode: overwrite ? 'overwrite' : 'append',
        partitionBy: target.partitionedBy,
      })
    } catch (error) {
      throw storeError(error, target)
    }
  }
}

/** A connector is overwritten where its sink can tell what it holds, and by a query that does not read it meanwhile. */
function checkOverwrite(s: AstInsert, target: Table, analyzed: Logical, ctx: StatementContext): void {
  if (target.format === null) return
  if (!ctx.plans.connectors.sink(target.format).exists)
    throw new AnalysisError('OVERWRITE_OF_CONNECTOR', { name: target.name, format: target.provider }, { at: s.at })
  const own = identityText(tableIdentity(target.format, target.options))
  visitPlan(analyzed, (node) => {
    if (node.op === 'scan' && identityText(sourceIdentity(node.source)) === own)
      throw new AnalysisError('UNSUPPORTED_OVERWRITE.TABLE', { name: target.name }, { at: s.query.at ?? s.at })
  })
}

/** An overflow of a cast without span is one that INSERT put in. */
function storeError(error: unknown, target: Table): unknown {
  if (!(error instanceof ExecutionError) || error.code !== 'CAST_OVERFLOW' || error.at) return error
  const { from, to } = error.params
  const column =
    target.rows?.schema.fields.find((f) => typeName(f.type).toUpperCase() === String(to).toUpperCase())?.name ??
    'of the table'
  return new ExecutionError(
    'CAST_OVERFLOW_IN_TABLE_INSERT',
    { from: from ?? 'the query', to: to ?? 'the column', column },
    { cause: error },
  )
}

// ---------------------------------------------------------------- streams

/** `WITH (outputMode, trigger, checkpointLocation, queryName)`; everything else is an option of the sink. */
function startInsert(s: AstInsert, target: Table, plan: Unresolved, analyzed: Logical, ctx: StatementContext): Outcome {
  if (s.overwrite)
    throw new AnalysisError(
      'OVERWRITE_BY_STREAM',
      { name: dotted(s.name) },
      { at: s.at, hint: "use INSERT INTO … WITH (outputMode = 'complete')" },
    )
  refuseSelf(target, analyzed, s.at)
  let outputMode = 'append'
  let trigger: TriggerSpec = { kind: 'default' }
  let queryName: string | null = null
  const options: Record<string, string> = { ...(target.rows ? {} : target.sinkOptions) }
  for (const [key, value] of s.options ?? [])
    switch (key.toLowerCase()) {
      case 'outputmode':
        outputMode = value
        break
      case 'trigger':
        trigger = triggerOf(value)
        break
      case 'queryname':
        queryName = value
        break
      case 'checkpointlocation':
        options['checkpointLocation'] = value
        break
      default:
        options[key] = value
    }
  const objects = new Map<string, unknown>()
  const { rows } = target
  if (rows && outputMode.toLowerCase() === 'changelog')
    throw new UnsupportedError(
      'STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE',
      { format: 'a table of the session', mode: outputMode },
      { at: s.at, hint: 'its columns have no place for _change_type: write to a sink' },
    )
  let started: (queryId: string) => void = () => undefined
  if (rows) {
    // The query's own id, which a new checkpoint changes, tells a batch that comes again from another query's.
    const queryId = new Promise<string>((resolve) => (started = resolve))
    const id = randomUUID()
    objects.set(id, async (batches: readonly Batch[], batchId: number) => {
      const given = batches.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => b.row(i)))
      rows.addBatch(await queryId, batchId, given, outputMode.toLowerCase() === 'complete')
    })
    options['id'] = id
  }
  const format = rows ? 'foreachBatch' : target.format!
  return {
    schema: parseSchema('id STRING, runId STRING, name STRING'),
    work: async () => {
      const query = await ctx.plans.start({
        plan,
        format,
        options,
        outputMode,
        trigger,
        queryName,
        objects,
        partitionBy: target.partitionedBy,
      })
      started(query.id)
      return [[query.id, query.runId, query.name]]
    },
  }
}

/** A stream of a session's table that is written into the same table would never end. */
function refuseSelf(target: Table, analyzed: Logical, at: Span | undefined): void {
  const { rows } = target
  if (!rows) return
  visitPlan(analyzed, (node) => {
    if (node.op === 'scan' && node.source.streaming && node.source.options['id'] === rows.id)
      throw new AnalysisError('INSERT_SELF_STREAM', { name: target.name }, { at })
  })
}

/** `'availableNow'`, `'once'`, `'default'`, or an interval such as `'1 second'`. */
function triggerOf(text: string): TriggerSpec {
  switch (text.trim().toLowerCase()) {
    case 'availablenow':
      return Trigger.AvailableNow()
    case 'once':
      return Trigger.Once()
    case 'default':
      return { kind: 'default' }
    default:
      return Trigger.ProcessingTime(text)
  }
}
