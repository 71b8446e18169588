/** state-metadata: the operators with state of a query and their tables, read from its checkpoint. */
import type { Batch } from '../../columns/batch.ts'
import { batchOf } from '../../columns/builder.ts'
import { BIGINT, field, INT, schemaOf, STRING, typeName } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { projection } from '../project.ts'
import { defineSource, type Options, type Source, type SourceContext } from '../provider.ts'
import { refuseSchema } from '../refuse-schema.ts'
import { openForReading, storedTables } from './stored-tables.ts'

const SCHEMA = schemaOf(
  field('operatorId', BIGINT, false),
  field('operatorName', STRING, false),
  field('stateStoreName', STRING, false),
  field('numPartitions', INT, false),
  field('minBatchId', BIGINT),
  field('maxBatchId', BIGINT),
  field('operatorProperties', STRING),
)

/** Shards of every table. */
const PARTITIONS = 256

export const stateMetadataSource = defineSource({
  format: 'state-metadata',
  doc: 'The operators with state of a streaming query, from its checkpoint: a row for each table, with the batches that `statestore` can read. `operatorProperties` is JSON: the name of the operator, what it means, and the columns of the table.',
  options: { path: { type: 'string', required: true, doc: 'The checkpoint of the query.' } },
  replay: 'none',
  supports: ['batch'],
  schema(options, declared) {
    openForReading(options).close()
    return refuseSchema('state-metadata', SCHEMA, declared)
  },
  open: (options, ctx) => Promise.resolve(new StateMetadataSource(options, ctx)),
  describe: (options) => `StateMetadataSource[${String(options['path'])}]`,
})

class StateMetadataSource implements Source<number> {
  readonly #options: Options
  readonly #context: SourceContext

  constructor(options: Options, ctx: SourceContext) {
    this.#options = options
    this.#context = ctx
  }

  initialOffset(): Promise<number> {
    return Promise.resolve(0)
  }
  latestOffset(): Promise<number> {
    return Promise.resolve(1)
  }

  *read(): Generator<Batch> {
    const checkpoint = openForReading(this.#options)
    try {
      const { commits } = checkpoint.batches()
      const meanings = checkpoint.fingerprints() ?? {}
      const big = (batch: number | undefined): bigint | null => (batch === undefined ? null : BigInt(batch))
      const rows = storedTables(checkpoint).map(({ operator, operatorId, spec }): Value[] => {
        const columns = (list: typeof spec.keys): string => list.map((f) => `${f.name} ${typeName(f.type)}`).join(', ')
        const properties = {
          name: operatorId,
          meaning: meanings[operatorId]?.describe ?? null,
          key: columns(spec.keys),
          value: columns(spec.values),
          byTime: spec.paned,
        }
        const [name, first, last] = [operatorId.replace(/-s\d+$/, ''), commits[0], commits[commits.length - 1]]
        return [BigInt(operator), name, spec.name, PARTITIONS, big(first), big(last), JSON.stringify(properties)]
      })
      if (rows.length > 0) yield projection(SCHEMA, this.#context.schema)(batchOf(SCHEMA, rows))
    } finally {
      checkpoint.close()
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
