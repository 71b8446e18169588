import { classChar, foldedRange, literalChar, PatternFault, property, SHORT } from './character-classes.ts'

/**
 * Java regular expressions on JavaScript's engine. The text of a Java pattern is read once and written again in
 * the syntax of the `v` flag; what the two read differently (`$`, `.`, `\s`, `\p{Alpha}`, class unions, flags in
 * the middle, possessive quantifiers) is spelled out. Positions and semantics are Java's without UNIX_LINES.
 */

/** A pattern ready to use. Capture `n` of the Java pattern is group `slots[n]` of a JavaScript match. */
export interface JavaPattern {
  readonly source: string
  readonly flags: string
  readonly slots: readonly number[]
  /** Named captures: name to Java's number. */
  readonly names: ReadonlyMap<string, number>
}

const LINE_END = '\\n\\r\\x85\\u2028\\u2029'
const AT_END = `(?=(?:\\r\\n|[${LINE_END}])?$)`

interface Flags {
  i: boolean
  m: boolean
  s: boolean
  x: boolean
}

/** Translates a Java pattern; throws PatternFault when it is wrong or cannot be expressed. */
export function translatePattern(pattern: string): JavaPattern {
  const plain = new Translator(pattern, false)
  try {
    return plain.run()
  } catch (e) {
    if (e !== NEEDS_SLOTS) throw e
    return new Translator(pattern, true).run()
  }
}

const NEEDS_SLOTS = Symbol('possessive or atomic: helper groups shift the numbers')

class Translator {
  readonly #p: string
  readonly #slotted: boolean
  #i = 0
  #groups = 0
  /** JavaScript groups opened so far, helpers included. */
  #jsGroups = 0
  readonly #slots: number[] = [0]
  readonly #names = new Map<string, number>()
  #flags: Flags = { i: false, m: false, s: false, x: false }
  /** `(?i)` at the very start: the engine's own flag does it. */
  #wholeI = false

  constructor(pattern: string, slotted: boolean) {
    this.#p = pattern
    this.#slotted = slotted
  }

