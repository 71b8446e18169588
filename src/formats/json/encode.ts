import type { Batch } from '../../columns/batch.ts'
import type { Schema } from '../../types/data-type.ts'
import { zoneOf } from '../../types/time-zone.ts'
import type { TimeWriters } from './json-text.ts'
import { EncodeHelpers } from './encode-helpers.ts'
import { compileEncoder, type Encode } from './encode-source.ts'

export interface JsonEncoderOptions {
  readonly timeZone: string
  /** Leave NULL columns and members out (Spark's default) instead of writing null. */
  readonly ignoreNullFields?: boolean
  /** Dates and times in patterns; what is missing is written in the standard form. */
  readonly times?: TimeWriters
}

/** Batches to bytes of JSON lines, appended to a buffer that grows. */
export interface JsonEncoder {
  /** Appends one line for each row that counts. */
  encode(batch: Batch): void
  /** Bytes waiting. */
  readonly length: number
  /** Hands out the bytes, valid until the next `encode`, and begins anew. */
  take(): Buffer
}

/**
 * An encoder of JSON lines for rows of `schema`, generated from it. As Spark's JSON writer: members in column
 * order, no blanks; BIGINT and DECIMAL as numbers with all digits (decimals never with an exponent); NaN and infinities as strings;
 * TIMESTAMP as `2026-01-01T00:00:00.000Z` with the offset of the session zone (`Z` for none) and always three
 * fraction digits, finer ones cut off; BINARY as base64; MAP as an object; NULL members left out, NULL elements as null.
 */
export function jsonEncoder(schema: Schema, options: JsonEncoderOptions): JsonEncoder {
  return new Encoder(schema, options)
}

class Encoder implements JsonEncoder {
  readonly #encode: Encode
  readonly #helpers: EncodeHelpers

  constructor(schema: Schema, options: JsonEncoderOptions) {
    const ignoreNulls = options.ignoreNullFields ?? true
    const times = options.times ?? {}
    const { encode, others } = compileEncoder(schema, ignoreNulls, times)
    this.#encode = encode
    this.#helpers = new EncodeHelpers(zoneOf(options.timeZone), others, ignoreNulls, times)
  }

  get length(): number {
    return this.#helpers.q
  }

  encode(batch: Batch): void {
    this.#encode(batch.columns, batch.selection, batch.rowCount, this.#helpers)
  }

  take(): Buffer {
    const out = this.#helpers.b.subarray(0, this.#helpers.q)
    this.#helpers.q = 0
    return out
  }
}
