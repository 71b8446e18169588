/** A stretch of SQL text: `start` inclusive, `end` exclusive, in UTF-16 code units of `sql`. */
export interface Span {
  readonly sql: string
  readonly start: number
  readonly end: number
}

/** The smallest span that covers both; `a` where they come from different texts. */
export function coverSpans(a: Span, b: Span): Span {
  if (a.sql !== b.sql) return a
  return { sql: a.sql, start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) }
}
