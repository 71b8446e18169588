import { visit, type Expr } from './bound.ts'
import { Bindings } from './bindings.ts'
import { Codegen, TOO_WIDE } from './codegen.ts'
import type { ExprEnv } from './env.ts'

/** What of some expressions is not generated code. */
export interface CodegenReport {
  /** Calls and casts in the expressions. */
  readonly calls: number
  /** Functions called once per row from the loop, by name (`cast string to date` for casts), each once. */
  readonly fallbacks: readonly string[]
}

/** Lists what falls back to a call per row: for EXPLAIN and for whoever looks for the next codegen to write. */
export function codegenReport(exprs: readonly Expr[], env: ExprEnv): CodegenReport {
  let calls = 0
  for (const e of exprs) visit(e, (x) => (calls += x.kind === 'call' || x.kind === 'cast' ? 1 : 0))
  const fallbacks = (int64: 'narrow' | 'wide'): readonly string[] => {
    const bindings = new Bindings(env)
    const gen = new Codegen(bindings, { int64, kernels: true, noNulls: new Set() })
    for (const e of exprs) gen.expr(e)
    return [...new Set(bindings.fallbacks.values())]
  }
  try {
    return { calls, fallbacks: fallbacks('narrow') }
  } catch (error) {
    if (error !== TOO_WIDE) throw error
    return { calls, fallbacks: fallbacks('wide') }
  }
}
