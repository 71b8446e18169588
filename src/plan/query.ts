import { AnalysisError } from '../errors/errors.ts'
import type { AstQuery, AstQueryBody, AstSelect, AstWith } from '../sql/ast.ts'
import { relationOf, type Analysis, type Cte, type Relation, type Surroundings } from './analysis.ts'
import { limited } from './limit.ts'
import { pipe } from './pipe.ts'
import { fromClause, lateralView } from './relation.ts'
import { analyzeSelect } from './select.ts'
import { alignedByName, setOperation, unionAll, unionDistinct } from './set-operation.ts'
import { lookupTable } from './table.ts'
import { values } from './values.ts'

/** A query: WITH, body, ORDER BY, LIMIT. */
export function analyzeQuery(a: Analysis, query: AstQuery, given: Surroundings): Relation {
  const surroundings = query.with ? withCtes(query.with, given) : given
  if (query.with) checkUnread(a, query, query.with, surroundings)
  const { orderBy, sortBy, limit, offset } = query
  let out: Relation
  if (query.body.kind === 'select') out = select(a, query.body, surroundings, { orderBy, sortBy })
  else {
    out = analyzeBody(a, query.body, surroundings)
    if (orderBy || sortBy)
      out = analyzeSelect(
        a,
        out,
        { items: [{ kind: 'star', qualifier: [] }], orderBy, sortBy, at: query.at },
        surroundings,
      )
  }
  return limit || offset ? limited(a, out, limit, offset, surroundings) : out
}

/** Entries of WITH that nothing reads are analyzed all the same: their faults are faults of the query. */
function checkUnread(a: Analysis, query: AstQuery, w: AstWith, surroundings: Surroundings): void {
  w.ctes.forEach((c, i) => {
    const name = c.name.name.toLowerCase()
    const readers = [...w.ctes.slice(w.recursive ? 0 : i + 1).map((x) => x.query), { ...query, with: undefined }]
    if (!readers.some((x) => readsTable(x, name))) lookupTable(a, [c.name], surroundings, c.name.at)
  })
}

function withCtes(w: AstWith, given: Surroundings): Surroundings {
  const own = new Map<string, Cte>()
  for (const c of w.ctes) {
    const name = c.name.name.toLowerCase()
    if (own.has(name)) throw new AnalysisError('DUPLICATED_CTE_NAMES', { name: c.name.name }, { at: c.name.at ?? w.at })
    const recursive = w.recursive && readsTable(c.query, name)
    const { body } = c.query
    if (recursive && (body.kind !== 'setop' || body.op !== 'union' || readsTable(body.left, name)))
      throw new AnalysisError('INVALID_RECURSIVE_CTE', { name: c.name.name }, { at: c.name.at ?? w.at })
    const columns = c.columns?.map((x) => x.name)
    const recursion = { name: c.name.name, maxLevel: c.maxRecursionLevel, at: c.name.at ?? w.at }
    const before = own.size
    const cte: Cte = {
      query: c.query,
      columns,
      // Made where it is used: a copy for each of many entries would take the square of their number.
      get surroundings() {
        return { ...given, ctes: new Map([...given.ctes, ...[...own].slice(0, before)]) }
      },
      ...(recursive ? { recursion } : {}),
    }
    own.set(name, cte)
  }
  return { ...given, ctes: new Map([...given.ctes, ...own]) }
}

/** Whether a table of that name is read anywhere in a syntax tree. */
function readsTable(node: unknown, name: string): boolean {
  if (Array.isArray(node)) return node.some((x) => readsTable(x, name))
  if (node === null || typeof node !== 'object') return false
  const n = node as { kind?: unknown; name?: unknown }
  if (n.kind === 'table' && Array.isArray(n.name)) {
    const parts = n.name as readonly { readonly name: string }[]
    if (parts.length === 1 && parts[0]!.name.toLowerCase() === name) return true
  }
  return Object.entries(node).some(([k, v]) => k !== 'at' && readsTable(v, name))
}

function analyzeBody(a: Analysis, body: AstQueryBody, surroundings: Surroundings): Relation {
  switch (body.kind) {
    case 'select':
      return select(a, body, surroundings, {})
    case 'values':
      return values(a, body, surroundings)
    case 'table':
      return lookupTable(a, body.name, surroundings, body.at)
    case 'query':
      return analyzeQuery(a, body, surroundings)
    case 'pipe':
      return pipe(a, body, (input) => analyzeBody(a, input, surroundings), surroundings)
    case 'setop': {
      const left = analyzeBody(a, body.left, surroundings)
      const right = analyzeBody(a, body.right, surroundings)
      if (body.op !== 'union') return setOperation(a, body.op, body.all, left, right, body.at)
      const inputs = body.byName ? alignedByName(a, [left, right], false, body.at) : [left, right]
      return body.all ? unionAll(a, inputs, body.at) : unionDistinct(a, inputs, body.at)
    }
  }
}

function select(
  a: Analysis,
  s: AstSelect,
  surroundings: Surroundings,
  order: Pick<AstQuery, 'orderBy' | 'sortBy'>,
): Relation {
  let input: Relation = s.from
    ? fromClause(a, s.from, surroundings)
    : relationOf({ op: 'local', id: a.freshId(), rows: [[]], attrs: [] })
  for (const view of s.lateralViews ?? []) input = lateralView(a, input, view, surroundings)
  const { items, distinct, where, groupBy, having, qualify, windows, at } = s
  return analyzeSelect(
    a,
    input,
    { items, distinct, where, groupBy, having, qualify, windows, ...order, at },
    surroundings,
  )
}
