/** Writes the primitive types of Kafka's protocol, big-endian, into a buffer that grows. Methods chain. */
export class Writer {
  #buffer: Buffer
  #length = 0

  constructor(capacity = 512) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity)
  }

  get length(): number {
    return this.#length
  }
  /** The bytes written so far, shared with the writer until its next write. */
  get written(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Makes room for `count` bytes and steps over them; gives where they begin. */
  reserve(count: number): number {
    const at = this.#length
    const end = at + count
    if (end > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(end, this.#buffer.length * 2))
      this.#buffer.copy(grown, 0, 0, at)
      this.#buffer = grown
    }
    this.#length = end
    return at
  }

  /** Forgets what was written; the buffer stays. */
  clear(): void {
    this.#length = 0
  }
  /** Drops what was written behind `length`. */
  truncate(length: number): void {
    this.#length = length
  }

  int8(value: number): this {
    const at = this.reserve(1)
    this.#buffer.writeInt8(value, at)
    return this
  }
  int16(value: number): this {
    const at = this.reserve(2)
    this.#buffer.writeInt16BE(value, at)
    return this
  }
  int32(value: number): this {
    const at = this.reserve(4)
    this.#buffer.writeInt32BE(value, at)
    return this
  }
  uint32(value: number): this {
    return this.int32(value | 0)
  }
  int64(value: number | bigint): this {
    const at = this.reserve(8)
    this.#buffer.writeBigInt64BE(BigInt(value), at)
    return this
  }
  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  uvarint(value: number): this {
    let rest = value
    while (rest > 127) {
      this.int8((((rest % 128) | 128) << 24) >> 24)
      rest = Math.floor(rest / 128)
    }
    return this.int8(rest)
  }
  /** Zigzag, for numbers within ±2^52. */
  varint(value: number): this {
    return this.uvarint(value >= 0 ? value * 2 : -value * 2 - 1)
  }

  raw(bytes: Uint8Array): this {
    const at = this.reserve(bytes.length)
    this.#buffer.set(bytes, at)
    return this
  }
  string(text: string | null): this {
    if (text === null) return this.int16(-1)
    const bytes = Buffer.byteLength(text)
    this.int16(bytes)
    const at = this.reserve(bytes)
    this.#buffer.write(text, at)
    return this
  }
  compactString(text: string): this {
    const bytes = Buffer.byteLength(text)
    this.uvarint(bytes + 1)
    const at = this.reserve(bytes)
    this.#buffer.write(text, at)
    return this
  }
  bytes(bytes: Uint8Array | null): this {
    return bytes === null ? this.int32(-1) : this.int32(bytes.length).raw(bytes)
  }

  array<T>(items: Iterable<T>, item: (value: T) => void): this {
    const all = [...items]
    this.int32(all.length)
    all.forEach(item)
    return this
  }
  compactArray<T>(items: Iterable<T>, item: (value: T) => void): this {
    const all = [...items]
    this.uvarint(all.length + 1)
    all.forEach(item)
    return this
  }
  tags(): this {
    return this.int8(0)
  }

  /** Writes over what was reserved at `at`. */
  patchInt32(at: number, value: number): void {
    this.#buffer.writeInt32BE(value, at)
  }
}
