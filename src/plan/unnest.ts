import { mapChildren as mapExpr, type Expr } from '../expr/bound.ts'
import { BOOLEAN, INT } from '../types/data-type.ts'
import { attrExpr, filter, freshAttr, passOn, project, type Analysis } from './analysis.ts'
import { reads } from './decorrelate.ts'
import type { Attr, Logical, LogicalAggregate, LogicalJoin, LogicalLimit, SortKey } from './logical.ts'
import { generatedAttrs, isStreaming } from './logical.ts'
import { renumber } from './renumber.ts'
import { unsupported } from './resolve-expr.ts'
import { callExpr, conjunction, isNotNull, literal } from './term.ts'
import { mapExpressions } from './walk.ts'

/** A plan that read columns of outside and now has columns of its own for them: its rows for all of their values at once. */
export interface Unnested {
  /** Has the columns it had, with their ids, and `keys`. */
  readonly plan: Logical
  /** What stands for each of the outer columns, in their order. */
  readonly keys: readonly Attr[]
}

/**
 * Takes the correlation out of a subquery of any form: instead of once for each row of `left`, it is computed for all
 * distinct values of the outer columns it reads (the domain), node by node from the bottom up, with these values as
 * further columns. What joins the result with `left` compares them with `matches`. After T. Neumann and A. Kemper,
 * Unnesting Arbitrary Queries, BTW 2015.
 */
export class Unnesting {
  readonly #a: Analysis
  readonly #left: Logical
  readonly #outer: readonly Attr[]
  readonly #ids: ReadonlySet<number>

  /** `outer`: columns of `left`. */
  constructor(a: Analysis, left: Logical, outer: readonly Attr[]) {
    if (isStreaming(left)) unsupported('a correlated subquery of this form beside a stream', left.at)
    this.#a = a
    this.#left = left
    this.#outer = outer
    this.#ids = new Set(outer.map((x) => x.id))
  }

  /** That a row of `left` and one of the unnested plan belong together: NULL goes with NULL. */
  matches({ keys }: Unnested): Expr {
    return this.#pairwise(this.#outer, keys)
  }

