/** A number as it is written. */
export class JsonNumber {
  readonly raw: string
  constructor(raw: string) {
    this.raw = raw
  }
}

/** A list; `start` and `end` are its place in the text. */
export class JsonArray {
  readonly items: readonly JsonNode[]
  readonly start: number
  readonly end: number
  constructor(items: readonly JsonNode[], start: number, end: number) {
    this.items = items
    this.start = start
    this.end = end
  }
}

/** An object: names (repeated ones too) and values in the order of the text. */
export class JsonObject {
  readonly names: readonly string[]
  readonly values: readonly JsonNode[]
  readonly start: number
  readonly end: number
  constructor(names: readonly string[], values: readonly JsonNode[], start: number, end: number) {
    this.names = names
    this.values = values
    this.start = start
    this.end = end
  }
}

/** A JSON value that keeps what JSON.parse loses: the text of numbers, repeated names, places. */
export type JsonNode = null | boolean | string | JsonNumber | JsonArray | JsonObject

/** What a reader of JSON takes beyond the standard; the names are Spark's options. */
export interface JsonSyntax {
  readonly allowComments?: boolean
  readonly allowUnquotedFieldNames?: boolean
  readonly allowSingleQuotes?: boolean
  readonly allowNumericLeadingZeros?: boolean
  readonly allowNonNumericNumbers?: boolean
  readonly allowBackslashEscapingAnyCharacter?: boolean
  readonly allowUnquotedControlChars?: boolean
}

/** Marks a fault of the text; never leaves this file. */
const FAULT = Symbol('fault')
type Fault = typeof FAULT

