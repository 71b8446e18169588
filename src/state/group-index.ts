import { Batch } from '../columns/batch.ts'
import type { Vector } from '../columns/vector.ts'
import { field, INT } from '../types/data-type.ts'
import { HashStateTable } from './hash-state-table.ts'
import type { StateTable } from './table.ts'

const FIRST = 0
const LAST = 1
const SIZE = 2

/**
 * The members of groups in a table keyed by (group, …): the slots that share their first key, in the order of a BIGINT
 * that is set once for each. Chains through the slots; what it costs to walk, add or take out follows the members
 * touched. Not checkpointed: made from the table.
 *
 * The caller adds each slot it made, behind those of its group, and removes it before the table does.
 */
export class GroupIndex {
  readonly #table: StateTable
  /** By group: its first and last member and how many there are. */
  readonly #groups: HashStateTable
  #next: Int32Array = new Int32Array(16)
  #previous: Int32Array = new Int32Array(16)

  /** Takes in what the table holds already (a restored one), in the order of `order`; without it in any. */
  constructor(table: StateTable, order: ((slots: Int32Array) => BigInt64Array) | null) {
    this.#table = table
    const [group] = table.spec.keys
    const values = [field('first', INT), field('last', INT), field('size', INT)]
    this.#groups = new HashStateTable({ name: `groups of ${table.spec.name}`, keys: [group!], values, paned: false })
    const slots = table.slots()
    if (slots.length === 0) return
    const rows = order === null ? Int32Array.from(slots.keys()) : sorted(order(slots))
    const groups = new Int32Array(slots.length)
    const keys = table.keyVector(0, slots)
    this.#groups.upsert([keys], this.#batch(keys, rows), null, groups, null)
    for (let i = 0; i < rows.length; i++) this.push(groups[i]!, slots[rows[i]!]!)
    this.#groups.forgetChanges()
  }

  get memoryBytes(): number {
    return this.#groups.memoryBytes + this.#next.byteLength * 2
  }

  /** The group of row `row` of `keys`, made where there is none: the caller puts a member in. Good until it has none. */
  open(keys: Vector, row = 0): number {
    const group = new Int32Array(1)
    this.#groups.upsert([keys], this.#batch(keys, Int32Array.of(row)), null, group, null)
    return group[0]!
  }

  /** The last member of a group, or -1. */
  last(group: number): number {
    return this.#column(SIZE)[group] === 0 ? -1 : this.#column(LAST)[group]!
  }

  /** Puts a slot behind the members of a group. */
  push(group: number, slot: number): void {
    this.#reserve(slot + 1)
    const before = this.last(group)
    if (before < 0) this.#column(FIRST)[group] = slot
    else this.#next[before] = slot
    this.#previous[slot] = before
    this.#next[slot] = -1
    this.#column(LAST)[group] = slot
    this.#column(SIZE)[group]!++
  }

  /**
   * Slots of the group of row `row` of `keys`, in order, one at a time. Members may be removed meanwhile: those are left
   * out, and what comes in later is not reached. Good until the table's batch ends.
   */
  walk(keys: Vector, row = 0): Iterable<number> {
    const group = this.#find(keys, row)
    if (group < 0) return []
    return this.#from(this.#column(FIRST)[group]!, this.#column(LAST)[group]!, this.#column(SIZE)[group]!)
  }

  *#from(first: number, last: number, size: number): Generator<number> {
    let slot = first
    for (let i = 0; i < size && slot >= 0; i++) {
      if (this.#table.isHeld(slot)) yield slot
      if (slot === last) return
      // A member that was removed still knows who came after it.
      slot = this.#next[slot]!
    }
  }

  /** Takes a member out of the group of row `row` of `keys`. */
  remove(keys: Vector, slot: number, row = 0): void {
    const group = this.#find(keys, row)
    const [before, after] = [this.#previous[slot]!, this.#next[slot]!]
    if (before < 0) this.#column(FIRST)[group] = after
    else this.#next[before] = after
    if (after < 0) this.#column(LAST)[group] = before
    else this.#previous[after] = before
    if (--this.#column(SIZE)[group]! === 0) this.#groups.remove(group)
  }

  /** Ends a batch: groups without members are forgotten. */
  endBatch(): void {
    this.#groups.forgetChanges()
  }

  #column(index: number): Int32Array {
    return this.#groups.columns[index]!.values as Int32Array
  }

  #find(keys: Vector, row: number): number {
    const slots = new Int32Array(1)
    this.#groups.find([keys], this.#batch(keys, Int32Array.of(row)), null, slots)
    return slots[0]!
  }

  #batch(keys: Vector, rows: Int32Array): Batch {
    return new Batch({ fields: [this.#table.spec.keys[0]!] }, [keys], keys.length, rows)
  }

  #reserve(length: number): void {
    if (length <= this.#next.length) return
    const capacity = Math.max(length, Math.ceil(this.#next.length * 1.6))
    const grown = (old: Int32Array): Int32Array => {
      const out = new Int32Array(capacity)
      out.set(old)
      return out
    }
    this.#next = grown(this.#next)
    this.#previous = grown(this.#previous)
  }
}

/** The indexes of `at` in ascending order. */
function sorted(at: BigInt64Array): Int32Array {
  const n = at.length
  const places = Float64Array.from(at, Number)
  const limit = Number.MAX_SAFE_INTEGER / n - 1
  // Place and index in one number sort ten times as fast as indexes with a comparison.
  if (places.every((p) => p >= 0 && p < limit)) {
    for (let i = 0; i < n; i++) places[i] = places[i]! * n + i
    return Int32Array.from(places.sort(), (p) => p % n)
  }
  return Int32Array.from(at.keys()).sort((a, b) => (at[a]! < at[b]! ? -1 : at[a]! > at[b]! ? 1 : a - b))
}