  unnest(plan: Logical): Unnested {
    if (!reads(plan, this.#ids)) {
      const domain = this.#domain()
      return { plan: this.#join(domain, plan, 'cross', null), keys: domain.attrs }
    }
    switch (plan.op) {
      case 'filter':
      case 'sort':
      case 'sample': {
        const u = this.unnest(plan.input)
        return { ...u, plan: { ...this.#over(plan, u), attrs: u.plan.attrs } }
      }
      case 'project': {
        const u = this.unnest(plan.input)
        const over = this.#over(plan, u) as typeof plan
        return { ...u, plan: project(this.#a, u.plan, [...over.items, ...u.keys.map(passOn)], plan.at) }
      }
      case 'generate': {
        const u = this.unnest(plan.input)
        return { ...u, plan: { ...this.#over(plan, u), attrs: [...u.plan.attrs, ...generatedAttrs(plan)] } }
      }
      case 'window': {
        const u = this.unnest(plan.input)
        return { ...u, plan: { ...this.#over(plan, u), attrs: [...u.plan.attrs, plan.attrs.at(-1)!] } }
      }
      case 'over': {
        const u = this.unnest(plan.input)
        const over = this.#over(plan, u) as typeof plan
        const partitionBy = [...u.keys.map((k) => attrExpr(k)), ...over.partitionBy]
        return { ...u, plan: { ...over, partitionBy, attrs: [...u.plan.attrs, ...plan.calls.map((c) => c.attr)] } }
      }
      case 'dedup': {
        const u = this.unnest(plan.input)
        const keys = [...plan.keys, ...u.keys.map((k) => k.id)]
        return { ...u, plan: { ...plan, input: u.plan, keys, attrs: u.plan.attrs } }
      }
      case 'expand': {
        const u = this.unnest(plan.input)
        const over = this.#over(plan, u) as typeof plan
        const keys = this.#fresh(u.keys)
        const projections = over.projections.map((p) => [...p, ...u.keys.map((k) => attrExpr(k))])
        return { keys, plan: { ...over, projections, attrs: [...plan.attrs, ...keys] } }
      }
      case 'aggregate':
        return plan.keys.length === 0 ? this.#total(plan) : this.#grouped(plan)
      case 'limit':
        return this.#limited(plan)
      case 'join':
        return this.#joined(plan)
      case 'union': {
        const sides = plan.inputs.map((input) => this.#inOrder(input))
        const keys = this.#fresh(sides[0]!.keys)
        return { keys, plan: { ...plan, inputs: sides.map((s) => s.plan), attrs: [...plan.attrs, ...keys] } }
      }
      case 'setop': {
        const [left, right] = [this.#inOrder(plan.left), this.#inOrder(plan.right)]
        const keys = this.#fresh(left.keys)
        return { keys, plan: { ...plan, left: left.plan, right: right.plan, attrs: [...plan.attrs, ...keys] } }
      }
      default:
        return unsupported('a correlated subquery of this form', plan.at)
    }
  }

  /** The distinct values of the outer columns, as columns of their own. */
  #domain(): LogicalAggregate {
    const keys = this.#outer.map((x) => ({
      expr: attrExpr(x),
      attr: freshAttr(this.#a, x.name, x.type, x.nullable),
    }))
    return {
      op: 'aggregate',
      id: this.#a.freshId(),
      input: renumber(this.#left, this.#a),
      keys,
      aggregates: [],
      attrs: keys.map((k) => k.attr),
    }
  }

  #fresh(keys: readonly Attr[]): readonly Attr[] {
    return keys.map((k) => freshAttr(this.#a, k.name, k.type, k.nullable))
  }

  /** The node over the unnested input, its own expressions reading the columns that stand for the outer ones. */
  #over<N extends Logical & { readonly input: Logical }>(plan: N, u: Unnested): N {
    return { ...(mapExpressions(plan, (e) => this.#reading(e, u)) as N), input: u.plan }
  }

  #reading(e: Expr, u: Unnested): Expr {
    if (e.kind !== 'attr') return mapExpr(e, (c) => this.#reading(c, u))
    const at = this.#outer.findIndex((x) => x.id === e.id)
    return at < 0 ? e : attrExpr(u.keys[at]!, e.at)
  }

  #pairwise(left: readonly Attr[], right: readonly Attr[]): Expr {
    return conjunction(
      left.map((x, i) => callExpr(this.#a.env, '<=>', [attrExpr(x), attrExpr(right[i]!)], this.#left.at)),
    )!
  }

  #join(left: Logical, right: Logical, type: LogicalJoin['type'], condition: Expr | null): LogicalJoin {
    const one = type === 'semi' || type === 'anti'
    const nullable = (attrs: readonly Attr[], is: boolean): readonly Attr[] =>
      is ? attrs.map((x) => ({ ...x, nullable: true })) : attrs
    const attrs = one
      ? left.attrs
      : [...nullable(left.attrs, type === 'right'), ...nullable(right.attrs, type === 'left')]
    return { op: 'join', id: this.#a.freshId(), left, right, type, condition, attrs }
  }

  #grouped(plan: LogicalAggregate): Unnested {
    const u = this.unnest(plan.input)
    const over = this.#over(plan, u)
    return { ...u, plan: { ...over, keys: [...u.keys.map(passOn), ...over.keys], attrs: [...u.keys, ...plan.attrs] } }
  }

  /** An aggregation of all rows has a row where there are none, too: the domain keeps it, and its aggregates see no row. */
  #total(plan: LogicalAggregate): Unnested {
    const u = this.unnest(plan.input)
    const over = this.#over(plan, u)
    const there = freshAttr(this.#a, 'there', BOOLEAN, true)
    const marked = project(this.#a, u.plan, [
      ...u.plan.attrs.map(passOn),
      { expr: literal(true, BOOLEAN), attr: there },
    ])
    const domain = this.#domain()
    const input = this.#join(domain, marked, 'left', this.#pairwise(domain.attrs, u.keys))
    const isThere = isNotNull(attrExpr(there))
    const aggregates = over.aggregates.map((x) => ({
      ...x,
      call: { ...x.call, filter: conjunction([isThere, ...(x.call.filter ? [x.call.filter] : [])])! },
    }))
    const keys = domain.attrs.map(passOn)
    return { keys: domain.attrs, plan: { ...over, input, keys, aggregates, attrs: [...domain.attrs, ...plan.attrs] } }
  }

  /** A limit counts for each value of the outer columns: by the number of the row among those of its value. */
  #limited(plan: LogicalLimit): Unnested {
    const below = plan.input
    if (below.op === 'project')
      return this.unnest({ ...below, input: { ...plan, input: below.input, attrs: below.input.attrs } })
    const sort = below.op === 'sort' && below.local !== true ? below : null
    const u = this.unnest(sort ? sort.input : below)
    const orderBy: readonly SortKey[] = sort
      ? sort.keys.map((k) => ({ ...k, expr: this.#reading(k.expr, u) }))
      : u.keys.map((k) => ({ expr: attrExpr(k), descending: false, nullsFirst: true }))
    const number = freshAttr(this.#a, 'row_number', INT, false)
    const numbered: Logical = {
      op: 'over',
      id: this.#a.freshId(),
      input: u.plan,
      partitionBy: u.keys.map((k) => attrExpr(k)),
      orderBy,
      calls: [
        {
          call: { fn: 'row_number', args: [], distinct: false, type: INT },
          attr: number,
          frame: {
            unit: 'rows',
            start: { kind: 'unbounded_preceding' },
            end: { kind: 'current_row' },
            ignoreNulls: false,
          },
        },
      ],
      attrs: [...u.plan.attrs, number],
    }
    const { env } = this.#a
    const first = callExpr(env, '>', [attrExpr(number), literal(plan.offset, INT)])
    const last =
      plan.count === null ? [] : [callExpr(env, '<=', [attrExpr(number), literal(plan.offset + plan.count, INT)])]
    const kept = filter(this.#a, numbered, conjunction([first, ...last])!, plan.at)
    return { ...u, plan: project(this.#a, kept, u.plan.attrs.map(passOn)) }
  }

  /** One side at least has to have a row for each value: the one whose rows the join keeps. */
  #joined(plan: LogicalJoin): Unnested {
    if (plan.type === 'full') return unsupported('a FULL OUTER JOIN in a correlated subquery', plan.at)
    const [onLeft, onRight] = [reads(plan.left, this.#ids), reads(plan.right, this.#ids)]
    const either = plan.type === 'inner' || plan.type === 'cross'
    const keepsRight = plan.type === 'right' || (either && onRight && !onLeft)
    const left = onLeft || !keepsRight ? this.unnest(plan.left) : null
    const right = onRight || keepsRight ? this.unnest(plan.right) : null
    const kept = (keepsRight ? right : left)!
    const condition = conjunction([
      ...(plan.condition === null ? [] : [this.#reading(plan.condition, kept)]),
      ...(left === null || right === null ? [] : [this.#pairwise(left.keys, right.keys)]),
    ])
    const type = plan.type === 'cross' && condition !== null ? 'inner' : plan.type
    const joined = this.#join(left?.plan ?? plan.left, right?.plan ?? plan.right, type, condition)
    return { keys: kept.keys, plan: { ...joined, at: plan.at } }
  }

  /** Unnested, with the columns in their order and the keys behind them: sides of a set operation go by position. */
  #inOrder(plan: Logical): Unnested {
    const u = this.unnest(plan)
    return { ...u, plan: project(this.#a, u.plan, [...plan.attrs, ...u.keys].map(passOn)) }
  }
}
