import type { ArrayType, DataType, MapType, StructType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
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

/** A vector of `type` where every value is NULL. */
export function allNull(type: DataType, n: number): Vector {
  const validity = new Uint8Array(n)
  const none = (): Int32Array => new Int32Array(n)
  switch (shapeOf(type)) {
    case 'bool':
      return new BoolVector(type, new Uint8Array(n), validity)
    case 'i32':
      return new Int32Vector(type, none(), validity)
    case 'i64':
      return new Int64Vector(type, new BigInt64Array(n), validity)
    case 'i128':
      return new Int128Vector(type, new BigInt64Array(2 * n), validity)
    case 'f32':
      return new Float32Vector(type, new Float32Array(n), validity)
    case 'f64':
      return new Float64Vector(type, new Float64Array(n), validity)
    case 'bytes':
      return new BytesVector(type, Buffer.alloc(0), none(), none(), validity)
    case 'list':
      return new ListVector(type, none(), none(), allNull((type as ArrayType).element, 0), validity)
    case 'map': {
      const t = type as MapType
      return new MapVector(type, none(), none(), allNull(t.key, 0), allNull(t.value, 0), validity)
    }
    case 'struct':
      return new StructVector(
        type,
        (type as StructType).fields.map((f) => allNull(f.type, n)),
        validity,
        n,
      )
    case 'object':
      return new ObjectVector(type, new Array<Value>(n).fill(null))
    case 'null':
      return new NullVector(type, n)
  }
}
