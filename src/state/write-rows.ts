import type { Vector } from '../columns/vector.ts'
import type { Value } from '../types/value.ts'
import type { SlotColumn } from './table.ts'

/** Copies `vector` at `rows[i]` into `column` at `slots[i]`, for i below `count`; fixed-width shapes without boxing. */
export function writeRows(
  column: SlotColumn,
  vector: Vector,
  rows: Int32Array,
  slots: Int32Array,
  count: number,
): void {
  const { validity } = column
  switch (vector.shape) {
    case 'i64': {
      const to = column.values as BigInt64Array
      for (let i = 0; i < count; i++) to[slots[i]!] = vector.values[rows[i]!]!
      break
    }
    case 'bool':
    case 'i32':
    case 'f32':
    case 'f64': {
      const to = column.values as Int32Array
      const from = vector.values as Int32Array
      for (let i = 0; i < count; i++) to[slots[i]!] = from[rows[i]!]!
      break
    }
    default: {
      const to = column.values as Value[]
      for (let i = 0; i < count; i++) to[slots[i]!] = vector.get(rows[i]!)
    }
  }
  for (let i = 0; i < count; i++) validity[slots[i]!] = vector.isNull(rows[i]!) ? 0 : 1
}
