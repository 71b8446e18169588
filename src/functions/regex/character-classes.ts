/** Java's names for sets of characters, and single characters, as the \`v\` syntax writes them. */

/** Thrown (and caught in this room) when a pattern cannot be used; `message` says why. */
export class PatternFault {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

/** POSIX and java classes, as the inside of a class. */
const POSIX: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\x00-\\x7f',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e',
  Graph: '\\x21-\\x7e',
  Print: '\\x20-\\x7e',
  Blank: ' \\t',
  Cntrl: '\\x00-\\x1f\\x7f',
  XDigit: '0-9a-fA-F',
  Space: ' \\t\\n\\x0b\\f\\r',
  javaLowerCase: '\\p{Lowercase}',
  javaUpperCase: '\\p{Uppercase}',
  javaWhitespace: ' \\t\\n\\x0b\\f\\r\\x1c-\\x1f\\u1680\\u2000-\\u2006\\u2008-\\u200a\\u2028\\u2029\\u205f\\u3000',
  javaLetter: '\\p{L}',
  javaDigit: '\\p{Nd}',
  javaAlphabetic: '\\p{Alphabetic}',
  L1: '\\x00-\\xff',
  all: '\\s\\S',
}

/** The sets of one-letter escapes, as the inside of a class. */
export const SHORT: Readonly<Record<string, string>> = {
  d: '0-9',
  w: 'a-zA-Z0-9_',
  s: ' \\t\\n\\x0b\\f\\r',
  h: ' \\t\\xa0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000',
  v: '\\n\\x0b\\f\\r\\x85\\u2028\\u2029',
}

/** The other case of the ASCII letters in a range. */
export function foldedRange(low: string, high: string): string {
  let out = ''
  for (const [from, to, shift] of [
    [65, 90, 32],
    [97, 122, -32],
  ] as const) {
    const a = Math.max(from, low.codePointAt(0)!)
    const b = Math.min(to, high.codePointAt(0)!)
    if (a <= b) out += `${String.fromCharCode(a + shift)}-${String.fromCharCode(b + shift)}`
  }
  return out
}

/** The inside of a class for a property name of Java. */
export function property(name: string): string {
  const posix = POSIX[name]
  if (posix !== undefined) return posix
  const bare = name.replace(/^Is/, '').replace(/^(?:script|sc|general_category|gc)=/, '')
  const candidates = [
    bare,
    `Script=${bare}`,
    bare === 'Alphabetic' ? 'Alphabetic' : `General_Category=${bare}`,
    capitalized(bare),
  ]
  for (const c of candidates) {
    try {
      new RegExp(`\\p{${c}}`, 'v')
      return `\\p{${c}}`
    } catch {
      continue // not a property by that name: the next candidate
    }
  }
  throw new PatternFault(`unknown property ${name}`)
}

const capitalized = (s: string): string =>
  s.toLowerCase().replace(/(^|_)([a-z])/g, (_, a: string, b: string) => a + b.toUpperCase())

const hex = (ch: string): string => {
  const p = ch.codePointAt(0)!
  return p <= 0xff ? `\\x${p.toString(16).padStart(2, '0')}` : `\\u{${p.toString(16)}}`
}

/** A character inside a class; everything but letters and digits is written by its code. */
export const classChar = (ch: string): string => (/^[A-Za-z0-9]$/.test(ch) ? ch : hex(ch))

/** A character outside of classes. */
export const literalChar = (ch: string): string => (/^[A-Za-z0-9 _,:;<>=!@#%&~`'"-]$/.test(ch) ? ch : hex(ch))
