import { Batch } from '../columns/batch.ts'
import { vectorOf } from '../columns/builder.ts'
import { GroupIndex } from '../state/group-index.ts'
import type { StateTable } from '../state/table.ts'
import { TimeIndex } from '../state/time-index.ts'
import { BIGINT } from '../types/data-type.ts'
import type { CalledKey } from './bound-state.ts'

/** A timer that has come, by its slot. */
export interface DueTimer {
  readonly slot: number
  readonly atMs: bigint
}

const AT = 0

/**
 * The timers of a running processor: `table` is keyed by the grouping key and the time in milliseconds, which is its
 * value too. Timers registered while timers fire wait for the next batch, as Spark has it.
 */
export class ProcessorTimers {
  readonly table: StateTable
  readonly #times: TimeIndex
  /** Made when timers are listed for the first time. */
  #groups: GroupIndex | null = null
  #firing = false
  #waiting: number[] = []

  constructor(table: StateTable) {
    this.table = table
    this.#times = new TimeIndex(table, AT)
  }

  register(called: CalledKey, atMs: bigint): void {
    const isNew = new Uint8Array(1)
    const slots = this.#probe(called, atMs, isNew)
    if (isNew[0] === 0) return
    this.table.setValue(slots[0]!, AT, atMs)
    if (this.#firing) this.#waiting.push(slots[0]!)
    else this.#times.push(slots, 1)
    this.#groups?.push(this.#groups.open(called.column), slots[0]!)
    called.count('numRowsUpdated', 1)
  }

  delete(called: CalledKey, atMs: bigint): void {
    const [slot] = this.#probe(called, atMs, null)
    if (slot! < 0) return
    this.#groups?.remove(called.column, slot!)
    this.table.remove(slot!)
    called.count('numRowsRemoved', 1)
  }

  /** Times of the key's timers, earliest first. */
  list(called: CalledKey): readonly number[] {
    this.#groups ??= new GroupIndex(this.table, null)
    const slots = this.#groups.walk(called.column)
    return Array.from(slots, (slot) => Number(this.table.getValue(slot, AT))).sort((a, b) => a - b)
  }

  /** The next timers at or before a time, earliest first, `max` at most; each is deleted by who fires it. */
  takeDue(boundMs: bigint, max: number): readonly DueTimer[] {
    this.#firing = true
    return Array.from(this.#times.takeUpTo(boundMs, max), (slot) => ({
      slot,
      atMs: this.table.getValue(slot, AT) as bigint,
    }))
  }

  earliestMs(): bigint | null {
    return this.#times.earliestUs()
  }

  endBatch(): void {
    this.#firing = false
    const waiting = Int32Array.from(this.#waiting.filter((slot) => this.table.isHeld(slot)))
    this.#waiting = []
    this.#times.push(waiting, waiting.length)
    this.#groups?.endBatch()
  }

  #probe(called: CalledKey, atMs: bigint, isNew: Uint8Array | null): Int32Array {
    const columns = [called.column, vectorOf(BIGINT, [atMs])]
    const batch = new Batch({ fields: this.table.spec.keys }, columns, 1)
    const slots = new Int32Array(1)
    if (isNew === null) this.table.find(columns, batch, null, slots)
    else this.table.upsert(columns, batch, null, slots, isNew)
    return slots
  }
}
