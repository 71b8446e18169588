import type { Batch } from '../columns/batch.ts'
import type { Int64Vector } from '../columns/vector.ts'
import { panesOfTimes } from '../state/pane-of-time.ts'
import type { StateTable } from '../state/table.ts'
import type { TimeIndex } from '../state/time-index.ts'
import type { Schema } from '../types/data-type.ts'
import type { TimeColumn } from './config.ts'
import { timesOf } from './join-side.ts'
import { onTime } from './on-time.ts'
import type { OpContext, Operator } from './operator.ts'

/**
 * `time` is the event time column of the input. expiry 'time-key': the event time is one of the keys and the pane of
 * the table; 'within-watermark': value column 0 holds when a key is forgotten (`expiresAt`), `times` indexes it.
 */
export interface DedupConfig {
  readonly schema: Schema
  readonly keys: readonly number[]
  readonly time: TimeColumn | null
  readonly expiry: 'never' | 'time-key' | 'within-watermark'
  readonly delayUs: bigint
  readonly table: StateTable
  readonly times: TimeIndex | null
}

/**
 * dropDuplicates and dropDuplicatesWithinWatermark: lets the first row of each key through.
 *
 *   state   one row per key; with the event time among the keys until the watermark reaches it; within the watermark
 *           until the watermark reaches first event time + delay; else for ever
 *   late    rows at or before the late watermark are dropped and counted one by one
 *   output  the first row of each key, by selection
 *   ports   one
 */
export class Dedup implements Operator {
  readonly name = 'Dedup'
  readonly releases = true
  readonly schema: Schema
  readonly #config: DedupConfig

  constructor(config: DedupConfig) {
    this.schema = config.schema
    this.#config = config
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    const { keys, time, expiry, table } = this.#config
    const times = time === null ? null : timesOf(batch, time)
    if (times !== null) {
      batch = onTime(batch, times, ctx)
    }
    const n = batch.rowCount
    if (n === 0) return
    const slots = new Int32Array(n)
    const isNew = new Uint8Array(n)
    const panes = expiry === 'time-key' ? panesOfTimes(times!) : null
    table.upsert(
      keys.map((k) => batch.columns[k]!),
      batch,
      panes,
      slots,
      isNew,
    )
    const kept = new Int32Array(n)
    let k = 0
    for (let i = 0; i < n; i++) if (isNew[i] === 1) kept[k++] = batch.rowAt(i)
    if (expiry === 'within-watermark') this.#remember(batch, times!, slots, isNew)
    ctx.count('numRowsUpdated', k)
    ctx.count('numDroppedDuplicateRows', n - k)
    if (k === n) ctx.emit(batch)
    else if (k > 0) ctx.emit(batch.select(kept.slice(0, k)))
  }

  onTriggerEnd(ctx: OpContext): void {
    const { expiry, table, times } = this.#config
    let removed = 0
    if (expiry === 'time-key') {
      for (const pane of table.panesUpTo(ctx.watermarkUs)) removed += table.removePane(pane)
    } else if (expiry === 'within-watermark') {
      const due = times!.takeUpTo(ctx.watermarkUs)
      for (const slot of due) table.remove(slot)
      removed = due.length
    }
    if (removed > 0) ctx.count('numRowsRemoved', removed)
  }

  #remember(batch: Batch, times: Int64Vector, slots: Int32Array, isNew: Uint8Array): void {
    const { table, delayUs, times: index } = this.#config
    const fresh = new Int32Array(slots.length)
    let count = 0
    for (let i = 0; i < slots.length; i++) {
      if (isNew[i] === 0) continue
      const r = batch.rowAt(i)
      const at = times.isNull(r) ? 0n : times.values[r]!
      table.setValue(slots[i]!, 0, at + delayUs)
      fresh[count++] = slots[i]!
    }
    index!.push(fresh, count)
  }
}
