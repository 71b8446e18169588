import { MillraceError } from '../errors/errors.ts'
import { encodeLiteral } from '../types/literal.ts'
import { childrenOf, transform, type Expr } from './bound.ts'
import { readsClock, scalarEntryOf, type ExprEnv } from './env.ts'
import { interpret } from './interpret.ts'

/** False when evaluating the expression twice may give two answers (rand, uuid and kin). */
export function isDeterministic(e: Expr, env: ExprEnv): boolean {
  if (e.kind === 'call' && scalarEntryOf(e, env).deterministic === false) return false
  return childrenOf(e).every((c) => isDeterministic(c, env))
}

/**
 * True when the expression has one value for the whole life of a query: no columns, no batch time, nothing
 * random. (Lambda parameters count as constant only inside their own lambda.)
 */
export function isFoldable(e: Expr, env: ExprEnv, bound: ReadonlySet<number> = new Set()): boolean {
  switch (e.kind) {
    case 'attr':
    case 'column':
    case 'context':
      return false
    case 'param':
      return bound.has(e.id)
    case 'lambda':
      return isFoldable(e.body, env, new Set([...bound, ...e.params.map((p) => p.id)]))
    case 'cast':
      return !readsClock(e) && isFoldable(e.arg, env, bound)
    case 'call':
      return scalarEntryOf(e, env).deterministic !== false && e.args.every((a) => isFoldable(a, env, bound))
    default:
      return childrenOf(e).every((c) => isFoldable(c, env, bound))
  }
}

/** Whether an operator has a NULL constant for an operand, whatever the others give; they are then not evaluated. */
const isNullOperator = (e: Expr, env: ExprEnv): boolean =>
  e.kind === 'call' &&
  e.args.some((a) => a.kind === 'literal' && a.value === null) &&
  (NULL_OF_NULL.has(e.fn) || scalarEntryOf(e, env).group === 'operator') &&
  scalarEntryOf(e, env).nulls !== 'handles'

const NULL_OF_NULL = new Set(['element_at'])

/** Replaces every constant part by its value. A part whose evaluation raises stays, so that it raises only where a row reaches it. */
export function foldConstants(expr: Expr, env: ExprEnv): Expr {
  return transform(expr, (e) => {
    if (isNullOperator(e, env)) return { kind: 'literal', type: e.type, nullable: true, at: e.at, value: null }
    if (e.kind === 'literal' || e.kind === 'lambda' || !isFoldable(e, env)) return e
    try {
      const value = interpret(e, env)([])
      return { kind: 'literal', type: e.type, nullable: value === null, at: e.at, value: encodeLiteral(value, e.type) }
    } catch (error) {
      if (error instanceof MillraceError) return e
      throw error
    }
  })
}
