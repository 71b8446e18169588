import { AnalysisError } from '../errors/errors.ts'
import { mapChildren, visit, type Expr } from '../expr/bound.ts'
import type { AstExpr, AstGroupBy, AstGroupingElement } from '../sql/ast.ts'
import { BIGINT, INT } from '../types/data-type.ts'
import { attrExpr, freshAttr, passOn, type Analysis } from './analysis.ts'
import { exprKey } from './expr-key.ts'
import type { ExprContext } from './expr-context.ts'
import type { Attr, Logical, LogicalExpand, Named } from './logical.ts'
import { isPosition } from './position.ts'
import { resolveExpr } from './resolve-expr.ts'
import { literal, type Term } from './term.ts'

/** One grouping expression; its column in the aggregate's output. */
export interface GroupKey {
  readonly term: Term
  /** Equal expressions share it. */
  readonly key: string
}

/** GROUP BY, resolved: distinct expressions in order, and for grouping sets which of them each set holds. */
export interface Grouping {
  readonly keys: readonly GroupKey[]
  readonly sets: readonly (readonly number[])[] | null
}

/** What GROUP BY needs of the select list: ordinals and aliases point into it. */
export interface GroupTargets {
  readonly size: number
  /** Item `i`; the aggregates it holds are known by `isAggregated`. */
  item(i: number): { readonly term: Term; readonly ast: AstExpr }
  readonly aliases: ReadonlyMap<string, number>
  isAggregated(e: Expr): boolean
}

/** What CUBE takes: every set is one more copy of each row. */
const MAX_CUBE = 12
/** How many sets one GROUP BY may come to. */
const MAX_SETS = 2 ** MAX_CUBE

/** Resolves GROUP BY. `ctx` is of clause GROUP BY: no aggregates. */
export function resolveGrouping(groupBy: AstGroupBy, targets: GroupTargets, ctx: ExprContext): Grouping {
  const keys: GroupKey[] = []
  const indexOf = (ast: AstExpr): number => {
    const term = groupingTerm(ast, targets, ctx)
    const key = exprKey(term.expr)
    const found = keys.findIndex((k) => k.key === key)
    if (found >= 0) return found
    keys.push({ term, key })
    return keys.length - 1
  }
  const plain = groupBy.elements.every((e) => e.kind === 'expr')
  if (plain) {
    for (const e of groupBy.elements) if (e.kind === 'expr') indexOf(e.expr)
    return { keys, sets: null }
  }
  let sets: number[][] = [[]]
  for (const e of groupBy.elements) {
    const own = setsOf(e, indexOf)
    if (sets.length * own.length > MAX_SETS)
      throw new AnalysisError('GROUPING_SIZE_LIMIT_EXCEEDED', { size: sets.length * own.length, limit: MAX_SETS })
    sets = sets.flatMap((s) => own.map((o) => [...new Set([...s, ...o])]))
  }
  return { keys, sets }
}

function setsOf(e: AstGroupingElement, indexOf: (ast: AstExpr) => number): number[][] {
  switch (e.kind) {
    case 'expr':
      return [[indexOf(e.expr)]]
    case 'set':
      return [e.exprs.map(indexOf)]
    case 'sets':
      e.keys?.forEach(indexOf)
      return e.elements.flatMap((x) => setsOf(x, indexOf))
    case 'rollup': {
      const parts = e.sets.map((s) => s.map(indexOf))
      return Array.from({ length: parts.length + 1 }, (_, i) => parts.slice(0, parts.length - i).flat())
    }
    case 'cube': {
      const parts = e.sets.map((s) => s.map(indexOf))
      const n = parts.length
      if (n > MAX_CUBE)
        throw new AnalysisError('GROUPING_SIZE_LIMIT_EXCEEDED', { size: n, limit: MAX_CUBE }, { at: e.at })
      // Spark's order: the full set first, the empty one last.
      return Array.from({ length: 2 ** n }, (_, i) => parts.filter((_p, j) => (i & (1 << (n - 1 - j))) === 0).flat())
    }
  }
}

