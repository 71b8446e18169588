import type { ArrayType, DataType, MapType, StructType } from '../types/data-type.ts'
import { vectorOf } from './builder.ts'
import {
  asShape,
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
  type Validity,
  type Vector,
} from './vector.ts'

function concatValidity(parts: readonly Vector[], total: number): Validity {
  if (parts.every((p) => p.validity === null)) return null
  const out = new Uint8Array(total).fill(1)
  let at = 0
  for (const p of parts) {
    if (p.validity !== null) out.set(p.validity.subarray(0, p.length), at)
    at += p.length
  }
  return out
}

function joinTyped<T extends Int32Array | Float64Array | Float32Array | Uint8Array | BigInt64Array>(
  out: T,
  parts: readonly { readonly values: T; readonly length: number }[],
): T {
  let at = 0
  for (const p of parts) {
    ;(out as Uint8Array).set(p.values.subarray(0, p.length) as Uint8Array, at)
    at += p.length
  }
  return out
}

/** Positions of list-like values, each part shifted by the length of the children before it. */
function joinRanges(
  parts: readonly { readonly starts: Int32Array; readonly ends: Int32Array; readonly length: number }[],
  shifts: readonly number[],
  total: number,
): { readonly starts: Int32Array; readonly ends: Int32Array } {
  const starts = new Int32Array(total)
  const ends = new Int32Array(total)
  let at = 0
  parts.forEach((p, k) => {
    for (let i = 0; i < p.length; i++, at++) {
      starts[at] = p.starts[i]! + shifts[k]!
      ends[at] = p.ends[i]! + shifts[k]!
    }
  })
  return { starts, ends }
}

function shiftsOf(lengths: readonly number[]): number[] {
  let sum = 0
  return lengths.map((n) => (sum += n) - n)
}

/** One vector with the values of all parts, in order; every part has the type `type`. */
export function concatVectors(type: DataType, parts: readonly Vector[]): Vector {
  if (parts.length === 1) return parts[0]!
  const total = parts.reduce((n, p) => n + p.length, 0)
  const shape = shapeOf(type)
  // A pruned or all-NULL part may stand in for any shape.
  if (parts.some((p) => p.shape !== shape))
    return vectorOf(
      type,
      parts.flatMap((p) => Array.from({ length: p.length }, (_, i) => p.get(i))),
    )
  const validity = concatValidity(parts, total)
  switch (shape) {
    case 'bool':
      return new BoolVector(
        type,
        joinTyped(
          new Uint8Array(total),
          parts.map((p) => asShape(p, 'bool')),
        ),
        validity,
      )
    case 'i32':
      return new Int32Vector(
        type,
        joinTyped(
          new Int32Array(total),
          parts.map((p) => asShape(p, 'i32')),
        ),
        validity,
      )
    case 'i64':
      return new Int64Vector(
        type,
        joinTyped(
          new BigInt64Array(total),
          parts.map((p) => asShape(p, 'i64')),
        ),
        validity,
      )
    case 'i128': {
      const values = new BigInt64Array(2 * total)
      let at = 0
      for (const p of parts.map((x) => asShape(x, 'i128'))) {
        values.set(p.values.subarray(0, 2 * p.length), at)
        at += 2 * p.length
      }
      return new Int128Vector(type, values, validity)
    }
    case 'f32':
      return new Float32Vector(
        type,
        joinTyped(
          new Float32Array(total),
          parts.map((p) => asShape(p, 'f32')),
        ),
        validity,
      )
    case 'f64':
      return new Float64Vector(
        type,
        joinTyped(
          new Float64Array(total),
          parts.map((p) => asShape(p, 'f64')),
        ),
        validity,
      )
    case 'bytes': {
      const all = parts.map((p) => asShape(p, 'bytes'))
      // Only the bytes in use are copied: a part may point into a large input block.
      const starts = new Int32Array(total)
      const ends = new Int32Array(total)
      let size = 0
      let at = 0
      for (const p of all)
        for (let i = 0; i < p.length; i++, at++) {
          starts[at] = size
          if (!p.isNull(i)) size += p.ends[i]! - p.starts[i]!
          ends[at] = size
        }
      const data = Buffer.allocUnsafe(size)
      at = 0
      for (const p of all)
        for (let i = 0; i < p.length; i++, at++)
          if (ends[at]! > starts[at]!) p.data.copy(data, starts[at]!, p.starts[i]!, p.ends[i]!)
      return new BytesVector(type, data, starts, ends, validity)
    }
    case 'list': {
      const all = parts.map((p) => asShape(p, 'list'))
      const { starts, ends } = joinRanges(all, shiftsOf(all.map((p) => p.child.length)), total)
      return new ListVector(
        type,
        starts,
        ends,
        concatVectors(
          (type as ArrayType).element,
          all.map((p) => p.child),
        ),
        validity,
      )
    }
    case 'map': {
      const all = parts.map((p) => asShape(p, 'map'))
      const { starts, ends } = joinRanges(all, shiftsOf(all.map((p) => p.keys.length)), total)
      const t = type as MapType
      return new MapVector(
        type,
        starts,
        ends,
        concatVectors(
          t.key,
          all.map((p) => p.keys),
        ),
        concatVectors(
          t.value,
          all.map((p) => p.values),
        ),
        validity,
      )
    }
    case 'struct': {
      const all = parts.map((p) => asShape(p, 'struct'))
      const children = (type as StructType).fields.map((f, k) =>
        concatVectors(
          f.type,
          all.map((p) => p.children[k]!),
        ),
      )
      return new StructVector(type, children, validity, total)
    }
    case 'object':
      return new ObjectVector(
        type,
        parts.flatMap((p) => asShape(p, 'object').values),
      )
    case 'null':
      return new NullVector(type, total)
  }
}
