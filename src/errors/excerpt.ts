import type { Span } from './span.ts'

/** The most of a line that is shown, in UTF-16 code units: a generated statement may be one line of a megabyte. */
const MAX_COLUMNS = 160
/** How much of a clipped line stands before the span. */
const LEAD = 40

/**
 * The line of `at.sql` where the span begins, numbered, with carets under the span as far as it stays on that line. Of a
 * long line the part around the beginning of the span, with `…` where it was cut.
 */
export function excerpt(at: Span): string {
  const lineStart = at.sql.lastIndexOf('\n', Math.max(0, at.start - 1)) + 1
  const from = at.sql[at.start] === '\n' && at.start > 0 && lineStart > at.start ? at.start : lineStart
  const newline = at.sql.indexOf('\n', at.start)
  const lineEnd = newline < 0 ? at.sql.length : newline
  const number = at.sql.slice(0, from).split('\n').length
  const long = lineEnd - from > MAX_COLUMNS
  const shownFrom = long ? Math.max(from, Math.min(at.start - LEAD, lineEnd - MAX_COLUMNS)) : from
  const shownEnd = long ? Math.min(lineEnd, shownFrom + MAX_COLUMNS) : lineEnd
  const before = `${number} | ${shownFrom > from ? '… ' : ''}`
  const after = shownEnd < lineEnd ? ' …' : ''
  const pad = at.sql.slice(shownFrom, at.start).replace(/[^\t]/g, ' ')
  const width = Math.max(1, Math.min(at.end, shownEnd) - at.start)
  return `${before}${at.sql.slice(shownFrom, shownEnd)}${after}\n${' '.repeat(before.length)}${pad}${'^'.repeat(width)}`
}
