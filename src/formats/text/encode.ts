import type { Batch } from '../../columns/batch.ts'
import { asShape } from '../../columns/vector.ts'
import { ByteWriter, type RowEncoder } from '../row-encoder.ts'

/** An encoder of lines: the one STRING column of its batches, each value with `lineSep` behind it; NULL is an empty line. */
export function textEncoder(lineSep: string): RowEncoder {
  return new Encoder(Buffer.from(lineSep))
}

class Encoder implements RowEncoder {
  readonly #out = new ByteWriter()
  readonly #separator: Buffer

  constructor(separator: Buffer) {
    this.#separator = separator
  }

  get length(): number {
    return this.#out.q
  }

  encode(batch: Batch): void {
    const column = batch.columns[0]!
    const n = batch.rowCount
    for (let i = 0; i < n; i++) {
      const r = batch.rowAt(i)
      if (!column.isNull(r)) {
        const { data, starts, ends } = asShape(column, 'bytes')
        this.#out.bytes(data, starts[r]!, ends[r]!)
      }
      this.#out.bytes(this.#separator, 0, this.#separator.length)
    }
  }

  take(): Buffer {
    return this.#out.take()
  }
}
