/**
 * Scanning JSON text in place, over UTF-8 bytes. Positions are indexes into the buffer; -1 means "not JSON".
 * Every function looks at bytes before `end` only.
 */

const QUOTE = 34
const BACKSLASH = 92

/** The position of the quote that ends the string whose first byte (behind its opening quote) is at `start`; -1 if there is none before `end`. */
export function closeQuote(b: Buffer, start: number, end: number): number {
  let p = start
  for (;;) {
    p = b.indexOf(QUOTE, p)
    if (p < 0 || p >= end) return -1
    let slashes = 0
    while (p - 1 - slashes >= start && b[p - 1 - slashes] === BACKSLASH) slashes++
    if ((slashes & 1) === 0) return p
    p++
  }
}

/** The first backslash in [start, end), or -1. A native search would go on to the end of the buffer where there is none. */
export function findBackslash(b: Buffer, start: number, end: number): number {
  for (let p = start; p < end; p++) if (b[p] === BACKSLASH) return p
  return -1
}

/** Behind any blanks. */
export function skipBlanks(b: Buffer, p: number, end: number): number {
  for (; p < end; p++) {
    const c = b[p]!
    if (c !== 32 && c !== 9 && c !== 13 && c !== 10) break
  }
  return p
}

/** Behind the number that begins at `p`, by JSON's grammar; -1 if none does. */
export function skipNumber(b: Buffer, p: number, end: number): number {
  if (b[p] === 45) p++
  if (p >= end) return -1
  if (b[p] === 48) p++
  else {
    const s = p
    while (p < end && (b[p]! ^ 48) < 10) p++
    if (p === s) return -1
  }
  if (p < end && b[p] === 46) {
    const s = ++p
    while (p < end && (b[p]! ^ 48) < 10) p++
    if (p === s) return -1
  }
  if (p < end && (b[p]! | 32) === 101) {
    p++
    if (b[p] === 43 || b[p] === 45) p++
    const s = p
    while (p < end && (b[p]! ^ 48) < 10) p++
    if (p === s) return -1
  }
  return p <= end ? p : -1
}

function isWord(b: Buffer, p: number, end: number, word: string): boolean {
  if (p + word.length > end) return false
  for (let i = 0; i < word.length; i++) if (b[p + i] !== word.charCodeAt(i)) return false
  return true
}

const DEEPEST = 1000

/** Behind the JSON value that begins at `p` (blanks before it are not skipped); -1 if it is malformed, or nested deeper than 1000. */
export function skipValue(b: Buffer, p: number, end: number, depth = 0): number {
  if (p >= end) return -1
  switch (b[p]) {
    case QUOTE: {
      const q = closeQuote(b, p + 1, end)
      return q < 0 ? -1 : q + 1
    }
    case 123: {
      if (depth > DEEPEST) return -1
      p = skipBlanks(b, p + 1, end)
      if (b[p] === 125 && p < end) return p + 1
      for (;;) {
        if (p >= end || b[p] !== QUOTE) return -1
        p = closeQuote(b, p + 1, end)
        if (p < 0) return -1
        p = skipBlanks(b, p + 1, end)
        if (p >= end || b[p] !== 58) return -1
        p = skipValue(b, skipBlanks(b, p + 1, end), end, depth + 1)
        if (p < 0) return -1
        p = skipBlanks(b, p, end)
        if (p >= end) return -1
        if (b[p] === 125) return p + 1
        if (b[p] !== 44) return -1
        p = skipBlanks(b, p + 1, end)
      }
    }
    case 91: {
      if (depth > DEEPEST) return -1
      p = skipBlanks(b, p + 1, end)
      if (b[p] === 93 && p < end) return p + 1
      for (;;) {
        p = skipValue(b, p, end, depth + 1)
        if (p < 0) return -1
        p = skipBlanks(b, p, end)
        if (p >= end) return -1
        if (b[p] === 93) return p + 1
        if (b[p] !== 44) return -1
        p = skipBlanks(b, p + 1, end)
      }
    }
    case 116:
      return isWord(b, p, end, 'true') ? p + 4 : -1
    case 102:
      return isWord(b, p, end, 'false') ? p + 5 : -1
    case 110:
      return isWord(b, p, end, 'null') ? p + 4 : -1
    default:
      return skipNumber(b, p, end)
  }
}

function hex4(b: Buffer, p: number): number {
  let x = 0
  for (let i = 0; i < 4; i++) {
    const c = b[p + i]!
    const d = c >= 48 && c <= 57 ? c - 48 : (c | 32) >= 97 && (c | 32) <= 102 ? (c | 32) - 87 : -1
    if (d < 0) return -1
    x = x * 16 + d
  }
  return x
}

const ESCAPES: Readonly<Record<number, number>> = { 34: 34, 92: 92, 47: 47, 98: 8, 102: 12, 110: 10, 114: 13, 116: 9 }

/**
 * Checks the escapes of the string body [start, end) without changing it. A lone surrogate is fine (it is written
 * as U+FFFD, as text without it could not be UTF-8).
 */
export function escapesAreValid(b: Buffer, start: number, end: number): boolean {
  for (let p = start; p < end; p++) {
    if (b[p] !== BACKSLASH) continue
    p++
    if (p >= end) return false
    if (b[p] === 117) {
      if (p + 4 >= end || hex4(b, p + 1) < 0) return false
      p += 4
    } else if (ESCAPES[b[p]!] === undefined) return false
  }
  return true
}

/** Replaces the escapes of the string body [start, end) in place and gives its new end: unescaped text is never longer. Escapes must be valid. */
export function unescapeInPlace(b: Buffer, start: number, end: number): number {
  let p = findBackslash(b, start, end)
  if (p < 0) return end
  let w = p
  while (p < end) {
    const c = b[p]!
    if (c !== BACKSLASH) {
      b[w++] = c
      p++
      continue
    }
    const kind = b[p + 1]!
    if (kind !== 117) {
      b[w++] = ESCAPES[kind]!
      p += 2
      continue
    }
    let code = hex4(b, p + 2)
    p += 6
    if (code >= 0xd800 && code < 0xdc00 && p + 5 < end && b[p] === BACKSLASH && b[p + 1] === 117) {
      const low = hex4(b, p + 2)
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
        p += 6
      }
    }
    if (code >= 0xd800 && code < 0xe000) code = 0xfffd
    if (code < 0x80) b[w++] = code
    else if (code < 0x800) {
      b[w++] = 0xc0 | (code >> 6)
      b[w++] = 0x80 | (code & 63)
    } else if (code < 0x10000) {
      b[w++] = 0xe0 | (code >> 12)
      b[w++] = 0x80 | ((code >> 6) & 63)
      b[w++] = 0x80 | (code & 63)
    } else {
      b[w++] = 0xf0 | (code >> 18)
      b[w++] = 0x80 | ((code >> 12) & 63)
      b[w++] = 0x80 | ((code >> 6) & 63)
      b[w++] = 0x80 | (code & 63)
    }
  }
  return w
}
