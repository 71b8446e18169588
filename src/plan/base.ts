import type { Span } from '../errors/span.ts'
import type { Expr } from '../expr/bound.ts'
import { freshAttr, passOn, project, type Analysis } from './analysis.ts'
import { exprKey } from './expr-key.ts'
import type { Attr, Logical } from './logical.ts'

type Put = (plan: Logical) => Logical

/**
 * The plan below an expression. Parts of the expression that need a node of their own (time windows, window_time,
 * subqueries) put it on top and stand as its column. Made without a plan, it keeps the nodes until `settle`.
 */
export class Base {
  readonly #a: Analysis
  readonly #made = new Map<string, Attr>()
  readonly #pending: Put[] = []
  #plan: Logical | null
  /** Columns added that have names of their own (time windows), in order; `*` does not show them. */
  readonly added: Attr[] = []
  /** What correlated subqueries put on the plan read of it. */
  readonly reads: { readonly ids: ReadonlySet<number>; readonly at: Span | undefined }[] = []

  constructor(a: Analysis, plan: Logical | null) {
    this.#a = a
    this.#plan = plan
  }

  /** The plan so far; only of a base made with one. */
  get plan(): Logical {
    return this.#plan!
  }

  /** Puts the nodes kept so far on `plan`. */
  settle(plan: Logical): Logical {
    return this.#pending.splice(0).reduce((p, put) => put(p), plan)
  }

  /** True when `e` is a column that carries event time. */
  isEventTime(e: Expr): boolean {
    return e.kind === 'attr' && this.#plan?.attrs.find((x) => x.id === e.id)?.eventTime === true
  }

  /** A column computed below, once for equal expressions. */
  compute(expr: Expr, name: string, eventTime: boolean): Attr {
    return this.extend(
      `compute ${exprKey(expr)}`,
      () => freshAttr(this.#a, name, expr.type, expr.nullable, eventTime),
      (plan, attr) => project(this.#a, plan, [...plan.attrs.map(passOn), { expr, attr }]),
    )
  }

  /** The column of a node put on the plan, unless one with the same `key` is there. */
  extend(key: string, makeAttr: () => Attr, put: (plan: Logical, attr: Attr) => Logical): Attr {
    const known = this.#made.get(key)
    if (known) return known
    const attr = makeAttr()
    this.#made.set(key, attr)
    this.added.push(attr)
    this.put((plan) => put(plan, attr))
    return attr
  }

  /** Puts a node on the plan. */
  put(put: Put): void {
    if (this.#plan) this.#plan = put(this.#plan)
    else this.#pending.push(put)
  }

  /** Puts what `other`, made without a plan, has kept. */
  take(other: Base): void {
    this.put((plan) => other.settle(plan))
    this.added.push(...other.added)
    this.reads.push(...other.reads)
  }

  /** A key that begins so, when a node was put up with one. */
  madeAny(prefix: string): string | undefined {
    for (const key of this.#made.keys()) if (key.startsWith(prefix)) return key
    return undefined
  }
}
