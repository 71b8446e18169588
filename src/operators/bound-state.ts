import { Batch } from '../columns/batch.ts'
import { vectorOf } from '../columns/builder.ts'
import type { Vector } from '../columns/vector.ts'
import { ExecutionError } from '../errors/errors.ts'
import type { StateCodec } from '../functions/user/group-state.ts'
import type { GroupIndex } from '../state/group-index.ts'
import type { StateTable } from '../state/table.ts'
import type { Value } from '../types/value.ts'
import type { Metric } from './operator.ts'
import { type SharedState, VALUE } from './shared-state.ts'

/** One grouping key during a call: its value, and the same as a column of one row. */
export interface CalledKey {
  readonly key: Value
  readonly column: Vector
  readonly nowMs: bigint
  count(metric: Metric, n: number): void
  /** Throws once the call is over. */
  mustRun(operation: string): void
}

/**
 * What the three kinds of states share: `table` keyed by the grouping key and, for lists and maps, an element of it. With
 * a TTL the last value column is the time in milliseconds at which a row is no longer seen; it is removed when a batch
 * ends.
 */
export abstract class BoundState {
  protected readonly table: StateTable
  protected readonly codec: StateCodec
  protected readonly called: CalledKey
  readonly #shared: SharedState

  constructor(shared: SharedState, called: CalledKey) {
    this.#shared = shared
    this.table = shared.table
    this.codec = shared.codec
    this.called = called
  }

  clear(): void {
    for (const slot of this.slots()) this.remove(slot)
  }

  /** Rows of the key, those whose time is over included. */
  protected abstract slots(): Iterable<number>

  exists(): boolean {
    for (const slot of this.slots()) if (this.live(slot)) return true
    return false
  }

  protected groups(): GroupIndex {
    return this.#shared.groups()
  }

  protected live(slot: number): boolean {
    const { expiry } = this.#shared
    return expiry === null || (this.table.getValue(slot, expiry.column) as bigint) > this.called.nowMs
  }

  /** A column of the state given, which is never null. */
  protected taken(js: unknown, codec = this.codec): Value {
    if (js !== null && js !== undefined) return codec.take(js)
    throw new ExecutionError(
      'ILLEGAL_STATE_STORE_VALUE.NULL_VALUE',
      { state: this.table.spec.name },
      { hint: 'clear() or removeKey(...) takes a value out' },
    )
  }

  /** Slots of rows keyed by the grouping key and `element`, one a row; -1 where `make` is false and there is none. */
  protected probe(element: Vector | null, rows: number, make: boolean, isNew: Uint8Array | null = null): Int32Array {
    const { spec } = this.table
    const { column, key } = this.called
    const keys = rows === 1 ? column : vectorOf(spec.keys[0]!.type, new Array<Value>(rows).fill(key))
    const columns = element === null ? [keys] : [keys, element]
    const batch = new Batch({ fields: spec.keys }, columns, rows)
    const slots = new Int32Array(rows)
    if (make) this.table.upsert(columns, batch, null, slots, isNew)
    else this.table.find(columns, batch, null, slots)
    return slots
  }

  /** Says that rows were written: their time begins anew. */
  protected written(slots: Int32Array): void {
    const { expiry } = this.#shared
    if (expiry !== null) {
      const at = this.called.nowMs + expiry.ttlMs
      for (const slot of slots) this.table.setValue(slot, expiry.column, at)
      expiry.times.push(slots, slots.length)
    }
    this.called.count('numRowsUpdated', slots.length)
  }

  protected remove(slot: number): void {
    this.#shared.remove(slot, this.called.column)
    this.called.count('numRowsRemoved', 1)
  }

  /** What `make` gives for each row of the key that is seen, as long as the call lasts. */
  protected each<T>(make: (slot: number) => T): IterableIterator<T> {
    return this.#each(this.slots(), make)
  }

  *#each<T>(slots: Iterable<number>, make: (slot: number) => T): IterableIterator<T> {
    for (const slot of slots) {
      this.called.mustRun(`reading state "${this.table.spec.name}"`)
      if (this.live(slot)) yield make(slot)
    }
  }

  protected read(slot: number): unknown {
    return this.codec.make(this.table.getValue(slot, VALUE))
  }
}
