import { shapeOf, type Shape } from '../columns/vector.ts'
import { InternalError } from '../errors/errors.ts'
import type { DataType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { Bindings } from './bindings.ts'
import type { Expr } from './bound.ts'
import { callCode } from './codegen-call.ts'
import { castCode } from './codegen-cast.ts'
import { caseCode, coalesceCode, fieldCode, inCode, logicCode } from './codegen-lazy.ts'
import { Emitter, formOf, type Form, type Int64Mode, type Reg, type Target } from './emitter.ts'
import { constantOf } from './env.ts'
import { sourceOf, type Source } from './sources.ts'

/** A column the loop reads: how to get it from a batch, and the names of its arrays in the generated code. */
interface Input {
  readonly source: Source
  readonly shape: Shape
  readonly name: string
  readonly nullable: boolean
}

/** What a loop is generated for, apart from its expressions. */
export interface Variant {
  readonly int64: Int64Mode
  /** Calls with vector kernels run once per batch, ahead of the loop. */
  readonly kernels: boolean
  /** Which inputs, by expression number, hold no NULL in the batches it is for. */
  readonly noNulls: ReadonlySet<number>
}

/**
 * Turns bound expressions into lines of JavaScript over one row `r` of the inputs. Every expression is computed
 * at most once per row in the block it is first needed in. Lazy nodes open blocks, so that what they guard runs
 * (and raises) only when they ask for it.
 */
export class Codegen {
  readonly out = new Emitter()
  readonly bindings: Bindings
  readonly variant: Variant
  /** Some expression asks for the batch time, which the loop takes as `now`. */
  usesNow = false
  readonly #inputs = new Map<number, Input>()

  constructor(bindings: Bindings, variant: Variant) {
    this.bindings = bindings
    this.variant = variant
  }

  get int64(): Int64Mode {
    return this.variant.int64
  }

  /** The inputs met so far by expression number, in order. */
  get inputs(): ReadonlyMap<number, Source> {
    return new Map([...this.#inputs].map(([key, input]) => [key, input.source]))
  }

  /** Emits what is needed to have the value of `e` at hand. */
  expr(e: Expr): Reg {
    const key = this.bindings.keys.of(e)
    const known = this.out.recall(key)
    if (known !== undefined) return known
    const reg = this.#node(e, key)
    this.out.remember(key, reg)
    return reg
  }

  /** True when evaluating `e` here emits nothing that can fail or costs much. */
  isCheap(e: Expr): boolean {
    const leaf =
      e.kind === 'column' || e.kind === 'literal' || e.kind === 'param' || e.kind === 'context' || e.kind === 'lambda'
    return leaf || this.out.recall(this.bindings.keys.of(e)) !== undefined
  }

  #node(e: Expr, key: number): Reg {
    const source = sourceOf(e, this.bindings.env, this.variant.kernels)
    if (source !== null) return this.#read(e, key, source)
    switch (e.kind) {
      case 'attr':
        throw new InternalError(`column "${e.name}" was not bound to a position`)
      case 'column':
        return this.#read(e, key, sourceOf(e, this.bindings.env, false)!)
      case 'literal':
        return this.literal(constantOf(e)!, e.type)
      case 'param':
        throw new InternalError(`lambda parameter "${e.name}" outside its lambda`)
      case 'context':
        this.usesNow = true
        return { type: e.type, form: 'i64', v: 'now', n: null }
      case 'field':
        return fieldCode(this, e)
      case 'cast':
        return castCode(this, e)
      case 'and':
      case 'or':
        return logicCode(this, e)
      case 'case':
        return caseCode(this, e)
      case 'coalesce':
        return coalesceCode(this, e)
      case 'in':
        return inCode(this, e)
      case 'call':
        return callCode(this, e)
      case 'lambda':
        throw new InternalError('a lambda outside a function call')
    }
  }

  // ---- leaves ----

  /** A constant in its form. */
  literal(value: Value, type: DataType): Reg {
    const form = formOf(type)
    if (value === null) return { type, form, v: this.empty(form), n: 'true' }
    if (form === 'i64')
      return { type, form, v: this.out.constant(this.int64 === 'narrow' ? narrowed(value as bigint) : value), n: null }
    const v = this.out.constant(value)
    if (form !== 'str') return { type, form, v, n: null }
    const data = Buffer.from(value as string)
    const bytes = { data: this.out.constant(data), start: '0', end: this.out.constant(data.length), whole: true }
    return { type, form, v, n: null, bytes }
  }

  #read(e: Expr, key: number, source: Source): Reg {
    let input = this.#inputs.get(key)
    if (input === undefined) {
      const index = this.#inputs.size
      input = { source, shape: shapeOf(e.type), name: `s${index}`, nullable: !this.variant.noNulls.has(key) }
      this.#inputs.set(key, input)
    }
    const { name, nullable, shape } = input
    const form = formOf(e.type)
    if (shape === 'null') return { type: e.type, form, v: 'null', n: 'true' }
    let n: string | null = null
    if (nullable) {
      n = this.out.name('n')
      this.out.line(`const ${n} = ${name}n[r] === 0;`)
    }
    if (form === 'str') {
      const bytes = { data: `${name}d`, start: `${name}[r]`, end: `${name}e[r]`, whole: false }
      return { type: e.type, form, v: '', n, lazy: `${name}v.string(r)`, bytes }
    }
    if (shape === 'bytes') return { type: e.type, form, v: '', n, lazy: `${name}v.get(r)` }
    if (shape === 'list' || shape === 'map' || shape === 'struct')
      return { type: e.type, form, v: '', n, lazy: `${name}.get(r)` }
    const v = this.out.name('v')
    if (form === 'i64' && this.int64 === 'narrow') {
      const h = this.out.name('h')
      const at = shape === 'i64' ? '2 * r' : '4 * r'
      const load = `${h} * 4294967296 + (${name}[${at}] >>> 0)`
      // A wide decimal is narrow when its upper halves only repeat the sign.
      const spill = shape === 'i64' ? '' : ` || ${name}[4 * r + 2] !== ${h} >> 31 || ${name}[4 * r + 3] !== ${h} >> 31`
      const check = `if ((${h} + 2097152) >>> 0 > 4194303${spill}) throw BAIL;`
      if (n === null) {
        this.out.line(`const ${h} = ${name}[${at} + 1]; ${check}`)
        this.out.line(`const ${v} = ${load};`)
      } else {
        this.out.line(`let ${v} = 0;`)
        this.out.line(`if (!${n}) { const ${h} = ${name}[${at} + 1]; ${check} ${v} = ${load}; }`)
      }
      return { type: e.type, form, v, n }
    }
    if (shape === 'i128') {
      this.out.line(n === null ? `const ${v} = ${name}.big(r);` : `const ${v} = ${n} ? 0n : ${name}.big(r);`)
      return { type: e.type, form, v, n }
    }
    this.out.line(`const ${v} = ${name}[r]${shape === 'bool' ? ' === 1' : ''};`)
    return { type: e.type, form, v, n }
  }

  /** Lines that name the arrays of every input, from the array `S` that `inputArrays` fills. */
  prologue(): string[] {
    const lines: string[] = []
    let at = 0
    for (const { name, shape } of this.#inputs.values()) {
      const names =
        shape === 'null'
          ? []
          : shape === 'bytes'
            ? [name, `${name}e`, `${name}d`, `${name}v`, `${name}n`]
            : [name, `${name}n`]
      if (names.length > 0) lines.push(`const ${names.map((x, i) => `${x} = S[${at + i}]`).join(', ')};`)
      at += names.length
    }
    return lines
  }

  // ---- forms ----

  /** A value of the form that stands where the value is NULL. */
  empty(form: Form): string {
    switch (form) {
      case 'bool':
        return 'false'
      case 'num':
        return '0'
      case 'i64':
        return this.int64 === 'narrow' ? '0' : '0n'
      case 'str':
        return "''"
      case 'value':
        return 'null'
    }
  }

  /** The name of the value of `reg`; call it where the value is known not to be NULL. */
  named(reg: Reg): string {
    return reg.lazy === undefined ? reg.v : this.out.shared(reg.lazy)
  }

  /** An expression for the Value of `reg`, null when it is NULL. */
  valueOf(reg: Reg): string {
    if (reg.n === 'true') return 'null'
    // Where it is not NULL the value is shared with other uses in the block.
    const text = reg.n === null ? this.named(reg) : (reg.lazy ?? reg.v)
    const value = reg.form === 'i64' && this.int64 === 'narrow' ? `BigInt(${text})` : text
    return reg.n === null ? value : `(${reg.n} ? null : ${value})`
  }

  /** An expression in the form of `form` for a Value that is not null. */
  fromValue(form: Form, value: string): string {
    return form === 'i64' && this.int64 === 'narrow' ? `rt.fromBig(${value})` : value
  }

  /** A source expression that holds when `reg`, a BOOLEAN, is TRUE. */
  isTrue(reg: Reg): string {
    if (reg.n === 'true') return 'false'
    return reg.n === null ? reg.v : `!${reg.n} && ${reg.v}`
  }

  /** Declares a result that later lines assign: NULL until then. */
  declare(type: DataType): Target {
    const form = formOf(type)
    const reg = { type, form, v: this.out.name('v'), n: this.out.name('n') }
    this.out.line(`let ${reg.v} = ${this.empty(form)}, ${reg.n} = true;`)
    return reg
  }

  /** Assigns a computed register to a declared one. */
  assign(target: Target, from: Reg): void {
    const { out } = this
    if (from.n === 'true') return out.line(`${target.n} = true;`)
    if (target.bytes !== undefined) {
      const { data, start, end } = from.bytes!
      out.line(
        `${target.bytes.data} = ${data}; ${target.bytes.start} = ${start}; ${target.bytes.end} = ${end}; ${target.n} = ${from.n ?? 'false'};`,
      )
    } else if (from.lazy === undefined) out.line(`${target.v} = ${from.v}; ${target.n} = ${from.n ?? 'false'};`)
    else if (from.n === null) out.line(`${target.v} = ${from.lazy}; ${target.n} = false;`)
    else out.line(`${target.n} = ${from.n}; if (!${target.n}) ${target.v} = ${from.lazy};`)
  }

  /** Assigns the Value named by `value`, which may be null. */
  assignValue(target: Target, value: string): void {
    this.out.line(
      `if (${value} !== null) { ${target.v} = ${this.fromValue(target.form, value)}; ${target.n} = false; }`,
    )
  }
}

/** Refuses the narrow mode for good: thrown while generating, when a constant does not fit it. */
export const TOO_WIDE: unique symbol = Symbol('a constant needs wide int64')

function narrowed(value: bigint): number {
  const x = Number(value)
  if (!Number.isSafeInteger(x)) throw TOO_WIDE
  return x
}
