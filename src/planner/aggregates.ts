import { InternalError } from '../errors/errors.ts'
import type { Expr } from '../expr/bound.ts'
import { entryOf, type ExprEnv, siteOf } from '../expr/env.ts'
import type { AggregateEntry } from '../functions/entry.ts'
import type { AggregateSpec, DistinctSpec } from '../operators/config.ts'
import { exprKey } from '../plan/expr-key.ts'
import type { AggregateCall } from '../plan/logical.ts'
import { ARGUMENT } from './aggregate-arguments.ts'
import type { StateTableSpec } from '../state/table.ts'
import { BIGINT, field, type Field } from '../types/data-type.ts'

/** The entry of an aggregate; a missing one is a fault of the analyzer. */
export function aggregateEntry(name: string, env: ExprEnv): AggregateEntry {
  const entry = entryOf(name, env)
  if (entry.kind !== 'aggregate') throw new InternalError(`${name} is not an aggregate function`)
  return entry
}

/** What a table of DISTINCT values is kept by besides the values. */
export interface DistinctTables {
  /** The grouping keys in front of the values; none where the pane alone says the group. */
  readonly keys: readonly Field[]
  readonly paned: boolean
  readonly window?: StateTableSpec['window']
  readonly paneField?: Field
  /** Counts how often each value came: what a later deletion of a row would ask for. */
  readonly counted: boolean
}

/** The aggregates of one node. */
export interface AggregateSpecs {
  readonly calls: readonly AggregateSpec[]
  readonly distinct: readonly DistinctSpec[]
}

/**
 * Aggregate calls over bound arguments, with the types their states take. Calls over the same DISTINCT arguments and
 * FILTER share one table of the values seen.
 */
export function aggregateSpecs(
  calls: readonly AggregateCall[],
  bind: (e: Expr) => Expr,
  env: ExprEnv,
  tables: DistinctTables,
): AggregateSpecs {
  const sets = new Map<string, { readonly values: readonly Expr[]; readonly filter: Expr | null }>()
  const specs = calls.map((call): AggregateSpec => {
    const { fn, type } = call
    const bound = call.args.map(bind)
    const filter = call.filter ? bind(call.filter) : null
    const state = aggregateEntry(fn, env).state(siteOf(fn, bound, type, env))
    if (!call.distinct) return { fn, args: bound, distinct: null, filter, type, state }
    const values = differentValues(bound)
    const key = [...values, ...(filter ? [filter] : [])].map((e) => exprKey(e)).join('|') + (filter ? '|filter' : '')
    if (!sets.has(key)) sets.set(key, { values, filter })
    const args = bound.map((e): Expr => {
      if (e.kind === 'literal') return e
      const index = values.findIndex((v) => exprKey(v) === exprKey(e))
      return { kind: 'column', index, name: valueName(e, index), type: e.type, nullable: e.nullable, at: e.at }
    })
    return { fn, args, distinct: [...sets.keys()].indexOf(key), filter: null, type, state }
  })
  const distinct = [...sets.values()].map(({ values, filter }, i) => ({
    values,
    filter,
    state: distinctState(`distinct_${i}`, values, tables),
  }))
  return { calls: specs, distinct }
}

/** Arguments that are no constants, each once: what makes a row another one. */
function differentValues(args: readonly Expr[]): readonly Expr[] {
  const seen = new Map<string, Expr>()
  for (const e of args) if (e.kind !== 'literal' && !seen.has(exprKey(e))) seen.set(exprKey(e), e)
  return [...seen.values()]
}

const valueName = (e: Expr, index: number): string =>
  e.kind === 'column' && e.name !== ARGUMENT ? e.name : `value_${index}`

function distinctState(name: string, values: readonly Expr[], tables: DistinctTables): StateTableSpec {
  const { keys, paned, window, paneField, counted } = tables
  return {
    name,
    keys: [...keys, ...values.map((e, i) => field(valueName(e, i), e.type))],
    values: counted ? [field('count', BIGINT)] : [],
    paned,
    ...(window === undefined ? {} : { window }),
    ...(paneField === undefined ? {} : { paneField }),
  }
}
