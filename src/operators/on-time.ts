import type { Batch } from '../columns/batch.ts'
import { splitAtLimit } from '../columns/int64.ts'
import type { Int64Vector } from '../columns/vector.ts'
import type { OpContext } from './operator.ts'

/**
 * The rows of a batch whose time, `times` by physical row, lies above the late watermark. The others are counted one by
 * one, and given to those who read late rows.
 */
export function onTime(batch: Batch, times: Int64Vector, ctx: OpContext): Batch {
  const { above, atOrBelow } = splitAtLimit(times, batch, ctx.lateUs)
  if (above === null) return batch
  ctx.count('numRowsDroppedByWatermark', atOrBelow.length)
  ctx.late?.(batch.select(atOrBelow), times, 0n)
  return batch.select(above)
}
