import type { DataType } from '../../types/data-type.ts'
import type { Zone } from '../../types/time-zone.ts'
import { ScanHelpers } from '../json/scan-helpers.ts'
import { ValueParser } from '../json/value-parser.ts'
import type { TimeTexts } from '../time-texts.ts'

/** What generated CSV scans call for the rarer things; NaN: leave the line to the exact path. */
export class CsvHelpers extends ScanHelpers {
  readonly #times: TimeTexts

  constructor(zone: Zone, types: readonly DataType[], times: TimeTexts) {
    super(zone, types, new ValueParser(zone))
    this.#times = times
  }

  /** Microseconds of a local clock that fills [s, f) and names no zone. */
  localUs(b: Buffer, s: number, f: number): number {
    const sign = b[f - 6]
    if (b[f - 1] === 90 || (f - s > 16 && (sign === 43 || sign === 45))) return NaN
    return this.timestampUs(b, s, f, null)
  }

  dateText(b: Buffer, s: number, f: number): number {
    return this.#times.date!(b.toString('utf8', s, f)) ?? NaN
  }
  timestampText(b: Buffer, s: number, f: number): number {
    return safe(this.#times.timestamp!(b.toString('utf8', s, f)))
  }
  ntzText(b: Buffer, s: number, f: number): number {
    return safe(this.#times.timestampNtz!(b.toString('utf8', s, f)))
  }
}

const safe = (us: bigint | null): number =>
  us !== null && us < 9_000_000_000_000_000n && us > -9_000_000_000_000_000n ? Number(us) : NaN
