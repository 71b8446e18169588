import type { Batch } from '../columns/batch.ts'
import type { ExecutionError } from '../errors/errors.ts'
import type { Value } from '../types/value.ts'
import type { Expr } from './bound.ts'
import { conjuncts } from './bound.ts'
import type { ExprEnv } from './env.ts'
import { isRowFault } from './fault.ts'
import { interpret } from './interpret.ts'

/** What becomes of rows for which an expression throws, where the query does not fail on them. */
export interface RowFaults {
  /** `null`: the function or cast that throws gives NULL; else the row is left out. */
  readonly policy: 'null' | 'drop' | 'sink'
  /** Takes a bad row: its place among the rows of `batch` that count, and the first error it met. */
  take(batch: Batch, row: number, error: ExecutionError): void
}

/** The rows that stay, as physical rows of the batch, and the values of the expressions for each. */
export interface RowsKept {
  readonly rows: Int32Array
  readonly values: readonly (readonly Value[])[]
}

/**
 * Evaluates a filter and expressions one row at a time, for a batch on which their generated loop threw: bad rows go to
 * `faults`. Anything but a fault of a row is thrown.
 */
export function rowByRow(
  filter: Expr | null,
  exprs: readonly Expr[],
  env: ExprEnv,
): (batch: Batch, faults: RowFaults) => RowsKept {
  let first: ExecutionError | null = null
  const note = (error: unknown): void => {
    if (!isRowFault(error)) throw error
    first ??= error
  }
  const judge = (onFault: typeof note | null) => {
    const tests = (filter === null ? [] : conjuncts(filter)).map((e) => interpret(e, env, onFault))
    const items = exprs.map((e) => interpret(e, env, onFault))
    return (row: readonly Value[]): Value[] | null =>
      tests.every((test) => test(row) === true) ? items.map((item) => item(row)) : null
  }
  const whole = judge(null)
  const withNulls = judge(note)
  return (batch, faults) => {
    const rows: number[] = []
    const values: Value[][] = []
    for (let i = 0; i < batch.rowCount; i++) {
      const row = batch.row(i)
      let out: Value[] | null = null
      first = null
      try {
        out = faults.policy === 'null' ? withNulls(row) : whole(row)
      } catch (error) {
        note(error)
      }
      if (first !== null) faults.take(batch, i, first)
      if (out === null) continue
      rows.push(batch.rowAt(i))
      values.push(out)
    }
    return { rows: Int32Array.from(rows), values }
  }
}
