import type * as Arrow from 'apache-arrow'
import { ExecutionError } from '../../errors/errors.ts'
import type { MapType, StructType } from '../../types/data-type.ts'
import type { CalendarInterval } from '../../types/value.ts'
import { allNull } from '../all-null.ts'
import type { Batch } from '../batch.ts'
import {
  asShape,
  type BytesVector,
  type Int64Vector,
  type ListVector,
  type MapVector,
  type ObjectVector,
  shapeOf,
  type Validity,
  type Vector,
} from '../vector.ts'
import type { ArrowLibrary } from './library.ts'

/**
 * The rows of a batch that count as an Arrow record batch of `schema` (see arrowSchemaOf). Integers of 32 and 64 bits, floats
 * and wide decimals share the batch's memory, and so do texts and lists whose values stand one behind the other; what two columns share is copied for the second.
 */
export function recordBatchOf(lib: ArrowLibrary, schema: Arrow.Schema, given: Batch): Arrow.RecordBatch {
  const batch = given.dense()
  const claims: Claims = new Map()
  const children = schema.fields.map((f, i) => arrowDataOf(lib, f.type, batch.columns[i]!, batch.length, claims))
  const type = new lib.Struct(schema.fields)
  return new lib.RecordBatch(schema, lib.makeData({ type, length: batch.length, nullCount: 0, children }) as never)
}

/** The first `n` values of a vector as Arrow data of `type`. */
function arrowDataOf(lib: ArrowLibrary, type: Arrow.DataType, given: Vector, n: number, claims: Claims): Arrow.Data {
  // A pruned or all-NULL column may stand in for any shape.
  const vector = given.shape === shapeOf(given.type) ? given : allNull(given.type, n)
  const { nullCount, nullBitmap } = bitmapOf(vector.validity, n)
  const make = (parts: object): Arrow.Data =>
    lib.makeData({ type, length: n, nullCount, nullBitmap, ...parts } as never) as never
  switch (vector.shape) {
    case 'null':
      return lib.makeData({ type, length: n } as never) as never
    case 'bool':
      return make({ data: bytesToBits(vector.values, n) })
    case 'i32':
      return make({ data: own(narrowed(vector.type.kind, vector.values.subarray(0, n)), claims) })
    case 'i64':
      return make({
        data: vector.type.kind === 'decimal' ? widened(vector, n) : own(vector.values.subarray(0, n), claims),
      })
    case 'i128':
      return make({ data: own(new Uint32Array(vector.values.buffer, vector.values.byteOffset, 4 * n), claims) })
    case 'f32':
      return make({ data: own(vector.values.subarray(0, n), claims) })
    case 'f64':
      return make({ data: own(vector.values.subarray(0, n), claims) })
    case 'bytes': {
      const offsets = offsetsOf(vector, n, vector.data.length)
      if (offsets === null || !claim(vector.data.subarray(offsets[0], offsets[n]), claims))
        return make(gatheredBytes(vector, n))
      return make({ valueOffsets: own(offsets, claims), data: vector.data })
    }
    case 'list': {
      const element = (type as Arrow.List).children[0]!.type
      const { offsets, rows } = listed(vector, n, vector.child.length)
      const child = rows === null ? vector.child : vector.child.take(rows)
      return make({ valueOffsets: own(offsets, claims), child: arrowDataOf(lib, element, child, child.length, claims) })
    }
    case 'map': {
      const entries = (type as Arrow.Map_).children[0]!.type
      const { offsets, rows } = listed(vector, n, vector.keys.length)
      const t = vector.type as MapType
      const [keys, values] = [vector.keys, vector.values].map((v) => (rows === null ? v : v.take(rows)))
      const length = keys!.length
      const children = [t.key, t.value].map((_, i) =>
        arrowDataOf(lib, entries.children[i]!.type, [keys!, values!][i]!, length, claims),
      )
      return make({
        valueOffsets: own(offsets, claims),
        child: lib.makeData({ type: entries, length, nullCount: 0, children } as never),
      })
    }
    case 'struct': {
      const members = (type as Arrow.Struct).children
      const fields = (vector.type as StructType).fields
      return make({
        children: fields.map((_, i) => arrowDataOf(lib, members[i]!.type, vector.children[i]!, n, claims)),
      })
    }
    case 'object':
      return make({ data: calendarIntervals(asShape(vector, 'object'), n) })
  }
}

/** Memory that columns of a record batch hold already: by buffer, from and to. */
type Claims = Map<ArrayBufferLike, [number, number][]>

/** Whether no column holds any of that memory; then this one does. */
function claim(view: ArrayBufferView, claims: Claims): boolean {
  const [from, to] = [view.byteOffset, view.byteOffset + view.byteLength]
  const held = claims.get(view.buffer) ?? []
  if (held.some(([a, b]) => from < b && a < to)) return false
  held.push([from, to])
  claims.set(view.buffer, held)
  return true
}

