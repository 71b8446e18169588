import { daysFromCivil, findZone, isCivil, isLeapYear, joinLocalUs, type Zone } from '../../types/time.ts'
import { ABBREVIATIONS, AM_PM, ERAS, MONTHS } from './names.ts'
import { parsePattern, type NumberField, type OffsetForm, type PatternItem } from './pattern.ts'

/** A text read by a pattern: the local clock, and the zone the text names. */
export interface ParsedDatetime {
  readonly localUs: bigint
  readonly zone: Zone | null
}

/** Reads texts by a pattern; null for a text that does not fit it. */
export type DatetimeParser = (text: string) => ParsedDatetime | null

type FieldName = NumberField | 'era' | 'amPm' | 'nano'

/** What has been read so far. */
interface State {
  readonly fields: Map<FieldName, number>
  zone: Zone | null
}

/** Reads at `at` and gives the place behind what was read, or -1. */
type Reader = (text: string, at: number, state: State) => number

const RANGES: Readonly<Record<FieldName, readonly [number, number]>> = {
  year: [-999999999, 999999999],
  yearOfEra: [1, 999999999],
  era: [0, 1],
  quarter: [1, 4],
  month: [1, 12],
  day: [1, 31],
  dayOfYear: [1, 366],
  alignedDay: [1, 7],
  hour24: [0, 23],
  clockHour24: [1, 24],
  hour12: [0, 11],
  clockHour12: [1, 12],
  amPm: [0, 1],
  minute: [0, 59],
  second: [0, 59],
  nano: [0, 999999999],
}

/** Notes a value; false when the field already has another one. */
function put(state: State, field: FieldName, value: number): boolean {
  const before = state.fields.get(field)
  if (before !== undefined && before !== value) return false
  state.fields.set(field, value)
  return true
}

const isDigit = (text: string, at: number): boolean => {
  const c = text.charCodeAt(at)
  return c >= 48 && c <= 57
}

/** `reserved`: digits that belong to the numbers of fixed width directly behind this one. */
function numberReader(item: PatternItem & { readonly kind: 'number' }, reserved: number): Reader {
  const { field, min, max, sign } = item
  return (text, start, state) => {
    let at = start
    const mark = text[at]
    const signed = mark === '+' || mark === '-'
    if (signed) {
      if (sign === 'never' || (sign === 'normal' && mark === '+')) return -1
      at++
    }
    let end = at
    while (end < text.length && end - at < max + reserved && isDigit(text, end)) end++
    end = Math.max(Math.min(at + min, end), end - reserved)
    const width = end - at
    if (width < min) return -1
    if (sign === 'exceeds' && mark === '+' && width <= min) return -1
    if (sign === 'exceeds' && !signed && width > min) return -1
    const value = Number(text.slice(at, end))
    if (mark === '-' && value === 0) return -1
    return put(state, field, mark === '-' ? -value : value) ? end : -1
  }
}

function wordReader(field: FieldName, words: readonly string[], values: (index: number) => number): Reader {
  const lower = words.map((w) => w.toLowerCase())
  // Longest first, so that no word is taken for the beginning of another.
  const order = lower.map((_, i) => i).sort((a, b) => lower[b]!.length - lower[a]!.length)
  return (text, at, state) => {
    for (const i of order) {
      const word = lower[i]!
      if (text.slice(at, at + word.length).toLowerCase() === word)
        return put(state, field, values(i)) ? at + word.length : -1
    }
    return -1
  }
}

const OFFSETS: Readonly<Record<OffsetForm, RegExp>> = {
  '+HHmm': /([+-])(\d\d)(?:(\d\d))?/y,
  '+HHMM': /([+-])(\d\d)(\d\d)/y,
  '+HH:MM': /([+-])(\d\d):(\d\d)/y,
  '+HHMMss': /([+-])(\d\d)(\d\d)(?:(\d\d))?/y,
  '+HH:MM:ss': /([+-])(\d\d):(\d\d)(?::(\d\d))?/y,
}
const LOCALIZED = {
  short: /GMT(?:([+-])(\d{1,2})(?::(\d\d)(?::(\d\d))?)?)?/iy,
  full: /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?/iy,
} as const

