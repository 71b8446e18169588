import { jsMaker, valueFromJs } from '../../columns/row.ts'
import { AnalysisError, ExecutionError } from '../../errors/errors.ts'
import type { Value } from '../../types/value.ts'
import type { AsyncCalls, CallSite, ScalarEntry } from '../entry.ts'
import {
  type AsyncOptions,
  type FunctionDefinition,
  functionName,
  identityOf,
  paramsOf,
  resolveFixed,
  typeOf,
} from './definition.ts'
import { notPromise, userFailure } from './failure.ts'

type AnyFunction = (...args: never[]) => unknown

/** True for what is declared or written as an asynchronous function. */
export const isAsync = (fn: AnyFunction, definition: FunctionDefinition): boolean =>
  definition.async === undefined ? fn.constructor.name === 'AsyncFunction' : definition.async !== false

/** A scalar function of the user's as SQL calls it: it sees JavaScript values as rows have them, NULL as null. */
export function scalarFunction(name: string, fn: AnyFunction, definition: FunctionDefinition): ScalarEntry {
  const key = functionName(name)
  const type = typeOf(definition.returns)
  const params = paramsOf(definition.args)
  const nullable = definition.nullable ?? true
  const entry: ScalarEntry = {
    kind: 'scalar',
    name: key,
    group: 'user',
    doc: `${name}, registered by the session.`,
    examples: [{ sql: `${key}()`, gives: '' }],
    params,
    nulls: 'handles',
    deterministic: definition.deterministic ?? true,
    identity: identityOf(key, definition.version),
    resolve: resolveFixed({ params }, type, nullable),
  }
  if (isAsync(fn, definition)) {
    const options = typeof definition.async === 'object' ? definition.async : {}
    return { ...entry, async: asyncCalls(name, fn, nullable, options) }
  }
  return {
    ...entry,
    bind: (site) => {
      const [args, result] = conversions(site, nullable)
      return (...values: readonly Value[]): Value => {
        const given = args(values)
        try {
          return result(notPromise((fn as (...a: unknown[]) => unknown)(...given), name))
        } catch (error) {
          throw userFailure(name, error, given)
        }
      }
    },
  }
}

/** Arguments as JavaScript values, and a JavaScript result as a value. */
function conversions(
  site: CallSite,
  nullable: boolean,
): [args: (values: readonly Value[]) => unknown[], result: (js: unknown) => Value] {
  const makers = site.args.map((type) => jsMaker(type))
  const zone = site.env.timeZone
  return [
    (values) => values.map((v, i) => (v === null ? null : makers[i]!(v))),
    (js) => {
      const value = valueFromJs(js, site.type, zone, 'the result')
      if (value === null && !nullable) throw new ExecutionError('NOT_NULL_ASSERT_VIOLATION', { column: 'the result' })
      return value
    },
  ]
}

function asyncCalls(name: string, fn: AnyFunction, nullable: boolean, options: AsyncOptions): AsyncCalls {
  const retry = typeof options.retry === 'number' ? { retries: options.retry } : (options.retry ?? { retries: 0 })
  const cache = options.cache === true ? {} : options.cache === false ? undefined : options.cache
  const atLeast = (what: string, value: number, least: number): number => {
    if (value >= least && !Number.isNaN(value)) return value
    throw new AnalysisError('INVALID_FUNCTION_DEFINITION', {
      name,
      reason: `${what} must be ${least} or more, not ${value}`,
    })
  }
  return {
    concurrency: Math.floor(atLeast('concurrency', options.concurrency ?? 16, 1)),
    attempts: 1 + Math.floor(atLeast('retry', retry.retries, 0)),
    delayMs: atLeast('the delay of retry', retry.delayMs ?? 100, 0),
    timeoutMs: atLeast('timeoutMs', options.timeoutMs ?? Infinity, 1),
    cache:
      cache === undefined
        ? null
        : {
            maxEntries: atLeast('cache.maxEntries', cache.maxEntries ?? 10_000, 1),
            ttlMs: atLeast('cache.ttlMs', cache.ttlMs ?? Infinity, 0),
          },
    call: (site) => {
      const [args, result] = conversions(site, nullable)
      return async (values) => result(await (fn as (...a: unknown[]) => unknown)(...args(values)))
    },
    failure: (site, values, cause) => userFailure(name, cause, conversions(site, nullable)[0](values)),
  }
}