  run(): JavaPattern {
    const lead = /^\(\?([imsux]+)\)/.exec(this.#p)
    if (lead) {
      this.#i = lead[0].length
      this.#setFlags(lead[1]!, true)
      if (this.#flags.i) {
        this.#wholeI = true
        this.#flags.i = false
      }
    }
    const source = this.#alternatives()
    if (this.#i < this.#p.length) throw new PatternFault('unmatched )')
    return { source, flags: this.#wholeI ? 'vi' : 'v', slots: this.#slots, names: this.#names }
  }

  #setFlags(letters: string, on: boolean): void {
    for (const c of letters) {
      if (c === 'i' || c === 'm' || c === 's' || c === 'x') this.#flags = { ...this.#flags, [c]: on }
      else if (c !== 'u' && c !== 'd') throw new PatternFault(`unknown flag ${c}`)
    }
  }

  #alternatives(): string {
    let out = ''
    while (this.#i < this.#p.length) {
      const c = this.#p[this.#i]!
      if (c === ')') break
      if (c === '|') {
        this.#i++
        out += '|'
        continue
      }
      if (this.#flags.x && /\s/.test(c)) {
        this.#i++
        continue
      }
      if (this.#flags.x && c === '#') {
        while (this.#i < this.#p.length && this.#p[this.#i] !== '\n') this.#i++
        continue
      }
      out += this.#quantified()
    }
    return out
  }

  #quantified(): string {
    const groupsBefore = this.#jsGroups
    let atom = this.#atom()
    for (;;) {
      const q = /^(?:[*+?]|\{\d+(?:,\d*)?\})/.exec(this.#p.slice(this.#i, this.#i + 24))
      if (q === null) return atom
      if (atom === '') throw new PatternFault(`dangling ${q[0]}`)
      this.#i += q[0].length
      const next = this.#p[this.#i]
      if (next === '?') {
        this.#i++
        atom = `${wrapAssertion(atom)}${q[0]}?`
      } else if (next === '+') {
        this.#i++
        atom = this.#atomic(`${wrapAssertion(atom)}${q[0]}`, groupsBefore)
      } else atom = `${wrapAssertion(atom)}${q[0]}`
      if (/^[*+?{]/.test(this.#p[this.#i] ?? '')) atom = `(?:${atom})`
    }
  }

  /** No way back into what `body` matched: a lookahead captures it, a reference takes it. */
  #atomic(body: string, groupsBefore: number): string {
    if (!this.#slotted) throw NEEDS_SLOTS
    // The helper's group opens before those inside the body, so these move up by one.
    for (let n = 1; n < this.#slots.length; n++) if (this.#slots[n]! > groupsBefore) this.#slots[n]!++
    this.#jsGroups++
    const name = `_a${this.#jsGroups}_${groupsBefore}`
    return `(?:(?=(?<${name}>${body}))\\k<${name}>)`
  }

  #open(javaName?: string): string {
    this.#groups++
    this.#jsGroups++
    this.#slots.push(this.#jsGroups)
    if (javaName !== undefined) {
      if (this.#names.has(javaName)) throw new PatternFault(`group ${javaName} is named twice`)
      this.#names.set(javaName, this.#groups)
    }
    return this.#slotted ? `(?<_g${this.#groups}>` : '('
  }

  #close(): void {
    if (this.#p[this.#i] !== ')') throw new PatternFault('unclosed group')
    this.#i++
  }

  #group(open: string): string {
    const saved = this.#flags
    const body = this.#alternatives()
    this.#close()
    this.#flags = saved
    return `${open}${body})`
  }

  #atom(): string {
    const p = this.#p
    const c = p[this.#i]!
    switch (c) {
      case '(':
        return this.#parenthesis()
      case '[':
        this.#i++
        return this.#classSource()
      case '.':
        this.#i++
        return this.#flags.s ? '[\\s\\S]' : `[^${LINE_END}]`
      case '^':
        this.#i++
        return this.#flags.m ? `(?:^|(?<=[${LINE_END}])(?!$))` : '^'
      case '$':
        this.#i++
        return this.#flags.m ? `(?=[${LINE_END}]|$)` : AT_END
      case '\\':
        return this.#escape()
      case '*':
      case '+':
      case '?':
        throw new PatternFault(`dangling ${c}`)
      case '{':
        throw new PatternFault('illegal repetition')
      default: {
        const ch = String.fromCodePoint(p.codePointAt(this.#i)!)
        this.#i += ch.length
        return this.#literal(ch)
      }
    }
  }

  #literal(ch: string): string {
    if (this.#flags.i) {
      const other = ch.toLowerCase() === ch ? ch.toUpperCase() : ch.toLowerCase()
      if (other !== ch && [...other].length === 1) return `[${classChar(ch)}${classChar(other)}]`
    }
    return literalChar(ch)
  }

  #parenthesis(): string {
    const p = this.#p
    this.#i++
    if (p[this.#i] !== '?') return this.#group(this.#open())
    const rest = p.slice(this.#i, this.#i + 3)
    for (const kind of ['?<=', '?<!', '?:', '?=', '?!'])
      if (rest.startsWith(kind)) {
        this.#i += kind.length
        return this.#group(`(${kind}`)
      }
    if (rest.startsWith('?>')) {
      this.#i += 2
      const before = this.#jsGroups
      return this.#atomic(this.#group('(?:'), before)
    }
    const named = /^\?<([a-zA-Z][a-zA-Z0-9]*)>/.exec(p.slice(this.#i))
    if (named) {
      this.#i += named[0].length
      return this.#group(this.#open(named[1]!))
    }
    const flags = /^\?([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])/.exec(p.slice(this.#i))
    if (flags === null) throw new PatternFault('unknown group')
    this.#i += flags[0].length
    const saved = this.#flags
    this.#setFlags(flags[1]!, true)
    this.#setFlags(flags[2] ?? '', false)
    if (flags[3] === ')') return '(?:)' // holds to the end of the group around it
    const body = this.#alternatives()
    this.#close()
    this.#flags = saved
    return `(?:${body})`
  }

  #escape(): string {
    const p = this.#p
    const c = p[this.#i + 1]
    if (c === undefined) throw new PatternFault('ends in a backslash')
    const take = (n: number, out: string): string => {
      this.#i += n
      return out
    }
    if (/[1-9]/.test(c)) {
      let digits = c
      while (
        /[0-9]/.test(p[this.#i + 1 + digits.length] ?? '') &&
        Number(digits + p[this.#i + 1 + digits.length]!) <= this.#groups
      )
        digits += p[this.#i + 1 + digits.length]!
      const n = Number(digits)
      // A group that is not there (yet) never matches.
      if (n > this.#groups) return take(1 + digits.length, '(?!)')
      return take(1 + digits.length, this.#slotted ? `\\k<_g${n}>` : `(?:\\${n})`)
    }
    switch (c) {
      case 'Q': {
        const end = p.indexOf('\\E', this.#i + 2)
        const body = p.slice(this.#i + 2, end < 0 ? p.length : end)
        const chars = [...body].map((ch) => this.#literal(ch))
        return take(
          end < 0 ? p.length - this.#i : end + 2 - this.#i,
          chars.length === 1 ? chars[0]! : `(?:${chars.join('')})`,
        )
      }
      case 'E':
        return take(2, '(?:)')
      case 'A':
        return take(2, '^')
      case 'z':
        return take(2, '$')
      case 'Z':
        return take(2, AT_END)
      case 'b':
        return take(2, '\\b')
      case 'B':
        return take(2, '\\B')
      case 'R':
        return take(2, `(?:\\r\\n|[${SHORT['v']!}])`)
      case 'X':
        return take(2, '(?:\\P{M}\\p{M}*)')
      case 'G':
        throw new PatternFault('\\G is not supported')
      case 'k': {
        const name = /^<([a-zA-Z][a-zA-Z0-9]*)>/.exec(p.slice(this.#i + 2))
        const n = name === null ? undefined : this.#names.get(name[1]!)
        if (n === undefined) throw new PatternFault('\\k names no group')
        return take(2 + name![0].length, this.#slotted ? `\\k<_g${n}>` : `(?:\\${n})`)
      }
    }
    const set = this.#escapedSet()
    if (set !== null) return `[${set}]`
    return this.#literal(this.#escapedChar())
  }

  /** `\d`, `\p{…}` and kin as the inside of a class; null when the escape is not a set. Moves on when it is. */
  #escapedSet(): string | null {
    const p = this.#p
    const c = p[this.#i + 1]!
    const short = SHORT[c.toLowerCase()]
    if (short !== undefined && 'dwshvDWSHV'.includes(c)) {
      this.#i += 2
      return c === c.toLowerCase() ? short : `[^${short}]`
    }
    if (c !== 'p' && c !== 'P') return null
    const m = /^(?:\{(\^?)([A-Za-z0-9_ =]+)\}|([A-Z]))/.exec(p.slice(this.#i + 2))
    if (m === null) throw new PatternFault('\\p without a property')
    this.#i += 2 + m[0].length
    const inside = property(m[2] ?? m[3]!)
    return (c === 'P') !== (m[1] === '^') ? `[^${inside}]` : inside
  }

  /** The character an escape stands for; moves on. */
  #escapedChar(): string {
    const p = this.#p
    const rest = p.slice(this.#i + 1, this.#i + 12)
    const simple: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f', a: '\x07', e: '\x1b' }
    const c = rest[0]!
    if (simple[c] !== undefined) {
      this.#i += 2
      return simple[c]!
    }
    const coded = /^(?:x([0-9a-fA-F]{2})|x\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4}))/.exec(rest)
    if (coded) {
      this.#i += 1 + coded[0].length
      const point = parseInt((coded[1] ?? coded[2] ?? coded[3])!, 16)
      if (point > 0x10ffff) throw new PatternFault('a code point out of range')
      return String.fromCodePoint(point)
    }
    const octal = /^0([0-3]?[0-7]{1,2})/.exec(rest)
    if (octal) {
      this.#i += 1 + octal[0].length
      return String.fromCharCode(parseInt(octal[1]!, 8))
    }
    if (c === 'c' && rest.length > 1) {
      this.#i += 3
      return String.fromCharCode(rest.charCodeAt(1) ^ 64)
    }
    if (/[A-Za-z0]/.test(c)) throw new PatternFault(`unknown escape \\${c}`)
    const ch = String.fromCodePoint(p.codePointAt(this.#i + 1)!)
    this.#i += 1 + ch.length
    return ch
  }

  /** A character class behind its `[`, with Java's unions and intersections. */
  #classSource(): string {
    const p = this.#p
    let negated = false
    if (p[this.#i] === '^') {
      negated = true
      this.#i++
    }
    const parts: string[] = []
    let union = ''
    let first = true
    for (;;) {
      const c = p[this.#i]
      if (c === undefined) throw new PatternFault('unclosed character class')
      if (c === ']' && !first) {
        this.#i++
        break
      }
      first = false
      if (this.#flags.x && /\s/.test(c)) this.#i++
      else if (c === '[') {
        this.#i++
        union += this.#classSource()
      } else if (c === '&' && p[this.#i + 1] === '&') {
        while (p[this.#i] === '&') this.#i++
        parts.push(union)
        union = ''
      } else union += this.#classItem()
    }
    parts.push(union)
    const sets = parts.filter((s) => s !== '')
    const inside = sets.length === 1 ? sets[0]! : sets.map((s) => `[${s}]`).join('&&')
    return `[${negated ? '^' : ''}${inside}]`
  }

  #classItem(): string {
    const low = this.#classChar()
    if (low.length > 1 && low.startsWith('set:')) return low.slice(4)
    const p = this.#p
    if (p[this.#i] === '-' && p[this.#i + 1] !== ']' && p[this.#i + 1] !== '[' && p[this.#i + 1] !== undefined) {
      this.#i++
      const high = this.#classChar()
      if (high.startsWith('set:') && high.length > 4) return `${classChar(low)}${classChar('-')}${high.slice(4)}`
      if (high.codePointAt(0)! < low.codePointAt(0)!) throw new PatternFault('illegal character range')
      const range = `${classChar(low)}-${classChar(high)}`
      return this.#flags.i ? range + foldedRange(low, high) : range
    }
    if (this.#flags.i) {
      const other = low.toLowerCase() === low ? low.toUpperCase() : low.toLowerCase()
      if (other !== low && [...other].length === 1) return classChar(low) + classChar(other)
    }
    return classChar(low)
  }

  /** One character of a class, or `set:` and the inside of a class for `\d` and kin. */
  #classChar(): string {
    const p = this.#p
    if (p[this.#i] === '\\') {
      if (this.#i + 1 >= p.length) throw new PatternFault('ends in a backslash')
      if (p[this.#i + 1] === 'Q') {
        const end = p.indexOf('\\E', this.#i + 2)
        const body = p.slice(this.#i + 2, end < 0 ? p.length : end)
        this.#i = end < 0 ? p.length : end + 2
        return `set:${[...body].map(classChar).join('')}`
      }
      const set = this.#escapedSet()
      return set === null ? this.#escapedChar() : `set:${set}`
    }
    const ch = String.fromCodePoint(p.codePointAt(this.#i)!)
    this.#i += ch.length
    return ch
  }
}

/** A quantifier may not follow a lookbehind or `^` in the `v` syntax: give it a group. */
const wrapAssertion = (atom: string): string => (/^(?:\^|\$|\\b|\\B|\(\?[=!<])/.test(atom) ? `(?:${atom})` : atom)
