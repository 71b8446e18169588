import { daysFromCivil, isCivil, type Zone } from '../../types/time.ts'
import { parsePattern, type PatternItem } from './pattern.ts'

/** What digits at a place of the text stand for, as places in `#values`. */
const FIELDS = ['year', 'month', 'day', 'hour24', 'minute', 'second', 'nano'] as const
const [YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, NANO] = [0, 1, 2, 3, 4, 5, 6] as const

/** Digits at a place of the text. */
interface Digits {
  readonly field: number
  readonly at: number
  readonly width: number
}

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
  readonly #values = [0, 0, 0, 0, 0, 0, 0]

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
    const has = (field: number): boolean => digits.some((d) => d.field === field)
    return has(YEAR) && has(MONTH) && has(DAY) ? new FixedReader(at, digits, literals) : null
  }

  /** True when `text` was read. */
  read(text: string): boolean {
    if (text.length !== this.#width) return false
    const literals = this.#literals
    for (let i = 0; i < literals.length; i++) if (text.charCodeAt(literals[i]!.at) !== literals[i]!.code) return false
    const v = this.#values
    const digits = this.#digits
    for (let k = 0; k < digits.length; k++) {
      const { field, at, width } = digits[k]!
      let value = 0
      for (let i = at; i < at + width; i++) {
        const digit = text.charCodeAt(i) - 48
        if (digit < 0 || digit > 9) return false
        value = value * 10 + digit
      }
      v[field] = field === NANO ? value * 10 ** (9 - width) : value
    }
    const [year, month, day] = [v[YEAR]!, v[MONTH]!, v[DAY]!]
    const [hour, minute, second] = [v[HOUR]!, v[MINUTE]!, v[SECOND]!]
    if (year < 1 || hour > 23 || minute > 59 || second > 59 || !isCivil(year, month, day)) return false
    this.seconds = daysFromCivil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
    this.micros = Math.floor(v[NANO]! / 1000)
    return true
  }
}

function digitsOf(item: PatternItem, before: PatternItem | undefined): { field: number; width: number } | null {
  if (item.kind === 'number') {
    if (item.field === 'year') return item.min === 4 ? { field: YEAR, width: 4 } : null
    const field = FIELDS.indexOf(item.field as (typeof FIELDS)[number])
    return field >= 0 && item.sign === 'never' && item.min === 2 && item.max === 2 ? { field, width: 2 } : null
  }
  // Directly behind digits a fraction changes how many of them are a year's.
  return item.kind === 'fraction' && before?.kind === 'literal' ? { field: NANO, width: item.max } : null
}

/** The instant of a local clock reading, both in whole seconds. */
export function utcSecondsOf(local: number, zone: Zone): number {
  const before = zone.offsetSeconds(local - 86400)
  // Offsets are less than a day and change days apart: no change lies near.
  if (before === zone.offsetSeconds(local + 86400)) return local - before
  return Number(zone.localToUtcUs(BigInt(local) * 1_000_000n)) / 1e6
}
