/**
 * rate-micro-batch: the same number of rows in each batch, however long batches take.
 *
 *   offset   {offset, timestamp}: the value and the time (ms) the next batch begins with
 *   replay   native: rows are a function of the offsets
 */
import { Batch, MAX_BATCH_ROWS } from '../../columns/batch.ts'
import { Int64Vector } from '../../columns/vector.ts'
import { OptionError } from '../../errors/errors.ts'
import { BIGINT, field, schemaOf, TIMESTAMP, type Schema } from '../../types/data-type.ts'
import { projection } from '../project.ts'
import { defineSource, type Options, type Source, type SourceContext } from '../provider.ts'
import { refuseSchema } from '../refuse-schema.ts'

const SCHEMA = schemaOf(field('timestamp', TIMESTAMP), field('value', BIGINT))

/** Where a batch begins. A type, not an interface, so that it is plain JSON. */
export type RateOffset = { readonly offset: number; readonly timestamp: number }

export const rateMicroBatchSource = defineSource({
  format: 'rate-micro-batch',
  doc: 'Generates a fixed number of rows (timestamp, value) in every batch; for tests and benchmarks.',
  options: {
    rowsPerBatch: { type: 'int', required: true, doc: 'Rows of each batch.' },
    numPartitions: { type: 'int', doc: 'Accepted for Spark programs; has no effect on the rows.' },
    startTimestamp: {
      type: 'int',
      default: 0,
      doc: 'Time of the rows of the first batch, in milliseconds since 1970.',
    },
    advanceMillisPerBatch: {
      type: 'int',
      default: 1000,
      doc: 'How much later the rows of the next batch are, in milliseconds.',
    },
  },
  replay: 'native',
  supports: ['stream'],
  schema: (_options: Options, declared: Schema | null) => refuseSchema('rate-micro-batch', SCHEMA, declared),
  open: (options, ctx) => Promise.resolve(new RateMicroBatchSource(options, ctx)),
  describe: (options) =>
    `RatePerMicroBatchStream[rowsPerBatch=${String(options['rowsPerBatch'])}, numPartitions=${String(options['numPartitions'] ?? 'default')}, startTimestamp=${String(options['startTimestamp'])}, advanceMsPerBatch=${String(options['advanceMillisPerBatch'])}]`,
})

class RateMicroBatchSource implements Source<RateOffset> {
  readonly #rows: number
  readonly #startMs: number
  readonly #advanceMs: number
  readonly #project: (batch: Batch) => Batch
  #oneMore = false
  #last: RateOffset | null = null

  constructor(options: Options, ctx: SourceContext) {
    for (const [option, least] of [
      ['rowsPerBatch', 1],
      ['numPartitions', 1],
      ['startTimestamp', 0],
      ['advanceMillisPerBatch', 0],
    ] as const) {
      const value = options[option]
      if (value !== undefined && Number(value) < least)
        throw new OptionError('OPTION_INVALID', {
          format: 'rate-micro-batch',
          option,
          value: String(value),
          expected: `a number from ${least}`,
        })
    }
    this.#rows = Number(options['rowsPerBatch'])
    this.#startMs = Number(options['startTimestamp'])
    this.#advanceMs = Number(options['advanceMillisPerBatch'])
    this.#project = projection(SCHEMA, ctx.schema)
  }

  initialOffset(): Promise<RateOffset> {
    return Promise.resolve({ offset: 0, timestamp: this.#startMs })
  }

  async latestOffset(from: RateOffset | null): Promise<RateOffset> {
    const at = from ?? (await this.initialOffset())
    if (this.#oneMore && this.#last !== null) return this.#last
    this.#last = { offset: at.offset + this.#rows, timestamp: at.timestamp + this.#advanceMs }
    return this.#last
  }

  *read(from: RateOffset | null, to: RateOffset): Generator<Batch> {
    let { offset, timestamp } = from ?? { offset: 0, timestamp: this.#startMs }
    // More than one batch at once only where several have run since `from`.
    for (; offset < to.offset; offset += this.#rows, timestamp += this.#advanceMs)
      for (let i = 0; i < this.#rows; i += MAX_BATCH_ROWS) {
        const n = Math.min(MAX_BATCH_ROWS, this.#rows - i, to.offset - offset - i)
        if (n <= 0) break
        const times = new BigInt64Array(n).fill(BigInt(timestamp) * 1000n)
        const values = BigInt64Array.from({ length: n }, (_, k) => BigInt(offset + i + k))
        const columns = [new Int64Vector(TIMESTAMP, times, null), new Int64Vector(BIGINT, values, null)]
        yield this.#project(new Batch(SCHEMA, columns, n))
      }
  }

  /** One batch more, as in Spark: without this the source would never be done. */
  prepareAvailableNow(): Promise<void> {
    this.#oneMore = true
    this.#last = null
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
