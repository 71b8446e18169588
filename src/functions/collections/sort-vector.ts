import { Int32Vector, ListVector } from '../../columns/vector.ts'
import type { ArrayType } from '../../types/data-type.ts'
import type { VectorKernel } from '../entry.ts'

/** Up to so many elements are put in order one by one. */
const SHORT = 24

/** Sorts `values[from .. to)` upwards. */
function sortRange(values: Int32Array, from: number, to: number): void {
  if (to - from > SHORT) {
    values.subarray(from, to).sort()
    return
  }
  for (let i = from + 1; i < to; i++) {
    const x = values[i]!
    let at = i
    for (; at > from && values[at - 1]! > x; at--) values[at] = values[at - 1]!
    values[at] = x
  }
}

/** `sort_array` of int32 elements without NULL, a constant way: sorted in the array they are copied to. */
export const sortVector: VectorKernel = ([list], rows, length, site) => {
  const ascending = site.args.length < 2 ? true : site.constants[1]
  if (list?.shape !== 'list' || typeof ascending !== 'boolean') return null
  const { child } = list
  if (child.shape !== 'i32' || child.validity !== null) return null
  const n = rows === null ? length : rows.length
  const starts = new Int32Array(length)
  const ends = new Int32Array(length)
  let size = 0
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    if (list.isNull(r)) continue
    starts[r] = size
    ends[r] = size += list.ends[r]! - list.starts[r]!
  }
  const values = new Int32Array(size)
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    const [from, to] = [starts[r]!, ends[r]!]
    for (let at = from, k = list.starts[r]!; at < to; at++, k++) values[at] = child.values[k]!
    sortRange(values, from, to)
    if (!ascending) values.subarray(from, to).reverse()
  }
  const sorted = new Int32Vector((site.type as ArrayType).element, values, null)
  return new ListVector(site.type, starts, ends, sorted, list.validity)
}
