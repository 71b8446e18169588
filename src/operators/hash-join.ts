import { Batch, MAX_BATCH_ROWS } from '../columns/batch.ts'
import { vectorOf } from '../columns/builder.ts'
import { concatVectors } from '../columns/concat.ts'
import type { Vector } from '../columns/vector.ts'
import type { StateTable } from '../state/table.ts'
import type { Field, Schema } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

/** `residual` selects, of a batch of joined rows (left then right columns), those that satisfy the rest of the condition. */
export interface JoinConfig {
  readonly schema: Schema
  readonly left: Schema
  readonly right: Schema
  readonly type: 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti' | 'cross'
  readonly leftKeys: readonly number[]
  readonly rightKeys: readonly number[]
  readonly nullSafe: readonly boolean[]
  /** An anti join by one key gives a row only where no row of the other side is equal or may be, for a NULL. */
  readonly nullAware: boolean
  readonly residual: ((batch: Batch) => Int32Array | null) | null
  /** Keyed by the right keys, without values; empty. */
  readonly table: StateTable
}

/** The build side: all right rows, and for each key slot the chain of its rows. */
interface Built {
  readonly columns: readonly Vector[]
  readonly count: number
  readonly head: Int32Array
  readonly next: Int32Array
  readonly matched: Uint8Array
  /** Some row has a NULL key that matches nothing. */
  readonly holed: boolean
}

/**
 * Join of a probe side (port 0) with a build side (port 1) that is complete before the first probe row: a batch
 * table, or the static side of a stream.
 *
 *   state   none in the checkpoint: the build side is read again at start, or when it is due
 *   late    not judged
 *   output  joined rows as they are found; right and full give unmatched build rows at the end
 *   ports   0 probe, 1 build; results leave through `drain`
 *
 * Without keys every build row is tried (cross and non-equi joins).
 */
