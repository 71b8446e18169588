import { BytesVector, type Vector } from '../../columns/vector.ts'
import type { VectorKernel } from '../entry.ts'
import { withRoom } from './replace-vector.ts'

/** Joins the bytes of texts row by row, with `separator` between those that are not NULL; null where it cannot. */
function joined(
  parts: readonly Vector[],
  separator: Uint8Array,
  rows: Int32Array | null,
  length: number,
  type: BytesVector['type'],
): BytesVector | null {
  const texts = parts.filter((p) => p.shape === 'bytes')
  if (texts.length < parts.length) return null
  const n = rows === null ? length : rows.length
  const starts = new Int32Array(length)
  const ends = new Int32Array(length)
  let out: Buffer = Buffer.allocUnsafeSlow(1024)
  let to = 0
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    starts[r] = to
    let any = false
    for (let k = 0; k < texts.length; k++) {
      const { data, starts: froms, ends: tos, validity } = texts[k]!
      if (validity !== null && validity[r] === 0) continue
      const end = tos[r]!
      let from = froms[r]!
      // Bytes that are no UTF-8 must not become some by what stands before them.
      if (from < end && (data[from]! & 0xc0) === 0x80) return null
      out = withRoom(out, to, separator.length + end - from)
      if (any) for (let s = 0; s < separator.length; s++) out[to++] = separator[s]!
      any = true
      while (from < end) out[to++] = data[from++]!
    }
    ends[r] = to
  }
  return new BytesVector(type, out, starts, ends, null)
}

const NOTHING = new Uint8Array(0)

/** `concat` of texts. */
export const concatVector: VectorKernel = (args, rows, length, site) =>
  site.type.kind === 'string' && args.length > 0 ? joined(args, NOTHING, rows, length, site.type) : null

/** `concat_ws` of texts by a constant. */
export const concatWsVector: VectorKernel = (args, rows, length, site) => {
  const separator = site.constants[0]
  if (typeof separator !== 'string' || !site.args.every((a) => a.kind === 'string')) return null
  return joined(args.slice(1), Buffer.from(separator), rows, length, site.type)
}
