import { jsMaker, rowFromJs, rowMaker, valueFromJs } from '../../columns/row.ts'
import { AnalysisError } from '../../errors/errors.ts'
import { BOOLEAN, typeName } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { arg, type AggregateEntry } from '../entry.ts'
import {
  type AggregateFunction,
  type FunctionDefinition,
  functionName,
  identityOf,
  paramsOf,
  resolveFixed,
  resultSchema,
  typeOf,
} from './definition.ts'
import { notPromise, userFailure } from './failure.ts'

type Loose = (...args: unknown[]) => unknown

/** An aggregate of the user's as SQL calls it. A state declared as one type is passed bare, else as an object. */
export function aggregateFunction(
  name: string,
  fn: AggregateFunction<never, never[]>,
  definition: Omit<FunctionDefinition, 'async'>,
): AggregateEntry {
  const key = functionName(name)
  const { zero, init } = fn as { zero?: unknown; init?: Loose }
  if (zero === undefined && init === undefined)
    throw new AnalysisError('INVALID_FUNCTION_DEFINITION', {
      name,
      reason: 'an aggregate needs zero or init, its empty state',
    })
  const type = typeOf(definition.returns)
  const buffer = resultSchema(fn.buffer)
  const bare = buffer.fields.length === 1 && buffer.fields[0]!.name === 'value'
  const params = paramsOf(definition.args)
  const empty = init ?? (typeof zero === 'function' ? (zero as Loose) : () => structuredClone(zero))
  const { reduce, merge, finish } = fn as unknown as { reduce: Loose; merge: Loose; finish?: Loose }
  return {
    kind: 'aggregate',
    ordered: true,
    name: key,
    group: 'user',
    doc: `${name}, registered by the session.`,
    examples: [{ sql: `${key}()`, gives: '' }],
    params,
    nulls: 'handles',
    identity: identityOf(key, definition.version, buffer.fields.map((f) => `${f.name} ${typeName(f.type)}`).join(', ')),
    resolve: resolveFixed({ params }, type, definition.nullable ?? true),
    state: () => buffer.fields.map((f) => f.type),
    bind: (site) => {
      const zone = site.env.timeZone
      const makers = site.args.map((t) => jsMaker(t))
      const row = rowMaker(buffer)
      const single = bare ? jsMaker(buffer.fields[0]!.type) : null
      const read = (state: readonly Value[]): unknown =>
        single === null ? row(state) : state[0] === null ? null : single(state[0]!)
      const called = (given: unknown, call: () => unknown): unknown => {
        try {
          return notPromise(call(), name)
        } catch (error) {
          throw userFailure(name, error, given)
        }
      }
      const write = (state: Value[], js: unknown): void => {
        let values: readonly Value[]
        try {
          values = rowFromJs(buffer, bare ? [js] : js, zone)
        } catch (error) {
          throw userFailure(name, error, js)
        }
        for (let i = 0; i < values.length; i++) state[i] = values[i]!
      }
      return {
        init: () => {
          const state: Value[] = new Array<Value>(buffer.fields.length).fill(null)
          write(
            state,
            called(null, () => empty()),
          )
          return state
        },
        add: (state, values) => {
          const given = values.map((v, i) => (v === null ? null : makers[i]!(v)))
          write(
            state,
            called(given, () => reduce(read(state), ...given)),
          )
        },
        merge: (state, other) => {
          const given = [read(state), read(other)]
          write(
            state,
            called(given, () => merge(...given)),
          )
        },
        finish: (state) => {
          const given = read(state)
          const js = called(given, () => (finish === undefined ? given : finish(given)))
          try {
            return valueFromJs(js, site.type, zone, 'the result')
          } catch (error) {
            throw userFailure(name, error, given)
          }
        },
      }
    },
  }
}

/** `reduceGroups(fn)`: combines the rows of a group two at a time; the state is the row so far. */
export function reduceEntry(id: string, version: string | null, fn: (...args: never[]) => unknown): AggregateEntry {
  const label = 'reduceGroups'
  return {
    kind: 'aggregate',
    ordered: true,
    name: id,
    group: 'user',
    doc: 'Combines the rows of a group.',
    examples: [{ sql: 'reduce_groups(row)', gives: '' }],
    params: [arg('row', 'ANY')],
    nulls: 'handles',
    identity: identityOf(label, version ?? undefined),
    returns: ([type]) => type!,
    state: (site) => [BOOLEAN, site.args[0]!],
    bind: (site) => {
      const type = site.args[0]!
      const make = jsMaker(type)
      const js = (v: Value): unknown => (v === null ? null : make(v))
      const combine = (state: Value[], value: Value): void => {
        if (state[0] !== true) {
          state[0] = true
          state[1] = value
          return
        }
        const given = [js(state[1]!), js(value)]
        try {
          state[1] = valueFromJs(notPromise((fn as Loose)(...given), label), type, site.env.timeZone, 'the result')
        } catch (error) {
          throw userFailure(label, error, given)
        }
      }
      return {
        init: () => [false, null],
        add: (state, [value]) => combine(state, value!),
        merge: (state, other) => {
          if (other[0] === true) combine(state, other[1]!)
        },
        finish: (state) => state[1]!,
      }
    },
  }
}
