import { AnalysisError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import { nearestName } from '../errors/suggest.ts'
import type { Ident } from '../sql/ast.ts'
import type { Attr } from './logical.ts'

/** What a dotted name means: a column, and the members asked of it. */
export interface Match {
  readonly attr: Attr
  /** Members behind the column, outermost first. */
  readonly members: readonly Ident[]
  /** How many parts named the column and its qualifier. */
  readonly used: number
}

/** Compares names as the session does. */
export function sameName(a: string, b: string, caseSensitive: boolean): boolean {
  return caseSensitive ? a === b : a.length === b.length && a.toLowerCase() === b.toLowerCase()
}

/**
 * The column `parts` name: the longest qualifier that fits wins; what is left are members. Null when nothing fits;
 * AMBIGUOUS_REFERENCE when several columns do.
 */
export function matchColumn(
  parts: readonly Ident[],
  columns: readonly Attr[],
  caseSensitive: boolean,
  span?: Span,
): Match | null {
  for (let q = Math.min(parts.length - 1, 3); q >= 0; q--) {
    const qualifier = parts
      .slice(0, q)
      .map((p) => p.name)
      .join('.')
    const wanted = parts[q]!.name
    const found = new Map<number, Attr>()
    for (const c of columns) {
      if (!sameName(c.name, wanted, caseSensitive)) continue
      if (q > 0 && !c.qualifier.some((x) => sameName(x, qualifier, caseSensitive))) continue
      if (!found.has(c.id)) found.set(c.id, c)
    }
    if (found.size > 1) throw ambiguous(parts, [...found.values()], span)
    const [attr] = found.values()
    if (attr) return { attr, members: parts.slice(q + 1), used: q + 1 }
  }
  return null
}

function ambiguous(parts: readonly Ident[], found: readonly Attr[], span: Span | undefined): AnalysisError {
  const candidates = found.map((c) => qualifiedName(c))
  const distinct = new Set(candidates)
  const hint =
    distinct.size === candidates.length
      ? `write ${candidates.join(' or ')}`
      : 'give the tables different aliases and write alias.column'
  return new AnalysisError(
    'AMBIGUOUS_REFERENCE',
    { name: dotted(parts), candidates: candidates.join(', ') },
    { at: span, hint },
  )
}

/** `a.b.c` as written. */
export const dotted = (parts: readonly Ident[]): string => parts.map((p) => p.name).join('.')

/** `t.a`, or `a` for a column without qualifier. */
export const qualifiedName = (c: Attr): string =>
  c.qualifier[0] === undefined ? c.name : `${c.qualifier[0]}.${c.name}`

/** The error of a name that nothing visible answers to, with the nearest name and those that are visible. */
export function unresolvedColumn(parts: readonly Ident[], columns: readonly Attr[], span?: Span): AnalysisError {
  const name = dotted(parts)
  if (columns.length === 0) return new AnalysisError('UNRESOLVED_COLUMN.WITHOUT_SUGGESTION', { name }, { at: span })
  const visible = [...new Set(columns.map((c) => c.name))]
  const last = parts.at(-1)!.name
  const qualified = columns.map(qualifiedName)
  const near =
    parts.length > 1
      ? (nearestName(name, qualified) ?? qualified.find((q) => sameName(q.slice(q.lastIndexOf('.') + 1), last, false)))
      : nearestName(last, visible)
  const shown =
    visible.length > 12 ? `${visible.slice(0, 12).join(', ')} and ${visible.length - 12} more` : visible.join(', ')
  const hint = `${near === undefined ? '' : `did you mean "${near}"? `}Visible here: ${shown}.`
  return new AnalysisError('UNRESOLVED_COLUMN.WITH_SUGGESTION', { name }, { at: span, hint })
}