/** Notes a zone; false when there is no such zone or another one was read before. */
function putZone(state: State, name: string): boolean {
  const zone = findZone(name)
  if (zone === null || (state.zone !== null && state.zone.name !== zone.name)) return false
  state.zone = zone
  return true
}

function offsetName([, sign, hours, minutes = '00', seconds]: readonly (string | undefined)[]): string {
  if (sign === undefined) return 'Z'
  return `${sign}${hours!.padStart(2, '0')}:${minutes}${seconds === undefined ? '' : `:${seconds}`}`
}

function patternReader(pattern: RegExp): Reader {
  return (text, at, state) => {
    pattern.lastIndex = at
    const m = pattern.exec(text)
    return m !== null && putZone(state, offsetName(m)) ? at + m[0].length : -1
  }
}

function offsetReader(form: OffsetForm, zero: string): Reader {
  const read = patternReader(OFFSETS[form])
  if (zero !== 'Z') return read
  return (text, at, state) =>
    text[at] === 'Z' || text[at] === 'z' ? (putZone(state, 'Z') ? at + 1 : -1) : read(text, at, state)
}

/** A zone id or offset: the longest stretch of text that is one. */
const zoneReader: Reader = (text, at, state) => {
  const m = /^[A-Za-z0-9~/._+:-]+/.exec(text.slice(at))
  for (let end = m ? m[0].length : 0; end > 0; end--) {
    if (putZone(state, text.slice(at, at + end))) return at + end
  }
  return -1
}

const zoneNameReader: Reader = (text, at, state) => {
  const word = /^[A-Za-z]+/.exec(text.slice(at))?.[0]
  const id = word === undefined ? undefined : ABBREVIATIONS[word.toUpperCase()]
  if (id !== undefined && text[at + word!.length] !== '/') return putZone(state, id) ? at + word!.length : -1
  return zoneReader(text, at, state)
}

/** The digits of the numbers of fixed width that follow directly behind item `i`. */
function reservedBehind(items: readonly PatternItem[], i: number): number {
  let digits = 0
  for (let k = i + 1; k < items.length; k++) {
    const next = items[k]!
    if (next.kind === 'reducedYear') digits += 2
    // Only a fraction of one letter has a fixed width; a longer one may have fewer digits and reserves none.
    else if (next.kind === 'fraction' && next.max === 1) digits += 1
    else if (next.kind === 'number' && next.sign === 'never' && next.min === next.max) digits += next.max
    else break
  }
  return digits
}

function reader(items: readonly PatternItem[], i: number): Reader {
  const item = items[i]!
  switch (item.kind) {
    case 'literal': {
      const wanted = item.text.toLowerCase()
      return (text, at) => (text.slice(at, at + wanted.length).toLowerCase() === wanted ? at + wanted.length : -1)
    }
    case 'number': {
      const isFixed = item.sign === 'never' && item.min === item.max
      return numberReader(item, isFixed ? 0 : reservedBehind(items, i))
    }
    case 'reducedYear':
      return (text, at, state) =>
        isDigit(text, at) && isDigit(text, at + 1) && put(state, item.field, 2000 + Number(text.slice(at, at + 2)))
          ? at + 2
          : -1
    case 'text':
      switch (item.field) {
        case 'month':
          return wordReader(
            'month',
            MONTHS.map((m) => (item.full ? m : m.slice(0, 3))),
            (index) => index + 1,
          )
        case 'era':
          return wordReader('era', item.full ? ERAS.full : ERAS.short, (index) => index)
        default:
          return wordReader('amPm', AM_PM, (index) => index)
      }
    case 'fraction':
      return (text, at, state) => {
        let end = at
        while (end < text.length && end - at < item.max && isDigit(text, end)) end++
        return end - at >= item.min && put(state, 'nano', Number(text.slice(at, end).padEnd(9, '0'))) ? end : -1
      }
    case 'offset':
      return offsetReader(item.form, item.zero)
    case 'localizedOffset':
      return patternReader(item.full ? LOCALIZED.full : LOCALIZED.short)
    case 'zoneId':
      return zoneReader
    case 'zoneName':
      return zoneNameReader
    case 'optional': {
      const inner = sequence(item.items)
      return (text, at, state) => {
        const fields = [...state.fields]
        const zone = state.zone
        const end = inner(text, at, state)
        if (end >= 0) return end
        state.fields.clear()
        for (const [k, v] of fields) state.fields.set(k, v)
        state.zone = zone
        return at
      }
    }
  }
}

