import { AnalysisError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import { mapChildren, type Expr } from '../expr/bound.ts'
import { isOrderable } from '../functions/operators.ts'
import type { AstSortItem } from '../sql/ast.ts'
import { typeName } from '../types/data-type.ts'
import { attrExpr, freshAttr, passOn, project, type Analysis } from './analysis.ts'
import { attrIds, exprKey } from './expr-key.ts'
import type { ExprContext, Names } from './expr-context.ts'
import type { Attr, Logical, LogicalAggregate, LogicalSort, Named, SortKey } from './logical.ts'
import { isPosition } from './position.ts'
import { resolveExpr } from './resolve-expr.ts'

/** What ORDER BY sorts: the output items, and how its names are looked up. */
export interface SortTarget {
  readonly items: readonly Named[]
  readonly names: Names
  context(names: Names): ExprContext
}

interface SortClause {
  readonly all?: boolean
  readonly items: readonly AstSortItem[]
  readonly at?: Span | undefined
}

/** Sort keys over output columns or over what is below them. Ordinals point at items; ALL takes every item. */
function resolve(_a: Analysis, clause: SortClause, target: SortTarget): readonly SortKey[] {
  const key = (expr: Expr, s: AstSortItem | undefined, at: Span | undefined): SortKey => {
    if (!isOrderable(expr.type))
      throw new AnalysisError(
        'DATATYPE_MISMATCH.INVALID_ORDERING_TYPE',
        { function: 'ORDER BY', actual: typeName(expr.type) },
        { at },
      )
    const descending = s?.descending ?? false
    return { expr, descending, nullsFirst: s?.nulls ? s.nulls === 'first' : !descending }
  }
  if (clause.all) return target.items.map((i) => key(attrExpr(i.attr, clause.at), clause.items[0], clause.at))
  const ctx = target.context(target.names)
  return clause.items.map((s) => {
    const ast = s.expr
    if (isPosition(ast)) {
      const position = Number(ast.text)
      const item = target.items[position - 1]
      if (!item)
        throw new AnalysisError('ORDER_BY_POS_OUT_OF_RANGE', { position, size: target.items.length }, { at: ast.at })
      return key(attrExpr(item.attr, ast.at), s, ast.at)
    }
    return key(resolveExpr(ast, ctx).expr, s, ast.at)
  })
}

/** Keys over the project of `named`: those that are no output column become further items. */
function withHidden(
  a: Analysis,
  input: Logical,
  named: readonly Named[],
  keys: readonly SortKey[],
): { readonly items: readonly Named[]; readonly resolved: readonly SortKey[] } {
  const hidden: Named[] = []
  const outputs = new Set(named.map((n) => n.attr.id))
  const below = new Set(input.attrs.map((x) => x.id))
  const inline = (e: Expr): Expr => {
    if (e.kind === 'attr') {
      if (below.has(e.id)) return e
      return named.find((n) => n.attr.id === e.id)?.expr ?? e
    }
    return mapChildren(e, inline)
  }
  const resolved = keys.map((k): SortKey => {
    const text = exprKey(k.expr)
    const same = named.find((n) => exprKey(n.expr) === text)
    if (same) return { ...k, expr: attrExpr(same.attr, k.expr.at) }
    if ([...attrIds(k.expr)].every((id) => outputs.has(id))) return k
    const expr = inline(k.expr)
    if (expr.kind === 'attr') {
      const column = input.attrs.find((x) => x.id === expr.id)
      if (column) {
        if (!hidden.some((h) => h.attr.id === column.id)) hidden.push(passOn(column))
        return { ...k, expr }
      }
    }
    const known = hidden.find((h) => exprKey(h.expr) === exprKey(expr))
    const item = known ?? { expr, attr: freshAttr(a, 'sort', expr.type, expr.nullable) }
    if (!known) hidden.push(item)
    return { ...k, expr: attrExpr(item.attr, k.expr.at) }
  })
  return { items: [...named, ...hidden], resolved }
}

/** A sort node. */
function node(
  a: Analysis,
  input: Logical,
  keys: readonly SortKey[],
  at: Span | undefined,
  local: boolean,
): LogicalSort {
  return { op: 'sort', id: a.freshId(), input, keys, ...(local ? { local: true } : {}), attrs: input.attrs, at }
}

/** A sort over rows whose columns are those of `named`; keys must be among them. */
function put(
  a: Analysis,
  input: Logical,
  named: readonly Named[],
  keys: readonly SortKey[],
  how: { readonly local?: boolean; readonly at?: Span | undefined; readonly distinct?: boolean },
): Logical {
  if (keys.length === 0) return input
  const outputs = new Set(input.attrs.map((x) => x.id))
  const over = keys.map((k): SortKey => {
    const same = named.find((n) => exprKey(n.expr) === exprKey(k.expr))
    const expr = same ? attrExpr(same.attr, k.expr.at) : k.expr
    for (const id of attrIds(expr))
      if (!outputs.has(id))
        throw new AnalysisError(
          'UNRESOLVED_COLUMN.WITH_SUGGESTION',
          { name: expr.kind === 'attr' ? expr.name : 'of ORDER BY' },
          { at: expr.at, hint: 'after DISTINCT only what is selected can be sorted by' },
        )
    return { ...k, expr }
  })
  return node(a, input, over, how.at, how.local === true)
}

/** ORDER BY and SORT BY. */
export const sorted = { resolve, withHidden, node, put }

/** Each row once: an aggregate without aggregates. Refuses maps, which cannot be compared. */
export function distinctRows(a: Analysis, input: Logical, operator: string, at: Span | undefined): Logical {
  for (const x of input.attrs)
    if (!isOrderable(x.type, true))
      throw new AnalysisError(
        'UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE',
        { name: x.name, actual: typeName(x.type), operator },
        { at },
      )
  const columns: Attr[] = []
  for (const x of input.attrs) if (!columns.some((c) => c.id === x.id)) columns.push(x)
  const aggregate: LogicalAggregate = {
    op: 'aggregate',
    id: a.freshId(),
    input,
    keys: columns.map(passOn),
    aggregates: [],
    attrs: columns,
    at,
  }
  return columns.length === input.attrs.length ? aggregate : project(a, aggregate, input.attrs.map(passOn))
}
