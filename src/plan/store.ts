import { AnalysisError } from '../errors/errors.ts'
import type { Expr } from '../expr/bound.ts'
import { isNumeric, isDatetime, sameType, typeName, type DataType } from '../types/data-type.ts'
import { attrExpr, freshAttr, project, relationOf, shown, type Analysis, type Relation } from './analysis.ts'
import { Base } from './base.ts'
import type { Named } from './logical.ts'
import { resolveExpr } from './resolve-expr.ts'
import { cast, literal } from './term.ts'
import type { StoreInto } from './unresolved.ts'
import { relationContext } from './where.ts'

/**
 * The columns of a table from the columns of a query: each cast as INSERT casts (Spark's ANSI store assignment: no text into
 * numbers, no numbers into times; values that do not fit raise). INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST where there is no such cast.
 */
export function store(a: Analysis, input: Relation, target: StoreInto): Relation {
  const below = shown(a, input)
  const empty = { op: 'local', id: a.freshId(), rows: [[]], attrs: [] } as const
  const constants = relationContext(
    a,
    relationOf(empty),
    { ctes: new Map(), outer: null, views: [] },
    'VALUES',
    new Base(a, empty),
  )
  const items = target.columns.map(({ field, from, default: given }): Named => {
    const expr: Expr =
      from !== null
        ? attrExpr(below.attrs[from]!)
        : given
          ? resolveExpr(given, constants).expr
          : literal(null, field.type)
    const stored = storedAs(expr, field.type)
    if (!stored)
      throw new AnalysisError(
        'INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST',
        { table: target.table, column: field.name, from: typeName(expr.type), to: typeName(field.type) },
        { at: target.at, hint: `cast it: CAST(… AS ${typeName(field.type).toUpperCase()})` },
      )
    const named = stored.kind === 'attr' ? below.attrs.find((x) => x.id === stored.id) : undefined
    return {
      expr: stored,
      attr: { ...freshAttr(a, field.name, field.type, stored.nullable, named?.eventTime === true) },
    }
  })
  return relationOf(project(a, below, items, target.at))
}

function storedAs(expr: Expr, type: DataType): Expr | null {
  if (sameType(expr.type, type)) return expr
  if (expr.kind === 'literal' && expr.value === null) return { ...expr, type }
  if (!canStore(expr.type, type)) return null
  // No span: an overflow of this cast is INSERT's, not the query's.
  return cast(expr, type, 'ansi')
}

/** Spark's Cast.canANSIStoreAssign. */
export function canStore(from: DataType, to: DataType): boolean {
  if (sameType(from, to) || from.kind === 'void') return true
  if (isNumeric(from) && isNumeric(to)) return true
  if (to.kind === 'string') return from.kind !== 'array' && from.kind !== 'map' && from.kind !== 'struct'
  if (isDatetime(from) && isDatetime(to)) return true
  if (from.kind === 'interval_dt' || from.kind === 'interval_ym') return from.kind === to.kind
  if (from.kind === 'array' && to.kind === 'array') return canStore(from.element, to.element)
  if (from.kind === 'map' && to.kind === 'map') return canStore(from.key, to.key) && canStore(from.value, to.value)
  if (from.kind === 'struct' && to.kind === 'struct')
    return from.fields.length === to.fields.length && from.fields.every((f, i) => canStore(f.type, to.fields[i]!.type))
  return false
}
