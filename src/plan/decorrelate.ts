import { conjuncts, visit, type Expr } from '../expr/bound.ts'
import { passOn, project, type Analysis } from './analysis.ts'
import { attrIds } from './expr-key.ts'
import { inputsOf, type Attr, type Logical } from './logical.ts'
import { conjunction } from './term.ts'
import { expressionsOf } from './walk.ts'

/** Whether any expression below reads one of `ids`. */
export function reads(plan: Logical, ids: ReadonlySet<number>): boolean {
  let found = false
  for (const e of expressionsOf(plan))
    visit(e, (n) => {
      if (n.kind === 'attr' && ids.has(n.id)) found = true
    })
  return found || inputsOf(plan).some((p) => reads(p, ids))
}

/** The plan without the conjuncts that read columns of outside, and those conjuncts; null where they are out of reach. */
export function pullUp(
  plan: Logical,
  outer: ReadonlySet<number>,
  an: Analysis,
): { readonly plan: Logical; readonly conditions: readonly Expr[] } | null {
  if (outer.size === 0 || !reads(plan, outer)) return { plan, conditions: [] }
  if (plan.op === 'filter') {
    const inner = pullUp(plan.input, outer, an)
    if (!inner) return null
    const parts = conjuncts(plan.condition)
    const correlated = parts.filter((e) => [...attrIds(e)].some((id) => outer.has(id)))
    const own = conjunction(parts.filter((e) => !correlated.includes(e)))
    return {
      plan: own ? { ...plan, input: inner.plan, condition: own, attrs: inner.plan.attrs } : inner.plan,
      conditions: [...inner.conditions, ...correlated],
    }
  }
  if (plan.op === 'project') {
    const inner = pullUp(plan.input, outer, an)
    if (!inner || plan.items.some((i) => [...attrIds(i.expr)].some((id) => outer.has(id)))) return null
    const missing = neededFrom(inner.plan, inner.conditions).filter((x) => !plan.attrs.some((y) => y.id === x.id))
    return {
      plan: project(an, inner.plan, [...plan.items, ...missing.map(passOn)], plan.at),
      conditions: inner.conditions,
    }
  }
  return null
}

/** The columns of `plan` that `conditions` read. */
function neededFrom(plan: Logical, conditions: readonly Expr[]): readonly Attr[] {
  const ids = new Set(conditions.flatMap((c) => [...attrIds(c)]))
  return plan.attrs.filter((x) => ids.has(x.id))
}

/** An inner and an outer side that must be equal. */
export interface Equality {
  readonly inner: Expr
  readonly outer: Expr
}

/** Conditions as equalities of an inner with an outer side; null when one is something else. */
export function asEqualities(conditions: readonly Expr[], outer: ReadonlySet<number>): readonly Equality[] | null {
  const out: Equality[] = []
  for (const c of conditions) {
    if (c.kind !== 'call' || c.fn !== '=') return null
    const [l, r] = c.args as [Expr, Expr]
    const isOuter = (e: Expr): boolean => [...attrIds(e)].every((id) => outer.has(id))
    const isInner = (e: Expr): boolean => [...attrIds(e)].every((id) => !outer.has(id))
    if (isInner(l) && isOuter(r)) out.push({ inner: l, outer: r })
    else if (isOuter(l) && isInner(r)) out.push({ inner: r, outer: l })
    else return null
  }
  return out
}
