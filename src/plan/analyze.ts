import type { ExprEnv } from '../expr/env.ts'
import type { AstExpr, AstName } from '../sql/ast.ts'
import { encodeLiteral } from '../types/literal.ts'
import {
  aliased,
  freshAttr,
  project,
  passOn,
  relationOf,
  shown,
  type Analysis,
  type Relation,
  type Surroundings,
  type ValueNames,
} from './analysis.ts'
import { UseCounter, withinDepth } from './complexity.ts'
import { checkCalls } from './check-calls.ts'
import { analyzeJoin } from './join.ts'
import type { Attr, Logical, LogicalDedup, LogicalLimit } from './logical.ts'
import { observe } from './observe.ts'
import { analyzeQuery } from './query.ts'
import { rangeOf } from './range.ts'
import { matchColumn, sameName, unresolvedColumn } from './scope.ts'
import { analyzeSelect } from './select.ts'
import { alignedByName, setOperation, unionAll } from './set-operation.ts'
import { store } from './store.ts'
import { lookupTable } from './table.ts'
import type { PlanCatalog, SourceRef, Unresolved } from './unresolved.ts'
import { userMap } from './user-map.ts'
import { groupsWithState } from './groups-with-state.ts'
import { transformWithState } from './transform-with-state.ts'
import { watermarkOf } from './watermark.ts'
import { where } from './where.ts'

/**
 * Settles names and types. Views and WITH entries are analyzed anew at each use. Throws AnalysisError (or UnsupportedError,
 * ParseError of a text inside) at the clause at fault. The plan shows exactly the query's columns.
 */
export function analyze(plan: Unresolved, catalog: PlanCatalog, env: ExprEnv): Logical {
  let next = 0
  const uses = new UseCounter()
  const analysis = (values: ValueNames | undefined): Analysis => {
    const a: Analysis = {
      catalog,
      env,
      freshId: () => ++next,
      uses,
      query: (query, surroundings) => analyzeQuery(a, query, surroundings),
      plan: (p, surroundings) => analyzePlan(a, p, surroundings),
      values,
      withValues: analysis,
    }
    return a
  }
  const a = analysis(undefined)
  return withinDepth(() => shown(a, analyzePlan(a, plan, { ctes: new Map(), outer: null, views: [] })))
}

function analyzePlan(a: Analysis, p: Unresolved, s: Surroundings): Relation {
  switch (p.op) {
    case 'sql':
      checkCalls(a, p.query)
      return analyzeQuery(a, p.query, s)
    case 'source':
      return scan(a, p.source, p.at)
    case 'local': {
      const attrs = p.schema.fields.map((f) => freshAttr(a, f.name, f.type, f.nullable))
      const rows = p.rows.map((row) => row.map((v, i) => encodeLiteral(v, attrs[i]!.type)))
      return relationOf({ op: 'local', id: a.freshId(), rows, attrs })
    }
    case 'range':
      return rangeOf(a, p.start, p.end, p.step)
    case 'table':
      return lookupTable(a, p.name, s, p.at)
    case 'alias':
      return aliased(a.plan(p.input, s), p.name)
    case 'select':
      return analyzeSelect(a, a.plan(p.input, s), { items: p.items, distinct: p.distinct }, s)
    case 'aggregate':
      return analyzeSelect(a, a.plan(p.input, s), { items: p.items, groupBy: p.groupBy, keysFirst: true }, s)
    case 'withColumns':
      return withColumns(a, a.plan(p.input, s), p.columns, s)
    case 'rename': {
      const input = a.plan(p.input, s)
      return {
        ...input,
        columns: input.columns.map((c) => (sameName(c.name, p.from, a.env.caseSensitive) ? { ...c, name: p.to } : c)),
      }
    }
    case 'drop':
      return drop(a, a.plan(p.input, s), p.columns)
    case 'filter':
      return where(a, a.plan(p.input, s), p.condition, s)
    case 'join': {
      const using = p.using?.map((name) => ({ name }))
      return analyzeJoin(a, a.plan(p.left, s), a.plan(p.right, s), { type: p.type, on: p.on, using }, s)
    }
    case 'union': {
      const inputs = p.inputs.map((x) => a.plan(x, s))
      return unionAll(a, p.byName ? alignedByName(a, inputs, p.allowMissing === true, undefined) : inputs, undefined)
    }
    case 'setop':
      return setOperation(a, p.kind, p.all, a.plan(p.left, s), a.plan(p.right, s), undefined)
    case 'sort':
      return sort(a, p, s)
    case 'limit': {
      const input = a.plan(p.input, s)
      const node: LogicalLimit = {
        op: 'limit',
        id: a.freshId(),
        input: input.plan,
        count: p.count ?? null,
        offset: p.offset ?? 0,
        attrs: input.plan.attrs,
      }
      return { ...input, plan: node }
    }
    case 'dedup':
      return dedup(a, a.plan(p.input, s), p.columns, p.withinWatermark)
    case 'store':
      return store(a, a.plan(p.input, s), p)
    case 'userMap':
      return userMap(a, p, s)
    case 'groupsWithState':
      return groupsWithState(a, p, s)
    case 'transformWithState':
      return transformWithState(a, p, s)
    case 'observe':
      return observe(a, p, s)
    case 'watermark':
      return watermarkOf(a, a.plan(p.input, s), p, s)
  }
}

