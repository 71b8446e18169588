import { Batch } from '../columns/batch.ts'
import { asShape, Int64Vector, type Vector } from '../columns/vector.ts'
import { TimeIndex } from '../state/time-index.ts'
import type { StateTable } from '../state/table.ts'
import { BIGINT, type Schema } from '../types/data-type.ts'
import type { ReleaseRule, TimeColumn } from './config.ts'

export interface JoinSideConfig {
  readonly schema: Schema
  readonly keys: readonly number[]
  readonly nullSafe: readonly boolean[]
  readonly late: TimeColumn | null
  readonly release: ReleaseRule | null
  /** Buffered rows: key `row` BIGINT; values are the columns, then `matched`, then `expiresAt` in microseconds. */
  readonly rows: StateTable
  /** Keyed by the join keys, without values, empty: made from `rows` at start. */
  readonly index: StateTable
}

/** The times of a column, by physical row: the value itself, or the end of a window. */
export function timesOf(batch: Batch, at: TimeColumn): Int64Vector {
  const column = batch.columns[at.column]!
  if (at.kind === 'time') return asShape(column, 'i64')
  const window = asShape(column, 'struct')
  const end = asShape(window.children[1]!, 'i64')
  return window.validity === null ? end : new Int64Vector(end.type, end.values, window.validity, end.length)
}

/** The buffered rows of one side of a stream join, found by key and by when they expire. */
export class JoinSide {
  readonly config: JoinSideConfig
  readonly #times: TimeIndex | null
  readonly #matchedAt: number
  readonly #expiresAt: number
  /** Chains of buffered rows by slot of `rows`; -1 ends a chain. `#keyOf` is the slot of the key in `index`, -1 for none. */
  #head = new Int32Array(16).fill(-1)
  #next = new Int32Array(16)
  #previous = new Int32Array(16)
  #keyOf = new Int32Array(16)
  #nextRow = 0n

  constructor(config: JoinSideConfig) {
    this.config = config
    this.#matchedAt = config.schema.fields.length
    this.#expiresAt = this.#matchedAt + 1
    const { rows } = config
    const held = rows.slots()
    if (held.length > 0) {
      const ids = asShape(rows.keyVector(0, held), 'i64')
      for (let i = 0; i < held.length; i++) if (ids.values[i]! >= this.#nextRow) this.#nextRow = ids.values[i]! + 1n
      const batch = this.batch(held)
      this.#link(
        batch,
        Int32Array.from({ length: held.length }, (_, i) => i),
        held,
        held.length,
        null,
      )
    }
    this.#times = config.release === null ? null : new TimeIndex(rows, this.#expiresAt)
  }

  /** Rows of this side by slot, as a batch of its schema. */
  batch(slots: Int32Array): Batch {
    const { schema, rows } = this.config
    return new Batch(
      schema,
      schema.fields.map((_, c) => rows.valueVector(c, slots)),
      slots.length,
    )
  }

  /** First buffered row for each row of the other side that counts; -1 for none. */
  chains(keys: readonly Vector[], batch: Batch): Int32Array {
    const found = new Int32Array(batch.rowCount)
    if (this.config.index.size === 0) return found.fill(-1)
    this.config.index.find(keys, batch, null, found)
    dropNullKeys(keys, this.config.nullSafe, batch, found)
    for (let i = 0; i < found.length; i++) if (found[i]! >= 0) found[i] = this.#head[found[i]!]!
    return found
  }

  next(slot: number): number {
    return this.#next[slot]!
  }

