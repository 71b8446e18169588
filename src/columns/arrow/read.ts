import { ExecutionError, InternalError, UnsupportedError } from '../../errors/errors.ts'
import {
  type ArrayType,
  type DataType,
  type MapType,
  type Schema,
  type StructType,
  typeName,
} from '../../types/data-type.ts'
import { CalendarInterval, type Value } from '../../types/value.ts'
import { allNull } from '../all-null.ts'
import { Batch, MAX_BATCH_ROWS } from '../batch.ts'
import { concatVectors } from '../concat.ts'
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
  StructVector,
  type Validity,
  type Vector,
} from '../vector.ts'
import { type ArrowBatch, type ArrowData, ArrowId, type ArrowField } from './shapes.ts'
import { PER_SECOND, typeFromArrow } from './types.ts'

/**
 * The rows of an Arrow batch in batches of at most MAX_BATCH_ROWS rows, with the columns of `schema`, found by name without
 * regard to case; struct members alike. A column that is not there is NULL; one of another type raises FAILED_READ_FILE
 * with `where`. Integers of 32 and 64 bits, floats, wide decimals, texts and the positions of lists share Arrow's memory.
 */
export function* batchesFromArrow(given: ArrowBatch, schema: Schema, where: string): Generator<Batch> {
  const { data } = given
  const at = schema.fields.map((f) => columnOf(given.schema.fields, f.name))
  schema.fields.forEach((f, i) => {
    if (at[i]! >= 0) checkType(given.schema.fields[at[i]!]!, f.type, where)
  })
  for (let from = 0; from < data.length; from += MAX_BATCH_ROWS) {
    const n = Math.min(MAX_BATCH_ROWS, data.length - from)
    const columns = schema.fields.map((f, i) =>
      at[i]! < 0 ? allNull(f.type, n) : vectorFromArrow(slice(data.children[at[i]!]!, from, n), f.type),
    )
    yield new Batch(schema, columns, n)
  }
}

/** A part of a chunk, sharing its memory. */
function slice(data: ArrowData, from: number, length: number): ArrowData {
  if (from === 0 && length === data.length) return data
  return (data as ArrowData & { slice(offset: number, length: number): ArrowData }).slice(from, length)
}

function columnOf(fields: readonly { readonly name: string }[], name: string): number {
  const exact = fields.findIndex((f) => f.name === name)
  return exact >= 0 ? exact : fields.findIndex((f) => f.name.toLowerCase() === name.toLowerCase())
}

function checkType(f: ArrowField, wanted: DataType, where: string): void {
  if (fits(typeFromArrow(f), wanted)) return
  const message = `column "${f.name}" is ${typeName(typeFromArrow(f))}, not ${typeName(wanted)}`
  throw new ExecutionError('FAILED_READ_FILE.NO_HINT', { path: where, message })
}

/** The same type, but for members of structs that are not wanted, or not there, and the units of intervals. */
function fits(found: DataType, wanted: DataType): boolean {
  if (found.kind !== wanted.kind) return found.kind === 'void'
  switch (found.kind) {
    case 'decimal': {
      const w = wanted as typeof found
      return found.precision === w.precision && found.scale === w.scale
    }
    case 'array':
      return fits(found.element, (wanted as ArrayType).element)
    case 'map':
      return fits(found.key, (wanted as MapType).key) && fits(found.value, (wanted as MapType).value)
    case 'struct':
      return (wanted as StructType).fields.every((f) => {
        const i = columnOf(found.fields, f.name)
        return i < 0 || fits(found.fields[i]!.type, f.type)
      })
    default:
      return true
  }
}

/** A byte for each row from Arrow's bit for each row. */
function bitsToBytes(bits: Uint8Array, offset: number, length: number): Uint8Array {
  const out = new Uint8Array(length)
  for (let i = 0; i < length; i++) out[i] = (bits[(offset + i) >> 3]! >> ((offset + i) & 7)) & 1
  return out
}

function validityOf(data: ArrowData): Validity {
  const { nullBitmap } = data
  if (nullBitmap === undefined || nullBitmap === null || nullBitmap.length === 0 || data.nullCount === 0) return null
  return bitsToBytes(nullBitmap, data.offset, data.length)
}

