import type { Batch } from '../columns/batch.ts'
import { InternalError } from '../errors/errors.ts'
import type { Expr } from './bound.ts'
import { Bindings } from './bindings.ts'
import { Codegen, TOO_WIDE, type Variant } from './codegen.ts'
import type { Int64Mode } from './emitter.ts'
import type { ExprEnv } from './env.ts'
import { isDeterministic } from './fold.ts'
import { inputArrays, resolveInputs } from './inputs.ts'
import { BAIL, rt } from './runtime.ts'
import { MAX_REFUSALS, REFUSED, usesKernels, type Source } from './sources.ts'

/** Options of every `compile…` function. */
export interface CompileOptions {
  /** `auto` (default) runs int64 narrow until batches bail out of it; `wide` never tries. */
  readonly int64?: 'auto' | 'wide'
  /** False: vector kernels are not used. */
  readonly kernels?: boolean
}

/** A generated function and the inputs it reads, in the order it takes their arrays. */
export interface Compiled {
  readonly run: (...args: never[]) => unknown
  readonly inputs: ReadonlyMap<number, Source>
  readonly usesNow: boolean
  readonly source: string
}

/** A loop ready to run over one batch. */
export interface Prepared {
  readonly compiled: Compiled
  readonly arrays: readonly unknown[]
  /** The batch time in the form of the mode; 0 where nobody asks. */
  readonly now: bigint | number
}

/** After so many batches that had to be run again, a loop stays wide. */
const MAX_BAILS = 3
/** Past so many variants by NULLs, one that expects NULL everywhere serves all. */
const MAX_VARIANTS = 16
const MAX_CACHED_SOURCES = 1000

type Factory = (K: readonly unknown[], runtime: typeof rt, BAIL: symbol) => Compiled['run']
const factories = new Map<string, Factory>()

/** Set while `captureSources` runs. */
let captured: string[] | null = null

/** The source of every loop that is generated while `body` runs, for EXPLAIN CODEGEN. */
export function captureSources(body: () => void): readonly string[] {
  const sources: string[] = []
  captured = sources
  try {
    body()
  } finally {
    captured = null
  }
  return sources
}

/** Compiles source text; one text is parsed once per process. */
function factoryOf(source: string): Factory {
  captured?.push(source)
  let factory = factories.get(source)
  if (factory === undefined) {
    if (factories.size >= MAX_CACHED_SOURCES) factories.clear()
    factory = new Function('K', 'rt', 'BAIL', source) as Factory
    factories.set(source, factory)
  }
  return factory
}

/**
 * Chooses, compiles and keeps the variants of one loop: narrow or wide int64, with or without vector kernels,
 * and by which inputs have NULLs.
 */
export abstract class VariantLoop {
  readonly bindings: Bindings
  readonly #variants = new Map<string, Compiled>()
  #kernels: boolean
  #wideOnly: boolean
  #bails = 0
  #refusals = 0

  constructor(exprs: readonly Expr[], env: ExprEnv, options: CompileOptions) {
    this.bindings = new Bindings(env)
    // A second run would draw other numbers: what is not deterministic runs once, wide.
    this.#wideOnly = options.int64 === 'wide' || !exprs.every((e) => isDeterministic(e, env))
    this.#kernels = options.kernels !== false && usesKernels(exprs, env)
  }

  /** Emits the loop into `gen` and gives the whole source of `return function …`; `prologue` adds names of constants and inputs. */
  protected abstract generate(gen: Codegen, selected: boolean, prologue: (lines: readonly string[]) => string): string

  /** Strings it reads may be kept beyond the batch (in state). */
  protected get retainsText(): boolean {
    return false
  }

  get mode(): Int64Mode {
    return this.#wideOnly ? 'wide' : 'narrow'
  }

  /** Never run narrow (again). */
  protected stayWide(): void {
    this.#wideOnly = true
  }

  /** Notes that a narrow run was abandoned; after a few, all runs are wide. */
  protected bailed(): void {
    if (++this.#bails >= MAX_BAILS) this.#wideOnly = true
  }

  /** The loop for `batch` and its input arrays. Throws BAIL when narrow cannot even be generated. */
  protected prepare(batch: Batch, int64: Int64Mode): Prepared {
    if (this.#kernels) {
      try {
        const prepared = this.#prepare(batch, int64, true)
        this.#refusals = 0
        return prepared
      } catch (error) {
        if (error === BAIL) throw error
        // A kernel that declines, or fails on a row the loop might never reach: the loop computes the call.
        if (error === REFUSED && ++this.#refusals >= MAX_REFUSALS) this.#kernels = false
      }
    }
    return this.#prepare(batch, int64, false)
  }

  #prepare(batch: Batch, int64: Int64Mode, kernels: boolean): Prepared {
    const selected = batch.selection !== null
    const kind = `${int64} ${kernels} ${selected}`
    let general = this.#variants.get(kind)
    if (general === undefined)
      this.#variants.set(kind, (general = this.#compile({ int64, kernels, noNulls: new Set() }, selected)))
    const vectors = resolveInputs(general.inputs, batch)
    const noNulls = new Set<number>()
    for (const [key, v] of vectors) if (v.validity === null) noNulls.add(key)
    let compiled = general
    if (noNulls.size > 0) {
      const key = `${kind} ${[...noNulls].join(' ')}`
      const known = this.#variants.get(key)
      if (known !== undefined) compiled = known
      else if (this.#variants.size < MAX_VARIANTS)
        this.#variants.set(key, (compiled = this.#compile({ int64, kernels, noNulls }, selected)))
    }
    const arrays = inputArrays(
      [...compiled.inputs.keys()].map((key) => vectors.get(key)!),
      int64,
      this.retainsText,
    )
    return { compiled, arrays, now: compiled.usesNow ? this.#now(int64) : 0 }
  }

  #now(int64: Int64Mode): bigint | number {
    const us = this.bindings.env.batchTimeUs()
    return int64 === 'wide' ? us : rt.fromBig(us)
  }

  #compile(variant: Variant, selected: boolean): Compiled {
    const gen = new Codegen(this.bindings, variant)
    let source: string
    try {
      source = this.generate(gen, selected, (lines) => prologueOf(gen, lines))
    } catch (error) {
      if (error !== TOO_WIDE) throw error
      this.#wideOnly = true
      throw BAIL
    }
    try {
      return { run: factoryOf(source)(gen.out.constants, rt, BAIL), inputs: gen.inputs, usesNow: gen.usesNow, source }
    } catch (error) {
      throw new InternalError('generated code does not compile', error)
    }
  }
}

/** The lines that name constants, inputs and whatever else, then the emitted body. */
function prologueOf(gen: Codegen, lines: readonly string[]): string {
  const constants = gen.out.constants.map((_, i) => `k${i} = K[${i}]`)
  const head = [...(constants.length > 0 ? [`const ${constants.join(', ')};`] : []), ...gen.prologue(), ...lines]
  return head.map((l) => `  ${l}`).join('\n')
}
