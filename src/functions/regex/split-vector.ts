import { BytesVector, ListVector, type Vector } from '../../columns/vector.ts'
import { STRING } from '../../types/data-type.ts'
import type { CallSite, VectorKernel } from '../entry.ts'

/** The text a Java pattern stands for when it is nothing but characters (a backslash may escape punctuation); else null. */
export function plainText(pattern: string): string | null {
  let text = ''
  for (let i = 0; i < pattern.length; i++) {
    let c = pattern[i]!
    if (c === '\\') {
      c = pattern[++i] ?? ''
      if (!/^[!-/:-@[-`{-~]$/.test(c)) return null
    } else if ('^$.|?*+()[]{}'.includes(c)) return null
    text += c
  }
  // Half a surrogate pair has no bytes in UTF-8.
  return text !== '' && !/\p{Surrogate}/u.test(text) ? text : null
}

/** Positions of parts as they are found; reused from batch to batch, copied out at the end. */
let froms = new Int32Array(1 << 12)
let tos = new Int32Array(1 << 12)

function room(parts: number): void {
  if (parts <= froms.length) return
  const size = Math.max(parts, froms.length * 2)
  const [f, t] = [new Int32Array(size), new Int32Array(size)]
  f.set(froms)
  t.set(tos)
  froms = f
  tos = t
}

/**
 * `split` by a constant text without a limit: the parts lie in the bytes of the argument, nothing is copied and no
 * string made. UTF-8 needs no decoding for that: no character's bytes begin inside another's.
 */
export const splitVector: VectorKernel = (args, rows, length, site) => {
  const by = delimiterOf(site)
  const text = args[0]!
  if (by === null || text.shape !== 'bytes') return null
  const starts = new Int32Array(length)
  const ends = new Int32Array(length)
  const parts = splitRows(text, rows, length, by, starts, ends)
  const child = new BytesVector(STRING, text.data, froms.slice(0, parts), tos.slice(0, parts), null)
  return new ListVector(site.type, starts, ends, child, text.validity) satisfies Vector
}

const delimiters = new WeakMap<CallSite, Buffer | null>()

function delimiterOf(site: CallSite): Buffer | null {
  let known = delimiters.get(site)
  if (known === undefined) {
    const pattern = site.constants[1]
    const text = site.args.length === 2 && typeof pattern === 'string' ? plainText(pattern) : null
    delimiters.set(site, (known = text === null ? null : Buffer.from(text)))
  }
  return known
}

/** Writes where the parts of each row lie to `froms` and `tos`; gives their number. */
function splitRows(text: BytesVector, rows: Int32Array | null, length: number, by: Buffer, starts: Int32Array, ends: Int32Array): number {
  const { data, validity } = text
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const first = by[0]!
  const four = Math.imul(first, 0x01010101)
  const width = by.length
  const wholeWords = data.length - 4
  const n = rows === null ? length : rows.length
  let count = 0
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    if (validity !== null && validity[r] === 0) continue
    starts[r] = count
    const end = text.ends[r]!
    const last = end - width
    let from = text.starts[r]!
    room(count + 1 + Math.max(0, end - from))
    const [f, t] = [froms, tos]
    let p = from
    while (p <= last) {
      if (p <= wholeWords) {
        // Four bytes at a time: the high bit of each byte of `hits` says whether it is the first of the delimiter.
        const x = view.getInt32(p, true) ^ four
        let hits = ~(((x & 0x7f7f7f7f) + 0x7f7f7f7f) | x | 0x7f7f7f7f)
        const word = p
        p += 4
        while (hits !== 0) {
          const at = word + ((31 - Math.clz32(hits & -hits)) >> 3)
          hits &= hits - 1
          if (at > last) break
          if (at < from || (width > 1 && !matches(data, at, by))) continue
          f[count] = from
          t[count++] = at
          from = at + width
        }
      } else {
        if (p >= from && data[p] === first && matches(data, p, by)) {
          f[count] = from
          t[count++] = p
          from = p + width
        }
        p++
      }
    }
    f[count] = from
    t[count++] = end
    ends[r] = count
  }
  return count
}

function matches(data: Buffer, at: number, by: Buffer): boolean {
  for (let i = 1; i < by.length; i++) if (data[at + i] !== by[i]) return false
  return true
}
