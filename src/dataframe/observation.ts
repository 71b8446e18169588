import { randomUUID } from 'node:crypto'
import type { Row } from '../columns/row.ts'
import { OptionError } from '../errors/errors.ts'

/**
 * Metrics of one run of a bounded DataFrame: `df.observe(observation, count('*').as('rows'))`, run something over it,
 * then `await observation.get()`. Good for one DataFrame, and for its first run.
 */
export class Observation {
  readonly name: string
  /** For the session. */
  readonly id = randomUUID()
  readonly #row: Promise<Row>
  #deliver!: (row: Row) => void
  #used = false

  constructor(name: string = randomUUID()) {
    if (name === '') throw new OptionError('INVALID_OBSERVED_METRICS.MISSING_NAME', {})
    this.name = name
    this.#row = new Promise((resolve) => (this.#deliver = resolve))
  }

  /** The metrics, by name; resolves when the first run has ended well. */
  get(): Promise<Row> {
    return this.#row
  }

  /** For DataFrames: takes it. */
  use(): void {
    if (this.#used) throw new OptionError('OBSERVATION_USED', { name: this.name }, { hint: 'make another Observation' })
    this.#used = true
  }

  /** For the session: the metrics of a run; those of later runs are not kept. */
  deliver(row: Row): void {
    this.#deliver(row)
  }
}
