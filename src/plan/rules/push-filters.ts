import { conjuncts, transform, type Expr } from '../../expr/bound.ts'
import type { ExprEnv } from '../../expr/env.ts'
import { isDeterministic } from '../../expr/fold.ts'
import { attrIds } from '../expr-key.ts'
import { inputsOf, withInputs, type Logical, type LogicalFilter, type LogicalJoin, type Named } from '../logical.ts'
import { conjunction } from '../term.ts'
import { attrExpr } from '../analysis.ts'
import type { Rule } from './rule.ts'

/**
 * Filters go as far down as they mean the same: through projects, sorts, generators and time windows, into unions and the sides
 * of joins, below an aggregate when they read grouping columns only, and below a watermark when they do not mention its column
 * (rows they remove then do not move it). Never across a deduplication or a limit.
 */
export const pushFilters: Rule = {
  name: 'push-filters',
  doc: 'moves filters towards the tables',
  apply: (plan, env, ids) => push(plan, { env, ids }),
}

interface Tools {
  readonly env: ExprEnv
  readonly ids: () => number
}

function push(plan: Logical, t: Tools): Logical {
  const below = withInputs(
    plan,
    inputsOf(plan).map((p) => push(p, t)),
  )
  if (below.op === 'filter') return sink(below.input, conjuncts(below.condition), t, below)
  if (below.op === 'join') return pushCondition(below, t)
  return below
}

/** `input` with the conditions as far below as they go; those that stay are a filter on top (`from`, unchanged, when all do). */
function sink(input: Logical, conditions: readonly Expr[], t: Tools, from?: LogicalFilter): Logical {
  const movable = conditions.filter((c) => isDeterministic(c, t.env))
  const fixed = conditions.filter((c) => !movable.includes(c))
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
  if (fixed.length > 0) return keep(input, conditions)
  switch (input.op) {
    case 'filter': {
      if (!isDeterministic(input.condition, t.env)) return keep(input, movable)
      return sink(input.input, [...conjuncts(input.condition), ...movable], t)
    }
    case 'project': {
      const items = new Map(input.items.map((i) => [i.attr.id, i]))
      const through = movable.filter((c) => [...attrIds(c)].every((id) => canMove(items.get(id), t)))
      if (through.length === 0) return keep(input, movable)
      const inner = sink(
        input.input,
        through.map((c) => inlined(c, items)),
        t,
      )
      return keep(
        { ...input, input: inner },
        movable.filter((c) => !through.includes(c)),
      )
    }
    case 'watermark':
      return past(input, movable, (c) => !attrIds(c).has(input.column), t, keep)
    case 'asyncCall':
    case 'window': {
      const column = input.attrs.at(-1)!.id
      return past(input, movable, (c) => !attrIds(c).has(column), t, keep)
    }
    case 'generate': {
      const own = new Set(input.input.attrs.map((x) => x.id))
      return past(input, movable, (c) => [...attrIds(c)].every((id) => own.has(id)), t, keep)
    }
    case 'sort':
      return past(input, movable, () => true, t, keep)
    case 'union': {
      const inputs = input.inputs.map((p) => {
        const column = new Map(input.attrs.map((x, i) => [x.id, { expr: attrExpr(p.attrs[i]!), attr: x }]))
        return sink(
          p,
          movable.map((c) => inlined(c, column)),
          t,
        )
      })
      return { ...input, inputs }
    }
    case 'aggregate': {
      // A condition on grouping columns alone takes whole groups away: their rows need not come in. (As recorded, they then do
      // not move a watermark below either.)
      const keys = new Map(input.keys.map((k) => [k.attr.id, k]))
      const through = movable.filter((c) => {
        const read = [...attrIds(c)]
        return read.length > 0 && read.every((id) => canMove(keys.get(id), t))
      })
      if (through.length === 0) return keep(input, movable)
      const inner = sink(
        input.input,
        through.map((c) => inlined(c, keys)),
        t,
      )
      return keep(
        { ...input, input: inner },
        movable.filter((c) => !through.includes(c)),
      )
    }
    case 'join':
      return intoJoin(input, movable, t, keep)
    default:
      return keep(input, movable)
  }
}

