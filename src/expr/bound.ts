import type { Span } from '../errors/span.ts'
import type { DataType } from '../types/data-type.ts'

/** JSON form of a constant: see `encodeLiteral` (bigint as digits, binary as hex, the rest as it is). */
export type LiteralJson = null | boolean | number | string | readonly LiteralJson[]

interface Typed {
  readonly type: DataType
  readonly nullable: boolean
  readonly at?: Span | undefined
}

/**
 * A resolved expression: plain JSON, every node with its type, casts already in place. In a logical plan the
 * leaves are `attr` (a column by identity); the planner turns them into `column` (by position).
 *
 * `and`, `or`, `case`, `coalesce` and `in` are lazy and three-valued and so nodes of their own; all other
 * operators and functions are `call` with the name of a registry entry.
 */
export type Expr =
  | AttrExpr
  | ColumnExpr
  | LiteralExpr
  | CallExpr
  | CastExpr
  | LogicExpr
  | CaseExpr
  | CoalesceExpr
  | InExpr
  | FieldExpr
  | LambdaExpr
  | ParamExpr
  | ContextExpr

/** A column of the input by identity; only in logical plans. */
export interface AttrExpr extends Typed {
  readonly kind: 'attr'
  readonly id: number
  readonly name: string
}
/** A column of the input batch by position; only in operator configs. */
export interface ColumnExpr extends Typed {
  readonly kind: 'column'
  readonly index: number
  readonly name: string
}
export interface LiteralExpr extends Typed {
  readonly kind: 'literal'
  readonly value: LiteralJson
}
export interface CallExpr extends Typed {
  readonly kind: 'call'
  readonly fn: string
  readonly args: readonly Expr[]
}
/** `ansi`: bad input raises; `legacy`: it gives NULL or wraps; `try`: it gives NULL. */
export interface CastExpr extends Typed {
  readonly kind: 'cast'
  readonly arg: Expr
  readonly mode: 'ansi' | 'legacy' | 'try'
}
export interface LogicExpr extends Typed {
  readonly kind: 'and' | 'or'
  readonly args: readonly Expr[]
}
/** CASE WHEN and IF; `otherwise` is a NULL literal where there is no ELSE. */
export interface CaseExpr extends Typed {
  readonly kind: 'case'
  readonly branches: readonly { readonly when: Expr; readonly then: Expr }[]
  readonly otherwise: Expr
}
/** The first argument that is not NULL; later ones are not evaluated. */
export interface CoalesceExpr extends Typed {
  readonly kind: 'coalesce'
  readonly args: readonly Expr[]
}
/** Three-valued `arg IN (list)`; all of one type. */
export interface InExpr extends Typed {
  readonly kind: 'in'
  readonly arg: Expr
  readonly list: readonly Expr[]
}
/** Member `index` of a struct. */
export interface FieldExpr extends Typed {
  readonly kind: 'field'
  readonly arg: Expr
  readonly index: number
}
/** A lambda argument of a higher-order call; `type` is the type of the body. */
export interface LambdaExpr extends Typed {
  readonly kind: 'lambda'
  readonly params: readonly ParamExpr[]
  readonly body: Expr
}
/** A lambda's parameter; `id` is unique in the expression. */
export interface ParamExpr extends Typed {
  readonly kind: 'param'
  readonly id: number
  readonly name: string
}
/** A value fixed for the whole batch. */
export interface ContextExpr extends Typed {
  readonly kind: 'context'
  readonly name: 'batch_time'
}

/** The direct operands of an expression, left to right. */
export function childrenOf(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce':
      return e.args
    case 'cast':
    case 'field':
      return [e.arg]
    case 'in':
      return [e.arg, ...e.list]
    case 'case':
      return [...e.branches.flatMap((b) => [b.when, b.then]), e.otherwise]
    case 'lambda':
      return [e.body]
    default:
      return []
  }
}

/** The same node over other operands; the same node back when `f` changes none. */
export function mapChildren(e: Expr, f: (child: Expr) => Expr): Expr {
  const all = (list: readonly Expr[]): readonly Expr[] => {
    const out = list.map(f)
    return out.every((x, i) => x === list[i]) ? list : out
  }
  switch (e.kind) {
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce': {
      const args = all(e.args)
      return args === e.args ? e : { ...e, args }
    }
    case 'cast':
    case 'field': {
      const arg = f(e.arg)
      return arg === e.arg ? e : { ...e, arg }
    }
    case 'in': {
      const arg = f(e.arg)
      const list = all(e.list)
      return arg === e.arg && list === e.list ? e : { ...e, arg, list }
    }
    case 'case': {
      const flat = all(e.branches.flatMap((b) => [b.when, b.then]))
      const otherwise = f(e.otherwise)
      const branches = e.branches.map((_, i) => ({ when: flat[2 * i]!, then: flat[2 * i + 1]! }))
      return { ...e, branches, otherwise }
    }
    case 'lambda': {
      const body = f(e.body)
      return body === e.body ? e : { ...e, body }
    }
    default:
      return e
  }
}

/** Rewrites bottom up. */
export function transform(e: Expr, f: (node: Expr) => Expr): Expr {
  return f(mapChildren(e, (c) => transform(c, f)))
}

/** Visits every node, parents before children. */
export function visit(e: Expr, f: (node: Expr) => void): void {
  f(e)
  for (const c of childrenOf(e)) visit(c, f)
}

/** The parts of a conjunction: `a AND (b AND c)` gives a, b, c; a row passes when each is TRUE. */
export function conjuncts(e: Expr): readonly Expr[] {
  return e.kind === 'and' ? e.args.flatMap(conjuncts) : [e]
}