export class HashJoin implements Operator {
  readonly name = 'HashJoin'
  readonly releases = [true, false]
  readonly schema: Schema
  readonly #config: JoinConfig
  readonly #pairSchema: Schema
  #buildBatches: Batch[] = []
  #built: Built | null = null
  #probe: Batch | null = null
  /** Candidate pairs of one call: physical probe row, build row, and which of the probe rows that is. */
  readonly #scratch = {
    left: new Int32Array(MAX_BATCH_ROWS),
    right: new Int32Array(MAX_BATCH_ROWS),
    from: new Int32Array(MAX_BATCH_ROWS),
  }
  #slots = new Int32Array(0)
  #leftMatched = new Uint8Array(0)
  /** Next probe row, and within its chain the build row to go on with (-2: not begun). */
  #row = 0
  #link = -2
  #unmatchedAt = -1

  constructor(config: JoinConfig) {
    this.schema = config.schema
    this.#config = config
    this.#pairSchema = { fields: [...config.left.fields, ...config.right.fields] }
  }

  onBatch(batch: Batch, _ctx: OpContext, port: number): void {
    if (port === 1) {
      this.#buildBatches.push(batch.dense())
      return
    }
    const built = this.#build()
    this.#probe = batch
    this.#row = 0
    this.#link = -2
    this.#leftMatched = new Uint8Array(batch.rowCount)
    if (this.#config.leftKeys.length > 0 && built.count > 0) {
      this.#slots = new Int32Array(batch.rowCount)
      this.#config.table.find(
        this.#config.leftKeys.map((k) => batch.columns[k]!),
        batch,
        null,
        this.#slots,
      )
      this.#dropNullKeys(batch, this.#config.leftKeys, this.#slots)
    }
  }

  forget(): void {
    const { table } = this.#config
    for (const slot of table.slots()) table.remove(slot)
    // The table is not in the checkpoint: its log is dropped, so that freed slots are used again.
    table.takeChangeLog()
    this.#buildBatches = []
    this.#built = null
  }

  onTriggerEnd(_ctx: OpContext): void {
    if (this.#config.type === 'right' || this.#config.type === 'full') {
      this.#build()
      this.#unmatchedAt = 0
    }
  }

  drain(ctx: OpContext, maxRows: number): boolean {
    const cap = Math.min(maxRows, MAX_BATCH_ROWS)
    if (this.#probe !== null) {
      this.#pairs(this.#probe, cap, ctx)
      if (this.#row < this.#probe.rowCount) return true
      this.#finishProbe(this.#probe, ctx)
      this.#probe = null
      return false
    }
    if (this.#unmatchedAt < 0) return false
    const { matched, count, columns } = this.#build()
    const rows: number[] = []
    let at = this.#unmatchedAt
    for (; at < count && rows.length < cap; at++) if (matched[at] === 0) rows.push(at)
    if (rows.length > 0) {
      const chosen = Int32Array.from(rows)
      ctx.emit(
        new Batch(
          this.schema,
          [...nulls(this.#config.left.fields, rows.length), ...columns.map((c) => c.take(chosen))],
          rows.length,
        ),
      )
    }
    this.#unmatchedAt = at < count ? at : -1
    return at < count
  }

  #build(): Built {
    if (this.#built !== null) return this.#built
    const { right, rightKeys, table } = this.#config
    const parts = this.#buildBatches
    const count = parts.reduce((n, b) => n + b.length, 0)
    const columns = right.fields.map((f, c) =>
      parts.length === 0
        ? vectorOf(f.type, [])
        : concatVectors(
            f.type,
            parts.map((p) => p.columns[c]!),
          ),
    )
    const slots = new Int32Array(count)
    const all = new Batch(right, columns, count)
    if (rightKeys.length > 0 && count > 0) {
      table.upsert(
        rightKeys.map((k) => columns[k]!),
        all,
        null,
        slots,
        null,
      )
      this.#dropNullKeys(all, rightKeys, slots)
    }
    const head = new Int32Array(slots.reduce((most, s) => Math.max(most, s + 1), 1)).fill(-1)
    const next = new Int32Array(count).fill(-1)
    // Backwards, so that a chain runs in the order of the rows.
    for (let r = count - 1; r >= 0; r--) {
      const s = slots[r]!
      if (s < 0) continue
      next[r] = head[s]!
      head[s] = r
    }
    this.#buildBatches = []
    return (this.#built = { columns, count, head, next, matched: new Uint8Array(count), holed: slots.includes(-1) })
  }

  /** A NULL key matches nothing, unless it is compared by `<=>`. */
  #dropNullKeys(batch: Batch, keys: readonly number[], slots: Int32Array): void {
    keys.forEach((k, i) => {
      const column = batch.columns[k]!
      if (this.#config.nullSafe[i] === true || column.validity === null) return
      for (let row = 0; row < slots.length; row++) if (column.isNull(batch.rowAt(row))) slots[row] = -1
    })
  }

  /** Collects up to `cap` candidate pairs from where the last call stopped, applies the residual, emits what is joined. */
  #pairs(probe: Batch, cap: number, ctx: OpContext): void {
    const built = this.#build()
    const { type, residual, leftKeys } = this.#config
    const total = probe.rowCount
    if (built.count === 0) {
      this.#row = total
      return
    }
    const keyed = leftKeys.length > 0
    const { left, right, from } = this.#scratch
    // Semi and anti joins without a residual need one match a row only.
    const once = (type === 'semi' || type === 'anti') && residual === null
    let n = 0
    let row = this.#row
    let link = this.#link
    while (row < total && n < cap) {
      if (link === -2) link = keyed ? (this.#slots[row]! < 0 ? -1 : built.head[this.#slots[row]!]!) : built.head[0]!
      const physical = probe.rowAt(row)
      while (link >= 0 && n < cap) {
        left[n] = physical
        right[n] = link
        from[n] = row
        n++
        link = once ? -1 : built.next[link]!
      }
      if (link < 0) {
        row++
        link = -2
      }
    }
    this.#row = row
    this.#link = link
    if (n === 0) return
    const leftRows = left.subarray(0, n)
    const rightRows = right.subarray(0, n)
    const needsColumns = residual !== null || (type !== 'semi' && type !== 'anti')
    let keep: Int32Array | null = null
    let pairs: Batch | null = null
    if (needsColumns) {
      pairs = new Batch(
        this.#pairSchema,
        [...probe.columns.map((c) => c.take(leftRows)), ...built.columns.map((c) => c.take(rightRows))],
        n,
        null,
        probe.weightsOf(leftRows),
      )
      if (residual !== null) keep = residual(pairs)
    }
    const count = keep === null ? n : keep.length
    for (let i = 0; i < count; i++) {
      const p = keep === null ? i : keep[i]!
      this.#leftMatched[from[p]!] = 1
      built.matched[rightRows[p]!] = 1
    }
    if (type === 'semi' || type === 'anti' || count === 0) return
    ctx.emit(pairs!.rename(this.schema).select(keep))
  }

  /** Of NOT IN: whether a NULL, there or here, may be the equal value. */
  #mayMatch(probe: Batch, row: number): boolean {
    const { nullAware, leftKeys } = this.#config
    if (!nullAware || this.#build().count === 0) return false
    return this.#build().holed || probe.columns[leftKeys[0]!]!.isNull(probe.rowAt(row))
  }

  #finishProbe(probe: Batch, ctx: OpContext): void {
    const { type, right } = this.#config
    if (type === 'inner' || type === 'cross' || type === 'right') return
    const wanted = type === 'semi' ? 1 : 0
    const n = probe.rowCount
    const rows = new Int32Array(n)
    let k = 0
    for (let i = 0; i < n; i++)
      if (this.#leftMatched[i] === wanted && !this.#mayMatch(probe, i)) rows[k++] = probe.rowAt(i)
    if (k === 0) return
    const chosen = rows.slice(0, k)
    if (type === 'semi' || type === 'anti') return ctx.emit(probe.rename(this.schema).select(chosen))
    const columns = [...probe.columns.map((c) => c.take(chosen)), ...nulls(right.fields, k)]
    ctx.emit(new Batch(this.schema, columns, k, null, probe.weightsOf(chosen)))
  }
}

function nulls(fields: readonly Field[], n: number): Vector[] {
  return fields.map((f) => vectorOf(f.type, new Array<null>(n).fill(null)))
}