type Keep = (plan: Logical, rest: readonly Expr[]) => Logical

function past(
  node: Logical & { readonly input: Logical },
  conditions: readonly Expr[],
  may: (c: Expr) => boolean,
  t: Tools,
  keep: Keep,
): Logical {
  const through = conditions.filter(may)
  if (through.length === 0) return keep(node, conditions)
  const moved = withInputs(node, [sink(node.input, through, t)])
  return keep(
    moved,
    conditions.filter((c) => !through.includes(c)),
  )
}

/** An item may be computed again below when it is always the same. */
const canMove = (item: Named | undefined, t: Tools): boolean => item !== undefined && isDeterministic(item.expr, t.env)

function inlined(c: Expr, items: ReadonlyMap<number, Named>): Expr {
  return transform(c, (n) => {
    const item = n.kind === 'attr' ? items.get(n.id) : undefined
    return item ? { ...item.expr, at: n.at ?? item.expr.at } : n
  })
}

type Side = 'left' | 'right' | 'both'

function sideOf(c: Expr, join: LogicalJoin): Side {
  const left = new Set(join.left.attrs.map((x) => x.id))
  const ids = [...attrIds(c)]
  if (ids.length > 0 && ids.every((id) => left.has(id))) return 'left'
  return ids.length > 0 && ids.every((id) => !left.has(id)) ? 'right' : 'both'
}

/** A filter above a join: sides that the join keeps as they are take their own conditions; an inner join takes the rest. */
function intoJoin(join: LogicalJoin, conditions: readonly Expr[], t: Tools, keep: Keep): Logical {
  const toLeft =
    join.type === 'inner' ||
    join.type === 'cross' ||
    join.type === 'left' ||
    join.type === 'semi' ||
    join.type === 'anti'
  const toRight = join.type === 'inner' || join.type === 'cross' || join.type === 'right'
  const left = toLeft ? conditions.filter((c) => sideOf(c, join) === 'left') : []
  const right = toRight ? conditions.filter((c) => sideOf(c, join) === 'right') : []
  const rest = conditions.filter((c) => !left.includes(c) && !right.includes(c))
  const inner = join.type === 'inner' || join.type === 'cross'
  const on = inner ? rest.filter((c) => attrIds(c).size > 0) : []
  if (left.length + right.length + on.length === 0) return keep(join, conditions)
  const condition = conjunction([...(join.condition ? conjuncts(join.condition) : []), ...on])
  const moved: LogicalJoin = {
    ...join,
    type: join.type === 'cross' && condition ? 'inner' : join.type,
    left: left.length > 0 ? sink(join.left, left, t) : join.left,
    right: right.length > 0 ? sink(join.right, right, t) : join.right,
    condition,
  }
  return keep(
    moved,
    rest.filter((c) => !on.includes(c)),
  )
}

/** Conditions of ON that read one side only go to that side, where the join allows. */
function pushCondition(join: LogicalJoin, t: Tools): Logical {
  if (!join.condition) return join
  const parts = conjuncts(join.condition)
  if (parts.some((c) => !isDeterministic(c, t.env))) return join
  const toLeft = join.type === 'inner' || join.type === 'semi' || join.type === 'right'
  const toRight = join.type === 'inner' || join.type === 'semi' || join.type === 'left' || join.type === 'anti'
  const left = toLeft ? parts.filter((c) => sideOf(c, join) === 'left') : []
  const right = toRight ? parts.filter((c) => sideOf(c, join) === 'right') : []
  if (left.length + right.length === 0) return join
  return {
    ...join,
    left: left.length > 0 ? sink(join.left, left, t) : join.left,
    right: right.length > 0 ? sink(join.right, right, t) : join.right,
    condition: conjunction(parts.filter((c) => !left.includes(c) && !right.includes(c))),
  }
}
