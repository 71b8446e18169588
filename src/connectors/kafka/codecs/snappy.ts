/**
 * Snappy as Kafka's Java client frames it: a header of 16 bytes (0x82 SNAPPY 0, version, lowest version), then blocks
 * of a big-endian length and raw snappy. Raw snappy without header is read too, as other clients write it.
 */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const BLOCK = 32 << 10

/** The bytes that were compressed; null when these are not snappy. */
export function snappyDecompress(input: Buffer): Buffer | null {
  if (input.length < 16 || !input.subarray(0, 8).equals(MAGIC)) return rawDecompress(input)
  const parts: Buffer[] = []
  for (let at = 16; at < input.length;) {
    if (at + 4 > input.length) return null
    const length = input.readUInt32BE(at)
    at += 4
    if (at + length > input.length) return null
    const part = rawDecompress(input.subarray(at, at + length))
    if (part === null) return null
    parts.push(part)
    at += length
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

function rawDecompress(input: Buffer): Buffer | null {
  let at = 0
  let size = 0
  for (let shift = 0; ; shift += 7) {
    if (at >= input.length || shift > 28) return null
    const b = input[at++]!
    size += (b & 127) * 2 ** shift
    if (b < 128) break
  }
  // No element of snappy gives more than 64 bytes for 2.
  if (size > input.length * 32 + 64) return null
  const out = Buffer.allocUnsafeSlow(size)
  let to = 0
  while (at < input.length) {
    const tag = input[at++]!
    let length: number
    let back: number
    if ((tag & 3) === 0) {
      length = tag >>> 2
      if (length >= 60) {
        const bytes = length - 59
        if (at + bytes > input.length) return null
        length = input.readUIntLE(at, bytes)
        at += bytes
      }
      length++
      if (at + length > input.length || to + length > size) return null
      if (length < 32) for (let i = 0; i < length; i++) out[to + i] = input[at + i]!
      else input.copy(out, to, at, at + length)
      at += length
      to += length
      continue
    }
    if ((tag & 3) === 1) {
      length = ((tag >>> 2) & 7) + 4
      back = ((tag >>> 5) << 8) | input[at++]!
    } else if ((tag & 3) === 2) {
      length = (tag >>> 2) + 1
      back = input[at]! | (input[at + 1]! << 8)
      at += 2
    } else {
      length = (tag >>> 2) + 1
      if (at + 4 > input.length) return null
      back = input.readUInt32LE(at)
      at += 4
    }
    if (at > input.length || back === 0 || back > to || to + length > size) return null
    // A copy may overlap what it makes.
    for (let i = 0; i < length; i++) out[to + i] = out[to + i - back]!
    to += length
  }
  return to === size ? out : null
}

/** `input` compressed, framed as the Java client frames it. */
export function snappyCompress(input: Buffer): Buffer {
  const header = Buffer.alloc(16)
  MAGIC.copy(header)
  header.writeInt32BE(1, 8)
  header.writeInt32BE(1, 12)
  const parts: Buffer[] = [header]
  for (let at = 0; at < input.length; at += BLOCK) {
    const block = rawCompress(input.subarray(at, Math.min(input.length, at + BLOCK)))
    const length = Buffer.alloc(4)
    length.writeInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

/** One block of at most 32 KiB: matches of four bytes are found through a table of 4096 places. */
function rawCompress(input: Buffer): Buffer {
  const n = input.length
  const out = Buffer.allocUnsafeSlow(32 + n + Math.floor(n / 6))
  let to = 0
  let size = n
  for (; size > 127; size >>>= 7) out[to++] = (size & 127) | 128
  out[to++] = size
  const places = new Int32Array(4096).fill(-1)
  let literal = 0
  const emitLiteral = (end: number): void => {
    const length = end - literal
    if (length === 0) return
    if (length <= 60) out[to++] = (length - 1) << 2
    else if (length <= 256) {
      out[to++] = 60 << 2
      out[to++] = length - 1
    } else {
      out[to++] = 61 << 2
      out[to++] = (length - 1) & 255
      out[to++] = (length - 1) >>> 8
    }
    to += input.copy(out, to, literal, end)
  }
  let at = 0
  while (at + 4 <= n) {
    const word = input.readInt32LE(at)
    const slot = Math.imul(word, 0x1e35a7bd) >>> 20
    const from = places[slot]!
    places[slot] = at
    if (from < 0 || input.readInt32LE(from) !== word) {
      at++
      continue
    }
    emitLiteral(at)
    let length = 4
    while (at + length < n && input[from + length] === input[at + length]) length++
    const back = at - from
    at += length
    literal = at
    for (; length > 0;) {
      const piece = Math.min(64, length)
      out[to++] = ((piece - 1) << 2) | 2
      out[to++] = back & 255
      out[to++] = back >>> 8
      length -= piece
    }
  }
  emitLiteral(n)
  return out.subarray(0, to)
}
