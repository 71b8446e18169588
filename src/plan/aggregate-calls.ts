import type { Expr } from '../expr/bound.ts'
import { attrExpr, freshAttr, type Analysis } from './analysis.ts'
import { exprKey } from './expr-key.ts'
import type { AggregateCall, Attr } from './logical.ts'

/** The aggregate calls of one query, equal ones once; each stands as a column of the aggregate node. */
export class AggregateCalls {
  readonly #a: Analysis
  readonly #byKey = new Map<string, { readonly call: AggregateCall; readonly attr: Attr }>()

  constructor(a: Analysis) {
    this.#a = a
  }

  /** The column that holds the result of `call`. */
  add(call: AggregateCall, text: string, nullable: boolean): Expr {
    const key = callKey(call)
    let found = this.#byKey.get(key)
    if (!found) {
      found = { call, attr: freshAttr(this.#a, text, call.type, nullable) }
      this.#byKey.set(key, found)
    }
    return attrExpr(found.attr, call.at)
  }

  /** Takes back what was added after `size` was `mark`. */
  truncate(mark: number): void {
    for (const key of [...this.#byKey.keys()].slice(mark)) this.#byKey.delete(key)
  }

  get size(): number {
    return this.#byKey.size
  }

  get list(): readonly { readonly call: AggregateCall; readonly attr: Attr }[] {
    return [...this.#byKey.values()]
  }

  has(id: number): boolean {
    return this.list.some((x) => x.attr.id === id)
  }
}

/** Text that equal calls share. */
export function callKey(call: AggregateCall): string {
  const filter = call.filter ? exprKey(call.filter) : ''
  return `${call.fn}|${call.distinct ? 'distinct' : ''}|${call.args.map((x) => exprKey(x)).join('|')}|${filter}`
}