function groupingTerm(ast: AstExpr, targets: GroupTargets, ctx: ExprContext): Term {
  if (isPosition(ast)) {
    const position = Number(ast.text)
    if (position < 1 || position > targets.size)
      throw new AnalysisError('GROUP_BY_POS_OUT_OF_RANGE', { position, size: targets.size }, { at: ast.at })
    const { term } = targets.item(position - 1)
    if (targets.isAggregated(term.expr))
      throw new AnalysisError('GROUP_BY_POS_AGGREGATE', { position, expression: term.text }, { at: ast.at })
    return term
  }
  if (ast.kind === 'alias') {
    const term = resolveExpr(ast.arg, ctx)
    return { ...term, name: ast.names[0]?.name, text: ast.names[0]?.name ?? term.text }
  }
  if (ast.kind === 'name' && ast.parts.length === 1) {
    const known = ctx.names.find(ast.parts, ast.at)
    if (known) return known
    const name = ast.parts[0]!.name
    const index = targets.aliases.get(ctx.a.env.caseSensitive ? name : name.toLowerCase())
    if (index !== undefined) {
      const { term } = targets.item(index)
      if (targets.isAggregated(term.expr))
        throw new AnalysisError('GROUP_BY_AGGREGATE', { expression: term.text }, { at: ast.at })
      return { ...term, text: name }
    }
  }
  return resolveExpr(ast, ctx)
}

/** The keys of GROUP BY ALL: items without aggregates; of an item that mixes, the columns outside its aggregates. */
export function groupingOfAll(items: readonly Term[], isAggregate: (id: number) => boolean): Grouping {
  const keys: GroupKey[] = []
  const add = (term: Term): void => {
    const key = exprKey(term.expr)
    if (!keys.some((k) => k.key === key)) keys.push({ term, key })
  }
  for (const term of items) {
    let mixed = false
    visit(term.expr, (n) => {
      if (n.kind === 'attr' && isAggregate(n.id)) mixed = true
    })
    if (!mixed) {
      if (term.expr.kind !== 'literal') add(term)
    } else
      visit(term.expr, (n) => {
        if (n.kind === 'attr' && !isAggregate(n.id)) add({ expr: n, text: n.name })
      })
  }
  return { keys, sets: null }
}

/** The aggregate's key columns and what they are computed over. */
export interface GroupedInput {
  readonly input: Logical
  readonly keys: readonly Named[]
  /** Of grouping sets: the column of grouping_id. */
  readonly id: Attr | null
  /** Keys that no expression may name. */
  readonly extra: readonly Named[]
}

/** Columns for the keys; under grouping sets an expand node makes each input row once per set. */
export function groupedInput(a: Analysis, input: Logical, grouping: Grouping): GroupedInput {
  const named = grouping.keys.map((k): Named => ({ expr: k.term.expr, attr: keyAttr(a, input, k.term) }))
  if (!grouping.sets) return { input, keys: named, id: null, extra: [] }
  const n = named.length
  const columns = named.map((k): Attr => ({ ...k.attr, id: a.freshId(), nullable: true }))
  const id = freshAttr(a, 'spark_grouping_id', BIGINT, false)
  // Sets that repeat count separately.
  const repeats = new Set(grouping.sets.map((s) => [...s].sort().join())).size < grouping.sets.length
  const position = repeats ? freshAttr(a, 'set', INT, false) : null
  const projections = grouping.sets.map((set, i): readonly Expr[] => {
    let bits = 0n
    for (let k = 0; k < n; k++) if (!set.includes(k)) bits |= 1n << BigInt(n - 1 - k)
    return [
      ...input.attrs.map((x) => attrExpr(x)),
      ...named.map((k, j): Expr => (set.includes(j) ? k.expr : literal(null, k.attr.type))),
      literal(bits, BIGINT),
      ...(position ? [literal(i, INT)] : []),
    ]
  })
  const expand: LogicalExpand = {
    op: 'expand',
    id: a.freshId(),
    input,
    projections,
    attrs: [...input.attrs, ...columns, id, ...(position ? [position] : [])],
  }
  return { input: expand, keys: columns.map(passOn), id, extra: [passOn(id), ...(position ? [passOn(position)] : [])] }
}

/** A key that is a column stays that column; others are fresh, and keep the event time of what they are made of only as columns. */
function keyAttr(a: Analysis, input: Logical, term: Term): Attr {
  const e = term.expr
  const column = e.kind === 'attr' ? input.attrs.find((x) => x.id === e.id) : undefined
  return column
    ? { ...column, name: e.kind === 'attr' ? e.name : column.name }
    : freshAttr(a, term.name ?? term.text, e.type, e.nullable)
}

/**
 * `e` over the output of the aggregate: grouping expressions become their columns. A column that is neither grouped nor
 * allowed is refused.
 */
export function overAggregate(
  e: Expr,
  keys: ReadonlyMap<string, Attr>,
  allowed: (id: number) => boolean,
  refuse: (column: Expr & { kind: 'attr' }) => never,
): Expr {
  const attr = keys.get(exprKey(e))
  if (attr) return { ...attrExpr(attr, e.at), name: e.kind === 'attr' ? e.name : attr.name }
  if (e.kind === 'attr') return allowed(e.id) ? e : refuse(e)
  return mapChildren(e, (c) => overAggregate(c, keys, allowed, refuse))
}
