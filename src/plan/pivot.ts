import { AnalysisError } from '../errors/errors.ts'
import type { AstCall, AstExpr, AstGroupingElement, AstName, AstPivot, AstUnpivot } from '../sql/ast.ts'
import { canCast, caster } from '../types/cast.ts'
import { commonType } from '../types/coercion.ts'
import { STRING, typeName, VOID, type DataType } from '../types/data-type.ts'
import { attrExpr, filter, freshAttr, relationOf, type Analysis, type Relation, type Surroundings } from './analysis.ts'
import { Base } from './base.ts'
import { attrIds } from './expr-key.ts'
import type { Attr, Logical, LogicalExpand } from './logical.ts'
import { calledName, findFunction } from './resolve-call.ts'
import { resolveExpr } from './resolve-expr.ts'
import { analyzeSelect } from './select.ts'
import { castTo, constantValue, isNotNull, literal } from './term.ts'
import type { Expr } from '../expr/bound.ts'
import type { Value } from '../types/value.ts'
import { at } from './locate.ts'
import { formatValue } from '../types/format.ts'
import { transformPlan } from './walk.ts'
import { relationContext } from './where.ts'

/** PIVOT: one aggregation whose aggregates count only the rows of one value each; the other columns are the groups. */
export function pivot(a: Analysis, input: Relation, ast: AstPivot, surroundings: Surroundings): Relation {
  const ctx = relationContext(a, input, surroundings, 'PIVOT', new Base(a, input.plan))
  const columns = ast.columns.map((c) => ({ ast: c, term: resolveExpr(c, ctx) }))
  const used = new Set(columns.flatMap((c) => [...attrIds(c.term.expr)]))
  for (const agg of ast.aggregates) for (const id of columnsRead(agg, (n) => resolveExpr(n, ctx).expr)) used.add(id)
  const groups = input.columns.filter((c) => !used.has(c.id))
  const name = (c: Attr): AstName => ({
    kind: 'name',
    parts: [...(c.qualifier[0] === undefined ? [] : [{ name: c.qualifier[0] }]), { name: c.name }],
    at: ast.at,
  })
  const items: AstExpr[] = groups.map(name)
  for (const v of ast.values) {
    const value = v.kind === 'alias' ? v.arg : v
    const parts = ast.columns.length > 1 && value.kind === 'tuple' ? value.items : [value]
    if (parts.length !== ast.columns.length) throw valueMismatch(parts.length, ast.columns.length, value.at ?? ast.at)
    const terms = parts.map((p, i) => {
      const term = p.kind === 'name' ? null : resolveExpr(p, ctx)
      const constant = term ? constantValue(term.expr, a.env) : undefined
      if (!term || constant === undefined)
        throw new AnalysisError(
          'NON_LITERAL_PIVOT_VALUES',
          { expression: term?.text ?? 'a column' },
          { at: p.at ?? ast.at },
        )
      at(p.at, () => checkValue(a, constant, term.expr.type, columns[i]!.term.expr, parts.length > 1))
      return constant === null ? 'null' : formatValue(constant, term.expr.type, a.env.timeZone)
    })
    const label = v.kind === 'alias' ? v.names[0]!.name : terms.length === 1 ? terms[0]! : `{${terms.join(', ')}}`
    const condition = parts
      .map((p, i): AstExpr => ({ kind: 'binary', op: '<=>', left: ast.columns[i]!, right: p, at: p.at }))
      .reduce((left, right): AstExpr => ({ kind: 'binary', op: 'and', left, right, at: ast.at }))
    for (const agg of ast.aggregates) {
      const own = agg.kind === 'alias' ? agg.arg : agg
      const filtered = withFilter(a, own, condition)
      const shown = agg.kind === 'alias' ? agg.names[0]!.name : undefined
      const column = ast.aggregates.length === 1 ? label : `${label}_${shown ?? ctxText(a, own, input, surroundings)}`
      items.push({ kind: 'alias', arg: filtered, names: [{ name: column }], at: agg.at })
    }
  }
  const elements = groups.map((c): AstGroupingElement => ({ kind: 'expr', expr: name(c), at: ast.at }))
  const out = analyzeSelect(a, input, { items, groupBy: { elements, at: ast.at }, at: ast.at }, surroundings)
  const plan = transformPlan(out.plan, (n) => (n.op === 'aggregate' && n.at === ast.at ? { ...n, pivot: true } : n))
  return { ...out, plan, columns: out.columns.map((c) => ({ ...c, qualifier: [] })) }
}

/** Refuses a value that cannot be cast to the type of its column, or that the cast cannot hold. */
function checkValue(a: Analysis, value: Value, type: DataType, column: Expr, oneOfSeveral: boolean): void {
  // Inside a row of values a cast that may give NULL does not fit a column that holds none.
  const losing = oneOfSeveral && type.kind === 'string' && column.type.kind !== 'string' && !column.nullable
  if (losing || !canCast(type, column.type, 'legacy'))
    throw new AnalysisError('PIVOT_VALUE_DATA_TYPE_MISMATCH', {
      value: typeName(type),
      column: typeName(column.type),
    })
  if (value !== null && canCast(type, column.type, 'ansi'))
    caster(type, column.type, { mode: 'ansi', timeZone: a.env.timeZone, nowUs: () => a.env.batchTimeUs() })(value)
}

