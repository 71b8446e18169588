import { CheckpointError } from '../errors/errors.ts'

/** Bytes being written, little-endian, at the end of a buffer that grows. */
export class ByteWriter {
  #bytes: Uint8Array
  #view: DataView
  #length = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(Math.max(16, capacity))
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length
  }

  /** Makes room for `count` more bytes and steps over them; gives the position where they begin. */
  reserve(count: number): number {
    const at = this.#length
    const end = at + count
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2))
      grown.set(this.#bytes.subarray(0, at))
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    this.#length = end
    return at
  }

  /** The buffer itself; valid until the next `reserve`. */
  get bytes(): Uint8Array {
    return this.#bytes
  }
  /** A view of the buffer itself; valid until the next `reserve`. */
  get view(): DataView {
    return this.#view
  }

  u8(value: number): void {
    const at = this.reserve(1)
    this.#bytes[at] = value
  }
  u32(value: number): void {
    const at = this.reserve(4)
    this.#view.setUint32(at, value, true)
  }
  i32(value: number): void {
    const at = this.reserve(4)
    this.#view.setInt32(at, value, true)
  }
  i64(value: bigint): void {
    const at = this.reserve(8)
    this.#view.setBigInt64(at, value, true)
  }
  f32(value: number): void {
    const at = this.reserve(4)
    this.#view.setFloat32(at, value, true)
  }
  f64(value: number): void {
    const at = this.reserve(8)
    this.#view.setFloat64(at, value, true)
  }
  raw(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** What was written, without a copy; the writer must not be used afterwards. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }
}

/** Reads what a ByteWriter wrote. Reading past the end throws CHECKPOINT_CORRUPT naming `what`. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #what: string
  #at = 0

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#what = what
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  /** An error that says what is wrong with these bytes. */
  damaged(message: string): CheckpointError {
    return new CheckpointError('CHECKPOINT_CORRUPT', { what: this.#what, message })
  }

  #step(count: number): number {
    const at = this.#at
    if (count > this.#bytes.length - at) throw this.damaged(`${count} bytes expected at ${at}, ${this.remaining} left`)
    this.#at = at + count
    return at
  }

  u8(): number {
    return this.#bytes[this.#step(1)]!
  }
  u32(): number {
    return this.#view.getUint32(this.#step(4), true)
  }
  i32(): number {
    return this.#view.getInt32(this.#step(4), true)
  }
  i64(): bigint {
    return this.#view.getBigInt64(this.#step(8), true)
  }
  f32(): number {
    return this.#view.getFloat32(this.#step(4), true)
  }
  f64(): number {
    return this.#view.getFloat64(this.#step(8), true)
  }
  /** The next `count` bytes, shared with the input. */
  raw(count: number): Uint8Array {
    const at = this.#step(count)
    return this.#bytes.subarray(at, at + count)
  }
}
