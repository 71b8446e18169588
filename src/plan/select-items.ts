import { AnalysisError } from '../errors/errors.ts'
import type { AstExpr, AstStar, Ident } from '../sql/ast.ts'
import { attrExpr, type Analysis } from './analysis.ts'
import type { Attr } from './logical.ts'
import { member } from './resolve-name.ts'
import { matchColumn, sameName, unresolvedColumn } from './scope.ts'
import type { Term } from './term.ts'

/** One column of a select list, or a generator's columns, before resolution. */
export type SelectItem =
  | { readonly kind: 'term'; readonly term: Term; readonly ast: AstExpr }
  | {
      readonly kind: 'expr'
      readonly ast: AstExpr
      readonly alias: string | undefined
      readonly names: readonly Ident[]
    }

/** The select list with stars expanded and aliases split off. */
export function expandItems(
  a: Analysis,
  items: readonly AstExpr[],
  columns: readonly Attr[],
  hidden: readonly Attr[],
): readonly SelectItem[] {
  return items.flatMap((ast): readonly SelectItem[] => {
    if (ast.kind === 'star') return expandStar(a, ast, columns, hidden).map((term) => ({ kind: 'term', term, ast }))
    if (ast.kind === 'alias') return [{ kind: 'expr', ast: ast.arg, alias: ast.names[0]?.name, names: ast.names }]
    return [{ kind: 'expr', ast, alias: undefined, names: [] }]
  })
}

/** `*`, `t.*`, `column.*` of a struct; EXCEPT takes columns away. */
export function expandStar(
  a: Analysis,
  ast: AstStar,
  columns: readonly Attr[],
  hidden: readonly Attr[],
): readonly Term[] {
  const terms = starTerms(a, ast, columns, hidden)
  if (!ast.except) return terms
  const gone = new Set<number>()
  for (const name of ast.except) {
    const parts = name.parts
    const bare = parts.at(-1)!.name
    const index = terms.findIndex((t) => {
      const c = columns.find((x) => t.expr.kind === 'attr' && x.id === t.expr.id)
      if (parts.length > 1 && !c?.qualifier.some((q) => sameName(q, parts[0]!.name, a.env.caseSensitive))) return false
      return sameName(t.name ?? t.text, bare, a.env.caseSensitive)
    })
    if (index < 0) throw unresolvedColumn(parts, columns, name.at)
    if (gone.has(index)) throw new AnalysisError('EXCEPT_OVERLAPPING_COLUMNS', { name: bare }, { at: name.at })
    gone.add(index)
  }
  return terms.filter((_t, i) => !gone.has(i))
}

function starTerms(a: Analysis, ast: AstStar, columns: readonly Attr[], hidden: readonly Attr[]): readonly Term[] {
  const term = (c: Attr): Term => ({ expr: attrExpr(c, ast.at), text: c.name, name: c.name })
  if (ast.qualifier.length === 0) return columns.map(term)
  const wanted = ast.qualifier.map((q) => q.name).join('.')
  const has = (c: Attr): boolean => c.qualifier.some((q) => sameName(q, wanted, a.env.caseSensitive))
  const own = columns.filter(has)
  const more = hidden.filter((c) => c.metadata !== true && has(c))
  if (own.length + more.length > 0) return [...own, ...more].map(term)
  const match = matchColumn(ast.qualifier, columns, a.env.caseSensitive, ast.at)
  if (match) {
    let base = term(match.attr)
    for (const m of match.members) base = member(a, base, m.name, ast.at)
    if (base.expr.type.kind === 'struct')
      return base.expr.type.fields.map((f) => ({ ...member(a, base, f.name, ast.at), name: f.name }))
  }
  const tables = [...new Set(columns.flatMap((c) => c.qualifier))]
  throw new AnalysisError(
    'CANNOT_RESOLVE_STAR_EXPAND',
    { name: wanted },
    { at: ast.at, hint: tables.length > 0 ? `tables here: ${tables.join(', ')}` : undefined },
  )
}
