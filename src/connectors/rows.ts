import type { Batch } from '../columns/batch.ts'
import { MAX_BATCH_ROWS } from '../columns/batch.ts'
import { batchOf } from '../columns/builder.ts'
import { type Row, rowFromJs, rowMaker, type RowOptions } from '../columns/row.ts'
import type { Schema } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import { projection } from './project.ts'
import type { SourceContext } from './provider.ts'

/**
 * What a source of the program gives from its `read`: batches with just the columns the query wants, from rows as a
 * program has them (objects by column name, arrays, bare values for one column) of the whole `schema`. A row that does not fit
 * raises ExecutionError naming the column.
 */
export function* batchesOf(
  schema: Schema,
  rows: Iterable<unknown>,
  ctx: Pick<SourceContext, 'schema' | 'timeZone'>,
): Generator<Batch> {
  const project = projection(schema, ctx.schema)
  let values: Value[][] = []
  for (const row of rows) {
    values.push(rowFromJs(schema, row, ctx.timeZone))
    if (values.length < MAX_BATCH_ROWS) continue
    yield project(batchOf(schema, values))
    values = []
  }
  if (values.length > 0) yield project(batchOf(schema, values))
}

/** The rows of a batch as users see them, for sinks of the program. */
export function* rowsOf(batch: Batch, options: RowOptions = {}): Generator<Row> {
  const make = rowMaker(batch.schema, options)
  for (let i = 0; i < batch.rowCount; i++) yield make(batch.row(i))
}
