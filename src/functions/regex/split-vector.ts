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
let froms = new Int32Array(1 << 14)
let tos = new Int32Array(1 << 14)
/** Scratch above so many parts is not kept. */
const MOST_KEPT = 1 << 20
/** Rows are gone through in runs of about so many bytes: a part is a byte at least, so room for all can be made before. */
const RUN_BYTES = 1 << 19

function room(parts: number, used: number): void {
  if (parts <= froms.length) return
  const size = Math.max(parts, froms.length * 2)
  const [f, t] = [new Int32Array(size), new Int32Array(size)]
  f.set(froms.subarray(0, used))
  t.set(tos.subarray(0, used))
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
  if (froms.length > MOST_KEPT) froms = tos = new Int32Array(0)
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
function splitRows(
  text: BytesVector,
  rows: Int32Array | null,
  length: number,
  by: Buffer,
  starts: Int32Array,
  ends: Int32Array,
): number {
  const n = rows === null ? length : rows.length
  let count = 0
  for (let i = 0; i < n;) {
    const first = i
    let most = 0
    while (i < n && most < RUN_BYTES) most += partsAtMost(text, rows === null ? i++ : rows[i++]!, by)
    room(count + most, count)
    count = splitRun(text, rows, first, i, by, starts, ends, count)
  }
  return count
}

function partsAtMost(text: BytesVector, row: number, by: Buffer): number {
  if (text.isNull(row)) return 0
  const [start, end] = [text.starts[row]!, text.ends[row]!]
  if (end - start < RUN_BYTES) return end - start + 1
  // A very long text is counted first.
  let parts = 1
  for (let p = start; (p = text.data.indexOf(by, p)) >= 0 && p < end; p += by.length) parts++
  return parts
}

/** As splitRows, for the rows from `from` to `to`; there is room. */
function splitRun(
  text: BytesVector,
  rows: Int32Array | null,
  from: number,
  to: number,
  by: Buffer,
  starts: Int32Array,
  ends: Int32Array,
  count: number,
): number {
  const { data, validity, starts: begins, ends: stops } = text
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const [f, t] = [froms, tos]
  const first = by[0]!
  const four = Math.imul(first, 0x01010101)
  const width = by.length
  const wholeWords = data.length - 4
  for (let i = from; i < to; i++) {
    const r = rows === null ? i : rows[i]!
    if (validity !== null && validity[r] === 0) continue
    starts[r] = count
    const end = stops[r]!
    const last = end - width
    let begin = begins[r]!
    let p = begin
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
          if (at < begin || (width > 1 && !matches(data, at, by))) continue
          f[count] = begin
          t[count++] = at
          begin = at + width
        }
      } else {
        if (p >= begin && data[p] === first && (width === 1 || matches(data, p, by))) {
          f[count] = begin
          t[count++] = p
          begin = p + width
        }
        p++
      }
    }
    f[count] = begin
    t[count++] = end
    ends[r] = count
  }
  return count
}

function matches(data: Buffer, at: number, by: Buffer): boolean {
  for (let i = 1; i < by.length; i++) if (data[at + i] !== by[i]) return false
  return true
}
