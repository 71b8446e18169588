import type { Batch } from '../columns/batch.ts'
import { shapeOf } from '../columns/vector.ts'
import { assert, ExecutionError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import type { AggregateBody, AggregateEntry, CallSite } from '../functions/entry.ts'
import type { SlotColumn } from '../state/table.ts'
import type { DataType, Schema } from '../types/data-type.ts'
import { conjuncts, type Expr } from './bound.ts'
import type { Codegen } from './codegen.ts'
import type { Int64Mode, Reg } from './emitter.ts'
import { siteOf, type ExprEnv } from './env.ts'
import { raise } from './explain-failure.ts'
import { locate } from './fault.ts'
import { VariantLoop, type CompileOptions } from './kernel.ts'
import { BAIL } from './runtime.ts'

/** One aggregate of a grouping. */
export interface AggregateCall {
  readonly entry: AggregateEntry
  readonly args: readonly Expr[]
  /** `FILTER (WHERE …)`: only rows where it is TRUE are added. */
  readonly filter?: Expr | undefined
  /** The type of the result. */
  readonly type: DataType
  /** The name it was called by; the entry's where left out. */
  readonly name?: string | undefined
  readonly at?: Span | undefined
}

/** The state columns of one aggregate, one per state field; slots are already in the state `init` gives. */
export type StateColumns = readonly Pick<SlotColumn, 'values' | 'validity'>[]

/** The compiled update of every aggregate of a grouping. */
export interface AggregateUpdate {
  /** Call site and body of each aggregate: what `init`, `merge` and `finish` need. */
  readonly sites: readonly CallSite[]
  readonly bodies: readonly AggregateBody[]
  /**
   * Adds the rows of `batch` that count: the i-th of them to slot `groups[i]`, none where that is negative. Rows of
   * negative weight are taken back (the aggregate must have `retract`). `state[a]` are the columns of aggregate
   * `a`, read anew on every call. When it throws, the state is lost for this batch.
   */
  update(batch: Batch, groups: Int32Array, state: readonly StateColumns[]): void
}

/** Compiles one loop per aggregate, with its arguments and filter fused in. */
export function compileAggregateUpdate(
  calls: readonly AggregateCall[],
  _inputSchema: Schema,
  env: ExprEnv,
  options: CompileOptions = {},
): AggregateUpdate {
  const loops = calls.map((call) => new AggregateLoop(call, env, options))
  return {
    sites: loops.map((l) => l.site),
    bodies: loops.map((l) => l.body),
    update: (batch, groups, state) => loops.forEach((loop, k) => loop.run(batch, groups, state[k]!)),
  }
}

type Run = (
  from: number,
  n: number,
  selection: Int32Array | null,
  S: readonly unknown[],
  groups: Int32Array,
  state: readonly unknown[],
  now: bigint | number,
  weights: Int32Array | null,
) => number

class AggregateLoop extends VariantLoop {
  readonly site: CallSite
  readonly body: AggregateBody
  readonly #call: AggregateCall
  readonly #fields: readonly DataType[]
  readonly #filter: readonly Expr[]
  readonly #env: ExprEnv
  readonly #options: CompileOptions
  #weighted: AggregateLoop | undefined
  readonly #isWeighted: boolean

  constructor(call: AggregateCall, env: ExprEnv, options: CompileOptions, weighted = false) {
    super(call.filter === undefined ? call.args : [call.filter, ...call.args], env, options)
    this.site = siteOf(call.name ?? call.entry.name, call.args, call.type, env)
    this.body = call.entry.bind(this.site)
    this.#call = call
    this.#fields = call.entry.state(this.site)
    this.#filter = call.filter === undefined ? [] : conjuncts(call.filter)
    this.#env = env
    this.#options = options
    this.#isWeighted = weighted
    // An int64 argument that goes into an int64 field is cheaper to keep a bigint than to turn into one.
    const is64 = (t: DataType): boolean => shapeOf(t) === 'i64'
    if (this.#fields.some(is64) && call.args.some((a) => is64(a.type))) this.stayWide()
  }

  protected override get retainsText(): boolean {
    return true
  }

  run(batch: Batch, groups: Int32Array, state: StateColumns): void {
    if (batch.weights !== null && !this.#isWeighted) {
      this.#weighted ??= new AggregateLoop(this.#call, this.#env, this.#options, true)
      return this.#weighted.run(batch, groups, state)
    }
    try {
      const n = batch.rowCount
      // A narrow run that is abandoned has updated the groups of the rows before: the wide one goes on there.
      let done = 0
      if (this.mode === 'narrow') {
        done = this.#once(batch, groups, state, 'narrow', 0)
        if (done === n) return
        this.bailed()
      }
      this.#once(batch, groups, state, 'wide', done)
    } catch (error) {
      const raised = raise(error, batch, this.#filter, this.#call.args, this.#env)
      throw raised instanceof ExecutionError ? locate(raised, this.#call.at) : raised
    }
  }

  /** Rows done: all, or those before the first that does not fit narrow int64. */
  #once(batch: Batch, groups: Int32Array, state: StateColumns, int64: Int64Mode, from: number): number {
    try {
      const { compiled, arrays, now } = this.prepare(batch, int64)
      const columns = state.flatMap((c) => [c.values, c.validity])
      return (compiled.run as Run)(from, batch.rowCount, batch.selection, arrays, groups, columns, now, batch.weights)
    } catch (error) {
      if (error !== BAIL) throw error
      return from
    }
  }

  protected override generate(gen: Codegen, selected: boolean, prologue: (lines: readonly string[]) => string): string {
    const { out } = gen
    for (const e of this.#filter) out.line(`if (!(${gen.isTrue(gen.expr(e))})) continue;`)
    const propagate = this.#call.entry.nulls !== 'handles'
    const regs = this.#call.args.map((e) => {
      const reg = gen.expr(e)
      if (propagate && reg.n !== null) out.line(`if (${reg.n}) continue;`)
      return reg
    })
    const fields = this.#fields.map((_, k) => k)
    if (!this.#direct(gen, regs)) this.#generic(gen, regs, propagate)
    return [
      `'use strict';`,
      `return function update(from, n, sel, S, groups, state, now, weights) {`,
      prologue(fields.map((k) => `const S${k} = state[${2 * k}], V${k} = state[${2 * k + 1}];`)),
      `  let i = from;`,
      `  try {`,
      `  for (; i < n; i++) {`,
      `    const g = groups[i];`,
      `    if (g < 0) continue;`,
      `    const r = ${selected ? 'sel[i]' : 'i'};`,
      out.body,
      `  }`,
      `  } catch (error) {`,
      `    if (error === BAIL) return i;`,
      `    throw error;`,
      `  }`,
      `  return n;`,
      `};`,
    ].join('\n')
  }

  /** The entry's own code over the state columns; false where it has none for this. */
  #direct(gen: Codegen, regs: readonly Reg[]): boolean {
    const { codegen, nulls } = this.#call.entry
    if (codegen === undefined || this.#isWeighted) return false
    // Code is written for arguments that are not NULL.
    if (nulls === 'handles' && regs.some((r) => r.n !== null)) return false
    const site = { ...this.site, int64: gen.int64, constant: (value: unknown) => gen.out.constant(value) }
    const s = this.#fields.map((_, k) => `S${k}[g]`)
    const v = this.#fields.map((_, k) => `V${k}[g]`)
    const probe = codegen(
      s,
      v,
      regs.map((r) => r.lazy ?? r.v),
      site,
    )
    if (probe === null) return false
    const code = codegen(
      s,
      v,
      regs.map((r) => gen.named(r)),
      site,
    )!
    // Bailing out between two updates of one row could not be taken up again.
    if (gen.int64 === 'narrow' && /\b(n53|fromBig|BAIL)\b/.test(code)) return false
    gen.out.line(code.endsWith(';') || code.endsWith('}') ? code : `${code};`)
    return true
  }

  /** Loads the state of the group, calls `add` (or `retract`), stores it back. */
  #generic(gen: Codegen, regs: readonly Reg[], propagate: boolean): void {
    const { out } = gen
    const { body } = this
    const name = this.#call.entry.name
    gen.bindings.fallbacks.set(-1, name)
    const shapes = this.#fields.map((t) => shapeOf(t))
    const loads = shapes.map((shape, k) => `V${k}[g] === 0 ? null : S${k}[g]${shape === 'bool' ? ' === 1' : ''}`)
    const args = regs.map((reg) => gen.valueOf(propagate ? { ...reg, n: null } : reg))
    out.line(`const st = [${loads.join(', ')}];`)
    const add = out.constant((state: never[], values: never[]) => body.add(state, values))
    const call = (fn: string): string => `${fn}(st, [${args.join(', ')}]);`
    if (!this.#isWeighted) out.line(call(add))
    else {
      const retract = out.constant((state: never[], values: never[]) => {
        assert(body.retract !== undefined, `"${name}" cannot take rows back`)
        body.retract(state, values)
      })
      out.line(`if (weights[r] > 0) ${call(add)} else ${call(retract)}`)
    }
    shapes.forEach((shape, k) => {
      const value = shape === 'bool' ? `st[${k}] ? 1 : 0` : `st[${k}]`
      // Generated code counts on 0 at a NULL, as in a fresh slot.
      const zero = shape === 'i64' ? '0n' : ['bool', 'i32', 'f32', 'f64'].includes(shape) ? '0' : 'null'
      out.line(
        `if (st[${k}] === null) { V${k}[g] = 0; S${k}[g] = ${zero}; } else { V${k}[g] = 1; S${k}[g] = ${value}; }`,
      )
    })
  }
}
