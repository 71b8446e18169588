import type { Batch } from '../../columns/batch.ts'
import { DECODE_SLACK, type LineDecoder } from '../line-decoder.ts'

/** A decoder of JSON records with `separator` between them, which may hold line ends, from one of JSON lines. */
export function separatedJson(lines: LineDecoder, separator: Buffer): LineDecoder {
  return new Separated(lines, separator)
}

class Separated implements LineDecoder {
  readonly separator: Buffer
  readonly keepsBlock = false
  readonly #lines: LineDecoder

  constructor(lines: LineDecoder, separator: Buffer) {
    this.#lines = lines
    this.separator = separator
  }

  get lines(): number {
    return this.#lines.lines
  }
  get droppedRows(): number {
    return this.#lines.droppedRows ?? 0
  }
  get slowRows(): number {
    return this.#lines.slowRows ?? 0
  }
  release(): void {
    this.#lines.release?.()
  }

  decode(block: Buffer, start: number, end: number, sink: (batch: Batch) => void): void {
    // Inside a record a line end is a blank; between two records stands one.
    const text = Buffer.allocUnsafeSlow(end - start + DECODE_SLACK)
    let w = 0
    for (let p = start; p < end;) {
      const found = block.indexOf(this.separator, p)
      const stop = found < 0 || found > end ? end : found
      const from = w
      w += block.copy(text, w, p, stop)
      for (let q = from; q < w; q++) if (text[q] === 10) text[q] = 32
      p = stop + this.separator.length
      if (p < end) text[w++] = 10
    }
    this.#lines.decode(text, 0, w, sink)
  }
}
