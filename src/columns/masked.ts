import { vectorOf } from './builder.ts'
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
  StructVector,
  type Validity,
  type Vector,
} from './vector.ts'

/** `v` with NULL wherever `mask` is 0 too. */
export function maskedBy(v: Vector, mask: Validity): Vector {
  if (mask === null || v.shape === 'null' || v.validity === mask) return v
  let validity = mask
  if (v.validity !== null) {
    validity = new Uint8Array(v.length)
    for (let i = 0; i < v.length; i++) validity[i] = v.validity[i]! & mask[i]!
  }
  switch (v.shape) {
    case 'bool':
      return new BoolVector(v.type, v.values, validity, v.length)
    case 'i32':
      return new Int32Vector(v.type, v.values, validity, v.length)
    case 'i64':
      return new Int64Vector(v.type, v.values, validity, v.length)
    case 'i128':
      return new Int128Vector(v.type, v.values, validity, v.length)
    case 'f32':
      return new Float32Vector(v.type, v.values, validity, v.length)
    case 'f64':
      return new Float64Vector(v.type, v.values, validity, v.length)
    case 'bytes':
      return new BytesVector(v.type, v.data, v.starts, v.ends, validity, v.length)
    case 'list':
      return new ListVector(v.type, v.starts, v.ends, v.child, validity, v.length)
    case 'map':
      return new MapVector(v.type, v.starts, v.ends, v.keys, v.values, validity, v.length)
    case 'struct':
      return new StructVector(v.type, v.children, validity, v.length)
    case 'object':
      return vectorOf(
        v.type,
        v.values.slice(0, v.length).map((x, i) => (validity[i] === 0 ? null : x)),
      )
  }
}
