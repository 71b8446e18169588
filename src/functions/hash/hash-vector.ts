import { isUtf8 } from 'node:buffer'
import { Int32Vector, type BytesVector, type Vector } from '../../columns/vector.ts'
import type { VectorKernel } from '../entry.ts'
import { murmurHalves, murmurInt, murmurRange } from './murmur3.ts'

/** Mixes the value of a row that is not NULL into a hash, as it lies in the column. */
type Mix = (row: number, hash: number) => number

/** How values of a column are mixed in without a JavaScript value a row; null for nested and wide ones. */
function mixOf(v: Vector): Mix | null {
  switch (v.shape) {
    case 'bool':
    case 'i32':
      return (row, hash) => murmurInt(v.values[row]!, hash)
    case 'i64': {
      const { halves } = v
      return (row, hash) => murmurHalves(halves[2 * row]!, halves[2 * row + 1]!, hash)
    }
    case 'bytes': {
      const { data, starts, ends } = v
      return (row, hash) => murmurRange(data, starts[row]!, ends[row]!, hash)
    }
    default:
      return null
  }
}

function isText({ data, starts, ends }: BytesVector, row: number): boolean {
  const end = ends[row]!
  let bits = 0
  for (let i = starts[row]!; i < end; i++) bits |= data[i]!
  return bits < 128 || isUtf8(data.subarray(starts[row], end))
}

/** `hash` column by column: every column adds its values to the hashes so far, NULL leaves them as they are. */
export const hashVector: VectorKernel = (args, rows, length, site) => {
  const out = new Int32Array(length).fill(42)
  const n = rows === null ? length : rows.length
  for (const [k, v] of args.entries()) {
    if (v.shape === 'null') continue
    const mix = mixOf(v)
    if (mix === null) return null
    const text = site.args[k]!.kind === 'string' && v.shape === 'bytes' ? v : null
    for (let i = 0; i < n; i++) {
      const r = rows === null ? i : rows[i]!
      if (v.validity !== null && v.validity[r] === 0) continue
      // Bytes that are no UTF-8 hash as the text they read as: that is for the loop.
      if (text !== null && !isText(text, r)) return null
      out[r] = mix(r, out[r]!)
    }
  }
  return new Int32Vector(site.type, out, null)
}
