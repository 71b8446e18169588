/** LZ4 frames, as Kafka carries them. Checksums of content and blocks are not verified: the CRC of the record batch holds. */
import { xxhash32 } from './xxhash32.ts'

const MAGIC = 0x184d2204
const BLOCK = 64 << 10

/** The bytes that were compressed; null when these are not an LZ4 frame. */
export function lz4Decompress(input: Buffer): Buffer | null {
  if (input.length < 7 || input.readUInt32LE(0) !== MAGIC) return null
  const flags = input[4]!
  const maxBlock = 1 << (8 + 2 * ((input[5]! >>> 4) & 7))
  let at = 7 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0)
  const blockChecksum = flags & 16 ? 4 : 0
  let out = Buffer.allocUnsafeSlow(Math.max(1024, Math.min(input.length * 4, 1 << 22)))
  let to = 0
  for (;;) {
    if (at + 4 > input.length) return null
    const word = input.readUInt32LE(at)
    at += 4
    if (word === 0) return out.subarray(0, to)
    const length = word & 0x7fffffff
    if (at + length > input.length) return null
    // Blocks may refer to what the blocks before them gave, so all of a frame lies in one buffer.
    if (out.length - to < maxBlock) {
      const grown = Buffer.allocUnsafeSlow(Math.max(out.length * 2, to + maxBlock))
      out.copy(grown, 0, 0, to)
      out = grown
    }
    if (word >= 0x80000000) to += input.copy(out, to, at, at + length)
    else {
      const end = decompressBlock(input, at, at + length, out, to)
      if (end < 0) return null
      to = end
    }
    at += length + blockChecksum
  }
}

/** Gives where the output ends, -1 for a block that is damaged. */
function decompressBlock(input: Buffer, from: number, end: number, out: Buffer, start: number): number {
  let at = from
  let to = start
  while (at < end) {
    const token = input[at++]!
    let literals = token >>> 4
    if (literals === 15)
      for (let b = 255; b === 255; literals += b) {
        if (at >= end) return -1
        b = input[at++]!
      }
    if (at + literals > end || to + literals > out.length) return -1
    if (literals < 32) for (let i = 0; i < literals; i++) out[to + i] = input[at + i]!
    else input.copy(out, to, at, at + literals)
    at += literals
    to += literals
    if (at >= end) return to
    if (at + 2 > end) return -1
    const back = input[at]! | (input[at + 1]! << 8)
    at += 2
    let length = (token & 15) + 4
    if (length === 19)
      for (let b = 255; b === 255; length += b) {
        if (at >= end) return -1
        b = input[at++]!
      }
    if (back === 0 || back > to || to + length > out.length) return -1
    for (let i = 0; i < length; i++) out[to + i] = out[to + i - back]!
    to += length
  }
  return to
}

/** `input` as one LZ4 frame of independent blocks of at most 64 KiB. */
export function lz4Compress(input: Buffer): Buffer {
  const descriptor = Buffer.from([0x60, 0x40])
  const header = Buffer.alloc(7)
  header.writeUInt32LE(MAGIC)
  descriptor.copy(header, 4)
  header[6] = (xxhash32(descriptor) >>> 8) & 255
  const parts: Buffer[] = [header]
  for (let at = 0; at < input.length; at += BLOCK) {
    const block = input.subarray(at, Math.min(input.length, at + BLOCK))
    const packed = compressBlock(block)
    const length = Buffer.alloc(4)
    const fits = packed.length < block.length
    length.writeUInt32LE(fits ? packed.length : (block.length | 0x80000000) >>> 0)
    parts.push(length, fits ? packed : block)
  }
  parts.push(Buffer.alloc(4))
  return Buffer.concat(parts)
}

function compressBlock(input: Buffer): Buffer {
  const n = input.length
  const out = Buffer.allocUnsafeSlow(n + Math.floor(n / 255) + 32)
  let to = 0
  const places = new Int32Array(8192).fill(-1)
  let literal = 0
  const lengthOf = (rest: number): void => {
    let r = rest
    for (; r >= 255; r -= 255) out[to++] = 255
    out[to++] = r
  }
  const emit = (end: number, length: number, back: number): void => {
    const literals = end - literal
    out[to++] = (Math.min(15, literals) << 4) | (length === 0 ? 0 : Math.min(15, length - 4))
    if (literals >= 15) lengthOf(literals - 15)
    to += input.copy(out, to, literal, end)
    if (length === 0) return
    out[to++] = back & 255
    out[to++] = back >>> 8
    if (length >= 19) lengthOf(length - 19)
  }
  // The format wants the last match to begin 12 bytes before the end at the latest, the last 5 bytes to be literals.
  for (let at = 0; at + 12 < n;) {
    const word = input.readInt32LE(at)
    const slot = Math.imul(word, 0x9e3779b1) >>> 19
    const from = places[slot]!
    places[slot] = at
    if (from < 0 || input.readInt32LE(from) !== word) {
      at++
      continue
    }
    let length = 4
    while (at + length < n - 5 && input[from + length] === input[at + length]) length++
    emit(at, length, at - from)
    at += length
    literal = at
  }
  emit(n, 0, 0)
  return out.subarray(0, to)
}
