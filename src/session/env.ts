import type { Clock } from '../engine/clock.ts'
import type { ExprEnv } from '../expr/env.ts'
import type { EnvSpec } from '../planner/spec.ts'
import type { SessionFunctions } from './functions.ts'
import { zoneOf } from '../types/time-zone.ts'

/** Settings that change what a query means: written to its first offset row, in force at every restart. */
export const PINNED_KEYS = [
  'spark.sql.session.timeZone',
  'spark.sql.ansi.enabled',
  'spark.sql.caseSensitive',
  'spark.sql.mapKeyDedupPolicy',
  'spark.sql.timestampType',
  'spark.sql.streaming.multipleWatermarkPolicy',
] as const

/** The part of the settings that expressions depend on. An unknown time zone raises INVALID_TIMEZONE. */
export function envSpecOf(conf: (key: string) => string | undefined): EnvSpec {
  const timeZone = conf('spark.sql.session.timeZone') ?? 'UTC'
  zoneOf(timeZone)
  return {
    timeZone,
    ansi: conf('spark.sql.ansi.enabled')?.toLowerCase() !== 'false',
    caseSensitive: conf('spark.sql.caseSensitive')?.toLowerCase() === 'true',
    mapKeyDedupPolicy: conf('spark.sql.mapKeyDedupPolicy')?.toUpperCase() === 'LAST_WIN' ? 'LAST_WIN' : 'EXCEPTION',
  }
}

function kept<T extends object>(find: (key: string) => T | undefined): (key: string) => T | undefined {
  const found = new Map<string, T>()
  return (key) => {
    const known = found.get(key)
    if (known !== undefined) return known
    const value = find(key)
    if (value !== undefined) found.set(key, value)
    return value
  }
}

/** The environment of one query; the engine sets the batch time before each batch, bounded queries keep their start. */
export class QueryEnv implements ExprEnv {
  readonly timeZone: string
  readonly ansi: boolean
  readonly caseSensitive: boolean
  readonly mapKeyDedupPolicy: 'EXCEPTION' | 'LAST_WIN'
  readonly lookup: ExprEnv['lookup']
  readonly closure: ExprEnv['closure']
  #batchTimeUs: bigint

  /** `functions`: those of the user's that expressions may call. */
  constructor(spec: EnvSpec, clock: Clock, functions?: Pick<SessionFunctions, 'lookup' | 'find'>) {
    // What a query has once found it keeps: a function registered anew is for later queries.
    this.lookup = functions && kept(functions.lookup)
    this.closure = functions && kept(functions.find)
    this.timeZone = spec.timeZone
    this.ansi = spec.ansi
    this.caseSensitive = spec.caseSensitive
    this.mapKeyDedupPolicy = spec.mapKeyDedupPolicy
    this.#batchTimeUs = BigInt(clock.nowMs()) * 1000n
  }

  batchTimeUs(): bigint {
    return this.#batchTimeUs
  }

  setBatchTime(us: bigint): void {
    this.#batchTimeUs = us
  }
}
