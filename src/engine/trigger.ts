import { OptionError } from '../errors/errors.ts'
import { parseDurationMs } from '../types/intervals.ts'

/** When micro-batches run. Made by `Trigger.*`. */
export type TriggerSpec =
  /** The next batch as soon as the last one ended. */
  | { readonly kind: 'default' }
  /** A batch at every multiple of the interval; one that ends late is followed at once; no data, no batch. */
  | { readonly kind: 'processingTime'; readonly intervalMs: number }
  /** All that is there, as one batch, then stop. */
  | { readonly kind: 'once' }
  /** All that is there, in batches as rate limits cut them, then a batch for the last watermark, then stop. */
  | { readonly kind: 'availableNow' }

/** The triggers of Spark, by their names. */
export const Trigger = {
  /** `ProcessingTime('10 seconds')` or milliseconds; 0 is the default trigger. */
  ProcessingTime(interval: string | number): TriggerSpec {
    const intervalMs = typeof interval === 'number' ? interval : parseDurationMs(interval)
    if (!(intervalMs >= 0))
      throw new OptionError(
        'INVALID_TRIGGER_INTERVAL',
        { interval: String(interval) },
        { hint: 'give a duration such as "10 seconds", not below zero' },
      )
    return intervalMs === 0 ? { kind: 'default' } : { kind: 'processingTime', intervalMs }
  },
  Once(): TriggerSpec {
    return { kind: 'once' }
  },
  AvailableNow(): TriggerSpec {
    return { kind: 'availableNow' }
  },
} as const

/** The output modes: those of Spark, by their names, and changelog, every change with its `_change_type`. */
export const OutputMode = {
  Append: () => 'append',
  Update: () => 'update',
  Complete: () => 'complete',
  Changelog: () => 'changelog',
} as const
