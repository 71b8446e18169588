import { typeName } from '../types/data-type.ts'
import { childrenOf, type Expr } from './bound.ts'
import { scalarEntryOf, type ExprEnv } from './env.ts'

/**
 * Numbers expressions so that two get one number exactly when they are sure to give one value on a row:
 * equal structure and types, spans aside. A call that is not deterministic is alike only to itself.
 */
export class ExprKeys {
  readonly #env: ExprEnv
  readonly #byNode = new WeakMap<Expr, number>()
  readonly #byText = new Map<string, number>()
  #next = 0

  constructor(env: ExprEnv) {
    this.#env = env
  }

  of(e: Expr): number {
    const known = this.#byNode.get(e)
    if (known !== undefined) return known
    const text = this.#text(e)
    let key = text === undefined ? undefined : this.#byText.get(text)
    if (key === undefined) {
      key = this.#next++
      if (text !== undefined) this.#byText.set(text, key)
    }
    this.#byNode.set(e, key)
    return key
  }

  #text(e: Expr): string | undefined {
    const kids = childrenOf(e)
      .map((c) => this.of(c))
      .join(',')
    const head = `${e.kind} ${typeName(e.type)} ${kids}`
    switch (e.kind) {
      case 'attr':
      case 'param':
        return `${head} ${e.id}`
      case 'column':
      case 'field':
        return `${head} ${e.index}`
      case 'literal':
        return `${head} ${JSON.stringify(e.value)}`
      case 'cast':
        return `${head} ${e.mode}`
      case 'lambda':
        return `${head} ${e.params.map((p) => p.id).join(',')}`
      case 'call':
        return scalarEntryOf(e, this.#env).deterministic === false ? undefined : `${head} ${e.fn}`
      default:
        return head
    }
  }
}