const valueMismatch = (given: number, wanted: number, span: AstPivot['at']): AnalysisError =>
  new AnalysisError(
    'PIVOT_VALUE_DATA_TYPE_MISMATCH',
    { value: `a row of ${given}`, column: `row of ${wanted}` },
    { at: span },
  )

function ctxText(a: Analysis, agg: AstExpr, input: Relation, surroundings: Surroundings): string {
  return analyzeSelect(a, input, { items: [agg] }, surroundings).columns[0]!.name
}

/** Calls `f` on every node of a syntax tree; rebuilt where it changes one. */
function mapAst<T>(node: T, f: (e: AstCall) => AstExpr | null): T {
  if (Array.isArray(node)) return node.map((x: unknown) => mapAst(x, f)) as T
  if (node === null || typeof node !== 'object') return node
  if ((node as { kind?: unknown }).kind === 'call') {
    const changed = f(node as unknown as AstCall)
    if (changed) return changed as T
  }
  return Object.fromEntries(Object.entries(node).map(([k, v]) => [k, k === 'at' ? v : mapAst(v, f)])) as T
}

/** The expression with `condition` as FILTER of its aggregates; counts are NULL where no row of the value is. */
function withFilter(a: Analysis, e: AstExpr, condition: AstExpr): AstExpr {
  return mapAst(e, (call) => {
    const entry = findFunction(calledName(call), a.env)
    if (entry?.kind !== 'aggregate' || call.over) return null
    const filter: AstExpr = call.filter ? { kind: 'binary', op: 'and', left: condition, right: call.filter } : condition
    const own: AstExpr = { ...call, filter }
    if (entry.neverNull !== true) return own
    const rows: AstExpr = {
      kind: 'call',
      name: [{ name: 'count' }],
      args: [{ kind: 'literal', type: 'integer', text: '1' }],
      filter: condition,
      at: call.at,
    }
    return {
      kind: 'case',
      branches: [
        {
          when: { kind: 'binary', op: '>', left: rows, right: { kind: 'literal', type: 'integer', text: '0' } },
          then: own,
        },
      ],
      at: call.at,
    }
  })
}

function columnsRead(e: AstExpr, resolve: (n: AstName) => Expr): readonly number[] {
  const ids: number[] = []
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(walk)
    else if (node !== null && typeof node === 'object') {
      if ((node as { kind?: unknown }).kind === 'name') ids.push(...attrIds(resolve(node as AstName)))
      else for (const [k, v] of Object.entries(node)) if (k !== 'at' && k !== 'name') walk(v)
    }
  }
  walk(e)
  return ids
}

/** UNPIVOT: each row once per set of columns, with the set's label; rows without any value are left out. */
export function unpivot(a: Analysis, input: Relation, ast: AstUnpivot, surroundings: Surroundings): Relation {
  const ctx = relationContext(a, input, surroundings, 'PIVOT', new Base(a, input.plan))
  const sets = ast.sets.map((s) => ({
    terms: s.columns.map((c) => resolveExpr(c, ctx)),
    label: s.label?.name ?? s.columns.map((c) => c.parts.at(-1)!.name).join('_'),
  }))
  const used = new Set(sets.flatMap((s) => s.terms.flatMap((t) => [...attrIds(t.expr)])))
  const kept = input.columns.filter((c) => !used.has(c.id))
  const types = ast.valueColumns.map((_v, i): DataType => {
    let type: DataType = VOID
    for (const s of sets) {
      const own = s.terms[i]!.expr.type
      const textMeetsOther: boolean =
        (type.kind === 'string') !== (own.kind === 'string') && type.kind !== 'void' && own.kind !== 'void'
      const next: DataType | null | undefined = textMeetsOther ? null : commonType(type, own, a.env.ansi)
      if (!next)
        throw new AnalysisError(
          'UNPIVOT_VALUE_DATA_TYPE_MISMATCH',
          { types: sets.map((x) => typeName(x.terms[i]!.expr.type)).join(', ') },
          { at: ast.at },
        )
      type = next
    }
    return type
  })
  const label = freshAttr(a, ast.nameColumn.name, STRING, false)
  const values = ast.valueColumns.map((v, i) => freshAttr(a, v.name, types[i]!, true))
  const columns = [...kept, label, ...values]
  const expand: LogicalExpand = {
    op: 'expand',
    id: a.freshId(),
    input: input.plan,
    projections: sets.map((s) => [
      ...kept.map((c) => attrExpr(c)),
      literal(s.label, STRING),
      ...s.terms.map((t, i) => castTo(t.expr, types[i]!, a.env)),
    ]),
    attrs: columns,
    at: ast.at,
  }
  let plan: Logical = expand
  if (!ast.includeNulls) {
    const tests = values.map((v) => isNotNull(attrExpr(v)))
    plan = filter(
      a,
      plan,
      tests.length === 1 ? tests[0]! : { kind: 'or', args: tests, type: { kind: 'boolean' }, nullable: false },
      ast.at,
    )
  }
  return { ...relationOf(plan), columns }
}