  isMatched(slot: number): boolean {
    return (this.config.rows.columns[this.#matchedAt]!.values as Uint8Array)[slot] === 1
  }

  setMatched(slot: number): void {
    if (!this.isMatched(slot)) this.config.rows.setValue(slot, this.#matchedAt, true)
  }

  /**
   * Buffers rows `at` (physical) of a batch; `matched[i]` says whether the i-th has matched already, `settled[i]` that it
   * can match nothing and goes at the end of the trigger.
   */
  add(batch: Batch, at: Int32Array, matched: Uint8Array, settled: Uint8Array | null = null): Int32Array {
    const { rows, release } = this.config
    const n = at.length
    const ids = new BigInt64Array(n)
    for (let i = 0; i < n; i++) ids[i] = this.#nextRow++
    const slots = new Int32Array(n)
    rows.append([new Int64Vector(BIGINT, ids, null)], n, slots)
    batch.columns.forEach((column, c) => rows.columns[c]!.load(column, at, slots, n))
    const flags = rows.columns[this.#matchedAt]!
    for (let i = 0; i < n; i++) {
      ;(flags.values as Uint8Array)[slots[i]!] = matched[i]!
      flags.validity[slots[i]!] = 1
    }
    if (release !== null) {
      const times = timesOf(batch, release.time)
      const expires = rows.columns[this.#expiresAt]!
      const after = BigInt(release.afterUs)
      for (let i = 0; i < n; i++) {
        const timed = settled?.[i] !== 1 && !times.isNull(at[i]!)
        ;(expires.values as BigInt64Array)[slots[i]!] = timed ? times.values[at[i]!]! + after : 0n
        expires.validity[slots[i]!] = timed || settled?.[i] === 1 || release.nulls === 'final' ? 1 : 0
      }
      this.#times!.push(slots, n)
    }
    this.#link(batch, at, slots, n, settled)
    return slots
  }

  /** When the last of the rows without a match will be released; null when none will. */
  unmatchedUntilUs(): bigint | null {
    const { rows } = this.config
    let last: bigint | null = null
    for (const slot of rows.slots()) {
      const at = this.isMatched(slot) ? null : (rows.getValue(slot, this.#expiresAt) as bigint | null)
      if (at !== null && (last === null || at > last)) last = at
    }
    return last
  }

  /** Slots of the rows whose time has come; they are still readable until `remove`. */
  expired(watermarkUs: bigint): Int32Array {
    return this.#times === null ? new Int32Array(0) : this.#times.takeUpTo(watermarkUs)
  }

  /** How many of the slots were added since row number `from`. */
  countSince(slots: Int32Array, from: bigint): number {
    const ids = asShape(this.config.rows.keyVector(0, slots), 'i64').values
    let count = 0
    for (let i = 0; i < ids.length; i++) if (ids[i]! >= from) count++
    return count
  }

  /** Number of the next row to be buffered. */
  get nextRow(): bigint {
    return this.#nextRow
  }

  remove(slots: Int32Array): void {
    const { rows, index } = this.config
    for (const slot of slots) {
      const key = this.#keyOf[slot]!
      if (key >= 0) {
        const [before, after] = [this.#previous[slot]!, this.#next[slot]!]
        if (after >= 0) this.#previous[after] = before
        if (before >= 0) this.#next[before] = after
        else {
          this.#head[key] = after
          if (after < 0) index.remove(key)
        }
      }
      rows.remove(slot)
    }
    index.forgetChanges()
  }

  #link(batch: Batch, at: Int32Array, slots: Int32Array, count: number, settled: Uint8Array | null): void {
    const { index, keys, nullSafe } = this.config
    const picked = batch.select(at.subarray(0, count))
    const vectors = keys.map((k) => batch.columns[k]!)
    const keySlots = new Int32Array(count)
    const isNew = new Uint8Array(count)
    index.upsert(vectors, picked, null, keySlots, isNew)
    for (let i = 0; i < count; i++) {
      this.#reserve(Math.max(keySlots[i]!, slots[i]!))
      if (isNew[i] === 1) this.#head[keySlots[i]!] = -1
    }
    dropNullKeys(vectors, nullSafe, picked, keySlots)
    for (let i = 0; i < count; i++) {
      const [key, slot] = [settled?.[i] === 1 ? -1 : keySlots[i]!, slots[i]!]
      this.#keyOf[slot] = key
      if (key < 0) continue
      const first = this.#head[key]!
      this.#next[slot] = first
      this.#previous[slot] = -1
      if (first >= 0) this.#previous[first] = slot
      this.#head[key] = slot
    }
  }

  #reserve(slot: number): void {
    if (slot < this.#head.length) return
    const size = Math.max(slot + 1, this.#head.length * 2)
    const grow = (old: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
      const out = new Int32Array(size).fill(-1)
      out.set(old)
      return out
    }
    this.#head = grow(this.#head)
    this.#next = grow(this.#next)
    this.#previous = grow(this.#previous)
    this.#keyOf = grow(this.#keyOf)
  }
}

/** A NULL key matches nothing, unless it is compared by `<=>`. */
function dropNullKeys(keys: readonly Vector[], nullSafe: readonly boolean[], batch: Batch, slots: Int32Array): void {
  keys.forEach((column, k) => {
    if (nullSafe[k] === true || column.validity === null) return
    for (let i = 0; i < slots.length; i++) if (column.isNull(batch.rowAt(i))) slots[i] = -1
  })
}
