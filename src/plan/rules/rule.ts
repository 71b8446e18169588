import type { Expr } from '../../expr/bound.ts'
import type { ExprEnv } from '../../expr/env.ts'
import { mayRaise } from '../../expr/may-raise.ts'
import type { Logical } from '../logical.ts'

/**
 * One rewrite of a plan that keeps its meaning: the same rows, in the same order where there is one; where the plan as it
 * was raises no error, none; nodes with state in the same order, with their ids. Gives the same object back where it
 * changes nothing.
 */
export interface Rule {
  readonly name: string
  /** What it does, in one line; EXPLAIN shows it. */
  readonly doc: string
  /** Some plans cannot run without it: it is no matter of speed. */
  readonly needed?: true
  apply(plan: Logical, env: ExprEnv, ids: () => number): Logical
}

/**
 * Those of the conditions of a filter, which are tested in order, that leave it for a place below. One that may raise goes
 * only while none before it stays: that one may be what keeps it from the rows it raises for.
 */
export function goingDown(conditions: readonly Expr[], may: (c: Expr) => boolean, env: ExprEnv): readonly Expr[] {
  let stays = false
  return conditions.filter((c) => {
    if (may(c) && !(stays && mayRaise(c, env))) return true
    stays = true
    return false
  })
}
