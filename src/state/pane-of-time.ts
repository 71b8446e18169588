import type { Int64Vector } from '../columns/vector.ts'

/** The pane of rows whose event time is NULL: no watermark passes it. */
export const NEVER_PANE = 2n ** 63n - 1n

/** Each row's pane by its event time in microseconds; NULL times give NEVER_PANE. The times themselves where none is NULL. */
export function panesOfTimes(times: Int64Vector): BigInt64Array {
  if (times.validity === null) return times.values
  const out = times.values.slice()
  for (let i = 0; i < out.length; i++) if (times.validity[i] === 0) out[i] = NEVER_PANE
  return out
}
