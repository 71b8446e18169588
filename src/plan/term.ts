import { isDeterministic, isFoldable, foldConstants } from '../expr/fold.ts'
import type { CallExpr, CaseExpr, Expr, LiteralExpr } from '../expr/bound.ts'
import type { ExprEnv } from '../expr/env.ts'
import { entryOf } from '../expr/env.ts'
import type { Span } from '../errors/span.ts'
import { resolveCall } from '../functions/registry.ts'
import { BOOLEAN, sameType, type DataType } from '../types/data-type.ts'
import { decodeLiteral, encodeLiteral } from '../types/literal.ts'
import type { Value } from '../types/value.ts'
import { at } from './locate.ts'

/** A resolved expression with the text Spark gives it, which names a column that has no alias. */
export interface Term {
  readonly expr: Expr
  /** The text inside larger expressions. */
  readonly text: string
  /** The column's name when it stands alone and that differs from `text` (`t.a.b` is `b`). */
  readonly name?: string | undefined
}

/** A constant of `type`. */
export function literal(value: Value, type: DataType, span?: Span): LiteralExpr {
  return { kind: 'literal', type, nullable: value === null, at: span, value: encodeLiteral(value, type) }
}

/** `expr` as `type`, by an implicit cast where it has another. */
export function castTo(expr: Expr, wanted: DataType, env: ExprEnv): Expr {
  if (sameType(expr.type, wanted)) return expr
  const type = withNullsOf(wanted, expr.type)
  if (expr.kind === 'literal' && expr.value === null) return { ...expr, type }
  if (expr.kind === 'lambda') return { ...expr, type, body: castTo(expr.body, type, env) }
  return cast(expr, type, env.ansi ? 'ansi' : 'legacy', expr.at)
}

/** `type`, where parts that may be NULL in `from` may be NULL: an implicit cast takes no NULL away. */
function withNullsOf(type: DataType, from: DataType): DataType {
  if (type.kind === 'array' && from.kind === 'array')
    return {
      ...type,
      element: withNullsOf(type.element, from.element),
      containsNull: type.containsNull || from.containsNull,
    }
  if (type.kind === 'map' && from.kind === 'map')
    return {
      ...type,
      key: withNullsOf(type.key, from.key),
      value: withNullsOf(type.value, from.value),
      valueContainsNull: type.valueContainsNull || from.valueContainsNull,
    }
  if (type.kind === 'struct' && from.kind === 'struct' && type.fields.length === from.fields.length)
    return {
      ...type,
      fields: type.fields.map((f, i) => ({
        ...f,
        type: withNullsOf(f.type, from.fields[i]!.type),
        nullable: f.nullable || from.fields[i]!.nullable,
      })),
    }
  return type
}

/** A cast in the given mode; only `ansi` casts keep NOT NULL. */
export function cast(arg: Expr, type: DataType, mode: 'ansi' | 'legacy' | 'try', span?: Span): Expr {
  return { kind: 'cast', arg, type, mode, nullable: mode !== 'ansi' || arg.nullable, at: span }
}

const constants = new WeakMap<Expr, { readonly value: Value | undefined }>()

/** The value of a constant expression; undefined for what changes, and for what cannot be computed. */
export function constantValue(e: Expr, env: ExprEnv): Value | undefined {
  if (e.kind === 'literal') return decodeLiteral(e.value, e.type)
  if (e.kind === 'attr' || e.kind === 'lambda' || e.kind === 'param') return undefined
  const known = constants.get(e)
  if (known) return known.value
  let value: Value | undefined
  if (isFoldable(e, env)) {
    const folded = foldConstants(e, env)
    if (folded.kind === 'literal') value = decodeLiteral(folded.value, folded.type)
  }
  constants.set(e, { value })
  return value
}

/** A call of a registry function or operator by name: types settled, casts put in. */
export function callExpr(env: ExprEnv, name: string, args: readonly Expr[], span?: Span): CallExpr {
  const entry = entryOf(name, env)
  const resolved = at(span, () =>
    resolveCall(
      entry,
      args.map((x) => ({ type: x.type, nullable: x.nullable, constant: constantValue(x, env) })),
      env,
    ),
  )
  return {
    kind: 'call',
    fn: entry.name,
    args: args.map((x, i) => castTo(x, resolved.args[i] ?? x.type, env)),
    type: resolved.type,
    nullable: resolved.nullable,
    at: span,
  }
}

/** The conjunction of `list`; null when there is nothing to hold. */
export function conjunction(list: readonly Expr[]): Expr | null {
  const flat = list.flatMap((e) => (e.kind === 'and' ? e.args : [e]))
  if (flat.length <= 1) return flat[0] ?? null
  return { kind: 'and', args: flat, type: BOOLEAN, nullable: flat.some((e) => e.nullable), at: flat[0]!.at }
}

/** The negation of a BOOLEAN. */
export const not = (e: Expr, span = e.at): CallExpr => ({
  kind: 'call',
  fn: 'not',
  args: [e],
  type: BOOLEAN,
  nullable: e.nullable,
  at: span,
})

/** `e IS NULL`. */
export const isNull = (e: Expr): CallExpr => ({
  kind: 'call',
  fn: 'isnull',
  args: [e],
  type: BOOLEAN,
  nullable: false,
  at: e.at,
})

/** `e IS NOT NULL`. */
export const isNotNull = (e: Expr): CallExpr => ({
  kind: 'call',
  fn: 'isnotnull',
  args: [e],
  type: BOOLEAN,
  nullable: false,
  at: e.at,
})

/** CASE over branches of one type. */
export function caseOf(branches: CaseExpr['branches'], otherwise: Expr, span?: Span): CaseExpr {
  const nullable = otherwise.nullable || branches.some((b) => b.then.nullable)
  return { kind: 'case', branches, otherwise, type: otherwise.type, nullable, at: span }
}

/** True when two evaluations always agree. */
export const deterministic = (e: Expr, env: ExprEnv): boolean => isDeterministic(e, env)
