import type { TriggerSpec } from '../engine/trigger.ts'

/**
 * The trigger of a query under `millrace.runMode`: `batch` takes what is there and ends, `stream` goes on where the query
 * would end, `auto` leaves it as written.
 */
export function triggerIn(mode: string | undefined, trigger: TriggerSpec): TriggerSpec {
  const ends = trigger.kind === 'once' || trigger.kind === 'availableNow'
  switch (mode?.toLowerCase()) {
    case 'batch':
      return ends ? trigger : { kind: 'availableNow' }
    case 'stream':
      return ends ? { kind: 'default' } : trigger
    default:
      return trigger
  }
}
