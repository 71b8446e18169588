import { ExecutionError } from '../../errors/errors.ts'

/** What a number in a pattern stands for. */
export type NumberField =
  | 'year'
  | 'yearOfEra'
  | 'quarter'
  | 'month'
  | 'day'
  | 'dayOfYear'
  | 'alignedDay'
  | 'hour24'
  | 'clockHour24'
  | 'hour12'
  | 'clockHour12'
  | 'minute'
  | 'second'

/** What a word in a pattern stands for. */
export type TextField = 'era' | 'month' | 'weekday' | 'quarter' | 'amPm'

/** How a number shows its sign: `normal` only when negative, `exceeds` also + when wider than `min`, `never` not at all. */
export type SignStyle = 'normal' | 'exceeds' | 'never'

/** One part of a datetime pattern. */
export type PatternItem =
  | { readonly kind: 'literal'; readonly text: string }
  | {
      readonly kind: 'number'
      readonly field: NumberField
      readonly min: number
      readonly max: number
      readonly sign: SignStyle
    }
  /** The last two digits of a year, read as 2000–2099. */
  | { readonly kind: 'reducedYear'; readonly field: 'year' | 'yearOfEra' }
  | { readonly kind: 'text'; readonly field: TextField; readonly full: boolean }
  | { readonly kind: 'fraction'; readonly min: number; readonly max: number }
  /** `+HH`, `+HHMM`, `+HH:MM` and kin; `zero` is written for no offset. */
  | { readonly kind: 'offset'; readonly form: OffsetForm; readonly zero: string }
  | { readonly kind: 'localizedOffset'; readonly full: boolean }
  | { readonly kind: 'zoneId' }
  | { readonly kind: 'zoneName'; readonly full: boolean; readonly generic: boolean }
  | { readonly kind: 'optional'; readonly items: readonly PatternItem[] }

export type OffsetForm = '+HHmm' | '+HHMM' | '+HH:MM' | '+HHMMss' | '+HH:MM:ss'

const WEEK_BASED = 'YWwuec'
const UNSUPPORTED = 'ABnNp'
const UNSUPPORTED_IN_PARSING = 'EFqQ'
const TOO_LONG = ['GGGGG', 'MMMMM', 'LLLLL', 'EEEEE', 'QQQQQ', 'qqqqq', 'yyyyyyy']
const OLDER_LETTERS = 'GyMwWDdFEaHhkKmsSzZXYuL'

/** A fault found in a pattern, before it is known whether older engines took the pattern. */
type Fault =
  | { readonly kind: 'week'; readonly letter: string }
  | { readonly kind: 'character'; readonly letter: string }
  | { readonly kind: 'length' | 'unreadable'; readonly letters: string }

class PatternFault {
  readonly fault: Fault
  constructor(fault: Fault) {
    this.fault = fault
  }
}

/** A run of letters that Java's DateTimeFormatter does not know, or not that many of. */
const unreadable = (letters: string): never => {
  throw new PatternFault({ kind: 'unreadable', letters })
}
const badCharacter = (letter: string): never => {
  throw new PatternFault({ kind: 'character', letter })
}
const badLength = (letters: string): never => {
  throw new PatternFault({ kind: 'length', letters })
}

/** Whether Java's SimpleDateFormat took the pattern, which is what older engines used. */
function knownToOlderEngines(pattern: string): boolean {
  const parts = pattern.split("'")
  if (parts.length % 2 === 0) return false
  return parts.every((part, i) => {
    if (i % 2 === 1) return true
    return [...part.matchAll(/([A-Za-z])\1*/g)].every(
      ([run, letter]) => OLDER_LETTERS.includes(letter!) && (letter !== 'X' || run.length <= 3),
    )
  })
}

function refuse(pattern: string, fault: Fault): never {
  if (knownToOlderEngines(pattern)) {
    const reason = 'letters' in fault ? `${fault.letters} is too long` : `${fault.letter} is not for use here`
    throw new ExecutionError('INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION', { pattern, reason })
  }
  switch (fault.kind) {
    case 'week':
      throw new ExecutionError('INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN', {
        pattern,
        letter: fault.letter,
      })
    case 'character':
      throw new ExecutionError('INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER', { pattern, letter: fault.letter })
    case 'unreadable':
      throw new ExecutionError('INVALID_DATETIME_PATTERN.WITH_SUGGESTION', { pattern, letters: fault.letters })
    case 'length':
      throw new ExecutionError('INVALID_DATETIME_PATTERN.LENGTH', { pattern, letters: fault.letters })
  }
}

function checkLetters(part: string, parsing: boolean): void {
  for (const letter of part) if (WEEK_BASED.includes(letter)) throw new PatternFault({ kind: 'week', letter })
  for (const letter of part) {
    if (UNSUPPORTED.includes(letter) || (parsing && UNSUPPORTED_IN_PARSING.includes(letter))) badCharacter(letter)
  }
  for (const run of TOO_LONG) if (part.includes(run)) badLength(run)
}

const number = (field: NumberField, min: number, max: number, sign: SignStyle): PatternItem => ({
  kind: 'number',
  field,
  min,
  max,
  sign,
})
const free = (field: NumberField): PatternItem => number(field, 1, 19, 'normal')
const fixed = (field: NumberField, width: number): PatternItem => number(field, width, width, 'never')

/** One or two digits of a field: `H`, `HH`. */
const oneOrTwo = (field: NumberField, run: string): PatternItem =>
  run.length === 1 ? free(field) : run.length === 2 ? fixed(field, 2) : unreadable(run)

