import { sameType, type DataType } from '../types/data-type.ts'
import { childrenOf, type CastExpr, type Expr } from './bound.ts'
import { scalarEntryOf, siteOf, type ExprEnv } from './env.ts'

/**
 * False when evaluating the expression raises for no row. Such an expression may be evaluated on rows that the query as
 * written would not have looked at; any other may not. A function that does not say it is total may raise.
 */
export function mayRaise(e: Expr, env: ExprEnv): boolean {
  if (e.kind === 'cast' && !isTotalCast(e)) return true
  if (e.kind === 'call') {
    const { total } = scalarEntryOf(e, env)
    if (total === undefined) return true
    if (total !== true && !total(siteOf(e.fn, e.args, e.type, env))) return true
  }
  return childrenOf(e).some((c) => mayRaise(c, env))
}

/** Numbers by the range they hold, least first: a cast to a later one fits. */
const WIDTHS = ['tinyint', 'smallint', 'int', 'bigint', 'float', 'double']
/** Decimal digits that the whole numbers of a type need. */
const DIGITS: Readonly<Record<string, number>> = { tinyint: 3, smallint: 5, int: 10, bigint: 19 }
/** Types whose values all have a text. */
const PLAIN = new Set([...WIDTHS, 'decimal', 'boolean', 'string', 'date', 'timestamp', 'timestamp_ntz'])
/** Types that a text which says no value of them becomes NULL of, except in ANSI casts. */
const READ_FROM_TEXT = new Set([...WIDTHS, 'decimal', 'boolean', 'date'])

function isTotalCast({ arg, type, mode }: CastExpr): boolean {
  const from = arg.type
  if (mode === 'try' || from.kind === 'void' || sameType(from, type)) return true
  if (fits(from, type) || (type.kind === 'string' && PLAIN.has(from.kind))) return true
  return mode === 'legacy' && from.kind === 'string' && READ_FROM_TEXT.has(type.kind)
}

function fits(from: DataType, to: DataType): boolean {
  if (to.kind === 'decimal') {
    const digits = from.kind === 'decimal' ? from.precision - from.scale : DIGITS[from.kind]
    const scale = from.kind === 'decimal' ? from.scale : 0
    return digits !== undefined && to.precision - to.scale >= digits && to.scale >= scale
  }
  if (from.kind === 'decimal') return to.kind === 'double' || to.kind === 'float'
  const [a, b] = [WIDTHS.indexOf(from.kind), WIDTHS.indexOf(to.kind)]
  return a >= 0 && b > a
}
