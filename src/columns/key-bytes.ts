import { InternalError } from '../errors/errors.ts'
import type { ArrayType, DataType, MapType, StructType } from '../types/data-type.ts'
import { CalendarInterval, MapValue, type Value } from '../types/value.ts'
import { ByteReader, ByteWriter } from './byte-buffer.ts'
import { BytesVector, shapeOf, type Vector } from './vector.ts'

/**
 * Canonical bytes of keys without a typed layout (ARRAY, MAP, STRUCT, DECIMAL(p > 18), calendar interval): two
 * values are the same key exactly if their bytes are equal. FROZEN: checkpoints hold these bytes and the hash of
 * such a key is the hash of its bytes.
 *
 *   inside a value, NULL is 00, anything else 01 and then, little-endian:
 *   BOOLEAN                       1 byte, 0 or 1
 *   TINYINT SMALLINT INT DATE, year-month interval    int32
 *   BIGINT TIMESTAMP(_NTZ), day-time interval, DECIMAL(p ≤ 18)   int64
 *   DECIMAL(p > 18)               int128
 *   FLOAT, DOUBLE                 float32, float64; -0.0 is written as 0.0, every NaN as 7fc00000, 7ff80000 00000000
 *   STRING BINARY                 uint32 length, bytes
 *   calendar interval             int32 months, int32 days, int64 microseconds
 *   ARRAY                         uint32 count, the elements
 *   MAP                           uint32 count, then (key, value) pairs in ascending order of their bytes
 *   STRUCT                        the members in order
 *
 * The outermost value has no leading 01 (a NULL key is the validity of its column).
 */
export function keyBytes(type: DataType, value: Value): Uint8Array {
  const w = new ByteWriter(64)
  writeBody(w, type, value)
  return w.finish()
}

/** The value whose `keyBytes` these are. */
export function keyFromBytes(type: DataType, bytes: Uint8Array): Value {
  return readBody(new ByteReader(bytes, 'a key'), type)
}

/** True for types whose keys are held, hashed and compared as canonical bytes. */
export function keyIsEncoded(type: DataType): boolean {
  const shape = shapeOf(type)
  return shape === 'list' || shape === 'map' || shape === 'struct' || shape === 'i128' || shape === 'object'
}

/**
 * The canonical bytes of a vector as a BINARY vector of the same physical length; only the rows given (null: all)
 * are filled, the others stay NULL.
 */
export function keyBytesVector(vector: Vector, rows: Int32Array | null): BytesVector {
  const n = vector.length
  const count = rows === null ? n : rows.length
  const starts = new Int32Array(n)
  const ends = new Int32Array(n)
  const validity = new Uint8Array(n)
  const w = new ByteWriter(count * 16)
  let nulls = count < n
  for (let i = 0; i < count; i++) {
    const r = rows === null ? i : rows[i]!
    const value = vector.get(r)
    starts[r] = w.length
    if (value === null) nulls = true
    else {
      validity[r] = 1
      writeBody(w, vector.type, value)
    }
    ends[r] = w.length
  }
  const bytes = w.finish()
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return new BytesVector({ kind: 'binary' }, data, starts, ends, nulls ? validity : null)
}

function writeNested(w: ByteWriter, type: DataType, value: Value): void {
  if (value === null) w.u8(0)
  else {
    w.u8(1)
    writeBody(w, type, value)
  }
}

function writeBody(w: ByteWriter, type: DataType, value: Value): void {
  switch (shapeOf(type)) {
    case 'bool':
      w.u8(value === true ? 1 : 0)
      return
    case 'i32':
      w.i32(value as number)
      return
    case 'i64':
      w.i64(value as bigint)
      return
    case 'f32': {
      const v = value as number
      if (v !== v) w.i32(0x7fc00000)
      else w.f32(v + 0)
      return
    }
    case 'f64': {
      const v = value as number
      if (v !== v) {
        w.i32(0)
        w.i32(0x7ff80000)
      } else w.f64(v + 0)
      return
    }
    case 'bytes': {
      const bytes = typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array)
      w.u32(bytes.length)
      w.raw(bytes)
      return
    }
    case 'list': {
      const elements = value as readonly Value[]
      w.u32(elements.length)
      for (const e of elements) writeNested(w, (type as ArrayType).element, e)
      return
    }
    case 'map': {
      const map = value as MapValue
      const entries = map.keys.map((key, i) => {
        const e = new ByteWriter(32)
        writeNested(e, (type as MapType).key, key)
        writeNested(e, (type as MapType).value, map.values[i]!)
        return e.finish()
      })
      entries.sort(Buffer.compare)
      w.u32(entries.length)
      for (const e of entries) w.raw(e)
      return
    }
    case 'struct': {
      const members = value as readonly Value[]
      const fields = (type as StructType).fields
      for (let i = 0; i < fields.length; i++) writeNested(w, fields[i]!.type, members[i] ?? null)
      return
    }
    case 'i128': {
      const v = value as bigint
      w.i64(BigInt.asIntN(64, v))
      w.i64(BigInt.asIntN(64, v >> 64n))
      return
    }
    case 'object': {
      const { months, days, micros } = value as CalendarInterval
      w.i32(months)
      w.i32(days)
      w.i64(micros)
      return
    }
    case 'null':
      throw new InternalError('VOID has no value but NULL')
  }
}

function readNested(r: ByteReader, type: DataType): Value {
  return r.u8() === 0 ? null : readBody(r, type)
}

function readBody(r: ByteReader, type: DataType): Value {
  switch (shapeOf(type)) {
    case 'bool':
      return r.u8() === 1
    case 'i32':
      return r.i32()
    case 'i64':
      return r.i64()
    case 'f32':
      return r.f32()
    case 'f64':
      return r.f64()
    case 'bytes': {
      const bytes = r.raw(r.u32())
      return type.kind === 'binary'
        ? bytes.slice()
        : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
    }
    case 'list': {
      const n = r.u32()
      const out: Value[] = []
      for (let i = 0; i < n; i++) out.push(readNested(r, (type as ArrayType).element))
      return out
    }
    case 'map': {
      const n = r.u32()
      const keys: Value[] = []
      const values: Value[] = []
      for (let i = 0; i < n; i++) {
        keys.push(readNested(r, (type as MapType).key))
        values.push(readNested(r, (type as MapType).value))
      }
      return new MapValue(keys, values)
    }
    case 'struct':
      return (type as StructType).fields.map((f) => readNested(r, f.type))
    case 'object':
      return new CalendarInterval(r.i32(), r.i32(), r.i64())
    case 'i128': {
      const low = BigInt.asUintN(64, r.i64())
      return (r.i64() << 64n) | low
    }
    case 'null':
      return null
  }
}
