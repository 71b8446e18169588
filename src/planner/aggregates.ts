import { InternalError } from '../errors/errors.ts'
import type { Expr } from '../expr/bound.ts'
import { entryOf, type ExprEnv, siteOf } from '../expr/env.ts'
import type { AggregateBody, AggregateEntry } from '../functions/entry.ts'
import type { AggregateSpec } from '../operators/config.ts'
import type { AggregateCall } from '../plan/logical.ts'
import { rowKey } from '../types/compare.ts'
import { arrayOf, type DataType, field, structOf } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'

/** The entry of an aggregate; a missing one is a fault of the analyzer. */
export function aggregateEntry(name: string, env: ExprEnv): AggregateEntry {
  const entry = entryOf(name, env)
  if (entry.kind !== 'aggregate') throw new InternalError(`${name} is not an aggregate function`)
  return entry
}

/** An aggregate call over bound arguments, with the types its state takes. */
export function aggregateSpec(call: AggregateCall, bind: (e: Expr) => Expr, env: ExprEnv): AggregateSpec {
  const args = call.args.map(bind)
  const spec = {
    fn: call.fn,
    args,
    distinct: call.distinct,
    filter: call.filter ? bind(call.filter) : null,
    type: call.type,
  }
  const entry = runningEntry(
    call.fn,
    call.distinct,
    args.map((a) => a.type),
    env,
  )
  const state = entry.state(siteOf(call.fn, args, call.type, env))
  return { ...spec, state }
}

const distinctState = (args: readonly DataType[]): DataType =>
  arrayOf(structOf(args.map((type, i) => field(`a${i}`, type))))

/** The body of an aggregate over distinct arguments: keeps each combination once and aggregates them at the end. */
function distinctBody(inner: AggregateBody, args: readonly DataType[]): AggregateBody {
  // The set beside the kept rows is rebuilt when a state came from a checkpoint.
  const seen = new WeakMap<readonly Value[], Set<string>>()
  const text = rowKey(args)
  const setOf = (rows: readonly Value[]): Set<string> => {
    let set = seen.get(rows)
    if (set === undefined) seen.set(rows, (set = new Set(rows.map((r) => text(r as readonly Value[])))))
    return set
  }
  const add = (state: Value[], row: readonly Value[]): void => {
    const rows = state[0] as Value[]
    const set = setOf(rows)
    const key = text(row)
    if (set.has(key)) return
    set.add(key)
    rows.push([...row])
  }
  return {
    init: () => [[]],
    add,
    merge: (state, other) => {
      for (const row of other[0] as readonly Value[]) add(state, row as readonly Value[])
    },
    finish: (state) => {
      const total = inner.init()
      for (const row of state[0] as readonly Value[]) inner.add(total, row as readonly Value[])
      return inner.finish(total)
    },
  }
}

/** The entry that runs for a call: the registry's, or for DISTINCT one around it that keeps each combination of arguments once. */
export function runningEntry(fn: string, distinct: boolean, args: readonly DataType[], env: ExprEnv): AggregateEntry {
  const { codegen, resultField, ...entry } = aggregateEntry(fn, env)
  if (!distinct) return { ...entry, ...(codegen ? { codegen } : {}), ...(resultField ? { resultField } : {}) }
  return { ...entry, state: () => [distinctState(args)], bind: (site) => distinctBody(entry.bind(site), args) }
}
