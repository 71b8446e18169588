import { Batch, MAX_BATCH_ROWS } from '../columns/batch.ts'
import { allNull } from '../columns/all-null.ts'
import type { Schema } from '../types/data-type.ts'
import type { JoinSide } from './join-side.ts'
import { timesOf } from './join-side.ts'
import { onTime } from './on-time.ts'
import type { OpContext, Operator } from './operator.ts'

/** Selects the rows of a batch for which a condition is TRUE. */
export type RowFilter = (batch: Batch) => Int32Array | null

export interface StreamJoinConfig {
  readonly schema: Schema
  readonly type: 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti'
  /**
   * Port of a side that is a bounded table: all its rows come before the first trigger of the query's life, and are state
   * from then on. Rows of the other side meet them and need not be kept. null: both are streams.
   */
  readonly bounded: 0 | 1 | null
  readonly left: JoinSide
  readonly right: JoinSide
  /** Over left then right columns. */
  readonly residual: RowFilter | null
  /** Conditions on one side alone, by port. */
  readonly only: readonly [RowFilter | null, RowFilter | null]
}

/** A batch being joined: each row meets the chain of the other side's rows with its key. */
interface Probe {
  readonly batch: Batch
  readonly port: 0 | 1
  readonly chains: Int32Array
  readonly matched: Uint8Array
  /** Rows of the other side that are done with. */
  readonly done: number[]
  row: number
  link: number
}

/**
 * Join of two streams: each row meets the rows of the other side that came before it, and is kept for those that
 * come later. One side may be a bounded table whose rows the join keeps (`bounded`).
 *
 *   state   every row of both sides, until the condition rules out that a later row can match it; in an anti or semi
 *           join left rows go when they match. With a bounded side only its rows
 *   late    with a time bound: rows whose event time is at or before the late watermark, counted one by one
 *   output  joined rows as found; rows of an outer side without a match, with NULLs, when they are released. A left
 *           semi join gives each left row once; an anti join those without a match, when they are released
 *   ports   0 left, 1 right; results leave through `drain`
 */
export class StreamJoin implements Operator {
  readonly name = 'StreamJoin'
  readonly releases = true
  readonly schema: Schema
  readonly #config: StreamJoinConfig
  readonly #pairSchema: Schema
  #probe: Probe | null = null
  /** Scratch of `#pairs`: physical rows, slots of the other side, and which row of the batch each pair is of. */
  readonly #mine = new Int32Array(MAX_BATCH_ROWS)
  readonly #theirs = new Int32Array(MAX_BATCH_ROWS)
  readonly #from = new Int32Array(MAX_BATCH_ROWS)
  /** Rows to give out with NULLs for the other side, by port. */
  #unmatched: { readonly port: 0 | 1; readonly slots: Int32Array; at: number }[] = []
  #expired: { readonly side: JoinSide; readonly slots: Int32Array }[] = []
  #firstRow: readonly [bigint, bigint] | null = null

  constructor(config: StreamJoinConfig) {
    this.schema = config.schema
    this.#config = config
    this.#pairSchema = { fields: [...config.left.config.schema.fields, ...config.right.config.schema.fields] }
  }

  /** What is emitted is as old as the oldest row still kept. */
  outputWatermarkUs(inputUs: bigint): bigint {
    const { left, right, type, bounded } = this.#config
    if (bounded !== null) return inputUs
    let lowest = inputUs
    for (const { release } of type === 'semi' || type === 'anti' ? [left.config] : [left.config, right.config]) {
      if (release === null || release.exact) continue
      const own = inputUs - BigInt(release.afterUs)
      if (own < lowest) lowest = own
    }
    return lowest < 0n ? 0n : lowest
  }

  heldUntilUs(): bigint | null {
    const { left, right } = this.#config
    let last: bigint | null = null
    for (const [port, side] of [
      [0, left],
      [1, right],
    ] as const) {
      const own = this.#keepsUnmatched(port) ? side.unmatchedUntilUs() : null
      if (own !== null && (last === null || own > last)) last = own
    }
    return last
  }

