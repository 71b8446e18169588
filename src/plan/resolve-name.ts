import { AnalysisError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import { nearestName } from '../errors/suggest.ts'
import type { Expr, ParamExpr } from '../expr/bound.ts'
import type { Ident } from '../sql/ast.ts'
import { arrayOf, STRING, typeName } from '../types/data-type.ts'
import { attrExpr, extended, type Analysis, type OuterColumns } from './analysis.ts'
import type { Names } from './expr-context.ts'
import type { Attr } from './logical.ts'
import { dotted, matchColumn, sameName, type Match } from './scope.ts'
import { callExpr, literal, type Term } from './term.ts'

/** A column as it was named; its own name inside larger expressions, without the qualifier. */
export function columnTerm(a: Analysis, match: Match, parts: readonly Ident[], span: Span | undefined): Term {
  const written = parts[match.used - 1]!.name
  const column: Term = { expr: { ...attrExpr(match.attr, span), name: written }, text: written }
  return membersOf(a, column, match.members, span)
}

/** `term.m1.m2`; the column's name is that of the last member. */
export function membersOf(a: Analysis, term: Term, members: readonly Ident[], span: Span | undefined): Term {
  let out = term
  for (const m of members) out = member(a, out, m.name, span)
  return members.length === 0 ? out : { ...out, name: members.at(-1)!.name }
}

/** Names over the columns of a relation: visible ones first, then hidden ones, then those of enclosing queries. */
export function columnNames(
  a: Analysis,
  columns: readonly Attr[],
  hidden: readonly Attr[],
  outer: OuterColumns | null,
): Names {
  const find = (parts: readonly Ident[], span: Span | undefined): Term | null => {
    const match =
      matchColumn(parts, columns, a.env.caseSensitive, span) ?? matchColumn(parts, hidden, a.env.caseSensitive, span)
    if (match) return columnTerm(a, match, parts, span)
    // The recorded engine looks one query up, no further.
    for (let o = outer; o !== null; o = extended(a) ? o.parent : null) {
      const up =
        matchColumn(parts, o.columns, a.env.caseSensitive, span) ??
        matchColumn(parts, o.hidden, a.env.caseSensitive, span)
      if (up) {
        // Between here and there every query is correlated.
        for (let p = outer; p !== null; p = p.parent) {
          p.used.add(up.attr.id)
          if (p === o) break
        }
        return columnTerm(a, up, parts, span)
      }
    }
    return null
  }
  return { find, columns }
}

/** Names of the first list that knows them. */
export function firstOf(...lists: readonly Names[]): Names {
  return {
    columns: lists.flatMap((l) => l.columns),
    find(parts, span) {
      for (const l of lists) {
        const term = l.find(parts, span)
        if (term) return term
      }
      return null
    },
  }
}

/** Names that stand for whole expressions: aliases of a select list. Suggestions leave them out. */
export function aliasNames(
  a: Analysis,
  aliases: () => readonly { readonly name: string; readonly term: Term }[],
): Names {
  return {
    columns: [],
    find(parts, span) {
      const head = parts[0]!
      const found = aliases().filter((x) => sameName(x.name, head.name, a.env.caseSensitive))
      const distinct = new Set(found.map((x) => x.term.expr))
      if (distinct.size > 1) {
        throw new AnalysisError(
          'AMBIGUOUS_REFERENCE',
          { name: dotted(parts), candidates: found.map((x) => x.name).join(', ') },
          { at: span },
        )
      }
      const first = found[0]
      if (!first) return null
      return membersOf(a, { ...first.term, text: head.name, name: head.name }, parts.slice(1), span)
    },
  }
}

/** A lambda parameter by name. */
export function paramTerm(p: ParamExpr): Term {
  return { expr: p, text: 'namedlambdavariable()' }
}

/** Member `name` of a struct, of every struct in an array, or the entry of a map. */
export function member(a: Analysis, base: Term, name: string, span: Span | undefined): Term {
  const text = `${base.text}.${name}`
  const type = base.expr.type
  if (type.kind === 'struct') return { expr: fieldOf(a, base.expr, name, span), text }
  if (type.kind === 'array' && type.element.kind === 'struct') {
    const id = a.freshId()
    const param: ParamExpr = { kind: 'param', id, name: 'x', type: type.element, nullable: type.containsNull, at: span }
    const body = fieldOf(a, param, name, span)
    const lambda: Expr = { kind: 'lambda', params: [param], body, type: body.type, nullable: body.nullable, at: span }
    const result = arrayOf(body.type, type.containsNull || body.nullable)
    return {
      expr: {
        kind: 'call',
        fn: 'transform',
        args: [base.expr, lambda],
        type: result,
        nullable: base.expr.nullable,
        at: span,
      },
      text,
    }
  }
  if (type.kind === 'map' || type.kind === 'array')
    return {
      expr: callExpr(a.env, 'getitem', [base.expr, literal(name, STRING, span)], span),
      text: `${base.text}[${name}]`,
    }
  throw new AnalysisError('INVALID_EXTRACT_BASE_FIELD_TYPE', { base: base.text, actual: typeName(type) }, { at: span })
}

function fieldOf(a: Analysis, base: Expr, name: string, span: Span | undefined): Expr {
  const fields = base.type.kind === 'struct' ? base.type.fields : []
  const found = fields.flatMap((f, i) => (sameName(f.name, name, a.env.caseSensitive) ? [i] : []))
  if (found.length > 1)
    throw new AnalysisError('AMBIGUOUS_REFERENCE_TO_FIELDS', { name, count: found.length }, { at: span })
  const index = found[0]
  if (index === undefined) {
    const near = nearestName(
      name,
      fields.map((f) => f.name),
    )
    const hint = `${near === undefined ? '' : `did you mean "${near}"? `}Its members: ${fields.map((f) => f.name).join(', ')}.`
    throw new AnalysisError('FIELD_NOT_FOUND', { name }, { at: span, hint })
  }
  const field = fields[index]!
  return { kind: 'field', arg: base, index, type: field.type, nullable: base.nullable || field.nullable, at: span }
}
