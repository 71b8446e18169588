import { type CsvDialect, type CsvMarks, csvMarks } from './dialect.ts'

/**
 * Splits one CSV record into its values, exactly: the slow path of the decoder and its judge. The rules are those of
 * Spark's parser:
 *
 *   a value is quoted when it begins with the quote (behind blanks only where leading blanks are ignored)
 *   the closing quote is the one before a separator or the end (blanks between do not matter)
 *   any other quote inside, not escaped, makes the value an unquoted one, which ends at the next separator
 *   a quote that is never closed takes the rest as its value
 */
export class CsvTokens {
  /** Values of the record split last. */
  count = 0
  /** Position behind the record, its line end not counted, and behind that too. */
  end = 0
  next = 0
  readonly starts: number[] = []
  readonly ends: number[] = []
  /** 0 as it stands, 1 quoted, 2 quoted with escapes. */
  readonly kinds: number[] = []
  readonly #m: CsvMarks
  readonly #trimLeft: boolean
  readonly #trimRight: boolean
  readonly #multiLine: boolean
  readonly #sep: number

  constructor(dialect: CsvDialect) {
    this.#m = csvMarks(dialect)
    this.#trimLeft = dialect.ignoreLeadingWhiteSpace
    this.#trimRight = dialect.ignoreTrailingWhiteSpace
    this.#multiLine = dialect.multiLine
    this.#sep = this.#m.sep[0]!
  }

  /** Splits the record that begins at `p` and lies before `end`. */
  split(b: Buffer, p: number, end: number): void {
    const m = this.#m
    this.count = 0
    // Line ends inside quotes count only with multiLine; else the record is the line.
    let stop = end
    if (!this.#multiLine) {
      const newline = b.indexOf(m.newline, p)
      stop = newline < 0 || newline > end ? end : newline
      this.next = Math.min(end, stop + 1)
      if (m.trimsReturn && stop > p && b[stop - 1] === 13) stop--
    }
    let at = p
    for (;;) {
      at = this.#value(b, at, stop)
      if (at < stop && this.#isSep(b, at, stop)) {
        at += m.sep.length
        if (at < stop && !(this.#multiLine && this.#isEnd(b, at, stop))) continue
        this.#push(at, at, 0)
      }
      break
    }
    this.end = at
    if (this.#multiLine) {
      if (m.trimsReturn && at < stop && b[at] === 13) at++
      this.next = Math.min(end, at + 1)
    }
  }

  #push(start: number, end: number, kind: number): void {
    const i = this.count++
    this.starts[i] = start
    this.ends[i] = end
    this.kinds[i] = kind
  }

  #isSep(b: Buffer, p: number, end: number): boolean {
    const { sep } = this.#m
    if (b[p] !== this.#sep || p + sep.length > end) return false
    for (let i = 1; i < sep.length; i++) if (b[p + i] !== sep[i]) return false
    return true
  }

  /** Whether the record ends at `p` (multiLine). */
  #isEnd(b: Buffer, p: number, end: number): boolean {
    const m = this.#m
    return b[p] === m.newline || (m.trimsReturn && b[p] === 13 && p + 1 < end && b[p + 1] === m.newline)
  }

  #isBlank(b: Buffer, p: number, end: number): boolean {
    return b[p]! <= 32 && !this.#isSep(b, p, end) && !(this.#multiLine && this.#isEnd(b, p, end))
  }

  /** Reads one value; gives the position of what ends it. */
  #value(b: Buffer, p: number, end: number): number {
    const { quote, escape, escapeEscape } = this.#m
    let start = p
    if (this.#trimLeft) while (start < end && this.#isBlank(b, start, end)) start++
    if (quote < 0 || start >= end || b[start] !== quote) return this.#unquoted(b, start, start, end)
    let escaped = false
    let i = start + 1
    while (i < end) {
      const c = b[i]!
      if (c === escape && escape !== quote && i + 1 < end && b[i + 1] === quote) {
        escaped = true
        i += 2
      } else if (c === escapeEscape && i + 1 < end && b[i + 1] === escape) {
        escaped = true
        i += 2
      } else if (c === quote) {
        if (escape === quote && i + 1 < end && b[i + 1] === quote) {
          escaped = true
          i += 2
          continue
        }
        let behind = i + 1
        while (behind < end && this.#isBlank(b, behind, end)) behind++
        if (behind >= end || this.#isSep(b, behind, end) || (this.#multiLine && this.#isEnd(b, behind, end))) {
          this.#push(start + 1, i, escaped ? 2 : 1)
          return behind
        }
        return this.#unquoted(b, start, i, end)
      } else i++
    }
    this.#push(start + 1, end, escaped ? 2 : 1)
    return end
  }

  /** A value that begins at `start` and ends at the next separator from `from` on. */
  #unquoted(b: Buffer, start: number, from: number, end: number): number {
    let stop = from
    while (stop < end && !this.#isSep(b, stop, end) && !(this.#multiLine && this.#isEnd(b, stop, end))) stop++
    let last = stop
    if (this.#trimRight) while (last > start && b[last - 1]! <= 32) last--
    this.#push(start, last, 0)
    return stop
  }

  /** Value `i` of the record, its escapes replaced. Changes nothing. */
  text(b: Buffer, i: number): string {
    const start = this.starts[i]!
    const end = this.ends[i]!
    if (this.kinds[i] !== 2) return b.toString('utf8', start, end)
    const copy = Buffer.from(b.subarray(start, end))
    return copy.toString('utf8', 0, this.unescape(copy, 0, copy.length))
  }

  /** Replaces the escapes of the quoted text [start, end) in place; gives its new end. */
  unescape(b: Buffer, start: number, end: number): number {
    const { quote, escape, escapeEscape } = this.#m
    let w = start
    for (let p = start; p < end; p++) {
      const next = p + 1 < end ? b[p + 1]! : -2
      if ((b[p] === escape && next === quote) || (b[p] === escapeEscape && next === escape)) p++
      b[w++] = b[p]!
    }
    return w
  }
}
