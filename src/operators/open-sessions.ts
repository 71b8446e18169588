import { Batch } from '../columns/batch.ts'
import { asShape, type Vector } from '../columns/vector.ts'
import type { StateTable } from '../state/table.ts'
import { SessionList } from './session-list.ts'

/** Value columns of the table of sessions that are not state of an aggregate. */
export const START = 0
export const END = 1

/**
 * Which sessions are open in each group, found by time. Not in the checkpoint: made from the table of sessions, whose
 * last key is the number of a session and whose first values are its start and end.
 */
export class OpenSessions {
  readonly #table: StateTable
  readonly #groups: StateTable
  /** By slot of the group. */
  readonly #lists: (SessionList | undefined)[] = []
  readonly #groupOf = new Map<number, number>()
  #nextNumber = 0n

  /** `groups` is empty and keyed by the keys of a group, without values. */
  constructor(table: StateTable, groups: StateTable) {
    this.#table = table
    this.#groups = groups
    const held = table.slots()
    if (held.length === 0) return
    for (const number of this.numbersOf(held)) if (number >= this.#nextNumber) this.#nextNumber = number + 1n
    const keys = groups.spec.keys.map((_, k) => table.keyVector(k, held))
    const found = this.groupsOf(keys, new Batch({ fields: groups.spec.keys }, keys, held.length))
    const starts = asShape(table.valueVector(START, held), 'i64').values
    const inTime = Uint32Array.from(held, (_, i) => i).sort((a, b) => (starts[a]! < starts[b]! ? -1 : 1))
    for (const i of inTime) this.open(found[i]!, held[i]!)
  }

  /** The group of each row that counts, by its keys. */
  groupsOf(keys: readonly Vector[], batch: Batch): Int32Array {
    const found = new Int32Array(batch.rowCount)
    this.#groups.upsert(keys, batch, null, found, null)
    return found
  }

  /** A number no open session has. */
  takeNumber(): bigint {
    return this.#nextNumber++
  }

  /** The numbers of sessions: what tables of their values are paned by. */
  numbersOf(slots: Int32Array): BigInt64Array {
    return asShape(this.#table.keyVector(this.#groups.spec.keys.length, slots), 'i64').values
  }

  /** How many sessions of a group are open. */
  sizeOf(group: number): number {
    return this.#lists[group]?.length ?? 0
  }

  /** The latest session of a group, or -1. */
  latest(group: number): number {
    const list = this.#lists[group]
    return list === undefined ? -1 : list.at(list.length - 1)
  }

  /** Sessions of a group that a stretch of time touches, in order of time. */
  touching(group: number, start: bigint, end: bigint): number[] {
    const list = this.#lists[group]
    if (list === undefined) return []
    const out: number[] = []
    const starts = this.#table.columns[START]!.values as BigInt64Array
    for (let i = this.#countBefore(list, start); i < list.length; i++) {
      this.#table.visits.slots++
      const slot = list.at(i)
      if (starts[slot]! > end) break
      out.push(slot)
    }
    return out
  }

  /** A session that has its start and end. */
  open(group: number, slot: number): void {
    let list = this.#lists[group]
    if (list === undefined) this.#lists[group] = list = new SessionList()
    list.insert(this.#countBefore(list, this.#startOf(slot)), slot)
    this.#groupOf.set(slot, group)
  }

  /** To be called while the table still holds the session. */
  close(slot: number): void {
    const group = this.#groupOf.get(slot)!
    const list = this.#lists[group]!
    list.remove(this.#countBefore(list, this.#startOf(slot)))
    this.#groupOf.delete(slot)
    if (list.length > 0) return
    this.#lists[group] = undefined
    this.#groups.remove(group)
  }

  /** Ends a trigger: what groups without sessions took is free again. */
  settle(): void {
    this.#groups.forgetChanges()
  }

  #startOf(slot: number): bigint {
    return (this.#table.columns[START]!.values as BigInt64Array)[slot]!
  }

  /** How many sessions of a group end before a time. */
  #countBefore(list: SessionList, timeUs: bigint): number {
    this.#table.visits.slots += 32 - Math.clz32(list.length)
    return list.countBefore(timeUs, this.#table.columns[END]!.values as BigInt64Array)
  }
}
