import { isUtf8 } from 'node:buffer'
import { Batch, MAX_BATCH_ROWS } from '../../columns/batch.ts'
import { BytesVector } from '../../columns/vector.ts'
import { field, schemaOf, STRING, type Schema } from '../../types/data-type.ts'
import { type LineDecoder, type LineDecoderOptions, NOT_UTF8 } from '../line-decoder.ts'
import { malformedRecord } from '../malformed.ts'

/** The columns of text: `value STRING`. */
export const TEXT_SCHEMA = schemaOf(field('value', STRING))

export interface TextDecoderOptions extends Pick<
  LineDecoderOptions,
  'mayReuse' | 'mode' | 'onBad' | 'judgesAll' | 'place'
> {
  /** All of a file is one value. */
  readonly whole?: boolean
  /** What stands between two lines; null: `\n`, and a `\r` before it. */
  readonly separator?: Buffer | null
}

/** One row a line, the line without its end as `value`; empty lines are rows. `schema` is one STRING column, or empty. */
export function textDecoder(schema: Schema, options: TextDecoderOptions = {}): LineDecoder {
  return new TextDecoder(schema, options)
}

class TextDecoder implements LineDecoder {
  lines = 0
  readonly keepsBlock: boolean
  readonly #schema: Schema
  readonly #mayReuse: boolean
  readonly #options: TextDecoderOptions
  readonly framing: 'lines' | 'whole'
  readonly separator: Buffer | null
  /** Arrays of batches given out, and those that came back. */
  #lent: Int32Array[] = []
  #free: Int32Array[] = []

  constructor(schema: Schema, options: TextDecoderOptions) {
    this.#mayReuse = options.mayReuse === true
    this.#options = options
    this.framing = options.whole === true ? 'whole' : 'lines'
    this.separator = options.separator ?? null
    this.#schema = schema
    this.keepsBlock = schema.fields.length > 0
  }

  #array(): Int32Array {
    const array = this.#free.pop() ?? new Int32Array(MAX_BATCH_ROWS)
    if (this.#mayReuse) this.#lent.push(array)
    return array
  }

  release(): void {
    this.#free.push(...this.#lent)
    this.#lent.length = 0
  }

  /** Reports the line that ends here; false when it is read as NULL. */
  #isLeftOut(bytes: Buffer, line: number): boolean {
    const { mode = 'FAILFAST', onBad, place } = this.#options
    if (mode === 'FAILFAST') throw malformedRecord(bytes.toString(), place?.(line) ?? `line ${line}`, NOT_UTF8)
    onBad?.({ reason: NOT_UTF8, line, bytes })
    return mode === 'DROPMALFORMED'
  }

  decode(block: Buffer, start: number, end: number, sink: (batch: Batch) => void): void {
    let lines = (this.lines = 0)
    const { separator } = this
    const trims = separator === null && this.framing === 'lines'
    const judges = this.#options.judgesAll === true && !isUtf8(block.subarray(start, end))
    for (let p = start; p < end;) {
      const starts = this.#array()
      const ends = this.#array()
      let validity: Uint8Array | null = null
      let n = 0
      while (p < end && n < MAX_BATCH_ROWS) {
        let e = this.framing === 'whole' ? end : separator === null ? block.indexOf(10, p) : block.indexOf(separator, p)
        if (e < 0 || e > end) e = end
        starts[n] = p
        ends[n++] = trims && e > p && block[e - 1] === 13 ? e - 1 : e
        p = e + (separator?.length ?? 1)
        lines++
        if (!judges || isUtf8(block.subarray(starts[n - 1], ends[n - 1]))) continue
        if (this.#isLeftOut(block.subarray(starts[n - 1], ends[n - 1]), lines)) n--
        else (validity ??= new Uint8Array(MAX_BATCH_ROWS).fill(1))[n - 1] = 0
      }
      this.lines = lines
      if (n === 0) continue
      const nulls = validity
      const columns = this.#schema.fields.map((f) => new BytesVector(f.type, block, starts, ends, nulls, n))
      sink(new Batch(this.#schema, columns, n))
    }
  }
}