const OFFSET_FORMS: readonly OffsetForm[] = ['+HHmm', '+HHMM', '+HH:MM', '+HHMMss', '+HH:MM:ss']

function itemOf(run: string, hasEra: boolean, parsing: boolean): PatternItem {
  const count = run.length
  switch (run[0]) {
    case 'y': {
      const field = hasEra ? 'yearOfEra' : 'year'
      if (count === 2) return { kind: 'reducedYear', field }
      return number(field, count, 19, count < 4 ? 'normal' : 'exceeds')
    }
    case 'M':
    case 'L':
      if (count <= 2) return oneOrTwo('month', run)
      return { kind: 'text', field: 'month', full: count === 4 }
    case 'Q':
    case 'q':
      if (count <= 2) return oneOrTwo('quarter', run)
      return { kind: 'text', field: 'quarter', full: count === 4 }
    case 'd':
      return oneOrTwo('day', run)
    case 'D':
      return count === 1 ? free('dayOfYear') : count <= 3 ? number('dayOfYear', count, 3, 'never') : unreadable(run)
    case 'F':
      return count === 1 ? free('alignedDay') : unreadable(run)
    case 'E':
      return { kind: 'text', field: 'weekday', full: count === 4 }
    case 'G':
      return { kind: 'text', field: 'era', full: count === 4 }
    case 'a':
      return count === 1 ? { kind: 'text', field: 'amPm', full: false } : unreadable(run)
    case 'H':
      return oneOrTwo('hour24', run)
    case 'k':
      return oneOrTwo('clockHour24', run)
    case 'K':
      return oneOrTwo('hour12', run)
    case 'h':
      return oneOrTwo('clockHour12', run)
    case 'm':
      return oneOrTwo('minute', run)
    case 's':
      return oneOrTwo('second', run)
    case 'S':
      // Read, a fraction may have fewer digits than letters.
      return count <= 9 ? { kind: 'fraction', min: parsing ? 1 : count, max: count } : unreadable(run)
    case 'X':
      return count <= 5 ? { kind: 'offset', form: OFFSET_FORMS[count - 1]!, zero: 'Z' } : unreadable(run)
    case 'x':
      if (count > 5) return unreadable(run)
      return {
        kind: 'offset',
        form: OFFSET_FORMS[count - 1]!,
        zero: count === 1 ? '+00' : count % 2 === 0 ? '+0000' : '+00:00',
      }
    case 'Z':
      if (count <= 3) return { kind: 'offset', form: '+HHMM', zero: '+0000' }
      if (count === 4) return { kind: 'localizedOffset', full: true }
      return count === 5 ? { kind: 'offset', form: '+HH:MM:ss', zero: 'Z' } : unreadable(run)
    case 'O':
      return count === 1 || count === 4 ? { kind: 'localizedOffset', full: count === 4 } : unreadable(run)
    case 'V':
      return count === 2 ? { kind: 'zoneId' } : unreadable(run)
    case 'z':
      return count <= 4 ? { kind: 'zoneName', full: count === 4, generic: false } : unreadable(run)
    case 'v':
      return count === 1 || count === 4 ? { kind: 'zoneName', full: count === 4, generic: true } : unreadable(run)
    default:
      return unreadable(run[0]!)
  }
}

function scan(pattern: string, parsing: boolean): readonly PatternItem[] {
  const quoted = pattern.split("'")
  const hasEra = quoted.some((part, i) => i % 2 === 0 && part.includes('G'))
  quoted.forEach((part, i) => {
    if (i % 2 === 0) checkLetters(part, parsing)
  })
  const open: PatternItem[][] = [[]]
  const add = (item: PatternItem): void => {
    const items = open.at(-1)!
    const last = items.at(-1)
    if (item.kind === 'literal' && last?.kind === 'literal')
      items[items.length - 1] = { kind: 'literal', text: last.text + item.text }
    else items.push(item)
  }
  const close = (): void => {
    const items = open.pop()!
    add({ kind: 'optional', items })
  }
  for (let i = 0; i < pattern.length;) {
    const c = pattern[i]!
    if (c === "'") {
      let text = ''
      let end = i + 1
      for (; ; end++) {
        if (end >= pattern.length) unreadable("'")
        if (pattern[end] !== "'") text += pattern[end]
        else if (pattern[end + 1] === "'") {
          text += "'"
          end++
        } else break
      }
      add({ kind: 'literal', text: text === '' ? "'" : text })
      i = end + 1
    } else if (/[A-Za-z]/.test(c)) {
      let end = i + 1
      while (pattern[end] === c) end++
      add(itemOf(pattern.slice(i, end), hasEra, parsing))
      i = end
    } else {
      if (c === '[') open.push([])
      else if (c === ']') {
        if (open.length === 1) unreadable(']')
        close()
      } else if (c === '{' || c === '}' || c === '#') unreadable(c)
      else add({ kind: 'literal', text: c })
      i++
    }
  }
  while (open.length > 1) close()
  return open[0]!
}

/**
 * The parts of a datetime pattern in the letters of Java's DateTimeFormatter. Raises INVALID_DATETIME_PATTERN.* for
 * letters without a meaning here or too many of them, and INCONSISTENT_BEHAVIOR_CROSS_VERSION.* for week-based
 * letters and for patterns that only older engines took. `parsing`: weekdays and quarters are refused.
 */
export function parsePattern(pattern: string, parsing: boolean): readonly PatternItem[] {
  try {
    return scan(pattern, parsing)
  } catch (e) {
    if (e instanceof PatternFault) return refuse(pattern, e.fault)
    throw e
  }
}
