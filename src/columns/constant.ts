import type { DataType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import { allNull } from './all-null.ts'
import { vectorOf } from './builder.ts'
import { BytesVector, Int32Vector, Int64Vector, shapeOf, StructVector, type Vector } from './vector.ts'

/** `n` times the same value. */
export function constantVector(type: DataType, value: Value, n: number): Vector {
  if (value === null) return allNull(type, n)
  switch (shapeOf(type)) {
    case 'i32':
      return new Int32Vector(type, new Int32Array(n).fill(value as number), null)
    case 'i64':
      return new Int64Vector(type, new BigInt64Array(n).fill(value as bigint), null)
    case 'bytes': {
      const data = typeof value === 'string' ? Buffer.from(value) : Buffer.from(value as Uint8Array)
      return new BytesVector(type, data, new Int32Array(n), new Int32Array(n).fill(data.length), null)
    }
    case 'struct': {
      const fields = type.kind === 'struct' ? type.fields : []
      const members = fields.map((f, i) => constantVector(f.type, (value as readonly Value[])[i] ?? null, n))
      return new StructVector(type, members, null, n)
    }
    default:
      return vectorOf(type, new Array<Value>(n).fill(value))
  }
}
