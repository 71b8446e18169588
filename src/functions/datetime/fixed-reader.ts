import { daysFromCivil, isCivil, type Zone } from '../../types/time.ts'
import { parsePattern, type PatternItem } from './pattern.ts'

type Field = 'year' | 'month' | 'day' | 'hour24' | 'minute' | 'second' | 'nano'

/** Digits at a place of the text. */
interface Digits {
  readonly field: Field
  readonly at: number
  readonly width: number
}

const TWO_DIGITS: ReadonlySet<string> = new Set(['month', 'day', 'hour24', 'minute', 'second'])

/**
 * Reads texts of which every character has its place by a pattern such as `yyyy-MM-dd HH:mm:ss.SSS`, without a bigint
 * or an object a row. It takes only what the parser of the pattern takes, and not all of that: what `read` refuses is
 * for the parser to judge.
 */
export class FixedReader {
  /** The local clock that was read, in whole seconds since 1970, and microseconds behind them. */
  seconds = 0
  micros = 0
  readonly #width: number
  readonly #digits: readonly Digits[]
  readonly #literals: readonly { readonly at: number; readonly code: number }[]
  readonly #values: Record<Field, number> = { year: 0, month: 0, day: 0, hour24: 0, minute: 0, second: 0, nano: 0 }

  private constructor(width: number, digits: readonly Digits[], literals: readonly { at: number; code: number }[]) {
    this.#width = width
    this.#digits = digits
    this.#literals = literals
  }

  /** The reader of a pattern; null for one with parts of changing width, words or zones, or without a whole date. */
  static of(pattern: string): FixedReader | null {
    const digits: Digits[] = []
    const literals: { at: number; code: number }[] = []
    const items = parsePattern(pattern, true)
    let at = 0
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!
      if (item.kind === 'literal') {
        for (const c of item.text) literals.push({ at: at++, code: c.codePointAt(0)! })
        if (!/^[\x20-\x7e]*$/.test(item.text)) return null
        continue
      }
      const part = digitsOf(item, items[i - 1])
      if (part === null || digits.some((d) => d.field === part.field)) return null
      digits.push({ ...part, at })
      at += part.width
    }
    const has = (field: Field): boolean => digits.some((d) => d.field === field)
    return has('year') && has('month') && has('day') ? new FixedReader(at, digits, literals) : null
  }

  /** True when `text` was read. */
  read(text: string): boolean {
    if (text.length !== this.#width) return false
    for (const { at, code } of this.#literals) if (text.charCodeAt(at) !== code) return false
    const v = this.#values
    for (const { field, at, width } of this.#digits) {
      let value = 0
      for (let i = at; i < at + width; i++) {
        const digit = text.charCodeAt(i) - 48
        if (digit < 0 || digit > 9) return false
        value = value * 10 + digit
      }
      v[field] = field === 'nano' ? value * 10 ** (9 - width) : value
    }
    if (v.year < 1 || v.hour24 > 23 || v.minute > 59 || v.second > 59 || !isCivil(v.year, v.month, v.day)) return false
    this.seconds = daysFromCivil(v.year, v.month, v.day) * 86400 + v.hour24 * 3600 + v.minute * 60 + v.second
    this.micros = Math.floor(v.nano / 1000)
    return true
  }
}

function digitsOf(item: PatternItem, before: PatternItem | undefined): { field: Field; width: number } | null {
  if (item.kind === 'number') {
    if (item.field === 'year') return item.min === 4 ? { field: 'year', width: 4 } : null
    const isFixed = item.sign === 'never' && item.min === 2 && item.max === 2
    return isFixed && TWO_DIGITS.has(item.field) ? { field: item.field as Field, width: 2 } : null
  }
  // Directly behind digits a fraction changes how many of them are a year's.
  return item.kind === 'fraction' && before?.kind === 'literal' ? { field: 'nano', width: item.max } : null
}

/** The instant of a local clock reading, both in whole seconds. */
export function utcSecondsOf(local: number, zone: Zone): number {
  const before = zone.offsetSeconds(local - 86400)
  // Offsets are less than a day and change days apart: no change lies near.
  if (before === zone.offsetSeconds(local + 86400)) return local - before
  return Number(zone.localToUtcUs(BigInt(local) * 1_000_000n)) / 1e6
}
