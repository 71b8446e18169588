import { floorDiv, formatLocalUs } from '../types/time.ts'

const iso = (us: bigint): string => {
  const [date, clock] = formatLocalUs(us).split(' ') as [string, string]
  const [time, fraction = ''] = clock.split('.') as [string, string?]
  return `${date}T${time}.${fraction.padEnd(fraction.length > 3 ? 6 : 3, '0')}`
}

/**
 * A TIMESTAMP in a row: a Date that keeps microseconds. All of Date works on it in milliseconds (rounded down);
 * `micros` is exact, `toISOString` and JSON show the microseconds when there are some: `2026-01-05T10:11:12.123456Z`.
 * Beyond the years a Date knows (±271 821) only `micros` and the ISO text are right.
 */
export class Timestamp extends Date {
  readonly #micros: bigint
  readonly #ms: number

  /** `micros`: microseconds since the epoch. */
  constructor(micros: bigint) {
    const ms = Number(floorDiv(micros, 1000n))
    super(ms)
    this.#ms = ms
    this.#micros = micros
  }

  /** Microseconds since the epoch; a moment set with one of Date's setters counts in whole milliseconds. */
  get micros(): bigint {
    const ms = this.getTime()
    return ms === this.#ms || Number.isNaN(ms) ? this.#micros : BigInt(ms) * 1000n
  }

  override toISOString(): string {
    return `${iso(this.micros)}Z`
  }

  override toJSON(): string {
    return this.toISOString()
  }
}

/**
 * A TIMESTAMP_NTZ in a row: the reading of a local clock, of no zone. It is kept as if the clock were UTC's, so use the getUTC…
 * methods; ISO text and JSON have no `Z`: `2026-01-05T10:11:12.000`.
 */
export class LocalTimestamp extends Timestamp {
  override toISOString(): string {
    return iso(this.micros)
  }
}
