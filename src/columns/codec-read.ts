import type { ArrayType, DataType, MapType, Schema, StructType } from '../types/data-type.ts'
import { CalendarInterval, type Value } from '../types/value.ts'
import { allNull } from './all-null.ts'
import { Batch } from './batch.ts'
import type { ByteReader } from './byte-buffer.ts'
import {
  BoolVector,
  BytesVector,
  Float32Vector,
  Float64Vector,
  Int128Vector,
  Int32Vector,
  Int64Vector,
  ListVector,
  MapVector,
  NullVector,
  ObjectVector,
  shapeOf,
  StructVector,
  type Vector,
} from './vector.ts'

/** The format columns are written in; the layout stands in codec.ts. */
export const CODEC_VERSION = 1

/** The batch that stands at `r`, as codec.ts writes it. Throws CHECKPOINT_CORRUPT where it is none. */
export function readBatch(r: ByteReader, schema: Schema): Batch {
  const version = r.u8()
  if (version !== CODEC_VERSION) throw r.damaged(`columns of unknown format ${version}`)
  const n = r.u32()
  // every column takes at least its byte; a count this large can only be damage
  if (n > 0x7fffffff) throw r.damaged(`${n} rows`)
  return new Batch(
    schema,
    schema.fields.map((f) => readColumn(r, f.type, n)),
    n,
  )
}

function readBits(r: ByteReader, n: number): Uint8Array {
  const bits = r.raw((n + 7) >> 3)
  const out = new Uint8Array(n)
  for (let i = 0; i < n; i++) out[i] = (bits[i >> 3]! >> (i & 7)) & 1
  return out
}

function readInts(r: ByteReader, n: number, width = r.u8()): Int32Array {
  if (width === 1) {
    const raw = r.raw(n)
    return Int32Array.from(new Int8Array(raw.buffer, raw.byteOffset, n))
  }
  if (width === 2) return Int32Array.from(new Int16Array(copied(r, n * 2)))
  if (width !== 4) throw r.damaged(`integers of ${width} bytes`)
  return new Int32Array(copied(r, n * 4))
}

/** The next bytes in an aligned buffer of their own. */
function copied(r: ByteReader, count: number): ArrayBuffer {
  const raw = r.raw(count)
  const out = new Uint8Array(count)
  out.set(raw)
  return out.buffer
}

function readLongs(r: ByteReader, n: number): BigInt64Array {
  const width = r.u8()
  if (width === 8) return new BigInt64Array(copied(r, n * 8))
  const ints = readInts(r, n, width)
  const out = new BigInt64Array(n)
  const halves = new Int32Array(out.buffer)
  for (let i = 0; i < n; i++) {
    halves[i << 1] = ints[i]!
    halves[(i << 1) + 1] = ints[i]! >> 31
  }
  return out
}

/** Running sums of `lengths`: where each value starts and ends. */
function spans(r: ByteReader, lengths: Int32Array, total: number): { starts: Int32Array; ends: Int32Array } {
  const starts = new Int32Array(lengths.length)
  const ends = new Int32Array(lengths.length)
  let at = 0
  for (let i = 0; i < lengths.length; i++) {
    if (lengths[i]! < 0) throw r.damaged('a negative length')
    starts[i] = at
    at += lengths[i]!
    ends[i] = at
  }
  if (at !== total) throw r.damaged('lengths that do not add up')
  return { starts, ends }
}

function readColumn(r: ByteReader, type: DataType, n: number): Vector {
  const nulls = r.u8()
  if (nulls > 2) throw r.damaged(`a column that begins with ${nulls}`)
  if (nulls === 2) return allNull(type, n)
  const validity = nulls === 1 ? readBits(r, n) : null
  switch (shapeOf(type)) {
    case 'bool':
      return new BoolVector(type, readBits(r, n), validity)
    case 'i32':
      return new Int32Vector(type, readInts(r, n), validity)
    case 'i64':
      return new Int64Vector(type, readLongs(r, n), validity)
    case 'i128':
      return new Int128Vector(type, new BigInt64Array(copied(r, n * 16)), validity)
    case 'f32':
      return new Float32Vector(type, new Float32Array(copied(r, n * 4)), validity)
    case 'f64':
      return new Float64Vector(type, new Float64Array(copied(r, n * 8)), validity)
    case 'bytes': {
      const lengths = readInts(r, n)
      const total = r.u32()
      const { starts, ends } = spans(r, lengths, total)
      return new BytesVector(type, Buffer.from(copied(r, total)), starts, ends, validity)
    }
    case 'list': {
      const lengths = readInts(r, n)
      const total = r.u32()
      const { starts, ends } = spans(r, lengths, total)
      return new ListVector(type, starts, ends, readColumn(r, (type as ArrayType).element, total), validity)
    }
    case 'map': {
      const lengths = readInts(r, n)
      const total = r.u32()
      const { starts, ends } = spans(r, lengths, total)
      const keys = readColumn(r, (type as MapType).key, total)
      return new MapVector(type, starts, ends, keys, readColumn(r, (type as MapType).value, total), validity)
    }
    case 'struct':
      return new StructVector(
        type,
        (type as StructType).fields.map((f) => readColumn(r, f.type, n)),
        validity,
        n,
      )
    case 'object': {
      const values: Value[] = []
      for (let i = 0; i < n; i++) {
        const value = new CalendarInterval(r.i32(), r.i32(), r.i64())
        values.push(validity !== null && validity[i] === 0 ? null : value)
      }
      return new ObjectVector(type, values)
    }
    case 'null':
      return new NullVector(type, n)
  }
}
