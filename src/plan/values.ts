import { AnalysisError, MillraceError } from '../errors/errors.ts'
import { foldConstants, isFoldable } from '../expr/fold.ts'
import type { Expr, LiteralJson } from '../expr/bound.ts'
import type { AstValues } from '../sql/ast.ts'
import { commonType, tightestCommonType } from '../types/coercion.ts'
import { VOID, type DataType } from '../types/data-type.ts'
import {
  attrExpr,
  freshAttr,
  project,
  relationOf,
  type Analysis,
  type Relation,
  type Surroundings,
} from './analysis.ts'
import { Base } from './base.ts'
import type { Attr, Logical, LogicalLocal, LogicalUnion } from './logical.ts'
import { resolveExpr } from './resolve-expr.ts'
import { castTo } from './term.ts'
import { relationContext } from './where.ts'

/** VALUES: columns col1, col2 … with the common type of their values. */
export function values(a: Analysis, ast: AstValues, surroundings: Surroundings): Relation {
  const empty: LogicalLocal = { op: 'local', id: a.freshId(), rows: [[]], attrs: [] }
  const base = new Base(a, empty)
  const ctx = relationContext(a, relationOf(empty), surroundings, 'VALUES', base)
  const rows = ast.rows.map((row) => row.map((cell) => inTable(() => resolveExpr(cell, ctx).expr)))
  const width = rows[0]?.length ?? 0
  rows.forEach((row, i) => {
    if (row.length !== width)
      throw new AnalysisError(
        'INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH',
        { expected: width, row: i + 1, actual: row.length },
        { at: ast.rows[i]![0]?.at ?? ast.at },
      )
  })
  const types = Array.from({ length: width }, (_, c): DataType => {
    let type: DataType = VOID
    rows.forEach((row, r) => {
      const own = row[c]!.type
      const next = textMeetsOther(type, own)
        ? null
        : (tightestCommonType(type, own, false) ?? commonType(type, own, a.env.ansi))
      if (!next)
        throw new AnalysisError(
          'INVALID_INLINE_TABLE.INCOMPATIBLE_TYPES_IN_INLINE_TABLE',
          { name: `col${c + 1}` },
          { at: ast.rows[r]![c]!.at },
        )
      type = next
    })
    return type
  })
  const cells = rows.map((row) => row.map((e, c) => constantCell(castTo(e, types[c]!, a.env), a)))
  const attrs = types.map((type, c): Attr =>
    freshAttr(
      a,
      `col${c + 1}`,
      type,
      cells.some((row) => row[c]!.nullable),
    ),
  )
  if (base.plan === empty && cells.every((row) => row.every((e) => e.kind === 'literal'))) {
    const literals = cells.map((row) => row.map((e): LiteralJson => (e.kind === 'literal' ? e.value : null)))
    return relationOf({ op: 'local', id: a.freshId(), rows: literals, attrs, at: ast.at })
  }
  return computedRows(a, cells, attrs, base.plan)
}

/** A cell with its constant parts computed; one that is constant and cannot be computed is refused. */
function constantCell(cell: Expr, a: Analysis): Expr {
  const folded = foldConstants(cell, a.env)
  if (folded.kind !== 'literal' && isFoldable(folded, a.env))
    throw new AnalysisError('INVALID_INLINE_TABLE.FAILED_SQL_EXPRESSION_EVALUATION', {}, { at: cell.at })
  return folded
}

/** Rows that are not constant (the batch time, random numbers, subqueries, what raises): one project a row. */
function computedRows(
  a: Analysis,
  cells: readonly (readonly Expr[])[],
  attrs: readonly Attr[],
  input: Logical,
): Relation {
  const inputs = cells.map((row) => {
    const own = row.map((expr, c) => ({ expr, attr: { ...attrs[c]!, id: a.freshId() } }))
    return project(a, input, own)
  })
  if (inputs.length === 1) {
    const only = inputs[0]!
    return relationOf(
      project(
        a,
        only,
        only.attrs.map((x, c) => ({ expr: attrExpr(x), attr: attrs[c]! })),
      ),
    )
  }
  const union: LogicalUnion = { op: 'union', id: a.freshId(), inputs, attrs }
  return relationOf(union)
}

/** Text and another type do not meet in VALUES. */
const textMeetsOther = (a: DataType, b: DataType): boolean =>
  (a.kind === 'string') !== (b.kind === 'string') && a.kind !== 'void' && b.kind !== 'void'

function inTable(f: () => Expr): Expr {
  try {
    return f()
  } catch (error) {
    if (
      error instanceof MillraceError &&
      (error.code === 'INVALID_WHERE_CONDITION' || error.code === 'UNSUPPORTED_GENERATOR.OUTSIDE_SELECT')
    )
      throw new AnalysisError(
        'INVALID_INLINE_TABLE.CANNOT_EVALUATE_EXPRESSION_IN_INLINE_TABLE',
        { expression: 'an aggregate or generator' },
        { at: error.at },
      )
    throw error
  }
}
