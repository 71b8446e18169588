import type { Schema } from '../types/data-type.ts'
import type { CalendarInterval } from '../types/value.ts'
import type { Batch } from './batch.ts'
import { ByteReader, ByteWriter } from './byte-buffer.ts'
import { CODEC_VERSION, readBatch } from './codec-read.ts'
import type {
  BytesVector,
  Float32Vector,
  Float64Vector,
  Int128Vector,
  Int64Vector,
  ListVector,
  MapVector,
  Validity,
  Vector,
} from './vector.ts'

/**
 * Columns as compact bytes, for change logs, snapshots and ingested rows. Little-endian, not aligned, without a
 * checksum (the caller has one). FROZEN as version 1:
 *
 *   u8 version, u32 row count, then each column:
 *   u8 nulls: 0 none, 1 a bitmap follows (1 a value), 2 all NULL and nothing follows; then by shape
 *   bool     a bitmap
 *   i32      u8 width 1, 2 or 4, then signed values of that many bytes
 *   i64      u8 width 1, 2, 4 or 8, likewise
 *   f32 f64  the values
 *   bytes    the lengths as i32, u32 total, the bytes
 *   list     the lengths as i32, u32 total, the child column of that many rows
 *   map      the lengths as i32, u32 total, the key column, the value column
 *   struct   each member column
 *   i128     16 bytes each
 *   object   16 bytes each: int32 months, int32 days, int64 microseconds
 *
 * What stands at a NULL is zero.
 *
 * `encodeBatch` takes the rows given (null: the first `n`) of `vectors`, one per field. Selections are the caller's
 * to pass as `rows`.
 */
export function encodeBatch(
  schema: Schema,
  vectors: readonly Vector[],
  rows: Int32Array | null,
  n: number,
): Uint8Array {
  const w = new ByteWriter(64 + n * 8 * vectors.length)
  writeBatch(w, schema, vectors, rows, n)
  return w.finish()
}

/** The batch `encodeBatch` was given. Bytes that are no such batch throw CHECKPOINT_CORRUPT naming `what`. */
export function decodeBatch(schema: Schema, bytes: Uint8Array, what = 'a batch of rows'): Batch {
  return readBatch(new ByteReader(bytes, what), schema)
}

/** As `encodeBatch`, at the end of `w`. */
export function writeBatch(
  w: ByteWriter,
  schema: Schema,
  vectors: readonly Vector[],
  rows: Int32Array | null,
  n: number,
): void {
  w.u8(CODEC_VERSION)
  w.u32(n)
  for (let i = 0; i < schema.fields.length; i++) writeColumn(w, vectors[i]!, rows, n)
}

function writeBits(w: ByteWriter, values: Uint8Array, rows: Int32Array | null, n: number, validity: Validity): void {
  const at = w.reserve((n + 7) >> 3)
  const out = w.bytes
  out.fill(0, at, w.length)
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    if (values[r] !== 0 && (validity === null || validity[r] !== 0)) out[at + (i >> 3)]! |= 1 << (i & 7)
  }
}

function writeInts(w: ByteWriter, values: Int32Array, n: number): void {
  let min = 0
  let max = 0
  for (let i = 0; i < n; i++) {
    const v = values[i]!
    if (v < min) min = v
    if (v > max) max = v
  }
  if (min >= -128 && max <= 127) {
    w.u8(1)
    const at = w.reserve(n)
    w.bytes.set(new Int8Array(values.subarray(0, n)), at)
  } else if (min >= -32768 && max <= 32767) {
    w.u8(2)
    w.raw(new Uint8Array(new Int16Array(values.subarray(0, n)).buffer))
  } else {
    w.u8(4)
    w.raw(new Uint8Array(values.buffer, values.byteOffset, n * 4))
  }
}

function writeLongs(w: ByteWriter, v: Int64Vector, rows: Int32Array | null, n: number): void {
  const halves = v.halves
  const validity = v.validity
  const low = new Int32Array(n)
  let i = 0
  for (; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    if (validity !== null && validity[r] === 0) continue
    const lo = halves[r << 1]!
    if (halves[(r << 1) + 1] !== lo >> 31) break
    low[i] = lo
  }
  if (i === n) {
    writeInts(w, low, n)
    return
  }
  w.u8(8)
  const out = new Int32Array(n * 2)
  for (i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    if (validity !== null && validity[r] === 0) continue
    out[i << 1] = halves[r << 1]!
    out[(i << 1) + 1] = halves[(r << 1) + 1]!
  }
  w.raw(new Uint8Array(out.buffer))
}

