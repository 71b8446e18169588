import { Batch } from '../columns/batch.ts'
import type { Vector } from '../columns/vector.ts'
import { BIGINT, field, INT } from '../types/data-type.ts'
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
  readonly #groups: HashStateTable
  #next: Int32Array = new Int32Array(16)
  #previous: Int32Array = new Int32Array(16)

  /** Takes in what the table holds already (a restored one), in the order of `order`; without it in any. */
  constructor(table: StateTable, order: ((slots: Int32Array) => BigInt64Array) | null) {
    this.#table = table
    const [group] = table.spec.keys
    const values = [field('first', INT), field('last', INT), field('size', BIGINT)]
    this.#groups = new HashStateTable({ name: `groups of ${table.spec.name}`, keys: [group!], values, paned: false })
    const slots = table.slots()
    if (slots.length === 0) return
    const rows = order === null ? Int32Array.from(slots.keys()) : sorted(order(slots))
    this.add(
      table.keyVector(0, slots),
      rows.map((i) => slots[i]!),
      rows,
    )
    this.#groups.endBatch()
  }

  get memoryBytes(): number {
    return this.#groups.memoryBytes + this.#next.byteLength * 2
  }

  /** Slots of the group of row `row` of `keys`, in order. */
  members(keys: Vector, row = 0): Int32Array {
    const group = this.#find(keys, row)
    if (group < 0) return new Int32Array(0)
    const out = new Int32Array(Number(this.#groups.getValue(group, SIZE)))
    let slot = this.#groups.getValue(group, FIRST) as number
    for (let i = 0; i < out.length; i++) {
      out[i] = slot
      slot = this.#next[slot]!
    }
    return out
  }

  /** The last member, or -1. */
  last(keys: Vector, row = 0): number {
    const group = this.#find(keys, row)
    return group < 0 ? -1 : (this.#groups.getValue(group, LAST) as number)
  }

  /** Puts `slots` behind the members of their groups; the group of `slots[i]` is the value at `rows[i]` of `keys`. */
  add(keys: Vector, slots: Int32Array, rows: Int32Array): void {
    const found = new Int32Array(slots.length)
    const isNew = new Uint8Array(slots.length)
    this.#groups.upsert([keys], this.#batch(keys, rows), null, found, isNew)
    let high = 0
    for (let i = 0; i < slots.length; i++) if (slots[i]! > high) high = slots[i]!
    this.#reserve(high + 1)
    const [first, last, size] = this.#groups.columns.map((c) => c.values) as [Int32Array, Int32Array, BigInt64Array]
    for (let i = 0; i < slots.length; i++) {
      const [group, slot] = [found[i]!, slots[i]!]
      if (isNew[i] === 1) first[group] = slot
      else this.#next[last[group]!] = slot
      this.#previous[slot] = isNew[i] === 1 ? -1 : last[group]!
      this.#next[slot] = -1
      last[group] = slot
      size[group] = (isNew[i] === 1 ? 0n : size[group]!) + 1n
    }
    for (const column of this.#groups.columns) for (let i = 0; i < found.length; i++) column.validity[found[i]!] = 1
  }

  /** Takes a member out of the group of row `row` of `keys`. */
  remove(keys: Vector, slot: number, row = 0): void {
    const group = this.#find(keys, row)
    const [first, last, size] = this.#groups.columns.map((c) => c.values) as [Int32Array, Int32Array, BigInt64Array]
    const [before, after] = [this.#previous[slot]!, this.#next[slot]!]
    if (before < 0) first[group] = after
    else this.#next[before] = after
    if (after < 0) last[group] = before
    else this.#previous[after] = before
    size[group]! -= 1n
    if (size[group] === 0n) this.#groups.remove(group)
  }

  /** Ends a batch: groups without members are forgotten. */
  endBatch(): void {
    this.#groups.endBatch()
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
