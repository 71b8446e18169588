import { Batch, MAX_BATCH_ROWS } from '../../columns/batch.ts'
import { allNull } from '../../columns/all-null.ts'
import { constantVector } from '../../columns/constant.ts'
import { BytesVector, Int32Vector, Int64Vector, ListVector, StructVector, type Vector } from '../../columns/vector.ts'
import { ExecutionError } from '../../errors/errors.ts'
import { BIGINT, BINARY, type DataType, type Schema, STRING, TIMESTAMP } from '../../types/data-type.ts'
import { projection } from '../project.ts'
import { decompress } from './codecs/codec.ts'
import { HEADER, sourceColumns } from './columns.ts'
import { LOG_APPEND_TIME, type RecordBatch } from './record-batches.ts'

/** The records of one partition with offsets in [from, to). */
export interface RecordRange {
  readonly topic: string
  readonly partition: number
  readonly from: number
  readonly to: number
}

/** Rows, and the offset of each physical one. */
export interface DecodedRecords {
  readonly batch: Batch
  offsetOf(row: number): number
}

/**
 * Turns record batches into columns without an object per record: keys, values and headers stay where they were fetched
 * or decompressed to. Only the columns of `schema` are made.
 */
export class RecordDecoder {
  readonly #schema: Schema
  readonly #project: (batch: Batch) => Batch
  readonly #wants: ReadonlySet<string>

  constructor(schema: Schema) {
    this.#wants = new Set(schema.fields.map((f) => f.name))
    this.#schema = { fields: sourceColumns(true).fields.filter((f) => this.#wants.has(f.name)) }
    this.#project = projection(this.#schema, schema)
  }

  /** The rows of `range` among `batches` (visible ones, of `bytes`), in order, in batches of at most MAX_BATCH_ROWS. */
  decode(bytes: Buffer, batches: readonly RecordBatch[], range: RecordRange): DecodedRecords[] {
    const { from, to } = range
    const where = `${range.topic}-${range.partition}`
    const within = batches.filter((b) => b.lastOffset >= from && b.baseOffset < to && b.count > 0)
    if (within.length === 0) return []
    const { data, starts } = payload(bytes, within, where)
    let left = within.reduce((n, b) => n + b.count, 0)
    const out: DecodedRecords[] = []
    let rows = new Rows(data, Math.min(left, MAX_BATCH_ROWS), this.#wants)
    const flush = (): void => {
      if (rows.count > 0) out.push({ batch: this.#batch(rows, range), offsetOf: rows.offsetOf })
    }
    for (const [i, batch] of within.entries()) {
      const cursor = new RecordCursor(data, starts[i]!, starts[i + 1]!, where)
      for (let k = 0; k < batch.count; k++, left--) {
        if (rows.count === MAX_BATCH_ROWS) {
          flush()
          rows = new Rows(data, Math.min(left, MAX_BATCH_ROWS), this.#wants)
        }
        const offset = cursor.begin(batch.baseOffset)
        if (offset >= from && offset < to) rows.take(cursor, batch, offset)
        cursor.end()
      }
    }
    flush()
    return out
  }

  #batch(rows: Rows, { topic, partition }: RecordRange): Batch {
    const n = rows.count
    const columns = this.#schema.fields.map((f): Vector => {
      if (f.name === 'topic') return constantVector(f.type, topic, n)
      if (f.name === 'partition') return constantVector(f.type, partition, n)
      return rows.column(f.name)
    })
    return this.#project(new Batch(this.#schema, columns, n))
  }
}

/** One buffer with the records of all batches, and where each batch begins in it; the last start is the end. */
function payload(
  bytes: Buffer,
  batches: readonly RecordBatch[],
  where: string,
): { readonly data: Buffer; readonly starts: readonly number[] } {
  if (batches.every((b) => b.codec === 0)) {
    // Records of one batch are counted, so that the end of the bytes will do as the end of each.
    return { data: bytes, starts: [...batches.map((b) => b.from), bytes.length] }
  }
  const parts = batches.map((b) => decompress(b.codec, bytes.subarray(b.from, b.to), where))
  const starts = [0]
  for (const part of parts) starts.push(starts.at(-1)! + part.length)
  return { data: parts.length === 1 ? parts[0]! : Buffer.concat(parts), starts }
}

/** Walks the records of one batch. `begin` reads up to the offset; the caller reads the rest, or `end` steps over it. */
class RecordCursor {
  readonly data: Buffer
  readonly #end: number
  readonly #where: string
  at: number
  timestampDelta = 0
  #recordEnd = 0

