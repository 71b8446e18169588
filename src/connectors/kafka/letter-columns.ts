import type { Batch } from '../../columns/batch.ts'
import type { Schema } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import type { OutRow, RowRecords } from './record-columns.ts'

/**
 * Reads bad records of a query as records: the bytes are the value, so that they can be sent again as they were; the other
 * columns are headers of their names, as text.
 */
export class LetterColumns implements RowRecords {
  readonly hasTopic = false
  readonly #raw: number
  readonly #headers: readonly { readonly name: Buffer; readonly at: number; readonly text: (value: Value) => string }[]

  constructor({ fields }: Schema) {
    this.#raw = fields.findIndex((f) => f.name === 'raw')
    this.#headers = fields.flatMap(({ name, type }, at) =>
      at === this.#raw ? [] : [{ name: Buffer.from(name), at, text: type.kind === 'timestamp' ? isoText : String }],
    )
  }

  row(batch: Batch, i: number): OutRow {
    const row = batch.row(i)
    const raw = row[this.#raw] as Uint8Array
    const data = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
    return {
      record: {
        key: null,
        value: { data, from: 0, to: data.length },
        headers: this.#headers.map(({ name, at, text }) => {
          const value = row[at]!
          return { key: name, value: value === null ? null : Buffer.from(text(value)) }
        }),
      },
      topic: null,
      partition: null,
    }
  }
}

const isoText = (us: Value): string => new Date(Number((us as bigint) / 1000n)).toISOString()