/** A table behind a connector. */
export function scan(a: Analysis, source: SourceRef, at?: AstExpr['at']): Relation {
  const schema = source.inferred === true ? (a.catalog.inferredSchema?.(source) ?? source.schema) : source.schema
  const columns = schema.fields.map((f): Attr => freshAttr(a, f.name, f.type, f.nullable))
  const named = (name: string): boolean => columns.some((c) => sameName(c.name, name, a.env.caseSensitive))
  const hidden = (a.catalog.metadataColumns?.(source)?.fields ?? [])
    .filter((f) => !named(f.name))
    .map((f): Attr => ({ ...freshAttr(a, f.name, f.type, f.nullable), metadata: true }))
  const attrs = [...columns, ...hidden]
  const table = schema === source.schema ? source : { ...source, schema }
  const plan: Logical = { op: 'scan', id: a.freshId(), source: table, columns: null, predicates: [], attrs, at }
  return { plan, columns, hidden }
}

/** Sorting after a select may name what the select left out, so both are analyzed together. */
function sort(a: Analysis, p: Unresolved & { op: 'sort' }, s: Surroundings): Relation {
  const orderBy = { items: p.items }
  const { input } = p
  if (input.op === 'select')
    return analyzeSelect(a, a.plan(input.input, s), { items: input.items, distinct: input.distinct, orderBy }, s)
  if (input.op === 'aggregate')
    return analyzeSelect(
      a,
      a.plan(input.input, s),
      { items: input.items, groupBy: input.groupBy, keysFirst: true, orderBy },
      s,
    )
  const below = a.plan(input, s)
  const out = analyzeSelect(a, below, { items: [{ kind: 'star', qualifier: [] }], orderBy }, s)
  return { ...out, columns: out.columns.map((c, i) => ({ ...c, qualifier: below.columns[i]!.qualifier })) }
}

function withColumns(
  a: Analysis,
  input: Relation,
  columns: readonly { readonly name: string; readonly expr: AstExpr }[],
  s: Surroundings,
): Relation {
  const cs = a.env.caseSensitive
  // Each column by a private name, so that equal names and qualifiers cannot mislead.
  const hidden = input.hidden.filter((c) => c.metadata === true)
  const plan = hidden.length === 0 ? shown(a, input) : project(a, input.plan, [...input.columns, ...hidden].map(passOn))
  const source: Relation = { ...input, plan }
  const replaced = new Set<string>()
  const items: AstExpr[] = []
  const byPosition = input.columns.map((c): AstExpr | Attr => {
    const set = columns.find((x) => sameName(x.name, c.name, cs))
    if (!set) return c
    replaced.add(set.name)
    return { kind: 'alias', arg: set.expr, names: [{ name: set.name }] }
  })
  for (const x of byPosition) if ('kind' in x) items.push(x)
  const added = columns.filter((c) => !replaced.has(c.name))
  for (const c of added) items.push({ kind: 'alias', arg: c.expr, names: [{ name: c.name }] })
  const made = analyzeSelect(a, source, { items: [{ kind: 'star', qualifier: [] }, ...items] }, s)
  const own = made.columns.slice(0, input.columns.length)
  const fresh = made.columns.slice(input.columns.length)
  let next = 0
  const out = byPosition.map((x, i): Attr => ('kind' in x ? fresh[next++]! : { ...own[i]!, qualifier: x.qualifier }))
  return {
    plan: project(a, made.plan, [...out, ...fresh.slice(next)].map(passOn)),
    columns: [...out, ...fresh.slice(next)],
    hidden: [],
  }
}

function drop(a: Analysis, input: Relation, columns: readonly AstExpr[]): Relation {
  const names = columns.flatMap((c): readonly AstName[] => (c.kind === 'name' ? [c] : []))
  const gone = new Set<number>()
  for (const n of names) {
    if (n.parts.length === 1) {
      // A name that is not there drops nothing.
      for (const c of input.columns) if (sameName(c.name, n.parts[0]!.name, a.env.caseSensitive)) gone.add(c.id)
    } else {
      const match = matchColumn(n.parts, input.columns, a.env.caseSensitive, n.at)
      if (match) gone.add(match.attr.id)
    }
  }
  return { ...input, columns: input.columns.filter((c) => !gone.has(c.id)) }
}

function dedup(a: Analysis, input: Relation, names: readonly string[] | undefined, withinWatermark: boolean): Relation {
  const plan = shown(a, input)
  const keys = (names ?? input.columns.map((c) => c.name)).flatMap((name) => {
    const found = input.columns.filter((c) => sameName(c.name, name, a.env.caseSensitive))
    if (found.length === 0) throw unresolvedColumn([{ name }], input.columns)
    return found.map((c) => c.id)
  })
  const node: LogicalDedup = {
    op: 'dedup',
    id: a.freshId(),
    input: plan,
    keys: [...new Set(keys)],
    withinWatermark,
    attrs: plan.attrs,
  }
  return { plan: node, columns: input.columns, hidden: [] }
}
