import { ExecutionError } from '../../errors/errors.ts'

type Charset = 'US-ASCII' | 'ISO-8859-1' | 'UTF-8' | 'UTF-16' | 'UTF-16BE' | 'UTF-16LE' | 'UTF-32'

const KNOWN: ReadonlySet<string> = new Set([
  'US-ASCII',
  'ISO-8859-1',
  'UTF-8',
  'UTF-16',
  'UTF-16BE',
  'UTF-16LE',
  'UTF-32',
])

/** The character set of that name, in any case; INVALID_PARAMETER_VALUE.CHARSET for others. */
function charset(fn: string, name: string): Charset {
  const upper = name.toUpperCase()
  if (!KNOWN.has(upper))
    throw new ExecutionError(
      'INVALID_PARAMETER_VALUE.CHARSET',
      { function: fn, charset: name },
      { hint: `known are ${[...KNOWN].join(', ')}` },
    )
  return upper as Charset
}

const malformed = (fn: string, name: string): never => {
  throw new ExecutionError('MALFORMED_CHARACTER_CODING', { function: fn, charset: name })
}

/** `text` in a character set; what it cannot express raises MALFORMED_CHARACTER_CODING. */
export function encodeText(text: string, name: string): Uint8Array {
  const set = charset('encode', name)
  switch (set) {
    case 'UTF-8':
      return Buffer.from(text, 'utf8')
    case 'US-ASCII':
    case 'ISO-8859-1': {
      const limit = set === 'US-ASCII' ? 0x7f : 0xff
      for (const c of text) if (c.codePointAt(0)! > limit) malformed('encode', name)
      return Buffer.from(text, 'latin1')
    }
    case 'UTF-16LE':
      return Buffer.from(text, 'utf16le')
    case 'UTF-16BE':
      return Buffer.from(text, 'utf16le').swap16()
    case 'UTF-16':
      return text === ''
        ? Buffer.alloc(0)
        : Buffer.concat([Buffer.of(0xfe, 0xff), Buffer.from(text, 'utf16le').swap16()])
    case 'UTF-32': {
      const points = [...text].map((c) => c.codePointAt(0)!)
      const out = Buffer.alloc(points.length * 4)
      points.forEach((p, i) => out.writeUInt32BE(p, 4 * i))
      return out
    }
  }
}

/** Text from bytes in a character set; bytes that are not of it raise MALFORMED_CHARACTER_CODING. */
export function decodeText(bytes: Uint8Array, name: string): string {
  const set = charset('decode', name)
  const b = Buffer.from(bytes)
  switch (set) {
    case 'UTF-8':
      return strict('utf-8', b) ?? malformed('decode', name)
    case 'US-ASCII':
      return b.some((x) => x > 0x7f) ? malformed('decode', name) : b.toString('latin1')
    case 'ISO-8859-1':
      return b.toString('latin1')
    case 'UTF-16LE':
      return strict('utf-16le', b) ?? malformed('decode', name)
    case 'UTF-16BE':
      return strict('utf-16be', b) ?? malformed('decode', name)
    case 'UTF-16': {
      const little = b[0] === 0xff && b[1] === 0xfe
      const marked = little || (b[0] === 0xfe && b[1] === 0xff)
      return strict(little ? 'utf-16le' : 'utf-16be', marked ? b.subarray(2) : b) ?? malformed('decode', name)
    }
    case 'UTF-32': {
      if (b.length % 4 !== 0) return malformed('decode', name)
      let out = ''
      for (let i = 0; i < b.length; i += 4) {
        const point = b.readUInt32BE(i)
        if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return malformed('decode', name)
        if (i > 0 || point !== 0xfeff) out += String.fromCodePoint(point)
      }
      return out
    }
  }
}

function strict(label: string, b: Uint8Array): string | null {
  try {
    return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(b)
  } catch {
    return null // the decoder's only complaint is malformed input
  }
}

/** Are the bytes well-formed UTF-8? */
export const isUtf8 = (bytes: Uint8Array): boolean => strict('utf-8', bytes) !== null

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648 base 32 with padding. */
export function toBase32(bytes: Uint8Array): string {
  let out = ''
  let bits = 0
  let held = 0
  for (const b of bytes) {
    held = (held << 8) | b
    bits += 8
    while (bits >= 5) {
      bits -= 5
      out += BASE32[(held >> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  if (bits > 0) out += BASE32[(held << (5 - bits)) & 31]
  return out.padEnd(Math.ceil(out.length / 8) * 8, '=')
}

/** Bytes of RFC 4648 base 32, in either case, up to the padding; what is no digit is passed over, and bits that make no byte are dropped. */
export function fromBase32(text: string): Uint8Array {
  const out: number[] = []
  let bits = 0
  let held = 0
  let digits = 0
  for (const c of text.toUpperCase()) {
    if (c === '=') break
    const v = BASE32.indexOf(c)
    if (v < 0) continue
    digits++
    held = (held << 5) | v
    bits += 5
    if (bits >= 8) {
      bits -= 8
      out.push((held >> bits) & 255)
    }
    held &= (1 << bits) - 1
  }
  // A lone digit behind full groups counts as a byte, as in the recorded engine's library.
  if (digits % 8 === 1) out.push(held >> 2)
  return Uint8Array.from(out)
}

/** Bytes of MIME base 64: line breaks are skipped; null when the text is not base 64. */
export function fromBase64(text: string): Uint8Array | null {
  const body = text.replace(/\s+/g, '')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(body)) return null
  const bare = body.replace(/=+$/, '')
  const padding = body.length - bare.length
  if (bare.length % 4 === 1) return null
  if (padding > 0 && (bare.length + padding) % 4 !== 0) return null
  return Buffer.from(bare, 'base64')
}

/** Bytes of hexadecimal digits; an odd count gets a 0 in front; null when a character is no digit. */
export function fromHex(text: string): Uint8Array | null {
  if (!/^[0-9A-Fa-f]*$/.test(text)) return null
  return Buffer.from(text.length % 2 === 1 ? `0${text}` : text, 'hex')
}

/** Upper-case hexadecimal digits. */
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
