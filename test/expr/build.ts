import type { CallExpr, CaseExpr, CastExpr, ColumnExpr, Expr, LiteralExpr } from '../../src/expr/bound.ts'
import type { ExprEnv } from '../../src/expr/env.ts'
import { lookup, resolveCall } from '../../src/functions/registry.ts'
import { BOOLEAN, field, sameType, schemaOf, type DataType, type Schema } from '../../src/types/data-type.ts'
import { encodeLiteral } from '../../src/types/literal.ts'
import type { Value } from '../../src/types/value.ts'

/** Short ways to write bound expressions in tests. */

export const env: ExprEnv = {
  timeZone: 'America/Los_Angeles',
  ansi: true,
  caseSensitive: false,
  mapKeyDedupPolicy: 'EXCEPTION',
  batchTimeUs: () => 1_700_000_000_000_000n,
}
export const legacyEnv: ExprEnv = { ...env, ansi: false }

export const col = (index: number, type: DataType): ColumnExpr => ({
  kind: 'column',
  index,
  name: `c${index}`,
  type,
  nullable: true,
})
export const lit = (value: Value, type: DataType): LiteralExpr => ({
  kind: 'literal',
  value: encodeLiteral(value, type),
  type,
  nullable: value === null,
})
export const cast = (arg: Expr, type: DataType, mode: CastExpr['mode'] = 'ansi'): CastExpr => ({
  kind: 'cast',
  arg,
  type,
  mode,
  nullable: true,
})
export const and = (...args: Expr[]): Expr => ({ kind: 'and', args, type: BOOLEAN, nullable: true })
export const or = (...args: Expr[]): Expr => ({ kind: 'or', args, type: BOOLEAN, nullable: true })
export const when = (branches: [Expr, Expr][], otherwise: Expr): CaseExpr => ({
  kind: 'case',
  branches: branches.map(([w, t]) => ({ when: w, then: t })),
  otherwise,
  type: otherwise.type,
  nullable: true,
})
export const coalesce = (...args: Expr[]): Expr => ({ kind: 'coalesce', args, type: args[0]!.type, nullable: true })
export const isIn = (arg: Expr, ...list: Expr[]): Expr => ({ kind: 'in', arg, list, type: BOOLEAN, nullable: true })

/** A call of a registry function, typed by the registry, with the casts it asks for. */
export function call(fn: string, ...args: Expr[]): CallExpr {
  const entry = lookup(fn)!
  const resolved = resolveCall(
    entry,
    args.map((a) => ({ type: a.type, nullable: a.nullable })),
    env,
  )
  const cast = (a: Expr, i: number): Expr => {
    const type = resolved.args[i]!
    return sameType(a.type, type) ? a : { kind: 'cast', arg: a, type, nullable: a.nullable, mode: 'ansi' }
  }
  return { kind: 'call', fn, args: args.map(cast), type: resolved.type, nullable: resolved.nullable }
}

export const schemaOfTypes = (...types: DataType[]): Schema => schemaOf(...types.map((t, i) => field(`c${i}`, t)))
