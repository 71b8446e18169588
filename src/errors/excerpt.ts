import type { Span } from './span.ts'

/** The line of `at.sql` where the span begins, numbered, with carets under the span as far as it stays on that line. */
export function excerpt(at: Span): string {
  const lineStart = at.sql.lastIndexOf('\n', Math.max(0, at.start - 1)) + 1
  const from = at.sql[at.start] === '\n' && at.start > 0 && lineStart > at.start ? at.start : lineStart
  const newline = at.sql.indexOf('\n', at.start)
  const lineEnd = newline < 0 ? at.sql.length : newline
  const number = at.sql.slice(0, from).split('\n').length
  const gutter = `${number} | `
  const pad = at.sql.slice(from, at.start).replace(/[^\t]/g, ' ')
  const width = Math.max(1, Math.min(at.end, lineEnd) - at.start)
  return `${gutter}${at.sql.slice(from, lineEnd)}\n${' '.repeat(gutter.length)}${pad}${'^'.repeat(width)}`
}