function sequence(items: readonly PatternItem[]): Reader {
  const readers = items.map((_, i) => reader(items, i))
  return (text, start, state) => {
    let at = start
    for (const read of readers) {
      at = read(text, at, state)
      if (at < 0) return -1
    }
    return at
  }
}

/** The date the fields give, in days; what is missing counts as 1970, January, the first. Null when there is no such date. */
function dateOf(fields: State['fields']): number | null {
  const yearOfEra = fields.get('yearOfEra')
  const year =
    fields.get('year') ?? (yearOfEra === undefined ? 1970 : fields.get('era') === 0 ? 1 - yearOfEra : yearOfEra)
  const dayOfYear = fields.get('dayOfYear')
  if (dayOfYear !== undefined) {
    if (dayOfYear > (isLeapYear(year) ? 366 : 365)) return null
    const days = daysFromCivil(year, 1, 1) + dayOfYear - 1
    const month = fields.get('month')
    const day = fields.get('day')
    if (
      month !== undefined &&
      day !== undefined &&
      (!isCivil(year, month, day) || daysFromCivil(year, month, day) !== days)
    )
      return null
    return days
  }
  const month = fields.get('month') ?? 1
  const day = fields.get('day') ?? 1
  return isCivil(year, month, day) ? daysFromCivil(year, month, day) : null
}

/** The hour the fields give; null when they contradict each other. */
function hourOf(fields: State['fields']): number | null {
  const found: number[] = []
  const hour24 = fields.get('hour24')
  if (hour24 !== undefined) found.push(hour24)
  const clock24 = fields.get('clockHour24')
  if (clock24 !== undefined) found.push(clock24 % 24)
  const clock12 = fields.get('clockHour12')
  const half = fields.get('hour12') ?? (clock12 === undefined ? undefined : clock12 % 12)
  const amPm = fields.get('amPm')
  // Without AM or PM an hour of twelve is one of the morning; PM alone is noon.
  if (half !== undefined && (amPm !== undefined || found.length === 0)) found.push(half + 12 * (amPm ?? 0))
  else if (half === undefined && amPm !== undefined && found.length === 0) found.push(12 * amPm)
  if (found.length === 0) return 0
  return found.every((h) => h === found[0]) ? found[0]! : null
}

function compile(pattern: string): DatetimeParser {
  const read = sequence(parsePattern(pattern, true))
  return (text) => {
    const state: State = { fields: new Map(), zone: null }
    if (read(text, 0, state) !== text.length) return null
    const { fields } = state
    for (const [field, value] of fields) {
      const [low, high] = RANGES[field]
      if (value < low || value > high) return null
    }
    const days = dateOf(fields)
    const hour = hourOf(fields)
    if (days === null || hour === null) return null
    const us =
      (hour * 3600 + (fields.get('minute') ?? 0) * 60 + (fields.get('second') ?? 0)) * 1e6 +
      Math.floor((fields.get('nano') ?? 0) / 1000)
    return { localUs: joinLocalUs(days, us), zone: state.zone }
  }
}

const compiled = new Map<string, DatetimeParser>()

/** The parser of a pattern, made once per pattern. Raises the errors of `parsePattern`. */
export function parserOf(pattern: string): DatetimeParser {
  let p = compiled.get(pattern)
  if (p === undefined) {
    // Patterns may come from data: a bound keeps them from filling memory.
    if (compiled.size > 500) compiled.clear()
    compiled.set(pattern, (p = compile(pattern)))
  }
  return p
}
