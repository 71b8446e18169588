import type { Batch } from '../columns/batch.ts'

/** Batches to bytes of a file, appended to a buffer that grows. */
export interface RowEncoder {
  /** Appends the rows that count. */
  encode(batch: Batch): void
  /** Bytes waiting. */
  readonly length: number
  /** Hands out the bytes, valid until the next `encode`, and begins anew. */
  take(): Buffer
}

/** A buffer that grows, for encoders. */
export class ByteWriter {
  b: Buffer = Buffer.allocUnsafeSlow(1 << 16)
  q = 0

  /** Makes room for `count` bytes more. */
  room(count: number): void {
    if (this.b.length - this.q >= count) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.b.length * 2, this.q + count))
    this.b.copy(larger, 0, 0, this.q)
    this.b = larger
  }
  byte(x: number): void {
    if (this.q === this.b.length) this.room(1)
    this.b[this.q++] = x
  }
  text(text: string): void {
    this.room(text.length * 3)
    this.q += this.b.write(text, this.q, 'utf8')
  }
  bytes(data: Buffer, start: number, end: number): void {
    this.room(end - start)
    this.q += data.copy(this.b, this.q, start, end)
  }
  take(): Buffer {
    const out = this.b.subarray(0, this.q)
    this.q = 0
    return out
  }
}