  constructor(data: Buffer, at: number, end: number, where: string) {
    this.data = data
    this.at = at
    this.#end = end
    this.#where = where
  }

  begin(baseOffset: number): number {
    const length = this.varint()
    this.#recordEnd = this.at + length
    if (length < 0 || this.#recordEnd > this.data.length || this.at >= this.data.length) throw this.#corrupt()
    this.at++
    this.timestampDelta = this.varint()
    return baseOffset + this.varint()
  }

  end(): void {
    if (this.at > this.#recordEnd) throw this.#corrupt()
    this.at = this.#recordEnd
  }

  varint(): number {
    const { data } = this
    let b = data[this.at++]!
    if (b < 128) return (b >>> 1) ^ -(b & 1)
    let value = b & 127
    for (let scale = 128; b >= 128; scale *= 128) {
      b = data[this.at++]!
      if (b === undefined) throw this.#corrupt()
      value += (b & 127) * scale
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** Steps over bytes whose length was read; what is shorter than nothing or longer than the record is damage. */
  skip(length: number): number {
    const from = this.at
    this.at = from + length
    if (this.at > this.#recordEnd) throw this.#corrupt()
    return from
  }

  #corrupt(): ExecutionError {
    return new ExecutionError('KAFKA_RECORDS_CORRUPT', {
      where: this.#where,
      message: `a record at byte ${this.at} of ${this.#end} does not fit its batch`,
    })
  }
}

const TWO_32 = 2 ** 32

/** Writes an int64 as its halves: no BigInt is made. */
function putInt64(halves: Int32Array, row: number, value: number): void {
  const high = Math.floor(value / TWO_32)
  halves[2 * row] = value - high * TWO_32
  halves[2 * row + 1] = high
}

/** Positions of bytes in a shared buffer, NULL where they are negative. */
class Slots {
  readonly starts: Int32Array
  readonly ends: Int32Array
  #validity: Uint8Array | null = null
  constructor(capacity: number) {
    this.starts = new Int32Array(capacity)
    this.ends = new Int32Array(capacity)
  }
  put(row: number, start: number, length: number): void {
    if (length < 0) {
      ;(this.#validity ??= new Uint8Array(this.starts.length).fill(1))[row] = 0
      return
    }
    this.starts[row] = start
    this.ends[row] = start + length
  }
  validity(count: number): Uint8Array | null {
    return this.#validity?.subarray(0, count) ?? null
  }
  vector(type: DataType, data: Buffer, count: number): BytesVector {
    return new BytesVector(
      type,
      data,
      this.starts.subarray(0, count),
      this.ends.subarray(0, count),
      this.validity(count),
    )
  }
}

/** Rows under way. */
class Rows {
  readonly #data: Buffer
  readonly #keys: Slots | null
  readonly #values: Slots | null
  readonly #headers: HeaderSlots | null
  readonly #offsets: Int32Array
  readonly #times: Int32Array
  readonly #timeTypes: Int32Array
  /** Rows whose offset is not the next one after that of the row before, and their offsets: compaction leaves gaps. */
  readonly #runs: { readonly row: number; readonly offset: number }[] = []
  #nextOffset = -1
  count = 0

  constructor(data: Buffer, capacity: number, wants: ReadonlySet<string>) {
    this.#data = data
    this.#keys = wants.has('key') ? new Slots(capacity) : null
    this.#values = wants.has('value') ? new Slots(capacity) : null
    this.#headers = wants.has('headers') ? new HeaderSlots(capacity) : null
    this.#offsets = new Int32Array(wants.has('offset') ? 2 * capacity : 0)
    this.#times = new Int32Array(wants.has('timestamp') ? 2 * capacity : 0)
    this.#timeTypes = new Int32Array(wants.has('timestampType') ? capacity : 0)
  }

  /** Takes the record whose key comes next. */
  take(cursor: RecordCursor, batch: RecordBatch, offset: number): void {
    const row = this.count++
    if (offset !== this.#nextOffset) this.#runs.push({ row, offset })
    this.#nextOffset = offset + 1
    const appended = (batch.attributes & LOG_APPEND_TIME) !== 0
    if (this.#offsets.length > 0) putInt64(this.#offsets, row, offset)
    if (this.#times.length > 0) {
      const ms = appended ? batch.maxTimestampMs : batch.baseTimestampMs + cursor.timestampDelta
      putInt64(this.#times, row, ms * 1000)
    }
    if (appended && this.#timeTypes.length > 0) this.#timeTypes[row] = 1
    if (this.#keys === null && this.#values === null && this.#headers === null) return
    const keyLength = cursor.varint()
    const key = cursor.skip(Math.max(0, keyLength))
    this.#keys?.put(row, key, keyLength)
    if (this.#values === null && this.#headers === null) return
    const valueLength = cursor.varint()
    const value = cursor.skip(Math.max(0, valueLength))
    this.#values?.put(row, value, valueLength)
    this.#headers?.take(cursor, row)
  }

  readonly offsetOf = (row: number): number => {
    const run = this.#runs.findLast((r) => r.row <= row)!
    return run.offset + row - run.row
  }

  column(name: string): Vector {
    const n = this.count
    const int64 = (halves: Int32Array): BigInt64Array => new BigInt64Array(halves.buffer, 0, n)
    switch (name) {
      case 'key':
        return this.#keys!.vector(BINARY, this.#data, n)
      case 'value':
        return this.#values!.vector(BINARY, this.#data, n)
      case 'offset':
        return new Int64Vector(BIGINT, int64(this.#offsets), null)
      case 'timestamp':
        return new Int64Vector(TIMESTAMP, int64(this.#times), null)
      case 'timestampType':
        return new Int32Vector({ kind: 'int' }, this.#timeTypes.subarray(0, n), null)
      default:
        return this.#headers!.vector(this.#data, n)
    }
  }
}

/** The headers of rows under way; a record without any has NULL, as in Spark. */
class HeaderSlots {
  readonly #rows: Slots
  readonly #keys: [start: number, length: number][] = []
  readonly #values: [start: number, length: number][] = []

  constructor(capacity: number) {
    this.#rows = new Slots(capacity)
  }

  take(cursor: RecordCursor, row: number): void {
    const count = cursor.varint()
    this.#rows.put(row, this.#keys.length, count === 0 ? -1 : count)
    for (let i = 0; i < count; i++)
      for (const into of [this.#keys, this.#values]) {
        const length = cursor.varint()
        into.push([cursor.skip(Math.max(0, length)), length])
      }
  }

  vector(data: Buffer, count: number): Vector {
    const type = { kind: 'array', element: HEADER, containsNull: true } as const
    const n = this.#keys.length
    if (n === 0) return allNull(type, count)
    const slots = (all: readonly [number, number][]): Slots => {
      const out = new Slots(n)
      all.forEach(([start, length], i) => out.put(i, start, length))
      return out
    }
    const members = [slots(this.#keys).vector(STRING, data, n), slots(this.#values).vector(BINARY, data, n)]
    const { starts, ends } = this.#rows
    return new ListVector(
      type,
      starts.subarray(0, count),
      ends.subarray(0, count),
      new StructVector(HEADER, members, null, n),
      this.#rows.validity(count),
    )
  }
}
