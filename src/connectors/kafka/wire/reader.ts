import { ExecutionError } from '../../../errors/errors.ts'

/**
 * Reads the primitive types of Kafka's protocol, big-endian, from one response. int64 come as numbers: offsets and
 * times stay below 2^53. Reading past the end throws KAFKA_PROTOCOL_FAILED.
 */
export class Reader {
  readonly buffer: Buffer
  at: number

  constructor(buffer: Buffer, at = 0) {
    this.buffer = buffer
    this.at = at
  }

  #step(count: number): number {
    const at = this.at
    if (count < 0 || at + count > this.buffer.length)
      throw new ExecutionError('KAFKA_PROTOCOL_FAILED', {
        message: `${count} bytes expected at ${at} of ${this.buffer.length}`,
      })
    this.at = at + count
    return at
  }

  int8(): number {
    return this.buffer.readInt8(this.#step(1))
  }
  int16(): number {
    return this.buffer.readInt16BE(this.#step(2))
  }
  int32(): number {
    return this.buffer.readInt32BE(this.#step(4))
  }
  int64(): number {
    return Number(this.buffer.readBigInt64BE(this.#step(8)))
  }
  boolean(): boolean {
    return this.int8() !== 0
  }

  uvarint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const b = this.buffer[this.#step(1)]!
      value += (b & 127) * scale
      if (b < 128) return value
    }
  }

  /** The next `count` bytes, shared with the response. */
  raw(count: number): Buffer {
    const at = this.#step(count)
    return this.buffer.subarray(at, at + count)
  }

  string(): string {
    return this.raw(this.int16()).toString('utf8')
  }
  nullableString(): string | null {
    const length = this.int16()
    return length < 0 ? null : this.raw(length).toString('utf8')
  }
  compactString(): string {
    return this.raw(this.uvarint() - 1).toString('utf8')
  }
  compactNullableString(): string | null {
    const length = this.uvarint() - 1
    return length < 0 ? null : this.raw(length).toString('utf8')
  }
  /** Null bytes are empty. */
  bytes(): Buffer {
    return this.raw(Math.max(0, this.int32()))
  }
  uuid(): string {
    return this.raw(16).toString('hex')
  }

  /** A null array is empty. */
  array<T>(item: () => T): T[] {
    return this.#items(this.int32(), item)
  }
  compactArray<T>(item: () => T): T[] {
    return this.#items(this.uvarint() - 1, item)
  }
  #items<T>(count: number, item: () => T): T[] {
    const out: T[] = []
    for (let i = 0; i < count; i++) out.push(item())
    return out
  }

  skipTags(): void {
    for (let n = this.uvarint(); n > 0; n--) {
      this.uvarint()
      this.raw(this.uvarint())
    }
  }
}
