import { assert } from '../errors/errors.ts'
import type { Schema } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { Vector } from './vector.ts'

/** The most rows one batch may carry between operators. */
export const MAX_BATCH_ROWS = 8192

/**
 * Some rows of a table, by column. Immutable.
 *
 * `length` is the physical length of every column. `selection`, where present, lists the rows that count, in
 * order, as indexes into the columns; without it all rows count. `rowCount` is the number of rows that count.
 * `weights`, where present, is indexed like the columns (physical rows): +1 an insertion, -1 a deletion;
 * without it every row is an insertion.
 */
export class Batch {
  readonly schema: Schema
  readonly length: number
  readonly columns: readonly Vector[]
  readonly selection: Int32Array | null
  readonly weights: Int32Array | null

  constructor(
    schema: Schema,
    columns: readonly Vector[],
    length: number,
    selection: Int32Array | null = null,
    weights: Int32Array | null = null,
  ) {
    assert(columns.length === schema.fields.length, 'a batch needs one column per field')
    this.schema = schema
    this.columns = columns
    this.length = length
    this.selection = selection
    this.weights = weights
  }

  get rowCount(): number {
    return this.selection === null ? this.length : this.selection.length
  }

  /** The physical index of the `i`-th row that counts. */
  rowAt(i: number): number {
    return this.selection === null ? i : this.selection[i]!
  }

  /** The same columns with another selection (physical indexes). */
  select(selection: Int32Array | null): Batch {
    return new Batch(this.schema, this.columns, this.length, selection, this.weights)
  }

  /** The same rows under another schema of as many columns. */
  rename(schema: Schema): Batch {
    return new Batch(schema, this.columns, this.length, this.selection, this.weights)
  }

  /** Without selection: gathers the rows that count into new columns; `this` when there is nothing to do. */
  dense(): Batch {
    const rows = this.selection
    if (rows === null) return this
    return new Batch(
      this.schema,
      this.columns.map((c) => c.take(rows)),
      rows.length,
      null,
      this.weightsOf(rows),
    )
  }

  /** The weights of the given physical rows; null when all are insertions. */
  weightsOf(rows: Int32Array): Int32Array | null {
    const { weights } = this
    return weights === null ? null : rows.map((r) => weights[r]!)
  }

  /** The values of the `i`-th row that counts; for tests, sinks and user-facing results, never for operators. */
  row(i: number): Value[] {
    const r = this.rowAt(i)
    return this.columns.map((c) => c.get(r))
  }
}