/** One chunk of a column as a vector of `type`, which must fit (see batchesFromArrow). */
export function vectorFromArrow(data: ArrowData, type: DataType): Vector {
  const n = data.length
  const arrow = data.type
  if (arrow.typeId === ArrowId.Dictionary) return fromDictionary(data, type)
  if (arrow.typeId === ArrowId.Null) return type.kind === 'void' ? new NullVector(type, n) : allNull(type, n)
  const validity = validityOf(data)
  const values = data.values
  switch (type.kind) {
    case 'boolean':
      return new BoolVector(type, bitsToBytes(values as Uint8Array, data.offset, n), validity)
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'interval_ym':
      return new Int32Vector(type, int32s(values, n), validity)
    case 'date':
      return new Int32Vector(type, arrow.unit === 0 ? int32s(values, n) : daysOf(values as BigInt64Array, n), validity)
    case 'bigint':
      return new Int64Vector(type, int64s(values, n), validity)
    case 'timestamp':
    case 'timestamp_ntz':
      return new Int64Vector(type, micros(values as BigInt64Array, arrow.unit!, n, validity), validity)
    case 'interval_dt':
      return new Int64Vector(
        type,
        arrow.typeId === ArrowId.Interval
          ? dayTimes(values as Int32Array, n)
          : micros(values as BigInt64Array, arrow.unit!, n, validity),
        validity,
      )
    case 'interval':
      return new ObjectVector(type, calendarIntervals(values as Int32Array, n, validity))
    case 'float':
      return new Float32Vector(
        type,
        arrow.precision === 0 ? halves(values as Uint16Array, n) : cut(values as Float32Array, n),
        validity,
      )
    case 'double':
      return new Float64Vector(type, cut(values as Float64Array, n), validity)
    case 'decimal':
      return fromDecimal(data, type, validity)
    case 'string':
    case 'binary':
      return fromBytes(data, type, validity)
    case 'array': {
      const { starts, ends } = ranges(data)
      return new ListVector(type, starts, ends, vectorFromArrow(data.children[0]!, type.element), validity, n)
    }
    case 'map': {
      const { starts, ends } = ranges(data)
      const [keys, vals] = data.children[0]!.children
      return new MapVector(
        type,
        starts,
        ends,
        vectorFromArrow(keys!, type.key),
        vectorFromArrow(vals!, type.value),
        validity,
        n,
      )
    }
    case 'struct': {
      const children = type.fields.map((f) => {
        const i = columnOf(arrow.children!, f.name)
        return i < 0 ? allNull(f.type, n) : vectorFromArrow(slice(data.children[i]!, 0, n), f.type)
      })
      return new StructVector(type, children, validity, n)
    }
    default:
      throw new InternalError(`no vector of ${type.kind} from Arrow`)
  }
}

/** The first `n` values, sharing memory. */
const cut = <T extends { readonly length: number; subarray(from: number, to: number): T }>(values: T, n: number): T =>
  values.length === n ? values : values.subarray(0, n)

function int32s(values: unknown, n: number): Int32Array {
  if (values instanceof Int32Array) return cut(values, n)
  return Int32Array.from((values as Int8Array).subarray(0, n))
}

function int64s(values: unknown, n: number): BigInt64Array {
  if (values instanceof BigInt64Array) return cut(values, n)
  return BigInt64Array.from((values as Uint32Array).subarray(0, n), BigInt)
}

function daysOf(millis: BigInt64Array, n: number): Int32Array {
  return Int32Array.from({ length: n }, (_, i) => Math.floor(Number(millis[i]!) / 86_400_000))
}

/** Counts of a unit as microseconds, nanoseconds rounded down. */
function micros(values: BigInt64Array, unit: number, n: number, validity: Validity): BigInt64Array {
  if (unit === 2) return cut(values, n)
  const out = new BigInt64Array(n)
  const factor = 1_000_000n / (PER_SECOND[unit]! === 1_000_000_000n ? 1_000_000n : PER_SECOND[unit]!)
  for (let i = 0; i < n; i++) {
    if (validity !== null && validity[i] === 0) continue
    const v = values[i]!
    const us = unit === 3 ? (v - (((v % 1000n) + 1000n) % 1000n)) / 1000n : v * factor
    if (BigInt.asIntN(64, us) !== us)
      throw new ExecutionError('ARITHMETIC_OVERFLOW', {
        message: `${v} of an Arrow column does not fit microseconds of 64 bits`,
      })
    out[i] = us
  }
  return out
}

function dayTimes(values: Int32Array, n: number): BigInt64Array {
  const out = new BigInt64Array(n)
  for (let i = 0; i < n; i++) out[i] = BigInt(values[2 * i]!) * 86_400_000_000n + BigInt(values[2 * i + 1]!) * 1000n
  return out
}

function calendarIntervals(values: Int32Array, n: number, validity: Validity): Value[] {
  return Array.from({ length: n }, (_, i) => {
    if (validity !== null && validity[i] === 0) return null
    const nanos = (BigInt(values[4 * i + 3]!) << 32n) | BigInt(values[4 * i + 2]! >>> 0)
    const us = (nanos - (((nanos % 1000n) + 1000n) % 1000n)) / 1000n
    return new CalendarInterval(values[4 * i]!, values[4 * i + 1]!, us)
  })
}

function halves(values: Uint16Array, n: number): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => {
    const h = values[i]!
    const sign = h & 0x8000 ? -1 : 1
    const exponent = (h >> 10) & 31
    const fraction = h & 1023
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
  })
}

