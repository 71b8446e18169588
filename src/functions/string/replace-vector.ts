import { BytesVector } from '../../columns/vector.ts'
import type { VectorKernel } from '../entry.ts'
import { hasSurrogates } from './code-points.ts'

/** Well-formed text without the character that broken bytes read as: it is found in bytes where it is found in text. */
const isPlain = (text: unknown): text is string =>
  typeof text === 'string' && text !== '' && !hasSurrogates(text) && !text.includes('\ufffd')

/** `replace` of a constant by a constant, on bytes: a character's bytes begin inside no other's. */
export const replaceVector: VectorKernel = ([text], rows, length, site) => {
  const [, search, by = site.args.length < 3 ? '' : undefined] = site.constants
  if (text?.shape !== 'bytes' || !isPlain(search) || typeof by !== 'string') return null
  const { data, validity } = text
  const wanted = Buffer.from(search)
  const other = Buffer.from(by)
  const first = wanted[0]!
  const n = rows === null ? length : rows.length
  const starts = new Int32Array(length)
  const ends = new Int32Array(length)
  let out: Buffer = Buffer.allocUnsafeSlow(1024)
  let to = 0
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    if (validity !== null && validity[r] === 0) continue
    const end = text.ends[r]!
    let from = text.starts[r]!
    out = withRoom(out, to, end - from)
    starts[r] = to
    const last = end - wanted.length
    while (from < end) {
      if (data[from] === first && from <= last && isAt(data, from, wanted)) {
        from += wanted.length
        out = withRoom(out, to, other.length + end - from)
        for (let k = 0; k < other.length; k++) out[to++] = other[k]!
      } else out[to++] = data[from++]!
    }
    ends[r] = to
  }
  return new BytesVector(site.type, out, starts, ends, validity)
}

/** The buffer, or a larger one that begins with its first `used` bytes, with room for `more`. */
export function withRoom(buffer: Buffer, used: number, more: number): Buffer {
  if (used + more <= buffer.length) return buffer
  const grown = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, used + more))
  buffer.copy(grown, 0, 0, used)
  return grown
}

function isAt(data: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 1; i < wanted.length; i++) if (data[at + i] !== wanted[i]) return false
  return true
}
