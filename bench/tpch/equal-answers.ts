import type { Answer } from './engines.ts'

/** Doubles differ in the last digits by the order in which they are summed. */
const RELATIVE = 1e-9

/**
 * The first difference of two answers, row by row in order, or null. Columns that both call DOUBLE may differ by 1e-9 of
 * their size; everything else has the same digits, whatever zeros stand behind the point.
 */
export function differs(left: Answer, right: Answer): string | null {
  if (left.doubles.length !== right.doubles.length) return `${left.doubles.length} columns and ${right.doubles.length}`
  if (left.rows.length !== right.rows.length) return `${left.rows.length} rows and ${right.rows.length}`
  for (const [row, cells] of left.rows.entries())
    for (const [column, cell] of cells.entries()) {
      const other = right.rows[row]![column]!
      const double = left.doubles[column]! && right.doubles[column]!
      if (!same(cell, other, double)) return `row ${row + 1}, column ${column + 1}: ${cell} and ${other}`
    }
  return null
}

function same(left: string | null, right: string | null, double: boolean): boolean {
  if (left === null || right === null || left === right) return left === right
  if (!double) return digits(left) === digits(right)
  const [a, b] = [Number(left), Number(right)]
  return Math.abs(a - b) <= RELATIVE * Math.max(Math.abs(a), Math.abs(b))
}

/** A plain decimal number without the zeros that end its fraction; other texts as they are. */
const digits = (text: string): string => (/^-?\d+\.\d+$/.test(text) ? text.replace(/\.?0+$/, '') : text)