function fromDecimal(data: ArrowData, type: DataType & { readonly kind: 'decimal' }, validity: Validity): Vector {
  const n = data.length
  if (data.type.typeId === ArrowId.Int) {
    // Unsigned 64 bits.
    const out = new BigInt64Array(2 * n)
    for (let i = 0; i < n; i++) out[2 * i] = BigInt.asIntN(64, (data.values as BigUint64Array)[i]!)
    return new Int128Vector(type, out, validity)
  }
  const words = data.values as Uint32Array
  const width = data.type.bitWidth! >> 5
  if (width !== 4 && width !== 8)
    throw new UnsupportedError('UNSUPPORTED_ARROWTYPE', { column: '', type: `decimal of ${data.type.bitWidth!} bits` })
  if (type.precision > 18 && width === 4) return new Int128Vector(type, words64(words, 2 * n), validity)
  // Only the low words of a number count: the precision says it fits.
  const count = type.precision > 18 ? 4 : 2
  const out = new BigInt64Array((n * count) >> 1)
  const to = new Uint32Array(out.buffer)
  for (let i = 0; i < n; i++) for (let k = 0; k < count; k++) to[count * i + k] = words[width * i + k]!
  return count === 2 ? new Int64Vector(type, out, validity) : new Int128Vector(type, out, validity)
}

/** The same memory as numbers of 64 bits; a copy where it does not begin at a multiple of 8. */
function words64(words: Uint32Array, count: number): BigInt64Array {
  if (words.byteOffset % 8 === 0) return new BigInt64Array(words.buffer as ArrayBuffer, words.byteOffset, count)
  const copy = new BigInt64Array(count)
  new Uint32Array(copy.buffer).set(words.subarray(0, 2 * count))
  return copy
}

/** Starts and ends of list-like values: two views of the offsets, where these have 32 bits. */
function ranges(data: ArrowData): { readonly starts: Int32Array; readonly ends: Int32Array } {
  const n = data.length
  if (data.type.typeId === ArrowId.FixedSizeList || data.type.typeId === ArrowId.FixedSizeBinary) {
    const size = (data.type.listSize ?? data.type.byteWidth)!
    return {
      starts: Int32Array.from({ length: n }, (_, i) => i * size),
      ends: Int32Array.from({ length: n }, (_, i) => (i + 1) * size),
    }
  }
  // A column without rows may come without offsets.
  if (n === 0) return { starts: new Int32Array(0), ends: new Int32Array(0) }
  const given = data.valueOffsets as Int32Array | BigInt64Array
  const offsets = given instanceof Int32Array ? given : Int32Array.from(given.subarray(0, n + 1), Number)
  return { starts: offsets.subarray(0, n), ends: offsets.subarray(1, n + 1) }
}

const bufferOf = (b: Uint8Array): Buffer => Buffer.from(b.buffer as ArrayBuffer, b.byteOffset, b.byteLength)

function fromBytes(data: ArrowData, type: DataType, validity: Validity): BytesVector {
  const n = data.length
  const values = (data.values ?? new Uint8Array(0)) as Uint8Array
  const id = data.type.typeId
  if (id !== ArrowId.Utf8View && id !== ArrowId.BinaryView) {
    const { starts, ends } = ranges(data)
    return new BytesVector(type, bufferOf(values), starts, ends, validity, n)
  }
  // A view is its length and then the bytes, or (more than 12) four of them, the number of a buffer and the place in it.
  const views = new DataView(values.buffer, values.byteOffset, values.byteLength)
  const starts = new Int32Array(n)
  const ends = new Int32Array(n)
  const parts: Uint8Array[] = []
  let size = 0
  for (let i = 0; i < n; i++) {
    starts[i] = size
    if (validity === null || validity[i] === 1) {
      const length = views.getInt32(16 * i, true)
      const [from, at] =
        length <= 12
          ? [values, 16 * i + 4]
          : [data.variadicBuffers![views.getInt32(16 * i + 8, true)]!, views.getInt32(16 * i + 12, true)]
      parts.push(from.subarray(at, at + length))
      size += length
    }
    ends[i] = size
  }
  return new BytesVector(type, Buffer.concat(parts, size), starts, ends, validity)
}

/** Values of dictionaries that were read already: record batches of a file share theirs. */
const DICTIONARIES = new WeakMap<object, { readonly type: DataType; readonly values: Vector }>()

function fromDictionary(data: ArrowData, type: DataType): Vector {
  const n = data.length
  const { dictionary } = data
  if (dictionary === undefined) return allNull(type, n)
  let known = DICTIONARIES.get(dictionary)
  if (known === undefined || known.type !== type) {
    const parts = [...dictionary.data.map((d) => vectorFromArrow(d, type)), allNull(type, 1)]
    DICTIONARIES.set(dictionary, (known = { type, values: concatVectors(type, parts) }))
  }
  // Behind the values stands one NULL.
  const none = known.values.length - 1
  const validity = validityOf(data)
  const keys = data.values as Int32Array | BigInt64Array
  const rows = Int32Array.from({ length: n }, (_, i) =>
    validity !== null && validity[i] === 0 ? none : Number(keys[i]),
  )
  return known.values.take(rows)
}
