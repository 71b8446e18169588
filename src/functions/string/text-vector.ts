import { BytesVector, Int32Vector } from '../../columns/vector.ts'
import type { CallSite, VectorKernel } from '../entry.ts'

/**
 * Text functions over the bytes of a column. Cutting copies nothing: the result points into its argument. Where a text
 * is not ASCII, bytes are not characters, and the kernel declines; the loop then works on JavaScript strings.
 */

/** Gives each row that is asked for and not NULL to `each`; false as soon as `each` gives false. */
function everyRow(text: BytesVector, rows: Int32Array | null, length: number, each: (row: number) => boolean): boolean {
  const n = rows === null ? length : rows.length
  const { validity } = text
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    if (validity !== null && validity[r] === 0) continue
    if (!each(r)) return false
  }
  return true
}

/** True when `data[from .. to)` is ASCII. */
function isAsciiRange(data: Uint8Array, from: number, to: number): boolean {
  let bits = 0
  for (let i = from; i < to; i++) bits |= data[i]!
  return bits < 128
}

/** `length`: characters of a text, bytes of a binary. */
export const lengthVector: VectorKernel = ([text], rows, length, site) => {
  if (text?.shape !== 'bytes') return null
  const { data, starts, ends, validity } = text
  const n = rows === null ? length : rows.length
  const out = new Int32Array(length)
  const binary = site.args[0]!.kind === 'binary'
  let bits = 0
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    if (validity !== null && validity[r] === 0) continue
    const end = ends[r]!
    out[r] = end - starts[r]!
    if (!binary) for (let at = starts[r]!; at < end; at++) bits |= data[at]!
  }
  return bits < 128 ? new Int32Vector(site.type, out, validity) : null
}

/** Where a result begins and ends in the bytes of its argument. */
interface Cut {
  start: number
  end: number
}

/** Writes the cut of the text in `data[start .. end)` to `at`; false where it cannot tell. */
type Cutter = (data: Uint8Array, start: number, end: number, at: Cut) => boolean

/** A kernel for a function that gives a stretch of its text; `cutterOf` is asked once per call, null declines. */
function cutting(cutterOf: (site: CallSite) => Cutter | null): VectorKernel {
  const known = new WeakMap<CallSite, Cutter | null>()
  return ([text], rows, length, site) => {
    let cut = known.get(site)
    if (cut === undefined) known.set(site, (cut = cutterOf(site)))
    if (cut === null || text?.shape !== 'bytes') return null
    const cutter = cut
    const { data } = text
    const starts = new Int32Array(length)
    const ends = new Int32Array(length)
    const at: Cut = { start: 0, end: 0 }
    const done = everyRow(text, rows, length, (r) => {
      if (!cutter(data, text.starts[r]!, text.ends[r]!, at)) return false
      starts[r] = at.start
      ends[r] = at.end
      return true
    })
    return done ? new BytesVector(site.type, data, starts, ends, text.validity) : null
  }
}

function empty(at: Cut, start: number): true {
  at.start = at.end = start
  return true
}

/** Characters `from` (not below 0) to `to`, counted from the beginning. */
function fromStart(binary: boolean, from: number, to: number): Cutter {
  return (data, start, end, at) => {
    const size = end - start
    // A text has no more characters than bytes.
    if (to <= from || from >= size) return empty(at, start)
    at.start = start + from
    at.end = start + Math.min(to, size)
    return binary || isAsciiRange(data, start, at.end)
  }
}

/** `count` characters from the one `back` before the end on; what lies before the text counts too. */
function fromEnd(binary: boolean, back: number, count: number): Cutter {
  return (data, start, end, at) => {
    if (count <= 0) return empty(at, start)
    const from = end - back
    at.start = Math.max(start, from)
    at.end = Math.max(at.start, Math.min(end, from + count))
    return binary || isAsciiRange(data, at.start, end)
  }
}

const isBinary = (site: CallSite): boolean => site.args[0]!.kind === 'binary'

/** `substring` by constants. */
export const substringVector = cutting((site) => {
  const [, position, count = Infinity] = site.constants
  if (typeof position !== 'number' || typeof count !== 'number') return null
  if (site.args.length > 2 && site.constants[2] === undefined) return null
  if (position < 0) return fromEnd(isBinary(site), -position, count)
  const from = Math.max(0, position - 1)
  return fromStart(isBinary(site), from, from + count)
})

/** `left` by a constant. */
export const leftVector = cutting((site) => {
  const count = site.constants[1]
  return typeof count === 'number' ? fromStart(isBinary(site), 0, count) : null
})

/** `right` by a constant. */
export const rightVector = cutting((site) => {
  const count = site.constants[1]
  return typeof count === 'number' ? fromEnd(false, count, count) : null
})

/** `trim` and kin of spaces. A space is a byte of its own in any text. */
export const trimVector = (left: boolean, right: boolean): VectorKernel =>
  cutting((site) =>
    site.args.length > 1
      ? null
      : (data, start, end, at) => {
          if (left) while (start < end && data[start] === 32) start++
          if (right) while (end > start && data[end - 1] === 32) end--
          at.start = start
          at.end = end
          return true
        },
  )

/** `upper` and `lower` of ASCII: letters from `first` on (26 of them) differ from their others by one bit. */
export const caseVector =
  (first: number): VectorKernel =>
  ([text], rows, length, site) => {
    if (text?.shape !== 'bytes') return null
    const { data, starts: froms, ends: tos, validity } = text
    const n = rows === null ? length : rows.length
    const starts = new Int32Array(length)
    const ends = new Int32Array(length)
    let size = 0
    for (let i = 0; i < n; i++) {
      const r = rows === null ? i : rows[i]!
      if (validity !== null && validity[r] === 0) continue
      starts[r] = size
      ends[r] = size += tos[r]! - froms[r]!
    }
    const out = Buffer.allocUnsafeSlow(size)
    let bits = 0
    for (let i = 0; i < n; i++) {
      const r = rows === null ? i : rows[i]!
      const end = ends[r]!
      // A row that is NULL has an empty place.
      for (let to = starts[r]!, from = froms[r]!; to < end; to++, from++) {
        const c = data[from]!
        bits |= c
        const letter = c - first
        out[to] = letter >= 0 && letter < 26 ? c ^ 32 : c
      }
    }
    return bits < 128 ? new BytesVector(site.type, out, starts, ends, validity) : null
  }
