import type { Refresh } from '../connectors/refresh.ts'
import { MemoryStream } from '../connectors/memory/stream.ts'
import type { AstColumn, AstCreateTable, AstExpr } from '../sql/ast.ts'
import type { Field, Schema } from '../types/data-type.ts'
import { parseType } from '../types/ddl.ts'
import type { Value } from '../types/value.ts'
import { ExecutionError } from '../errors/errors.ts'

/** A column's default, with its text as it was written. */
export interface ColumnDefault {
  readonly expr: AstExpr
  readonly text: string
}

/**
 * A table of the catalog. `format` null: its rows live in the session (`rows`). Otherwise it stands for a connector with
 * `options`; `schema` is then null for a sink that takes any columns.
 */
export interface Table {
  readonly name: string
  readonly format: string | null
  /** What USING said, or `memory`. */
  readonly provider: string
  readonly schema: () => Schema | null
  readonly options: Readonly<Record<string, string>>
  /** Those of the options that its source takes, and its sink. */
  readonly sourceOptions: Readonly<Record<string, string>>
  readonly sinkOptions: Readonly<Record<string, string>>
  /** When a streaming query beside it reads it again. */
  readonly refresh: { readonly refresh?: Refresh }
  readonly properties: Readonly<Record<string, string>>
  readonly comment: string | undefined
  readonly columnComments: ReadonlyMap<string, string>
  readonly defaults: ReadonlyMap<string, ColumnDefault>
  readonly watermark: { readonly column: string; readonly delay: string } | undefined
  readonly partitionedBy: readonly string[]
  /** CREATE TABLE as it is printed, without its query. */
  readonly definition: AstCreateTable
  readonly rows: MemoryRows | null
}

/** A column of CREATE TABLE as a field. */
export const fieldOf = (c: AstColumn): Field => ({
  name: c.name.name,
  type: parseType(c.type.text),
  nullable: c.notNull !== true,
})

/**
 * The rows of a table without connector: a stream of adds, one for each INSERT, so that it reads as bounded and as a stream.
 * Emptying the table gives a new stream; queries on the old one see no more rows.
 */
export class MemoryRows {
  readonly schema: Schema
  readonly #objects: Map<string, unknown>
  readonly #baseId: string
  #generation = 0
  #stream: MemoryStream
  /** Last batch each streaming query has written, so that a batch that comes again is left out. */
  readonly #written = new Map<string, number>()

  constructor(schema: Schema, baseId: string, objects: Map<string, unknown>) {
    this.schema = schema
    this.#baseId = baseId
    this.#objects = objects
    this.#stream = new MemoryStream(schema)
    objects.set(this.id, this.#stream)
  }

  /** Id of the stream among the session's objects. */
  get id(): string {
    return this.#generation === 0 ? this.#baseId : `${this.#baseId}#${this.#generation}`
  }

  /** Adds rows; a NULL in a NOT NULL column raises NOT_NULL_ASSERT_VIOLATION and nothing is added. */
  add(rows: readonly (readonly Value[])[]): void {
    const strict = this.schema.fields.flatMap((f, i) => (f.nullable ? [] : [i]))
    for (const row of rows)
      for (const i of strict)
        if (row[i] === null)
          throw new ExecutionError('NOT_NULL_ASSERT_VIOLATION', { column: this.schema.fields[i]!.name })
    if (rows.length > 0) this.#stream.addValues(rows)
  }

  /** One batch of a streaming query, once; `replace` for complete mode. */
  addBatch(query: string, batchId: number, rows: readonly (readonly Value[])[], replace: boolean): void {
    if (batchId <= (this.#written.get(query) ?? -1)) return
    if (replace) this.clear()
    this.add(rows)
    this.#written.set(query, batchId)
  }

  clear(): void {
    this.#objects.delete(this.id)
    this.#generation++
    this.#stream = new MemoryStream(this.schema)
    this.#objects.set(this.id, this.#stream)
  }

  /** Forgets the rows. */
  drop(): void {
    this.#objects.delete(this.id)
  }
}