  onBatch(given: Batch, ctx: OpContext, port: number): void {
    const { left, right, bounded } = this.#config
    if (port === bounded) return this.#load(given, bounded)
    this.#firstRow ??= [left.nextRow, right.nextRow]
    const [own, other] = port === 0 ? [left, right] : [right, left]
    let batch = given
    const { late, keys } = own.config
    if (late !== null) {
      const times = timesOf(batch, late)
      batch = onTime(batch, times, ctx)
    }
    const only = this.#config.only[port as 0 | 1]
    if (only !== null) batch = this.#keepOnly(batch, only, port as 0 | 1, ctx)
    if (batch.rowCount === 0) return
    const chains = other.chains(
      keys.map((k) => batch.columns[k]!),
      batch,
    )
    this.#probe = {
      batch,
      port: port as 0 | 1,
      chains,
      matched: new Uint8Array(batch.rowCount),
      done: [],
      row: 0,
      link: chains[0]!,
    }
  }

  onTriggerEnd(ctx: OpContext): void {
    const { left, right } = this.#config
    for (const [port, side] of [
      [0, left],
      [1, right],
    ] as const) {
      const slots = side.expired(ctx.watermarkUs)
      if (slots.length === 0) continue
      this.#expired.push({ side, slots })
      if (this.#keepsUnmatched(port))
        this.#unmatched.push({ port, slots: slots.filter((s) => !side.isMatched(s)), at: 0 })
    }
  }

  drain(ctx: OpContext, maxRows: number): boolean {
    const cap = Math.min(maxRows, MAX_BATCH_ROWS)
    const probe = this.#probe
    if (probe !== null) {
      this.#pairs(probe, cap, ctx)
      if (probe.row < probe.batch.rowCount) return true
      this.#buffer(probe, ctx)
      this.#probe = null
      return false
    }
    const pending = this.#unmatched[0]
    if (pending !== undefined) {
      const slots = pending.slots.subarray(pending.at, pending.at + cap)
      const side = pending.port === 0 ? this.#config.left : this.#config.right
      if (slots.length > 0) this.#emitUnmatched(side.batch(slots), pending.port, ctx)
      pending.at += slots.length
      if (pending.at >= pending.slots.length) this.#unmatched.shift()
      return true
    }
    this.#release(ctx)
    return false
  }

  #keepsUnmatched(port: 0 | 1): boolean {
    const { type } = this.#config
    return type === 'full' || ((type === 'left' || type === 'anti') && port === 0) || (type === 'right' && port === 1)
  }

  /** Left rows are gone with their first match. */
  get #dropsMatched(): boolean {
    const { type } = this.#config
    return type === 'anti' || type === 'semi'
  }

  /** Keeps the rows of the bounded side; one that fails a condition on its own side can match nothing. */
  #load(batch: Batch, port: 0 | 1): void {
    const only = this.#config.only[port]
    const passing = only === null ? null : only(batch)
    const passes = new Uint8Array(batch.length)
    if (passing === null) passes.fill(1)
    else for (const r of passing) passes[r] = 1
    const rows: number[] = []
    for (let i = 0; i < batch.rowCount; i++) {
      const r = batch.rowAt(i)
      if (passes[r] === 1 || this.#keepsUnmatched(port)) rows.push(r)
    }
    if (rows.length === 0) return
    const settled = Uint8Array.from(rows, (r) => 1 - passes[r]!)
    const side = port === 0 ? this.#config.left : this.#config.right
    side.add(batch, Int32Array.from(rows), new Uint8Array(rows.length), settled)
  }

  /** Rows that fail a condition on their own side match nothing: an outer join gives them out at once. */
  #keepOnly(batch: Batch, only: RowFilter, port: 0 | 1, ctx: OpContext): Batch {
    const rows = only(batch)
    if (rows === null) return batch
    if (this.#keepsUnmatched(port) && rows.length < batch.rowCount) {
      const passes = new Uint8Array(batch.length)
      for (const r of rows) passes[r] = 1
      const failed: number[] = []
      for (let i = 0; i < batch.rowCount; i++) if (passes[batch.rowAt(i)] === 0) failed.push(batch.rowAt(i))
      this.#emitUnmatched(batch.select(Int32Array.from(failed)).dense(), port, ctx)
    }
    return batch.select(rows)
  }

  #pairs(probe: Probe, cap: number, ctx: OpContext): void {
    const { batch, port, chains, matched } = probe
    const { left, right, type, residual } = this.#config
    const other = port === 0 ? right : left
    const [mine, theirs, from] = [this.#mine, this.#theirs, this.#from]
    const total = batch.rowCount
    let n = 0
    while (probe.row < total && n < cap) {
      const physical = batch.rowAt(probe.row)
      let link = probe.link
      for (; link >= 0 && n < cap; link = other.next(link)) {
        // A left row of a semi join is given out once, one of an anti join needs one match.
        if ((type === 'semi' || type === 'anti') && port === 1 && other.isMatched(link)) continue
        mine[n] = physical
        theirs[n] = link
        from[n] = probe.row
        n++
      }
      probe.link = link
      if (link < 0) {
        probe.row++
        if (probe.row < total) probe.link = chains[probe.row]!
      }
    }
    if (n === 0) return
    const ownRows = mine.subarray(0, n)
    const slots = theirs.subarray(0, n)
    const own = batch.columns.map((c) => c.take(ownRows))
    const found = other.batch(slots).columns
    const pairs = new Batch(this.#pairSchema, port === 0 ? [...own, ...found] : [...found, ...own], n)
    const keep = residual === null ? null : residual(pairs)
    const count = keep === null ? n : keep.length
    const semi: number[] = []
    for (let i = 0; i < count; i++) {
      const p = keep === null ? i : keep[i]!
      const row = from[p]!
      const slot = slots[p]!
      if (type === 'semi') {
        const first = port === 0 ? matched[row] === 0 : !other.isMatched(slot)
        if (first) semi.push(p)
      }
      matched[row] = 1
      if (!this.#keepsUnmatched(port === 0 ? 1 : 0) && (type !== 'semi' || port === 0)) continue
      if (this.#dropsMatched && !other.isMatched(slot)) probe.done.push(slot)
      other.setMatched(slot)
    }
    if (type === 'anti') return
    if (type === 'semi') {
      if (semi.length === 0) return
      const width = left.config.schema.fields.length
      const out = new Batch(this.schema, pairs.columns.slice(0, width), n, Int32Array.from(semi))
      ctx.emit(out)
    } else if (count > 0) ctx.emit(pairs.rename(this.schema).select(keep))
  }

  /** Keeps the rows of a joined batch for the rows to come. */
  #buffer(probe: Probe, ctx: OpContext): void {
    const { batch, port, matched, done } = probe
    const { left, right, type, bounded } = this.#config
    const [own, other] = port === 0 ? [left, right] : [right, left]
    if (done.length > 0) {
      other.remove(Int32Array.from(done))
      ctx.count('numRowsRemoved', done.length)
    }
    if (bounded !== null) {
      // All that could match has been there.
      if (!this.#keepsUnmatched(port)) return
      const alone = Int32Array.from({ length: batch.rowCount }, (_, i) => i).filter((i) => matched[i] === 0)
      this.#emitUnmatched(batch.select(alone.map((i) => batch.rowAt(i))).dense(), port, ctx)
      return
    }
    const rows: number[] = []
    const flags: number[] = []
    for (let i = 0; i < batch.rowCount; i++) {
      if ((type === 'semi' || type === 'anti') && port === 0 && matched[i] === 1) continue
      rows.push(batch.rowAt(i))
      flags.push(matched[i]!)
    }
    if (rows.length === 0) return
    own.add(batch, Int32Array.from(rows), Uint8Array.from(flags))
    ctx.count('numRowsUpdated', rows.length)
  }

  #emitUnmatched(rows: Batch, port: 0 | 1, ctx: OpContext): void {
    if (rows.length === 0) return
    const { left, right, type } = this.#config
    if (type === 'anti') return ctx.emit(rows.rename(this.schema))
    const other = (port === 0 ? right : left).config.schema
    const nulls = other.fields.map((f) => allNull(f.type, rows.length))
    ctx.emit(
      new Batch(this.schema, port === 0 ? [...rows.columns, ...nulls] : [...nulls, ...rows.columns], rows.length),
    )
  }

  #release(ctx: OpContext): void {
    const { left, right } = this.#config
    const first = this.#firstRow ?? [left.nextRow, right.nextRow]
    for (const { side, slots } of this.#expired) {
      // Rows that came and went within the trigger were never state, as the recorded engine counts.
      const passing = side.countSince(slots, first[side === left ? 0 : 1])
      ctx.count('numRowsUpdated', -passing)
      ctx.count('numRowsRemoved', slots.length - passing)
      side.remove(slots)
    }
    this.#expired = []
    this.#firstRow = null
  }
}
