import { shapeOf } from '../columns/vector.ts'
import type { DataType } from '../types/data-type.ts'

/** How int64 shapes are held in one run of a loop: as numbers within ±(2^53-1), or as bigints. */
export type Int64Mode = 'narrow' | 'wide'

/**
 * How a value is held in a variable of generated code: a JavaScript boolean; a number (int32 and float
 * shapes); int64 and wide decimals as the mode says (`i64`: wide decimals are bigints of any size); a string; or a Value as it is (BINARY and all without a typed layout).
 */
export type Form = 'bool' | 'num' | 'i64' | 'str' | 'value'

/** The form of values of `type`. */
export function formOf(type: DataType): Form {
  switch (shapeOf(type)) {
    case 'bool':
      return 'bool'
    case 'i32':
    case 'f32':
    case 'f64':
      return 'num'
    case 'i64':
    case 'i128':
      return 'i64'
    case 'bytes':
      return type.kind === 'string' ? 'str' : 'value'
    default:
      return 'value'
  }
}

/**
 * One evaluated expression: `v` names its value in its form (undefined where it is NULL), `n` is the source of
 * a boolean that says it is NULL, or null when it never is. What costs to make is `lazy`: source of an
 * expression for the value, to be used where it is known not to be NULL (`Codegen.named`), and then `v` is empty.
 * A STRING whose UTF-8 is at hand has `bytes`.
 */
export interface Reg {
  readonly type: DataType
  readonly form: Form
  readonly v: string
  readonly n: string | null
  readonly lazy?: string | undefined
  readonly bytes?: BytesRef | undefined
}

/** A register that lines assign after it was declared. */
export type Target = Reg & { readonly n: string }

/** Names (or elements) under which generated code reaches the bytes of a STRING. */
export interface BytesRef {
  readonly data: string
  readonly start: string
  readonly end: string
  /** Begins at 0 and ends where `data` does: a constant. */
  readonly whole: boolean
}

/** Collects lines of source, names, constants, and what is already computed in the blocks that enclose the next line. */
export class Emitter {
  readonly constants: unknown[] = []
  readonly #lines: string[] = []
  readonly #scopes: Map<number, Reg>[] = [new Map()]
  readonly #texts: Map<string, string>[] = [new Map()]
  readonly #constantNames = new Map<unknown, string>()
  #depth = 2
  #names = 0

  /** A name nothing else has. */
  name(prefix: string): string {
    return `${prefix}${this.#names++}`
  }

  line(text: string): void {
    this.#lines.push('  '.repeat(this.#depth) + text)
  }

  /** Opens a block: what is computed inside is forgotten at its end. */
  open(head: string): void {
    this.line(`${head} {`)
    this.#depth++
    this.#scopes.push(new Map())
    this.#texts.push(new Map())
  }

  close(tail = ''): void {
    this.#depth--
    this.#scopes.pop()
    this.#texts.pop()
    this.line(`}${tail}`)
  }

  /** Keeps a value and gives the name generated code reaches it by. Values never become source text. */
  constant(value: unknown): string {
    const primitive = typeof value !== 'object' && typeof value !== 'function' && !Object.is(value, -0)
    const known = primitive ? this.#constantNames.get(value) : undefined
    if (known !== undefined) return known
    const name = `k${this.constants.length}`
    this.constants.push(value)
    if (primitive) this.#constantNames.set(value, name)
    return name
  }

  recall(key: number): Reg | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const reg = this.#scopes[i]!.get(key)
      if (reg !== undefined) return reg
    }
    return undefined
  }

  remember(key: number, reg: Reg): void {
    this.#scopes[this.#scopes.length - 1]!.set(key, reg)
  }

  /** The name that holds the value of `source` here, computed at most once per enclosing block. */
  shared(source: string): string {
    for (const texts of this.#texts) {
      const name = texts.get(source)
      if (name !== undefined) return name
    }
    const name = this.name('t')
    this.line(`const ${name} = ${source};`)
    this.#texts[this.#texts.length - 1]!.set(source, name)
    return name
  }

  get body(): string {
    return this.#lines.join('\n')
  }
}
