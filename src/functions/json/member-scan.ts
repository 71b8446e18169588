import { numberText } from './json-write.ts'

/** What `findMember` gives where the parser must decide. */
export const UNSURE: unique symbol = Symbol('left to the parser')

const MAX_DEPTH = 100
const HEX_DIGITS = /^[0-9a-fA-F]{4}$/

/**
 * The text of the member that `names` lead to in JSON text; null where they lead nowhere. Nothing is built on the way:
 * values are stepped over, and checked, to the end of the first one. What needs a parser (a found object, escapes,
 * JSON that is not plain) is UNSURE.
 */
export function findMember(text: string, names: readonly string[]): string | null | typeof UNSURE {
  const scan = new Scan(text, names)
  return scan.value(0, true) ? scan.found : UNSURE
}

class Scan {
  found: string | null = null
  readonly #text: string
  readonly #names: readonly string[]
  #at = 0

  constructor(text: string, names: readonly string[]) {
    this.#text = text
    this.#names = names
  }

  /** Steps over a value `depth` members deep, `onPath` when all names up to here fitted. False: unsure. */
  value(depth: number, onPath: boolean): boolean {
    this.#blanks()
    const start = this.#at
    const wanted = onPath && depth === this.#names.length
    const text = this.#text
    switch (text.charCodeAt(start)) {
      case 0x7b:
        return !wanted && depth < MAX_DEPTH && this.#object(depth, onPath)
      case 0x5b:
        return !wanted && depth < MAX_DEPTH && this.#array(depth)
      case 0x22: {
        const plain = this.#string()
        if (plain === null || (wanted && !plain)) return false
        if (wanted) this.found = text.slice(start + 1, this.#at - 1)
        return true
      }
      case 0x74:
        return this.#word('true', wanted)
      case 0x66:
        return this.#word('false', wanted)
      case 0x6e:
        return this.#word('null', false)
      default:
        return this.#number(wanted)
    }
  }

  #blanks(): void {
    for (;;) {
      const c = this.#text.charCodeAt(this.#at)
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return
      this.#at++
    }
  }

  /** The next character that is no blank, taken. */
  #next(): number {
    this.#blanks()
    return this.#text.charCodeAt(this.#at++)
  }

  /** Steps over a string; whether it has no escapes, or null where it is no plain JSON string. */
  #string(): boolean | null {
    const text = this.#text
    let plain = true
    for (let at = this.#at + 1; ; at++) {
      const c = text.charCodeAt(at)
      if (c === 0x22) {
        this.#at = at + 1
        return plain
      }
      if (c === 0x5c) {
        plain = false
        const escape = text[++at]
        if (escape === 'u') {
          if (!HEX_DIGITS.test(text.slice(at + 1, at + 5))) return null
          at += 4
        } else if (escape === undefined || !'"\\/bfnrt'.includes(escape)) return null
      } else if (!(c >= 0x20)) return null // a control character, or the end of the text
    }
  }

  #word(word: string, wanted: boolean): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false
    this.#at += word.length
    if (wanted) this.found = word
    return this.#canEnd()
  }

  #number(wanted: boolean): boolean {
    const text = this.#text
    const start = this.#at
    let at = start
    const digits = (): boolean => {
      const from = at
      for (let c = text.charCodeAt(at); c >= 48 && c <= 57; c = text.charCodeAt(++at));
      return at > from
    }
    if (text.charCodeAt(at) === 0x2d) at++
    if (text.charCodeAt(at) === 0x30) at++
    else if (!digits()) return false
    if (text.charCodeAt(at) === 0x2e) {
      at++
      if (!digits()) return false
    }
    const e = text.charCodeAt(at)
    if (e === 0x65 || e === 0x45) {
      const sign = text.charCodeAt(++at)
      if (sign === 0x2b || sign === 0x2d) at++
      if (!digits()) return false
    }
    this.#at = at
    if (wanted) this.found = numberText(text.slice(start, at))
    return this.#canEnd()
  }

  /** A word or number ends where a blank, a comma, a bracket or the end of the text follows. */
  #canEnd(): boolean {
    const c = this.#text.charCodeAt(this.#at)
    return c === 0x2c || c === 0x7d || c === 0x5d || c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09 || c !== c
  }

  #array(depth: number): boolean {
    this.#at++
    this.#blanks()
    if (this.#text.charCodeAt(this.#at) === 0x5d) {
      this.#at++
      return true
    }
    for (;;) {
      if (!this.value(depth + 1, false)) return false
      const c = this.#next()
      if (c !== 0x2c) return c === 0x5d
    }
  }

  #object(depth: number, onPath: boolean): boolean {
    const text = this.#text
    const name = onPath ? this.#names[depth]! : ''
    this.#at++
    this.#blanks()
    if (text.charCodeAt(this.#at) === 0x7d) {
      this.#at++
      return true
    }
    for (;;) {
      this.#blanks()
      const start = this.#at + 1
      // Names with escapes would have to be read to be compared.
      if (text.charCodeAt(start - 1) !== 0x22 || this.#string() !== true) return false
      // Of a repeated name the first that leads on counts.
      const fits = onPath && this.found === null && this.#at - 1 - start === name.length && text.startsWith(name, start)
      if (this.#next() !== 0x3a || !this.value(depth + 1, fits)) return false
      const c = this.#next()
      if (c !== 0x2c) return c === 0x7d
    }
  }
}
