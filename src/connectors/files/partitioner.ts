import { Batch } from '../../columns/batch.ts'
import { AnalysisError } from '../../errors/errors.ts'
import type { Schema } from '../../types/data-type.ts'
import { formatter } from '../../types/format.ts'
import { partitionDirectory } from './partitions.ts'

/** Parts rows among `column=value` directories. */
export class Partitioner {
  /** The columns that stand in the files. */
  readonly schema: Schema
  /** How many columns are directories. */
  readonly columns: number
  readonly #at: readonly number[]
  readonly #data: readonly number[]
  readonly #names: readonly string[]
  readonly #texts: readonly ((v: never) => string)[]

  /** `columns` must be some, and not all, of `schema`. */
  constructor(schema: Schema, columns: readonly string[], timeZone: string) {
    this.#at = columns.map((name) => {
      const at = schema.fields.findIndex((f) => f.name.toLowerCase() === name.toLowerCase())
      if (at < 0)
        throw new AnalysisError('PARTITION_COLUMN_NOT_FOUND_IN_SCHEMA', {
          column: name,
          columns: schema.fields.map((f) => f.name).join(', '),
        })
      return at
    })
    if (this.#at.length > 0 && new Set(this.#at).size === schema.fields.length)
      throw new AnalysisError('ALL_PARTITION_COLUMNS_NOT_ALLOWED', {})
    for (const i of this.#at)
      if (['array', 'map', 'struct'].includes(schema.fields[i]!.type.kind))
        throw new AnalysisError('INVALID_PARTITION_COLUMN_DATA_TYPE', {
          column: schema.fields[i]!.name,
          type: schema.fields[i]!.type.kind.toUpperCase(),
        })
    this.columns = this.#at.length
    this.#data = schema.fields.flatMap((_, i) => (this.#at.includes(i) ? [] : [i]))
    this.schema = { fields: this.#data.map((i) => schema.fields[i]!) }
    this.#names = this.#at.map((i) => schema.fields[i]!.name)
    this.#texts = this.#at.map((i) => formatter(schema.fields[i]!.type, timeZone) as (v: never) => string)
  }

  /** The rows of a batch by directory (`''` without partition columns), each with the columns that stand in files. */
  split(batch: Batch): ReadonlyMap<string, Batch> {
    const columns = this.#data.map((i) => batch.columns[i]!)
    const whole = new Batch(this.schema, columns, batch.length, batch.selection, batch.weights)
    if (this.#at.length === 0) return new Map([['', whole]])
    const rows = new Map<string, number[]>()
    const keys = this.#at.map((i) => batch.columns[i]!)
    for (let i = 0; i < batch.rowCount; i++) {
      const r = batch.rowAt(i)
      const dir = keys
        .map((column, k) =>
          partitionDirectory(this.#names[k]!, column.isNull(r) ? null : this.#texts[k]!(column.get(r) as never)),
        )
        .join('/')
      const known = rows.get(dir)
      if (known === undefined) rows.set(dir, [r])
      else known.push(r)
    }
    return new Map([...rows].map(([dir, list]) => [dir, whole.select(Int32Array.from(list))]))
  }
}
