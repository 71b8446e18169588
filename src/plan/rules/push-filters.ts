import { conjuncts, transform, type Expr } from '../../expr/bound.ts'
import type { ExprEnv } from '../../expr/env.ts'
import { isDeterministic } from '../../expr/fold.ts'
import { mayRaise } from '../../expr/may-raise.ts'
import { attrExpr } from '../analysis.ts'
import { attrIds } from '../expr-key.ts'
import { isStreaming, withInputs, type Logical, type LogicalFilter, type Named } from '../logical.ts'
import { conjunction } from '../term.ts'
import { expressionsOf, transformPlan } from '../walk.ts'
import { goingDown, type Rule } from './rule.ts'

/**
 * Matches a filter over a node with one input, or over a union, and puts those of its conditions below that mean the same
 * there; neighbouring filters become one, the lower conditions first.
 *
 *   same rows   a projection, a watermark (conditions on other columns; rows they remove then do not move it), an
 *               asynchronous call (conditions on other columns), a sort, a union: any condition goes
 *   more rows   a generator and a time window (conditions on columns of the input), an aggregation and, over bounded
 *               tables, window functions (conditions on grouping or partition columns alone): the node leaves rows out,
 *               late ones too, so conditions that may raise stay
 *
 * Nothing goes past a limit, a deduplication, a user function, a sample or observed metrics: they would see other rows. Nor
 * past a node that computes what changes from call to call, nor does such a condition move.
 */
export const pushFilters: Rule = {
  name: 'push-filters',
  doc: 'moves filters towards the tables',
  apply: (plan, env, ids) => transformPlan(plan, (node) => (node.op === 'filter' ? sunk(node, { env, ids }) : node)),
}

interface Tools {
  readonly env: ExprEnv
  readonly ids: () => number
}

/** The filter with the conditions as far below as they go. */
function sunk(filter: LogicalFilter, t: Tools): Logical {
  return sink(filter.input, conjuncts(filter.condition), t, filter)
}

/** `input` with the conditions as far below as they go; those that stay are a filter on top (`from`, unchanged, when all do). */
function sink(input: Logical, conditions: readonly Expr[], t: Tools, from?: LogicalFilter): Logical {
  const keep = (plan: Logical, rest: readonly Expr[]): Logical => {
    if (rest.length === 0) return plan
    if (from && plan === from.input && rest.length === conditions.length) return from
    return {
      op: 'filter',
      id: t.ids(),
      input: plan,
      condition: conjunction(rest)!,
      attrs: plan.attrs,
      at: from?.at ?? rest[0]!.at,
    }
  }
  // What changes from call to call must see the same rows as before.
  if (![...conditions, ...expressionsOf(input)].every((e) => isDeterministic(e, t.env))) return keep(input, conditions)
  const total = (c: Expr): boolean => !mayRaise(c, t.env)
  switch (input.op) {
    case 'filter':
      return sink(input.input, [...conjuncts(input.condition), ...conditions], t)
    case 'project':
      return below(input, conditions, () => true, t, keep, byColumn(input.items))
    case 'sort':
      return below(input, conditions, () => true, t, keep)
    case 'watermark':
      return below(input, conditions, (c) => !attrIds(c).has(input.column), t, keep)
    case 'asyncCall': {
      const column = input.attrs.at(-1)!.id
      return below(input, conditions, (c) => !attrIds(c).has(column), t, keep)
    }
    case 'window': {
      const column = input.attrs.at(-1)!.id
      return below(input, conditions, (c) => total(c) && !attrIds(c).has(column), t, keep)
    }
    case 'generate': {
      const own = new Set(input.input.attrs.map((x) => x.id))
      return below(input, conditions, (c) => total(c) && [...attrIds(c)].every((id) => own.has(id)), t, keep)
    }
    case 'aggregate': {
      // A condition on grouping columns takes whole groups away: their rows need not come in. (As recorded, they then do
      // not move a watermark below either.)
      const keys = byColumn(input.keys)
      return below(input, conditions, (c) => total(c) && readsOnly(c, keys), t, keep, keys)
    }
    case 'over': {
      if (isStreaming(input)) return keep(input, conditions)
      const keys = new Set(input.partitionBy.flatMap((e) => (e.kind === 'attr' ? [e.id] : [])))
      return below(input, conditions, (c) => total(c) && readsOnly(c, keys), t, keep)
    }
    case 'union': {
      const inputs = input.inputs.map((p) => {
        const columns = new Map(input.attrs.map((x, i) => [x.id, { expr: attrExpr(p.attrs[i]!), attr: x }]))
        return sink(
          p,
          conditions.map((c) => inlined(c, columns)),
          t,
        )
      })
      return { ...input, inputs }
    }
    default:
      return keep(input, conditions)
  }
}

type Keep = (plan: Logical, rest: readonly Expr[]) => Logical
type Columns = ReadonlyMap<number, Named>

const byColumn = (items: readonly Named[]): Columns => new Map(items.map((i) => [i.attr.id, i]))

/** True when `c` reads some columns, and only those. */
function readsOnly(c: Expr, columns: { has(id: number): boolean }): boolean {
  const read = [...attrIds(c)]
  return read.length > 0 && read.every((id) => columns.has(id))
}

/** The conditions that may go below `node` do, with what `columns` compute in place of those; the others stay. */
function below(
  node: Logical & { readonly input: Logical },
  conditions: readonly Expr[],
  may: (c: Expr) => boolean,
  t: Tools,
  keep: Keep,
  columns: Columns = new Map(),
): Logical {
  const through = goingDown(conditions, may, t.env)
  if (through.length === 0) return keep(node, conditions)
  const inner = sink(
    node.input,
    through.map((c) => inlined(c, columns)),
    t,
  )
  return keep(
    withInputs(node, [inner]),
    conditions.filter((c) => !through.includes(c)),
  )
}

function inlined(c: Expr, columns: Columns): Expr {
  return transform(c, (n) => {
    const item = n.kind === 'attr' ? columns.get(n.id) : undefined
    return item ? { ...item.expr, at: n.at ?? item.expr.at } : n
  })
}
