import type { ExprEnv } from '../../expr/env.ts'
import type { Logical } from '../logical.ts'

/** One rewrite of a plan that keeps its meaning. Gives the same object back where it changes nothing. */
export interface Rule {
  readonly name: string
  /** What it does, in one line; EXPLAIN shows it. */
  readonly doc: string
  apply(plan: Logical, env: ExprEnv, ids: () => number): Logical
}
