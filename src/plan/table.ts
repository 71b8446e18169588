import { AnalysisError } from '../errors/errors.ts'
import { nearestName } from '../errors/suggest.ts'
import type { Span } from '../errors/span.ts'
import type { Ident } from '../sql/ast.ts'
import { aliased, type Analysis, type Cte, type Relation, type Surroundings } from './analysis.ts'
import { recursiveRelation } from './recursive.ts'
import { dotted } from './scope.ts'
import type { StreamRead } from './unresolved.ts'

/** A table by name: a WITH entry first, then what the catalog knows. Views and WITH entries are analyzed anew here. */
export function lookupTable(
  a: Analysis,
  name: readonly Ident[],
  surroundings: Surroundings,
  at: Span | undefined,
  stream?: StreamRead,
): Relation {
  a.uses.count()
  const text = dotted(name)
  const bare = name.at(-1)!.name
  if (name.length === 1) {
    const cte = surroundings.ctes.get(bare.toLowerCase())
    if (cte) return cteRelation(a, bare, cte, at)
  }
  if (name.length > 3) throw new AnalysisError('REQUIRES_SINGLE_PART_NAMESPACE', { name: text }, { at })
  const found = a.catalog.lookup(
    name.map((p) => p.name),
    stream,
  )
  if (!found) {
    const near = nearestName(text, [...a.catalog.names(), ...surroundings.ctes.keys()])
    throw new AnalysisError(
      'TABLE_OR_VIEW_NOT_FOUND',
      { name: text },
      { at, hint: near === undefined ? undefined : `did you mean "${near}"?` },
    )
  }
  const key = text.toLowerCase()
  if (surroundings.views.includes(key))
    throw new AnalysisError('TABLE_OR_VIEW_NOT_FOUND', { name: text }, { at, hint: 'the view reads itself' })
  const inner = a.plan(found.plan, { ctes: new Map(), outer: null, views: [...surroundings.views, key] })
  checkArity(text, found.columns, inner, at)
  return aliased(inner, bare, found.columns)
}

function cteRelation(a: Analysis, name: string, cte: Cte, at: Span | undefined): Relation {
  if (cte.previous) return aliased(cte.previous(), name)
  const inner = cte.recursion ? recursiveRelation(a, cte, cte.recursion) : a.query(cte.query, cte.surroundings)
  checkArity(name, cte.columns, inner, at)
  return aliased(inner, name, cte.columns)
}

function checkArity(target: string, names: readonly string[] | undefined, inner: Relation, at: Span | undefined): void {
  if (names && names.length !== inner.columns.length)
    throw new AnalysisError(
      'ASSIGNMENT_ARITY_MISMATCH',
      { target, names: names.length, columns: inner.columns.length },
      { at },
    )
}
