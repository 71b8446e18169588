import type { CallSite } from '../functions/entry.ts'
import type { Value } from '../types/value.ts'
import type { CallExpr, CastExpr } from './bound.ts'
import { casterOf, evalOf, scalarEntryOf, siteOf, type ExprEnv } from './env.ts'
import { ExprKeys } from './keys.ts'

/**
 * What all variants of one compiled loop share: expression numbers, and each call's evaluator, made once, so
 * that a function with state of its own (rand) goes on where another variant left it.
 */
export class Bindings {
  readonly env: ExprEnv
  readonly keys: ExprKeys
  /** Calls and casts without generated code, met so far. */
  readonly fallbacks = new Map<number, string>()
  readonly #evals = new Map<number, (...args: readonly unknown[]) => Value>()
  readonly #casts = new Map<number, (value: Value) => Value>()

  constructor(env: ExprEnv) {
    this.env = env
    this.keys = new ExprKeys(env)
  }

  site(e: CallExpr): CallSite {
    return siteOf(e.fn, e.args, e.type, this.env)
  }

  eval(e: CallExpr): (...args: readonly unknown[]) => Value {
    const key = this.keys.of(e)
    let fn = this.#evals.get(key)
    if (fn === undefined) this.#evals.set(key, (fn = evalOf(scalarEntryOf(e, this.env), this.site(e))))
    return fn
  }

  caster(e: CastExpr): (value: Value) => Value {
    const key = this.keys.of(e)
    let fn = this.#casts.get(key)
    if (fn === undefined) {
      fn = casterOf(e, this.env)
      this.#casts.set(key, fn)
    }
    return fn
  }
}
