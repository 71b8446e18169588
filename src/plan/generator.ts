import { AnalysisError } from '../errors/errors.ts'
import type { Expr } from '../expr/bound.ts'
import type { Span } from '../errors/span.ts'
import type { GeneratorEntry } from '../functions/entry.ts'
import { checkCount, coerceToParams } from '../functions/registry.ts'
import type { AstCall, Ident } from '../sql/ast.ts'
import { freshAttr, type Analysis } from './analysis.ts'
import type { ExprContext } from './expr-context.ts'
import { at } from './locate.ts'
import type { Attr, Logical, LogicalGenerate } from './logical.ts'
import { orderedByName } from './named-arguments.ts'
import { resolveArguments } from './resolve-call.ts'
import { castTo, constantValue } from './term.ts'

/** A generator call with its types settled. */
export interface Generator {
  readonly fn: string
  readonly args: readonly Expr[]
  readonly attrs: readonly Attr[]
  readonly outer: boolean
  readonly at?: Span | undefined
}

/** Types of a generator call; `names` rename its columns (UDTF_ALIAS_NUMBER_MISMATCH when the count differs). */
export function generatorColumns(
  call: AstCall,
  entry: GeneratorEntry,
  names: readonly Ident[],
  ctx: ExprContext,
  outer = false,
): Generator {
  const env = ctx.a.env
  const terms = resolveArguments(orderedByName(call, entry), { ...ctx, generator: undefined })
  const given = terms.map((t) => t.expr)
  const constants = given.map((e) => constantValue(e, env))
  const args = at(call.at, () => {
    checkCount(entry, given.length)
    const types = given.map((e) => e.type)
    const wanted = entry.resolve ? entry.resolve(types, env, constants).args : coerceToParams(entry, types, env)
    return given.map((e, i) => castTo(e, wanted[i] ?? e.type, env))
  })
  const columns = at(call.at, () =>
    (
      entry.columns as (
        args: readonly Expr['type'][],
        constants: readonly unknown[],
      ) => ReturnType<GeneratorEntry['columns']>
    )(
      args.map((e) => e.type),
      constants,
    ),
  )
  if (names.length > 0 && names.length !== columns.length)
    throw new AnalysisError(
      'UDTF_ALIAS_NUMBER_MISMATCH',
      { function: entry.name, columns: columns.length, names: names.length },
      { at: names[0]!.at ?? call.at },
    )
  const attrs = columns.map((c, i) => freshAttr(ctx.a, names[i]?.name ?? c.name, c.type, outer || c.nullable))
  return { fn: entry.name, args, attrs, outer, at: call.at }
}

/** The generator's node over `plan`; arguments rewritten by `f`. */
export function generatorNode(
  a: Analysis,
  plan: Logical,
  g: Generator,
  f: (e: Expr) => Expr = (e) => e,
): LogicalGenerate {
  return {
    op: 'generate',
    id: a.freshId(),
    input: plan,
    fn: g.fn,
    args: g.args.map(f),
    outer: g.outer,
    attrs: [...plan.attrs, ...g.attrs],
    at: g.at,
  }
}