/**
 * That memory, or a copy where a column holds some of it already (`SELECT id, id AS same`): apache-arrow 21 takes two views
 * of the same bytes, written one behind the other, for one.
 */
const own = <T extends ArrayBufferView & { slice(): T }>(view: T, claims: Claims): T =>
  claim(view, claims) ? view : view.slice()

function bytesToBits(bytes: Uint8Array, n: number): Uint8Array {
  const bits = new Uint8Array(((n + 63) >> 6) << 3)
  for (let i = 0; i < n; i++) bits[i >> 3]! |= (bytes[i]! & 1) << (i & 7)
  return bits
}

function bitmapOf(validity: Validity, n: number): { readonly nullCount: number; readonly nullBitmap?: Uint8Array } {
  if (validity === null) return { nullCount: 0 }
  let nullCount = 0
  for (let i = 0; i < n; i++) nullCount += 1 - validity[i]!
  return nullCount === 0 ? { nullCount } : { nullCount, nullBitmap: bytesToBits(validity, n) }
}

function narrowed(kind: string, values: Int32Array): Int32Array | Int16Array | Int8Array {
  if (kind !== 'tinyint' && kind !== 'smallint') return values
  const out = kind === 'tinyint' ? new Int8Array(values.length) : new Int16Array(values.length)
  out.set(values)
  return out
}

/** Decimals of 64 bits as those of 128. */
function widened(vector: Int64Vector, n: number): Uint32Array {
  const out = new Uint32Array(4 * n)
  const from = vector.halves
  for (let i = 0; i < n; i++) {
    const high = from[2 * i + 1]!
    out[4 * i] = from[2 * i]!
    out[4 * i + 1] = high
    out[4 * i + 2] = out[4 * i + 3] = high >> 31
  }
  return out
}

type Ranges = BytesVector | ListVector | MapVector

/** Arrow's offsets of ranges that stand one behind the other: the same memory where it has that layout; null where they do not. */
function offsetsOf({ starts, ends }: Ranges, n: number, size: number): Int32Array | null {
  if (n === 0) return new Int32Array(1)
  let before = starts[0]!
  if (before < 0) return null
  for (let i = 0; i < n; i++) {
    if (starts[i]! !== before || ends[i]! < before) return null
    before = ends[i]!
  }
  if (before > size) return null
  if (starts.buffer === ends.buffer && starts.byteOffset + 4 === ends.byteOffset)
    return new Int32Array(starts.buffer, starts.byteOffset, n + 1)
  const offsets = new Int32Array(n + 1)
  offsets.set(starts.subarray(0, n))
  offsets[n] = before
  return offsets
}

/** Offsets of ranges set one behind the other; NULL is empty. */
function closedUp(vector: Ranges, n: number): Int32Array {
  const offsets = new Int32Array(n + 1)
  let at = 0
  for (let i = 0; i < n; i++) {
    if (!vector.isNull(i)) at += vector.ends[i]! - vector.starts[i]!
    if (at > 0x7fffffff)
      throw new ExecutionError('ARITHMETIC_OVERFLOW', { message: 'an Arrow column cannot hold more than 2 GiB' })
    offsets[i + 1] = at
  }
  return offsets
}

function gatheredBytes(vector: BytesVector, n: number): { readonly valueOffsets: Int32Array; readonly data: Buffer } {
  const valueOffsets = closedUp(vector, n)
  const data = Buffer.allocUnsafeSlow(valueOffsets[n]!)
  for (let i = 0; i < n; i++)
    if (valueOffsets[i + 1]! > valueOffsets[i]!)
      vector.data.copy(data, valueOffsets[i]!, vector.starts[i]!, vector.ends[i]!)
  return { valueOffsets, data }
}

/** Offsets of lists, and the elements to gather for them; null when the elements stay as they are. */
function listed(
  vector: ListVector | MapVector,
  n: number,
  size: number,
): { readonly offsets: Int32Array; readonly rows: Int32Array | null } {
  const shared = offsetsOf(vector, n, size)
  if (shared !== null) return { offsets: shared, rows: null }
  const offsets = closedUp(vector, n)
  const rows = new Int32Array(offsets[n]!)
  for (let i = 0; i < n; i++)
    for (let to = offsets[i]!, from = vector.starts[i]!; to < offsets[i + 1]!; to++, from++) rows[to] = from
  return { offsets, rows }
}

function calendarIntervals(vector: ObjectVector, n: number): Int32Array {
  const out = new BigInt64Array(2 * n)
  const words = new Int32Array(out.buffer)
  for (let i = 0; i < n; i++) {
    const v = vector.values[i] as CalendarInterval | null
    if (v === null) continue
    const nanos = v.micros * 1000n
    if (BigInt.asIntN(64, nanos) !== nanos)
      throw new ExecutionError('ARITHMETIC_OVERFLOW', {
        message: `an interval of ${v.micros} microseconds does not fit Arrow's nanoseconds of 64 bits`,
      })
    words[4 * i] = v.months
    words[4 * i + 1] = v.days
    out[2 * i + 1] = nanos
  }
  return words
}
