import { assert } from '../errors/errors.ts'
import type { StateTable } from './table.ts'

/**
 * Finds the slots whose time in a BIGINT or TIMESTAMP value column has come, for operators whose expiry is a value
 * and not a pane. A binary heap of (time, slot) with lazy deletion: entries of removed slots, and of slots whose
 * column holds another time by now, are skipped when they surface. Not checkpointed: made from the column.
 *
 * The caller calls `push` after it has set the column of a slot, and removes what `takeUpTo` gives or gives it a new
 * time and pushes it again.
 */
export class TimeIndex {
  readonly #table: StateTable
  readonly #column: number
  #high: Int32Array
  #low: Int32Array
  #slots: Int32Array
  #length = 0

  /** Takes in what the table holds already (a restored one). */
  constructor(table: StateTable, column: number) {
    assert(table.columns[column]?.values instanceof BigInt64Array, 'a time index needs a BIGINT or TIMESTAMP column')
    this.#table = table
    this.#column = column
    this.#high = new Int32Array(64)
    this.#low = new Int32Array(64)
    this.#slots = new Int32Array(64)
    this.#rebuild()
  }

  /** Entries held, skipped ones included. */
  get length(): number {
    return this.#length
  }

  get memoryBytes(): number {
    return this.#high.length * 12
  }

  /** Enters the slots given (negative ones are skipped) under the time their column holds; a NULL time never comes. */
  push(slots: Int32Array, count: number): void {
    // stale entries pile up where times are moved often
    if (this.#length + count > 64 + 4 * this.#table.size) {
      this.#rebuild()
      return
    }
    this.#add(slots, count)
  }

  #add(slots: Int32Array, count: number): void {
    const { validity, halves } = this.#times()
    this.#table.visits.slots += count
    this.#reserve(this.#length + count)
    for (let i = 0; i < count; i++) {
      const slot = slots[i]!
      if (slot < 0 || validity[slot] === 0) continue
      this.#up(this.#length++, halves[2 * slot + 1]!, halves[2 * slot]!, slot)
    }
  }

  #rebuild(): void {
    this.#length = 0
    const slots = this.#table.slots()
    this.#add(slots, slots.length)
  }

  /** The earliest time of any slot, or null; skipped entries on top are thrown away. */
  earliestUs(): bigint | null {
    const { validity, halves } = this.#times()
    while (this.#length > 0) {
      if (this.#current(0, validity, halves)) return (BigInt(this.#high[0]!) << 32n) | BigInt(this.#low[0]! >>> 0)
      this.#pop()
    }
    return null
  }

  /** Takes out the slots whose time is at most `boundUs`, earliest first, each once, `max` of them at most. */
  takeUpTo(boundUs: bigint, max = 0x7fff_ffff): Int32Array {
    const { validity, halves } = this.#times()
    const boundHigh = Number(BigInt.asIntN(32, boundUs >> 32n))
    const boundLow = Number(BigInt.asUintN(32, boundUs))
    const out: number[] = []
    while (this.#length > 0 && out.length < max) {
      const high = this.#high[0]!
      if (high > boundHigh || (high === boundHigh && this.#low[0]! >>> 0 > boundLow)) break
      const slot = this.#slots[0]!
      // entries of one slot and time are neighbours: ties go by slot
      if (this.#current(0, validity, halves) && out[out.length - 1] !== slot) out.push(slot)
      this.#pop()
    }
    return Int32Array.from(out)
  }

  #times(): { readonly validity: Uint8Array; readonly halves: Int32Array } {
    const column = this.#table.columns[this.#column]!
    const values = column.values as BigInt64Array
    return { validity: column.validity, halves: new Int32Array(values.buffer, values.byteOffset, values.length * 2) }
  }

  #current(at: number, validity: Uint8Array, halves: Int32Array): boolean {
    const slot = this.#slots[at]!
    return (
      validity[slot] === 1 &&
      halves[2 * slot] === this.#low[at] &&
      halves[2 * slot + 1] === this.#high[at] &&
      this.#table.isHeld(slot)
    )
  }

  #reserve(length: number): void {
    if (length <= this.#slots.length) return
    const capacity = Math.max(length, Math.ceil(this.#slots.length * 1.6))
    const grown = (old: Int32Array): Int32Array => {
      const out = new Int32Array(capacity)
      out.set(old)
      return out
    }
    this.#high = grown(this.#high)
    this.#low = grown(this.#low)
    this.#slots = grown(this.#slots)
  }

  #before(high: number, low: number, slot: number, at: number): boolean {
    const otherHigh = this.#high[at]!
    if (high !== otherHigh) return high < otherHigh
    const otherLow = this.#low[at]!
    if (low !== otherLow) return low >>> 0 < otherLow >>> 0
    return slot < this.#slots[at]!
  }

  #set(at: number, high: number, low: number, slot: number): void {
    this.#high[at] = high
    this.#low[at] = low
    this.#slots[at] = slot
  }

  #up(from: number, high: number, low: number, slot: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#before(high, low, slot, parent)) break
      this.#set(at, this.#high[parent]!, this.#low[parent]!, this.#slots[parent]!)
      at = parent
    }
    this.#set(at, high, low, slot)
  }

  #pop(): void {
    this.#table.visits.slots++
    const last = --this.#length
    const high = this.#high[last]!
    const low = this.#low[last]!
    const slot = this.#slots[last]!
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= last) break
      const right = child + 1
      if (right < last && this.#before(this.#high[right]!, this.#low[right]!, this.#slots[right]!, child)) child = right
      if (this.#before(high, low, slot, child)) break
      this.#set(at, this.#high[child]!, this.#low[child]!, this.#slots[child]!)
      at = child
    }
    if (last > 0) this.#set(at, high, low, slot)
  }
}
