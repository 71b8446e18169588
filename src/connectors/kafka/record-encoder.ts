import type { compressor } from './codecs/codec.ts'
import { crc32c } from './codecs/crc32c.ts'
import { HEADER_BYTES, TRANSACTIONAL } from './record-batches.ts'
import { Reader } from './wire/reader.ts'
import { Writer } from './wire/writer.ts'

/** Bytes of a column's value, shared with the column; null for NULL. */
export interface Bytes {
  readonly data: Buffer
  readonly from: number
  readonly to: number
}

/** One record to be sent. */
export interface OutRecord {
  readonly key: Bytes | null
  readonly value: Bytes | null
  readonly headers: readonly { readonly key: Buffer; readonly value: Uint8Array | null }[]
}

/** Who sends a batch: the broker refuses what it has already, what leaves a gap, and epochs before the last. */
export interface ProducerStamp {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly isTransactional: boolean
}

const varintBytes = (value: number): number => {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1
  let n = 1
  for (; rest > 127; n++) rest = Math.floor(rest / 128)
  return n
}
const zigzag = (n: number): number => (n % 2 === 0 ? n / 2 : -(n + 1) / 2)
const lengthOf = (bytes: Bytes | null): number => (bytes === null ? -1 : bytes.to - bytes.from)

/** Bytes of a record within its batch, without its own length, at a place among its neighbours. */
function bodyBytes(record: OutRecord, at: number): number {
  const field = (length: number): number => varintBytes(length) + Math.max(0, length)
  let n = 2 + varintBytes(at) + field(lengthOf(record.key)) + field(lengthOf(record.value))
  n += varintBytes(record.headers.length)
  for (const { key, value } of record.headers) n += field(key.length) + field(value === null ? -1 : value.length)
  return n
}

/** The records of one partition, as they gather to a batch. All carry one time. */
export class RecordEncoder {
  readonly #records = new Writer(16 << 10)
  #count = 0

  /** Bytes of a batch without records. */
  static readonly emptyBytes = HEADER_BYTES

  get count(): number {
    return this.#count
  }
  /** Bytes of the batch as it stands, uncompressed. */
  get byteLength(): number {
    return HEADER_BYTES + this.#records.length
  }

  /** Bytes a batch of this record alone takes. */
  static bytesAlone(record: OutRecord): number {
    const body = bodyBytes(record, 0)
    return HEADER_BYTES + varintBytes(body) + body
  }

  add(record: OutRecord): void {
    const at = this.#count++
    const w = this.#records
    w.varint(bodyBytes(record, at)).int8(0).varint(0).varint(at)
    for (const bytes of [record.key, record.value]) {
      w.varint(lengthOf(bytes))
      if (bytes !== null) w.raw(bytes.data.subarray(bytes.from, bytes.to))
    }
    w.varint(record.headers.length)
    for (const { key, value } of record.headers) {
      w.varint(key.length).raw(key)
      w.varint(value === null ? -1 : value.length)
      if (value !== null) w.raw(value)
    }
  }

  /** The same records in two; null when there is but one. */
  halves(): readonly RecordEncoder[] | null {
    if (this.count < 2) return null
    const halves = [new RecordEncoder(), new RecordEncoder()]
    const r = new Reader(this.#records.written)
    for (let i = 0; i < this.count; i++) {
      const half = halves[i < this.count >> 1 ? 0 : 1]!
      const end = zigzag(r.uvarint()) + r.at
      // Attributes, a time delta of 0, and the place in the batch, which is another one now.
      r.at += 2
      r.uvarint()
      half.#addRest(r.raw(end - r.at))
    }
    return halves
  }

  /** A record from its key on. */
  #addRest(rest: Buffer): void {
    const at = this.#count++
    this.#records
      .varint(2 + varintBytes(at) + rest.length)
      .int8(0)
      .varint(0)
      .varint(at)
      .raw(rest)
  }

  /** The batch on the wire. */
  encode(timestampMs: number, stamp: ProducerStamp, codec: ReturnType<typeof compressor>): Buffer {
    const records = codec.compress(this.#records.written)
    const w = new Writer(HEADER_BYTES + records.length)
    w.int64(0)
      .int32(HEADER_BYTES - 12 + records.length)
      .int32(-1)
      .int8(2)
      .int32(0)
      .int16(codec.codec | (stamp.isTransactional ? TRANSACTIONAL : 0))
      .int32(this.count - 1)
      .int64(timestampMs)
      .int64(timestampMs)
      .int64(stamp.producerId)
      .int16(stamp.producerEpoch)
      .int32(stamp.baseSequence)
      .int32(this.count)
      .raw(records)
    w.patchInt32(17, crc32c(w.written, 21) | 0)
    return w.written
  }
}