function writeWide(w: ByteWriter, v: Int128Vector, rows: Int32Array | null, n: number): void {
  const { halves, validity } = v
  const out = new Int32Array(4 * n)
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    if (validity === null || validity[r] !== 0) for (let k = 0; k < 4; k++) out[4 * i + k] = halves[4 * r + k]!
  }
  w.raw(new Uint8Array(out.buffer))
}

function writeBytes(w: ByteWriter, v: BytesVector, rows: Int32Array | null, n: number): void {
  const { starts, ends, validity } = v
  const lengths = new Int32Array(n)
  let total = 0
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    if (validity === null || validity[r] !== 0) total += lengths[i] = ends[r]! - starts[r]!
  }
  writeInts(w, lengths, n)
  w.u32(total)
  let at = w.reserve(total)
  const out = w.bytes
  const data = v.data
  for (let i = 0; i < n; i++) {
    const length = lengths[i]!
    const start = starts[rows === null ? i : rows[i]!]!
    // a loop beats the call, which makes an object, for short values
    if (length < 96) for (let k = 0; k < length; k++) out[at + k] = data[start + k]!
    else out.set(data.subarray(start, start + length), at)
    at += length
  }
}

/** Lengths of lists or maps and the physical rows of their elements. */
function writeSpans(w: ByteWriter, v: ListVector | MapVector, rows: Int32Array | null, n: number): Int32Array {
  const lengths = new Int32Array(n)
  let total = 0
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    if (v.validity === null || v.validity[r] !== 0) total += lengths[i] = v.ends[r]! - v.starts[r]!
  }
  writeInts(w, lengths, n)
  w.u32(total)
  const elements = new Int32Array(total)
  let at = 0
  for (let i = 0; i < n; i++) {
    const start = v.starts[rows === null ? i : rows[i]!]!
    for (let k = 0; k < lengths[i]!; k++) elements[at++] = start + k
  }
  return elements
}

function writeFloats(w: ByteWriter, v: Float32Vector | Float64Vector, rows: Int32Array | null, n: number): void {
  const out = v.shape === 'f32' ? new Float32Array(n) : new Float64Array(n)
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    if (v.validity === null || v.validity[r] !== 0) out[i] = v.values[r]!
  }
  w.raw(new Uint8Array(out.buffer))
}

function writeColumn(w: ByteWriter, v: Vector, rows: Int32Array | null, n: number): void {
  const validity = v.validity
  let valid = n
  if (validity !== null) {
    valid = 0
    for (let i = 0; i < n; i++) valid += validity[rows === null ? i : rows[i]!]!
  }
  if (valid === 0 && n > 0) {
    w.u8(2)
    return
  }
  w.u8(valid === n ? 0 : 1)
  if (valid < n) writeBits(w, validity!, rows, n, null)
  switch (v.shape) {
    case 'bool':
      writeBits(w, v.values, rows, n, validity)
      return
    case 'i32': {
      const out = new Int32Array(n)
      for (let i = 0; i < n; i++) {
        const r = rows === null ? i : rows[i]!
        if (validity === null || validity[r] !== 0) out[i] = v.values[r]!
      }
      writeInts(w, out, n)
      return
    }
    case 'i64':
      writeLongs(w, v, rows, n)
      return
    case 'i128':
      writeWide(w, v, rows, n)
      return
    case 'f32':
    case 'f64':
      writeFloats(w, v, rows, n)
      return
    case 'bytes':
      writeBytes(w, v, rows, n)
      return
    case 'list': {
      const elements = writeSpans(w, v, rows, n)
      writeColumn(w, v.child, elements, elements.length)
      return
    }
    case 'map': {
      const elements = writeSpans(w, v, rows, n)
      writeColumn(w, v.keys, elements, elements.length)
      writeColumn(w, v.values, elements, elements.length)
      return
    }
    case 'struct':
      for (const child of v.children) writeColumn(w, child, rows, n)
      return
    case 'object':
      for (let i = 0; i < n; i++) {
        const value = v.values[rows === null ? i : rows[i]!] as CalendarInterval | null
        w.i32(value?.months ?? 0)
        w.i32(value?.days ?? 0)
        w.i64(value?.micros ?? 0n)
      }
      return
    case 'null':
      return
  }
}
