import type { Batch } from '../columns/batch.ts'
import type { Vector } from '../columns/vector.ts'
import { conjuncts, type Expr } from './bound.ts'
import type { Codegen } from './codegen.ts'
import type { Int64Mode } from './emitter.ts'
import type { ExprEnv } from './env.ts'
import { raise } from './explain-failure.ts'
import { VariantLoop, type CompileOptions } from './kernel.ts'
import { outputOf, storeCode } from './outputs.ts'
import { BAIL } from './runtime.ts'

/** What a FilterLoop gives for one batch. */
export interface LoopResult {
  /** The rows that count after the filter; that of the batch where there is none or it kept all. */
  readonly selection: Int32Array | null
  /** One vector per expression, filled at the rows of `selection`. */
  readonly vectors: readonly Vector[]
}

type Run = (
  n: number,
  selection: Int32Array | null,
  S: readonly unknown[],
  O: readonly unknown[],
  kept: Int32Array | null,
  now: bigint | number,
  nulls: Uint8Array,
) => number

/** One generated loop: evaluates a filter, lists the rows that pass, and computes expressions for those. */
export class FilterLoop extends VariantLoop {
  readonly #filter: readonly Expr[]
  readonly #exprs: readonly Expr[]
  readonly #guesses: { bytes: number }[]

  constructor(filter: Expr | null, exprs: readonly Expr[], env: ExprEnv, options: CompileOptions) {
    super(filter === null ? exprs : [filter, ...exprs], env, options)
    this.#filter = filter === null ? [] : conjuncts(filter)
    this.#exprs = exprs
    this.#guesses = exprs.map(() => ({ bytes: 0 }))
  }

  run(batch: Batch): LoopResult {
    try {
      if (this.mode === 'narrow') {
        try {
          return this.#once(batch, 'narrow')
        } catch (error) {
          if (error !== BAIL) throw error
          this.bailed()
        }
      }
      return this.#once(batch, 'wide')
    } catch (error) {
      throw raise(error, batch, this.#filter, this.#exprs, this.bindings.env)
    }
  }

  #once(batch: Batch, int64: Int64Mode): LoopResult {
    const { compiled, arrays, now } = this.prepare(batch, int64)
    const n = batch.rowCount
    const outputs = this.#exprs.map((e, k) => outputOf(e.type, batch.length, int64, this.#guesses[k]!))
    const kept = this.#filter.length > 0 ? new Int32Array(n) : null
    const nulls = new Uint8Array(outputs.length)
    const count = (compiled.run as Run)(
      n,
      batch.selection,
      arrays,
      outputs.flatMap((o) => [o.target, o.validity]),
      kept,
      now,
      nulls,
    )
    return {
      selection: kept === null || count === n ? batch.selection : kept.subarray(0, count),
      vectors: outputs.map((o, k) => o.finish(nulls[k] === 1)),
    }
  }

  protected override generate(gen: Codegen, selected: boolean, prologue: (lines: readonly string[]) => string): string {
    const { out } = gen
    for (const e of this.#filter) out.line(`if (!(${gen.isTrue(gen.expr(e))})) continue;`)
    if (this.#filter.length > 0) out.line('kept[m++] = r;')
    // All values first: a store costs nothing to postpone, and one that nobody can fail after needs no order.
    const regs = this.#exprs.map((e) => gen.expr(e))
    regs.forEach((reg, k) => storeCode(gen, `o${k}`, reg))
    const never = regs.map((reg) => reg.n === null)
    return [
      `'use strict';`,
      `return function loop(n, sel, S, O, kept, now, nulls) {`,
      prologue(
        regs.map((_, k) => `const o${k} = O[${2 * k}]${never[k] ? '' : `, o${k}n = O[${2 * k + 1}]; let o${k}c = 0`};`),
      ),
      `  let m = 0;`,
      `  for (let i = 0; i < n; i++) {`,
      `    const r = ${selected ? 'sel[i]' : 'i'};`,
      out.body,
      `  }`,
      ...regs.map((_, k) => (never[k] ? '' : `  nulls[${k}] = o${k}c;`)),
      `  return m;`,
      `};`,
    ].join('\n')
  }
}
