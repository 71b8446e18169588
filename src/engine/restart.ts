import { OptionError } from '../errors/errors.ts'

/**
 * How often a query begins again by itself after an error that is marked transient, and how long it waits first. It counts
 * from the first opening of sources and sink on: start() resolves when that has succeeded.
 */
export interface RestartPolicy {
  /** Attempts in a row without a batch that commits; 0 never restarts. */
  readonly maxAttempts: number
  /** Wait before the first attempt, doubled before each further one up to a minute. Default 1000. */
  readonly backoffMs?: number
}

const MAX_BACKOFF_MS = 60_000

/** Throws OptionError for a policy that makes no sense. */
export function checkRestart(policy: RestartPolicy): RestartPolicy {
  const { maxAttempts, backoffMs = 0 } = policy
  if (!Number.isInteger(maxAttempts) || maxAttempts < 0)
    throw new OptionError('OPTION_INVALID', {
      option: 'restart.maxAttempts',
      format: 'the query',
      value: String(maxAttempts),
      expected: 'a whole number, not below zero,',
    })
  if (!(backoffMs >= 0))
    throw new OptionError('OPTION_INVALID', {
      option: 'restart.backoffMs',
      format: 'the query',
      value: String(backoffMs),
      expected: 'milliseconds, not below zero,',
    })
  return policy
}

/** Milliseconds before attempt `n`, counted from 1. */
export const backoffBefore = (policy: RestartPolicy, n: number): number =>
  Math.min(MAX_BACKOFF_MS, (policy.backoffMs ?? 1000) * 2 ** (n - 1))

/** True when the error, or what caused it, carries `transient: true`: connectors set it, and user functions may. */
export function isTransient(error: unknown): boolean {
  for (let e = error, depth = 0; e !== null && typeof e === 'object' && depth < 10; depth++) {
    if ((e as { readonly transient?: unknown }).transient === true) return true
    e = (e as { readonly cause?: unknown }).cause
  }
  return false
}
