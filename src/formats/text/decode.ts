import { Batch, MAX_BATCH_ROWS } from '../../columns/batch.ts'
import { BytesVector } from '../../columns/vector.ts'
import { field, schemaOf, STRING, type Schema } from '../../types/data-type.ts'
import type { LineDecoder } from '../line-decoder.ts'

/** The columns of text: `value STRING`. */
export const TEXT_SCHEMA = schemaOf(field('value', STRING))

/** One row a line, the line without its end (`\n` or `\r\n`) as `value`; empty lines are rows. `schema` is TEXT_SCHEMA or empty. */
export function textDecoder(schema: Schema): LineDecoder {
  return new TextDecoder(schema)
}

class TextDecoder implements LineDecoder {
  lines = 0
  readonly keepsBlock: boolean
  readonly #schema: Schema

  constructor(schema: Schema) {
    this.#schema = schema
    this.keepsBlock = schema.fields.length > 0
  }

  decode(block: Buffer, start: number, end: number, sink: (batch: Batch) => void): void {
    this.lines = 0
    for (let p = start; p < end;) {
      const starts = new Int32Array(MAX_BATCH_ROWS)
      const ends = new Int32Array(MAX_BATCH_ROWS)
      let n = 0
      while (p < end && n < MAX_BATCH_ROWS) {
        let e = block.indexOf(10, p)
        if (e < 0 || e > end) e = end
        starts[n] = p
        ends[n++] = e > p && block[e - 1] === 13 ? e - 1 : e
        p = e + 1
      }
      this.lines += n
      const columns = this.#schema.fields.map((f) => new BytesVector(f.type, block, starts, ends, null, n))
      sink(new Batch(this.#schema, columns, n))
    }
  }
}