const MAX_DEPTH = 1000
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const NUMBER_WITH_ZEROS = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const BARE_NAME = /[\p{L}_$][\p{L}\p{N}_$]*/uy
const NOT_A_NUMBER = /NaN|[+-]?(?:Infinity|INF)(?![A-Za-z0-9])/y
// oxlint-disable-next-line no-control-regex -- JSON forbids control characters in strings
const PLAIN_DOUBLE = /[^"\\\u0000-\u001f]*/y
// oxlint-disable-next-line no-control-regex -- as above
const PLAIN_SINGLE = /[^'\\\u0000-\u001f]*/y
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

class Reader {
  readonly #text: string
  readonly #syntax: JsonSyntax
  #at = 0

  constructor(text: string, syntax: JsonSyntax) {
    this.#text = text
    this.#syntax = syntax
  }

  /** True when nothing but blanks is left. */
  atEnd(): boolean {
    return this.#skipBlanks() && this.#at >= this.#text.length
  }

  value(depth = 0): JsonNode | Fault {
    if (!this.#skipBlanks() || depth > MAX_DEPTH) return FAULT
    const c = this.#text[this.#at]
    switch (c) {
      case '{':
        return this.#object(depth)
      case '[':
        return this.#array(depth)
      case '"':
        return this.#string('"')
      case "'":
        return this.#syntax.allowSingleQuotes ? this.#string("'") : FAULT
      case 't':
        return this.#word('true', true)
      case 'f':
        return this.#word('false', false)
      case 'n':
        return this.#word('null', null)
      default:
        return this.#number()
    }
  }

  /** Skips blanks and comments; false where a comment has no end. */
  #skipBlanks(): boolean {
    for (;;) {
      const c = this.#text.charCodeAt(this.#at)
      if (c === 0x20 || (c >= 9 && c <= 13 && c !== 11 && c !== 12)) this.#at++
      else if (c === 0x2f && this.#syntax.allowComments) {
        const block = this.#text.startsWith('/*', this.#at)
        if (!block && !this.#text.startsWith('//', this.#at)) return false
        const end = this.#text.indexOf(block ? '*/' : '\n', this.#at + 2)
        if (end < 0 && block) return false
        this.#at = end < 0 ? this.#text.length : end + (block ? 2 : 1)
      } else return true
    }
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at
    const m = pattern.exec(this.#text)
    if (m === null) return null
    this.#at += m[0].length
    return m[0]
  }

  #word<T extends JsonNode>(word: string, value: T): T | Fault {
    if (!this.#text.startsWith(word, this.#at) || /[\p{L}\p{N}_$]/u.test(this.#text.charAt(this.#at + word.length)))
      return FAULT
    this.#at += word.length
    return value
  }

  #number(): JsonNode | Fault {
    const raw = this.#match(this.#syntax.allowNumericLeadingZeros ? NUMBER_WITH_ZEROS : NUMBER)
    if (raw !== null && raw !== '') {
      // 01 or 1x: what follows a number must be able to follow a value.
      return /[\s,\]}/]|^$/.test(this.#text.charAt(this.#at)) ? new JsonNumber(raw) : FAULT
    }
    const word = this.#syntax.allowNonNumericNumbers ? this.#match(NOT_A_NUMBER) : null
    return word === null ? FAULT : new JsonNumber(word)
  }

  #string(quote: '"' | "'"): string | Fault {
    this.#at++
    const plain = quote === '"' ? PLAIN_DOUBLE : PLAIN_SINGLE
    let out = this.#match(plain)!
    for (;;) {
      const c = this.#text[this.#at]
      if (c === undefined) return FAULT
      if (c === quote) {
        this.#at++
        return out
      }
      if (c === '\\') {
        const escape = this.#text[this.#at + 1]
        if (escape === undefined) return FAULT
        this.#at += 2
        if (escape === 'u') {
          const hex = this.#match(/[0-9a-fA-F]{4}/y)
          if (hex === null) return FAULT
          out += String.fromCharCode(Number.parseInt(hex, 16))
        } else if (Object.hasOwn(ESCAPES, escape)) out += ESCAPES[escape]
        else if (this.#syntax.allowBackslashEscapingAnyCharacter || (escape === "'" && this.#syntax.allowSingleQuotes))
          out += escape
        else return FAULT
      } else {
        if (!this.#syntax.allowUnquotedControlChars) return FAULT
        out += c
        this.#at++
      }
      out += this.#match(plain)!
    }
  }

  #name(): string | Fault {
    const c = this.#text[this.#at]
    if (c === '"') return this.#string('"')
    if (c === "'" && this.#syntax.allowSingleQuotes) return this.#string("'")
    return (this.#syntax.allowUnquotedFieldNames ? this.#match(BARE_NAME) : null) ?? FAULT
  }

  #array(depth: number): JsonArray | Fault {
    const start = this.#at++
    const items: JsonNode[] = []
    if (!this.#skipBlanks()) return FAULT
    if (this.#text[this.#at] === ']') return new JsonArray(items, start, ++this.#at)
    for (;;) {
      const item = this.value(depth + 1)
      if (item === FAULT) return FAULT
      items.push(item)
      const c = this.#next()
      if (c === ']') return new JsonArray(items, start, this.#at)
      if (c !== ',') return FAULT
    }
  }

  #object(depth: number): JsonObject | Fault {
    const start = this.#at++
    const names: string[] = []
    const values: JsonNode[] = []
    if (!this.#skipBlanks()) return FAULT
    if (this.#text[this.#at] === '}') return new JsonObject(names, values, start, ++this.#at)
    for (;;) {
      if (!this.#skipBlanks()) return FAULT
      const name = this.#name()
      if (name === FAULT || this.#next() !== ':') return FAULT
      const value = this.value(depth + 1)
      if (value === FAULT) return FAULT
      names.push(name)
      values.push(value)
      const c = this.#next()
      if (c === '}') return new JsonObject(names, values, start, this.#at)
      if (c !== ',') return FAULT
    }
  }

  /** The next character that is no blank, taken. */
  #next(): string | undefined {
    return this.#skipBlanks() ? this.#text[this.#at++] : undefined
  }
}

/**
 * Reads the first JSON value of a text; what follows it is not looked at. Undefined for a text that is not JSON,
 * and for one that holds nothing at all.
 */
export function parseJson(text: string, syntax: JsonSyntax): JsonNode | undefined {
  const value = new Reader(text, syntax).value()
  return value === FAULT ? undefined : value
}

/** True for a text of blanks. */
export const isBlank = (text: string): boolean => new Reader(text, {}).atEnd()

/** What functions without options take: the standard, and strings in single quotes. */
export const DEFAULT_SYNTAX: JsonSyntax = { allowSingleQuotes: true, allowNonNumericNumbers: true }
