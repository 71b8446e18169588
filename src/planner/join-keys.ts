import { conjuncts, type Expr, visit } from '../expr/bound.ts'
import type { ExprEnv } from '../expr/env.ts'
import { ExprKeys } from '../expr/keys.ts'
import { mayRaise } from '../expr/may-raise.ts'
import type { Named } from '../plan/logical.ts'
import { BOOLEAN } from '../types/data-type.ts'

/** Equalities that a hash table can answer, and what is left of the condition. */
export interface JoinKeys {
  readonly pairs: readonly { readonly left: Expr; readonly right: Expr; readonly nullSafe: boolean }[]
  readonly residual: Expr | null
}

/** Splits a join condition into equalities between the two sides (column ids of each) and a residual. */
export function splitJoinCondition(
  condition: Expr | null,
  left: ReadonlySet<number>,
  right: ReadonlySet<number>,
): JoinKeys {
  const pairs: { left: Expr; right: Expr; nullSafe: boolean }[] = []
  const rest: Expr[] = []
  const within = (e: Expr, side: ReadonlySet<number>): boolean => {
    let any = false
    let all = true
    visit(e, (n) => {
      if (n.kind !== 'attr') return
      any = true
      if (!side.has(n.id)) all = false
    })
    return any && all
  }
  for (const c of condition === null ? [] : conjuncts(condition)) {
    if (c.kind === 'call' && (c.fn === '=' || c.fn === '<=>')) {
      const [a, b] = [c.args[0]!, c.args[1]!]
      const nullSafe = c.fn === '<=>'
      if (within(a, left) && within(b, right)) {
        pairs.push({ left: a, right: b, nullSafe })
        continue
      }
      if (within(b, left) && within(a, right)) {
        pairs.push({ left: b, right: a, nullSafe })
        continue
      }
    }
    rest.push(c)
  }
  const residual: Expr | null =
    rest.length === 0
      ? null
      : rest.length === 1
        ? rest[0]!
        : { kind: 'and', args: rest, type: BOOLEAN, nullable: rest.some((r) => r.nullable) }
  return { pairs, residual }
}

/**
 * The equality of `x = y OR (x = y) IS NULL`, the whole condition of NOT IN with one column; null for anything else, and
 * where a side may raise: a key is computed for every row, also where the other side is empty.
 */
export function equalOrUnknown(condition: Expr | null, env: ExprEnv): Expr | null {
  if (condition?.kind !== 'or' || condition.args.length !== 2) return null
  const [equal, unknown] = condition.args as [Expr, Expr]
  if (equal.kind !== 'call' || equal.fn !== '=' || unknown.kind !== 'call' || unknown.fn !== 'isnull') return null
  const same = new ExprKeys(env)
  return same.of(unknown.args[0]!) === same.of(equal) && !mayRaise(equal, env) ? equal : null
}

/** The keys of a side as columns, each with a name and an id that no column of the plan has. */
export const keyColumns = ({ pairs }: JoinKeys, side: 'left' | 'right'): readonly Named[] =>
  pairs.map((pair, i) => {
    const expr = pair[side]
    const id = -1 - i - (side === 'right' ? 1000 : 0)
    return { expr, attr: { id, name: `key${i}`, type: expr.type, nullable: expr.nullable, qualifier: [] } }
  })
