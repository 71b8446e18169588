/**
 * rate: emits `value` 0, 1, 2, … at a steady rate, with the time each row belongs to.
 *
 *   offset   whole seconds since the query first started
 *   replay   native: rows are a function of the second and of the start, which is kept in the checkpoint
 */
import { Batch, MAX_BATCH_ROWS } from '../../columns/batch.ts'
import { Int64Vector } from '../../columns/vector.ts'
import { OptionError } from '../../errors/errors.ts'
import { BIGINT, field, schemaOf, TIMESTAMP, type Schema } from '../../types/data-type.ts'
import { projection } from '../project.ts'
import { defineSource, type Options, type Source, type SourceContext } from '../provider.ts'
import { refuseSchema } from '../refuse-schema.ts'

const SCHEMA = schemaOf(field('timestamp', TIMESTAMP), field('value', BIGINT))

export const rateSource = defineSource({
  format: 'rate',
  doc: 'Generates rows (timestamp, value) at a steady rate; for tests, demos and benchmarks.',
  options: {
    rowsPerSecond: { type: 'int', default: 1, doc: 'Rows generated for each second of wall time.' },
    rampUpTime: {
      type: 'duration',
      default: 0,
      doc: 'Time until the full rate is reached, rising evenly; whole seconds count.',
    },
    numPartitions: { type: 'int', doc: 'Accepted for Spark programs; has no effect on the rows.' },
  },
  replay: 'native',
  supports: ['stream'],
  schema: (_options: Options, declared: Schema | null) => refuseSchema('rate', SCHEMA, declared),
  open: (options, ctx) => Promise.resolve(new RateSource(options, ctx)),
  describe: (options) =>
    `RateStreamV2[rowsPerSecond=${String(options['rowsPerSecond'])}, rampUpTimeSeconds=${Math.floor(Number(options['rampUpTime']) / 1000)}, numPartitions=${String(options['numPartitions'] ?? 'default')}]`,
})

class RateSource implements Source<number> {
  readonly #ctx: SourceContext
  readonly #rate: number
  readonly #rampSeconds: number
  readonly #startMs: number
  readonly #project: (batch: Batch) => Batch
  #latest = 0
  #frozen: number | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(options: Options, ctx: SourceContext) {
    this.#ctx = ctx
    this.#rate = Number(options['rowsPerSecond'])
    this.#rampSeconds = Math.floor(Number(options['rampUpTime']) / 1000)
    for (const name of ['rowsPerSecond', 'numPartitions']) {
      const value = options[name]
      if (value !== undefined && Number(value) < 1)
        throw new OptionError('OPTION_INVALID', {
          format: 'rate',
          option: name,
          value: value as number,
          expected: 'a number from 1',
        })
    }
    const kept = ctx.metadata.get('startMs')
    this.#startMs = typeof kept === 'number' ? kept : Number(ctx.nowUs() / 1000n)
    if (kept === undefined) ctx.metadata.set('startMs', this.#startMs)
    this.#project = projection(SCHEMA, ctx.schema)
  }

  initialOffset(): Promise<number> {
    return Promise.resolve(0)
  }

  latestOffset(from: number | null): Promise<number> {
    const now = Number(this.#ctx.nowUs() / 1000n)
    // A clock set back takes no rows back.
    this.#latest = this.#frozen ?? Math.max(this.#latest, from ?? 0, Math.floor((now - this.#startMs) / 1000))
    if (this.#frozen === null && this.#timer === null) {
      const wait = this.#startMs + (this.#latest + 1) * 1000 - now
      this.#timer = setTimeout(
        () => {
          this.#timer = null
          this.#ctx.wake()
        },
        Math.min(Math.max(wait, 1), 1000),
      )
      this.#timer.unref()
    }
    return Promise.resolve(this.#latest)
  }

  *read(from: number | null, to: number): Generator<Batch> {
    let times = new Float64Array(MAX_BATCH_ROWS)
    let values = new Float64Array(MAX_BATCH_ROWS)
    let n = 0
    const take = (): Batch => {
      const columns = [
        new Int64Vector(TIMESTAMP, int64Of(times, n), null),
        new Int64Vector(BIGINT, int64Of(values, n), null),
      ]
      n = 0
      times = new Float64Array(MAX_BATCH_ROWS)
      values = new Float64Array(MAX_BATCH_ROWS)
      return this.#project(new Batch(SCHEMA, columns, columns[0]!.length))
    }
    for (let second = from ?? 0; second < to; second++) {
      const first = this.valueAt(second)
      const count = this.valueAt(second + 1) - first
      for (let i = 0; i < count; i++) {
        // Rows are spread evenly over their second, in whole milliseconds: how batches cut the stream changes no row.
        times[n] = (this.#startMs + second * 1000 + Math.floor((i * 1000) / count)) * 1000
        values[n++] = first + i
        if (n === MAX_BATCH_ROWS) yield take()
      }
    }
    if (n > 0) yield take()
  }

  /** Rows that exist when `seconds` have gone by: s·rate, less what the ramp held back. */
  valueAt(seconds: number): number {
    if (this.#rampSeconds <= 0) return seconds * this.#rate
    const step = this.#rate / (this.#rampSeconds + 1)
    if (seconds <= this.#rampSeconds) return Math.floor((step * (seconds + 1) * seconds) / 2)
    const ramp = Math.floor((step * (this.#rampSeconds + 1) * this.#rampSeconds) / 2)
    return ramp + (seconds - this.#rampSeconds) * this.#rate
  }

  prepareAvailableNow(): Promise<void> {
    this.#frozen = Math.max(this.#latest, Math.floor((Number(this.#ctx.nowUs() / 1000n) - this.#startMs) / 1000))
    return Promise.resolve()
  }

  close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    return Promise.resolve()
  }
}

/** The first `n` whole numbers (within ±2^53) as int64. */
function int64Of(numbers: Float64Array, n: number): BigInt64Array {
  const out = new BigInt64Array(n)
  const halves = new Int32Array(out.buffer)
  for (let i = 0; i < n; i++) {
    halves[2 * i] = numbers[i]!
    halves[2 * i + 1] = Math.floor(numbers[i]! / 4294967296)
  }
  return out
}
