import type { Batch } from '../columns/batch.ts'
import { ExecutionError } from '../errors/errors.ts'
import { visit, type Expr } from './bound.ts'
import type { ExprEnv } from './env.ts'
import { asTyped, locate } from './fault.ts'
import { interpret } from './interpret.ts'

/**
 * The error to throw after generated code failed on `batch`: it knows no spans, so the rows are interpreted up
 * to the one that fails, whose error names its clause. (Only here, where the batch is lost anyway, does a
 * stream interpret.)
 */
export function raise(
  error: unknown,
  batch: Batch,
  filter: readonly Expr[],
  exprs: readonly Expr[],
  env: ExprEnv,
): unknown {
  if (!(error instanceof ExecutionError) || error.at !== undefined) return asTyped(error)
  if (![...filter, ...exprs].some(hasSpan)) return error
  const tests = filter.map((e) => interpret(e, env))
  const values = exprs.map((e) => interpret(e, env))
  try {
    for (let i = 0; i < batch.rowCount; i++) {
      const row = batch.row(i)
      if (tests.every((test) => test(row) === true)) for (const value of values) value(row)
    }
  } catch (located) {
    return located
  }
  return locate(error, exprs[0]?.at ?? filter[0]?.at)
}

function hasSpan(e: Expr): boolean {
  let found = false
  visit(e, (x) => (found ||= x.at !== undefined))
  return found
}
