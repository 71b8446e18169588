/** arrow-table: the rows of an Arrow table the program holds. */
import { batchesFromArrow } from '../../columns/arrow/read.ts'
import type { ArrowTableLike } from '../../columns/arrow/shapes.ts'
import { schemaFromArrow } from '../../columns/arrow/types.ts'
import type { Batch } from '../../columns/batch.ts'
import { OptionError } from '../../errors/errors.ts'
import type { Schema } from '../../types/data-type.ts'
import { defineSource, type Source, type SourceContext } from '../provider.ts'

const FORMAT = 'arrow-table'

export const arrowTableSource = defineSource({
  format: FORMAT,
  doc: 'An Arrow table of the program, as `session.fromArrow` makes it.',
  options: { id: { type: 'string', required: true, doc: 'Id of the table among the objects of the session.' } },
  replay: 'none',
  supports: ['batch'],
  schema(_options, declared) {
    if (declared === null)
      throw new OptionError(
        'OPTION_MISSING',
        { format: FORMAT, option: 'schema' },
        { hint: 'call session.fromArrow(table)' },
      )
    return declared
  },
  open(options, ctx) {
    const table = ctx.objects.get(String(options['id']))
    if (!isArrowTable(table))
      throw new OptionError(
        'OPTION_INVALID',
        { format: FORMAT, option: 'id', value: String(options['id']), expected: 'the id of an Arrow table' },
        { hint: 'call session.fromArrow(table)' },
      )
    return Promise.resolve(new ArrowTableSource(table, ctx))
  },
  describe: () => 'ArrowTable',
})

/** Whether something is a table of apache-arrow, as far as it is read here. */
export function isArrowTable(x: unknown): x is ArrowTableLike {
  const { schema, batches } = (x ?? {}) as Partial<ArrowTableLike>
  return Array.isArray(schema?.fields) && Array.isArray(batches)
}

/** The columns of an Arrow table. */
export const arrowTableSchema = (table: ArrowTableLike): Schema => schemaFromArrow(table.schema)

class ArrowTableSource implements Source<number> {
  readonly #table: ArrowTableLike
  readonly #ctx: SourceContext

  constructor(table: ArrowTableLike, ctx: SourceContext) {
    this.#table = table
    this.#ctx = ctx
  }

  initialOffset(): Promise<number> {
    return Promise.resolve(0)
  }
  latestOffset(): Promise<number> {
    return Promise.resolve(this.#table.batches.length)
  }
  *read(from: number | null, to: number): Generator<Batch> {
    for (const batch of this.#table.batches.slice(from ?? 0, to))
      yield* batchesFromArrow(batch, this.#ctx.schema, 'an Arrow table')
  }
  close(): Promise<void> {
    return Promise.resolve()
  }
}
