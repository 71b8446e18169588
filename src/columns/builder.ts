import { InternalError } from '../errors/errors.ts'
import type { ArrayType, DataType, MapType, Schema, StructType } from '../types/data-type.ts'
import { MapValue, type Value } from '../types/value.ts'
import { Batch } from './batch.ts'
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

/** Makes a vector of `type` from single values; for edges, tests and generic code, not for hot loops. */
export function vectorOf(type: DataType, values: readonly Value[]): Vector {
  const n = values.length
  let validity: Uint8Array | null = null
  for (let i = 0; i < n; i++) if (values[i] === null) (validity ??= new Uint8Array(n).fill(1))[i] = 0
  switch (shapeOf(type)) {
    case 'bool': {
      const out = new Uint8Array(n)
      for (let i = 0; i < n; i++) out[i] = values[i] === true ? 1 : 0
      return new BoolVector(type, out, validity)
    }
    case 'i32': {
      const out = new Int32Array(n)
      for (let i = 0; i < n; i++) out[i] = (values[i] ?? 0) as number
      return new Int32Vector(type, out, validity)
    }
    case 'i64': {
      const out = new BigInt64Array(n)
      for (let i = 0; i < n; i++) out[i] = (values[i] ?? 0n) as bigint
      return new Int64Vector(type, out, validity)
    }
    case 'i128': {
      const out = new BigInt64Array(2 * n)
      for (let i = 0; i < n; i++) {
        const v = (values[i] ?? 0n) as bigint
        out[2 * i] = v
        out[2 * i + 1] = v >> 64n
      }
      return new Int128Vector(type, out, validity)
    }
    case 'f32': {
      const out = new Float32Array(n)
      for (let i = 0; i < n; i++) out[i] = (values[i] ?? 0) as number
      return new Float32Vector(type, out, validity)
    }
    case 'f64': {
      const out = new Float64Array(n)
      for (let i = 0; i < n; i++) out[i] = (values[i] ?? 0) as number
      return new Float64Vector(type, out, validity)
    }
    case 'bytes':
      return bytesOf(type, values, validity)
    case 'list': {
      const starts = new Int32Array(n)
      const ends = new Int32Array(n)
      const flat: Value[] = []
      for (let i = 0; i < n; i++) {
        starts[i] = flat.length
        for (const v of (values[i] ?? []) as readonly Value[]) flat.push(v)
        ends[i] = flat.length
      }
      return new ListVector(type, starts, ends, vectorOf((type as ArrayType).element, flat), validity)
    }
    case 'map': {
      const starts = new Int32Array(n)
      const ends = new Int32Array(n)
      const keys: Value[] = []
      const vals: Value[] = []
      for (let i = 0; i < n; i++) {
        starts[i] = keys.length
        const m = values[i]
        if (m instanceof MapValue) {
          for (const k of m.keys) keys.push(k)
          for (const v of m.values) vals.push(v)
        }
        ends[i] = keys.length
      }
      const t = type as MapType
      return new MapVector(type, starts, ends, vectorOf(t.key, keys), vectorOf(t.value, vals), validity)
    }
    case 'struct': {
      const fields = (type as StructType).fields
      const children = fields.map((f, k) =>
        vectorOf(
          f.type,
          values.map((v) => (v === null ? null : ((v as readonly Value[])[k] ?? null))),
        ),
      )
      return new StructVector(type, children, validity, n)
    }
    case 'object':
      return new ObjectVector(type, values)
    case 'null':
      return new NullVector(type, n)
    default:
      throw new InternalError(`no vector for ${type.kind}`)
  }
}

function bytesOf(type: DataType, values: readonly Value[], validity: Uint8Array | null): BytesVector {
  const n = values.length
  const starts = new Int32Array(n)
  const ends = new Int32Array(n)
  let total = 0
  for (let i = 0; i < n; i++) {
    const v = values[i]
    starts[i] = total
    if (typeof v === 'string') total += Buffer.byteLength(v)
    else if (v instanceof Uint8Array) total += v.length
    ends[i] = total
  }
  const data = Buffer.allocUnsafe(total)
  for (let i = 0; i < n; i++) {
    const v = values[i]
    if (typeof v === 'string') data.write(v, starts[i]!)
    else if (v instanceof Uint8Array) data.set(v, starts[i]!)
  }
  return new BytesVector(type, data, starts, ends, validity)
}

/** A batch from rows of values, each in the order of the fields. */
export function batchOf(schema: Schema, rows: readonly (readonly Value[])[]): Batch {
  return new Batch(
    schema,
    schema.fields.map((f, c) =>
      vectorOf(
        f.type,
        rows.map((r) => r[c] ?? null),
      ),
    ),
    rows.length,
  )
}
