import { AnalysisError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import { isOrderable } from '../functions/operators.ts'
import { commonType } from '../types/coercion.ts'
import { sameType, typeName, type DataType } from '../types/data-type.ts'
import { attrExpr, freshAttr, passOn, project, relationOf, shown, type Analysis, type Relation } from './analysis.ts'
import type { Attr, Logical, LogicalSetOperation, LogicalUnion, Named } from './logical.ts'
import { sameName } from './scope.ts'
import { distinctRows } from './sorting.ts'
import { castTo, literal } from './term.ts'

/** UNION ALL of relations by position; names of the first, types widened. */
export function unionAll(a: Analysis, inputs: readonly Relation[], at: Span | undefined): Relation {
  const { plans, types } = widened(a, inputs, 'UNION', at)
  const first = inputs[0]!.columns
  const attrs = first.map((c, i): Attr => {
    const sources = plans.map((p) => p.attrs[i]!)
    return freshAttr(
      a,
      c.name,
      types[i]!,
      sources.some((s) => s.nullable),
      sources[0]!.eventTime === true,
    )
  })
  // A union in a union is one.
  const flat = plans.flatMap((p) => (p.op === 'union' && sameShape(p, types) ? p.inputs : [p]))
  const node: LogicalUnion = { op: 'union', id: a.freshId(), inputs: flat, attrs, at }
  return relationOf(node)
}

const sameShape = (p: LogicalUnion, types: readonly DataType[]): boolean =>
  p.attrs.length === types.length && p.inputs.every((x) => x.attrs.every((y, i) => sameType(y.type, types[i]!)))

/** UNION of distinct rows. */
export function unionDistinct(a: Analysis, inputs: readonly Relation[], at: Span | undefined): Relation {
  return relationOf(distinctRows(a, unionAll(a, inputs, at).plan, 'UNION', at))
}

/** INTERSECT and EXCEPT, with ALL or without. */
export function setOperation(
  a: Analysis,
  kind: 'intersect' | 'except',
  all: boolean,
  left: Relation,
  right: Relation,
  at: Span | undefined,
): Relation {
  const operator = kind.toUpperCase()
  const { plans } = widened(a, [left, right], operator, at)
  const [l, r] = plans as [Logical, Logical]
  for (const x of l.attrs)
    if (!isOrderable(x.type, true))
      throw new AnalysisError(
        'UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE',
        { name: x.name, actual: typeName(x.type), operator },
        { at },
      )
  const attrs = l.attrs.map((x, i): Attr => ({
    ...x,
    name: left.columns[i]!.name,
    qualifier: [],
    nullable: x.nullable && (kind === 'except' || r.attrs[i]!.nullable),
  }))
  const node: LogicalSetOperation = { op: 'setop', id: a.freshId(), kind, all, left: l, right: r, attrs, at }
  return relationOf(node)
}

/** The plans with as many columns each, of common types. */
export function widened(
  a: Analysis,
  inputs: readonly Relation[],
  operator: string,
  at: Span | undefined,
): { readonly plans: readonly Logical[]; readonly types: readonly DataType[] } {
  const first = inputs[0]!
  for (const r of inputs)
    if (r.columns.length !== first.columns.length)
      throw new AnalysisError(
        'NUM_COLUMNS_MISMATCH',
        { operator, first: first.columns.length, other: r.columns.length },
        { at },
      )
  const types = first.columns.map((c, i) => {
    let type = c.type
    for (const r of inputs.slice(1)) {
      const other = r.columns[i]!.type
      const next = commonType(type, other, a.env.ansi)
      if (!next)
        throw new AnalysisError(
          'INCOMPATIBLE_COLUMN_TYPE',
          { index: i + 1, operator, left: typeName(type), right: typeName(other) },
          { at },
        )
      type = next
    }
    return type
  })
  return { types, plans: inputs.map((r) => cast(a, r, types)) }
}

function cast(a: Analysis, r: Relation, types: readonly DataType[]): Logical {
  const plan = shown(a, r)
  if (r.columns.every((c, i) => sameType(c.type, types[i]!))) return plan
  return project(
    a,
    plan,
    r.columns.map((c, i): Named => {
      if (sameType(c.type, types[i]!)) return passOn(c)
      const expr = castTo(attrExpr(c), types[i]!, a.env)
      return { expr, attr: freshAttr(a, c.name, types[i]!, expr.nullable) }
    }),
  )
}

/** The inputs with the columns of the first, found by name; `allowMissing` fills with NULL what one side lacks. */
export function alignedByName(
  a: Analysis,
  inputs: readonly Relation[],
  allowMissing: boolean,
  at: Span | undefined,
): readonly Relation[] {
  const first = inputs[0]!
  const names = first.columns.map((c) => c.name)
  const types = new Map(first.columns.map((c) => [c.name, c.type]))
  const known = (name: string): boolean => names.some((n) => sameName(n, name, a.env.caseSensitive))
  for (const r of inputs.slice(1)) {
    if (!allowMissing && r.columns.length !== names.length)
      throw new AnalysisError(
        'NUM_COLUMNS_MISMATCH',
        { operator: 'UNION', first: names.length, other: r.columns.length },
        { at },
      )
    for (const c of r.columns)
      if (!known(c.name)) {
        if (!allowMissing)
          throw new AnalysisError(
            'UNRESOLVED_COLUMN.WITH_SUGGESTION',
            { name: c.name },
            { at, hint: `the first input has ${names.join(', ')}` },
          )
        names.push(c.name)
        types.set(c.name, c.type)
      }
  }
  return inputs.map((r) => {
    const plan = shown(a, r)
    const items = names.map((name): Named => {
      const c = r.columns.find((x) => sameName(x.name, name, a.env.caseSensitive))
      if (c) return passOn(c)
      if (!allowMissing)
        throw new AnalysisError(
          'UNRESOLVED_COLUMN.WITH_SUGGESTION',
          { name },
          { at, hint: `an input has ${r.columns.map((x) => x.name).join(', ')}` },
        )
      const type = types.get(name)!
      return { expr: literal(null, type), attr: freshAttr(a, name, type, true) }
    })
    return relationOf(project(a, plan, items))
  })
}
