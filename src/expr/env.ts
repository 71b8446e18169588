import { ExecutionError, InternalError } from '../errors/errors.ts'
import type { CallSite, EvalEnv, EvalFn, FunctionEntry, ScalarEntry } from '../functions/entry.ts'
import { lookup as lookupBuiltin } from '../functions/registry.ts'
import type { DataType } from '../types/data-type.ts'
import { decodeLiteral } from '../types/literal.ts'
import type { Value } from '../types/value.ts'
import { caster } from '../types/cast.ts'
import type { CallExpr, CastExpr, Expr } from './bound.ts'

/** An EvalEnv that may know more functions than the registry: those the user registered. */
export interface ExprEnv extends EvalEnv {
  /** Tried before the registry; `undefined` falls through to it. */
  readonly lookup?: ((name: string) => FunctionEntry | undefined) | undefined
  /** The function behind the id of a closure in a plan. */
  readonly closure?: ((id: string) => ((...args: never[]) => unknown) | undefined) | undefined
}

/** The entry a call names; a name nobody knows is a fault of ours, since the analyzer resolved it. */
export function entryOf(name: string, env: ExprEnv): FunctionEntry {
  const entry = env.lookup?.(name) ?? lookupBuiltin(name)
  if (entry === undefined) throw new InternalError(`the plan calls "${name}", which no registry holds`)
  return entry
}

/** The entry of a call in an ordinary expression. */
export function scalarEntryOf(call: CallExpr, env: ExprEnv): ScalarEntry {
  const entry = entryOf(call.fn, env)
  if (entry.kind !== 'scalar')
    throw new InternalError(`"${call.fn}" is a ${entry.kind} function in a scalar expression`)
  return entry
}

/** The call site of a function over bound arguments. Literal arguments are its constants. */
export function siteOf(name: string, args: readonly Expr[], type: DataType, env: ExprEnv): CallSite {
  return { name, args: args.map((a) => a.type), type, constants: args.map(constantOf), env }
}

/** The value of a literal; undefined for every other expression. Fold constants first to see more. */
export function constantOf(e: Expr): Value | undefined {
  return e.kind === 'literal' ? decodeLiteral(e.value, e.type) : undefined
}

/** The evaluator of one call site, made once. Where constants make `bind` raise, it raises when a row asks for the value. */
export function evalOf(entry: ScalarEntry, site: CallSite): (...args: readonly unknown[]) => Value {
  let fn: EvalFn | undefined
  try {
    fn = entry.bind ? entry.bind(site) : entry.eval
  } catch (error) {
    if (!(error instanceof ExecutionError)) throw error
    return () => {
      throw error
    }
  }
  if (fn === undefined) throw new InternalError(`function "${entry.name}" has neither eval nor bind`)
  return fn as unknown as (...args: readonly unknown[]) => Value
}

/** The caster of one cast node, made once; see types/cast.ts. */
export function casterOf(e: CastExpr, env: ExprEnv): (value: Value) => Value {
  return caster(e.arg.type, e.type, {
    mode: e.mode,
    timeZone: env.timeZone,
    nowUs: () => env.batchTimeUs(),
    constant: e.arg.kind === 'literal',
  })
}

/** True for constants such as `CAST('now' AS TIMESTAMP)`, whose value follows the time of the batch. */
export function readsClock(e: CastExpr): boolean {
  return (
    (e.type.kind === 'date' || e.type.kind === 'timestamp' || e.type.kind === 'timestamp_ntz') &&
    e.arg.kind === 'literal' &&
    typeof e.arg.value === 'string' &&
    !/\d{4}/.test(e.arg.value)
  )
}
