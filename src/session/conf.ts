import { parseDurationMs } from '../connectors/option-values.ts'
import { OUTPUT_MODES } from '../connectors/provider.ts'
import { OptionError } from '../errors/errors.ts'
import { findZone } from '../types/time-zone.ts'

/** Settings with a meaning of ours or Spark's, and their defaults. Other keys are kept and ignored. */
const DEFAULTS: Readonly<Record<string, string>> = {
  'spark.sql.session.timeZone': Intl.DateTimeFormat().resolvedOptions().timeZone,
  'spark.sql.ansi.enabled': 'true',
  'spark.sql.caseSensitive': 'false',
  'spark.sql.mapKeyDedupPolicy': 'EXCEPTION',
  'spark.sql.timestampType': 'TIMESTAMP_LTZ',
  'spark.sql.streaming.multipleWatermarkPolicy': 'min',
  'spark.sql.streaming.noDataMicroBatches.enabled': 'true',
  'spark.sql.streaming.minBatchesToRetain': '100',
  'spark.sql.streaming.numRecentProgressUpdates': '100',
  'spark.sql.streaming.stopActiveRunOnRestart': 'true',
  'spark.sql.streaming.stopTimeout': '0',
  'spark.sql.streaming.statefulOperator.allowMultiple': 'true',
  'millrace.extensions': 'true',
  'millrace.runMode': 'auto',
  'millrace.shell.outputMode': 'auto',
  'millrace.lateFilter': 'previous',
  'millrace.flush': 'never',
  'millrace.checkpoint.allowSinkChange': 'false',
  'millrace.durability': 'power',
  'millrace.lockTimeoutMs': '0',
}

/** Values of settings that are one of a few words. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'spark.sql.ansi.enabled': ['true', 'false'],
  'spark.sql.caseSensitive': ['true', 'false'],
  'spark.sql.mapKeyDedupPolicy': ['EXCEPTION', 'LAST_WIN'],
  'spark.sql.timestampType': ['TIMESTAMP_LTZ', 'TIMESTAMP_NTZ'],
  'spark.sql.streaming.multipleWatermarkPolicy': ['min', 'max'],
  'spark.sql.streaming.noDataMicroBatches.enabled': ['true', 'false'],
  'spark.sql.streaming.stopActiveRunOnRestart': ['true', 'false'],
  'millrace.checkpoint.allowSinkChange': ['true', 'false'],
  'millrace.extensions': ['true', 'false'],
  'millrace.runMode': ['auto', 'batch', 'stream'],
  'millrace.shell.outputMode': ['auto', ...OUTPUT_MODES],
  'millrace.lateFilter': ['previous', 'batch'],
  'millrace.flush': ['never', 'onIdle'],
  'millrace.durability': ['power', 'process'],
}

/** Settings that are whole numbers, and the least each may be. */
const LEAST: Readonly<Record<string, number>> = {
  'spark.sql.streaming.minBatchesToRetain': 1,
  'spark.sql.streaming.numRecentProgressUpdates': 0,
  'millrace.lockTimeoutMs': 0,
  'millrace.checkpoint.maxPages': 1,
}

/** Settings that are durations. */
const DURATIONS: ReadonlySet<string> = new Set(['millrace.idleTimeout'])

/** `session.conf`: settings by key, as text. */
export class RuntimeConfig {
  readonly #set = new Map<string, string>()
  readonly #initial: Readonly<Record<string, string>>

  constructor(initial: Readonly<Record<string, string | number | boolean>> = {}) {
    for (const [k, v] of Object.entries(initial)) this.set(k, v)
    this.#initial = Object.fromEntries(this.#set)
  }

  /** Sets a key. A value that the key does not take raises INVALID_CONF_VALUE. */
  set(key: string, value: string | number | boolean): void {
    const text = String(value)
    if (key === 'spark.sql.session.timeZone' && findZone(text) === null)
      throw new OptionError(
        'INVALID_CONF_VALUE.TIME_ZONE',
        { key, value: text },
        { hint: 'a region such as Europe/Paris, UTC, or an offset such as +02:00' },
      )
    const least = LEAST[key]
    if (least !== undefined && !(/^\d{1,15}$/.test(text) && Number(text) >= least))
      throw new OptionError('INVALID_CONF_VALUE.REQUIREMENT', {
        key,
        value: text,
        requirement: `a whole number from ${least}`,
      })
    if (DURATIONS.has(key) && parseDurationMs(text) === null)
      throw new OptionError('INVALID_CONF_VALUE.REQUIREMENT', {
        key,
        value: text,
        requirement: 'a duration such as 30s or 5m',
      })
    const allowed = ALLOWED[key]
    if (allowed && !allowed.some((a) => a.toLowerCase() === text.toLowerCase()))
      throw new OptionError('INVALID_CONF_VALUE.REQUIREMENT', {
        key,
        value: text,
        requirement: `one of ${allowed.join(', ')}`,
      })
    this.#set.set(key, text)
  }
  /** The value, the default of a known key, or `fallback`; undefined when there is none. */
  get(key: string, fallback?: string): string | undefined {
    return this.#set.get(key) ?? fallback ?? DEFAULTS[key]
  }
  /** True when the value of a boolean key is true. */
  flag(key: string): boolean {
    return this.get(key)?.toLowerCase() === 'true'
  }
  /** A whole number; the default where the value is not one. */
  number(key: string): number {
    const n = Number(this.get(key))
    return Number.isFinite(n) ? n : Number(DEFAULTS[key])
  }
  /** A duration in milliseconds; null where it is not set. */
  duration(key: string): number | null {
    const text = this.get(key)
    return text === undefined ? null : parseDurationMs(text)
  }
  /** RESET: a key, or every key, is again what the session was made with. */
  reset(key?: string): void {
    for (const k of key === undefined ? [...this.#set.keys(), ...Object.keys(this.#initial)] : [key]) {
      const initial = this.#initial[k]
      if (initial === undefined) this.#set.delete(k)
      else this.#set.set(k, initial)
    }
  }
  unset(key: string): void {
    this.#set.delete(key)
  }
  /** Every key with a value, defaults included. */
  getAll(): Readonly<Record<string, string>> {
    return { ...DEFAULTS, ...Object.fromEntries(this.#set) }
  }
}
