import { Batch } from '../columns/batch.ts'
import { vectorOf } from '../columns/builder.ts'
import { asShape, type Vector } from '../columns/vector.ts'
import { ExecutionError } from '../errors/errors.ts'
import type { StateCodec } from '../functions/user/group-state.ts'
import type { ListState, MapState, ValueState } from '../functions/user/stateful-processor.ts'
import { GroupIndex } from '../state/group-index.ts'
import type { StateTable } from '../state/table.ts'
import { TimeIndex } from '../state/time-index.ts'
import { BIGINT } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { Metric } from './operator.ts'

/** One grouping key during a call: its value, and the same as a column of one row. */
export interface CalledKey {
  readonly key: Value
  readonly column: Vector
  readonly nowMs: bigint
  count(metric: Metric, n: number): void
  /** Throws once the call is over. */
  mustRun(operation: string): void
}

/** Columns of a state's table: the value; of a map, the number of an entry in the order in which they came in. */
const VALUE = 0
const PLACE = 1

/**
 * What the three kinds of states share: `table` keyed by the grouping key and, for lists and maps, an element of it. With
 * a TTL the last value column is the time in milliseconds at which a row is no longer seen; it is removed when a batch
 * ends.
 */
abstract class BoundState {
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

/** One state of a running processor: its table and what finds rows in it. */
export class SharedState {
  readonly table: StateTable
  readonly codec: StateCodec
  /** Of the keys of a map. */
  readonly keyCodec: StateCodec | null
  readonly expiry: { readonly column: number; readonly ttlMs: bigint; readonly times: TimeIndex } | null
  readonly #order: ((slots: Int32Array) => BigInt64Array) | null
  #groups: GroupIndex | null = null

  constructor(
    kind: 'value' | 'list' | 'map',
    table: StateTable,
    codec: StateCodec,
    keyCodec: StateCodec | null,
    ttlMs: number | null,
  ) {
    this.table = table
    this.codec = codec
    this.keyCodec = keyCodec
    const column = table.spec.values.length - 1
    this.expiry = ttlMs === null ? null : { column, ttlMs: BigInt(ttlMs), times: new TimeIndex(table, column) }
    const place = (slots: Int32Array): BigInt64Array =>
      asShape(kind === 'list' ? table.keyVector(1, slots) : table.valueVector(PLACE, slots), 'i64').values
    this.#order = kind === 'value' ? null : place
  }

  /** Which rows each key has; made when it is first asked for, which has to be before a row is added. */
  groups(): GroupIndex {
    return (this.#groups ??= new GroupIndex(this.table, this.#order!))
  }

  remove(slot: number, keys: Vector, row = 0): void {
    if (this.#order !== null) this.groups().remove(keys, slot, row)
    this.table.remove(slot)
  }

  /** Removes rows whose time is over, `max` of them at most; gives how many. */
  expire(nowMs: bigint, max: number): number {
    const due = this.expiry?.times.takeUpTo(nowMs, max)
    if (due === undefined || due.length === 0) return 0
    const keys = this.table.keyVector(0, due)
    for (const [i, slot] of due.entries()) this.remove(slot, keys, i)
    return due.length
  }

  endBatch(): void {
    this.#groups?.endBatch()
  }
}

/** A value: one row a key. */
export class BoundValue extends BoundState implements ValueState<unknown> {
  get(): unknown {
    const slot = this.probe(null, 1, false)[0]!
    return slot >= 0 && this.live(slot) ? this.read(slot) : null
  }
  update(value: unknown): void {
    const taken = this.taken(value)
    const slots = this.probe(null, 1, true)
    this.table.setValue(slots[0]!, VALUE, taken)
    this.written(slots)
  }
  protected slots(): Iterable<number> {
    const slots = this.probe(null, 1, false)
    return slots[0]! < 0 ? [] : slots
  }
}

/** A list: one row an element, keyed by its number. */
export class BoundList extends BoundState implements ListState<unknown> {
  get(): IterableIterator<unknown> {
    return this.each((slot) => this.read(slot))
  }
  put(values: Iterable<unknown>): void {
    const taken = this.#takenAll(values)
    this.clear()
    this.#append(taken)
  }
  appendValue(value: unknown): void {
    this.#append([this.taken(value)])
  }
  appendList(values: Iterable<unknown>): void {
    this.#append(this.#takenAll(values))
  }
  protected slots(): Iterable<number> {
    return this.groups().walk(this.called.column)
  }

  #takenAll(values: Iterable<unknown>): readonly Value[] {
    const taken = Array.from(values, (v) => this.taken(v))
    if (taken.length === 0)
      throw new ExecutionError(
        'ILLEGAL_STATE_STORE_VALUE.EMPTY_LIST_VALUE',
        { state: this.table.spec.name },
        { hint: 'clear() empties a list' },
      )
    return taken
  }

  #append(values: readonly Value[]): void {
    const groups = this.groups()
    const group = groups.open(this.called.column)
    const last = groups.last(group)
    const next = last < 0 ? 0n : (this.table.keyVector(1, Int32Array.of(last)).get(0) as bigint) + 1n
    const places = values.map((_, i) => next + BigInt(i))
    const slots = this.probe(vectorOf(BIGINT, places), values.length, true)
    for (const [i, slot] of slots.entries()) {
      this.table.setValue(slot, VALUE, values[i]!)
      groups.push(group, slot)
    }
    this.written(slots)
  }
}

/** A map: one row an entry, keyed by its key. */
export class BoundMap extends BoundState implements MapState<unknown, unknown> {
  readonly #keyCodec: StateCodec

  constructor(shared: SharedState, called: CalledKey) {
    super(shared, called)
    this.#keyCodec = shared.keyCodec!
  }

  getValue(key: unknown): unknown {
    const slot = this.#find(key)
    return slot < 0 ? null : this.read(slot)
  }
  containsKey(key: unknown): boolean {
    return this.#find(key) >= 0
  }
  updateValue(key: unknown, value: unknown): void {
    const element = this.#keyVector(key)
    const taken = this.taken(value)
    const groups = this.groups()
    const isNew = new Uint8Array(1)
    let slots = this.probe(element, 1, true, isNew)
    if (isNew[0] === 0 && !this.live(slots[0]!)) {
      // An entry whose time is over is gone already: written again it comes in anew, as the last.
      this.remove(slots[0]!)
      slots = this.probe(element, 1, true, isNew)
    }
    if (isNew[0] === 1) {
      const group = groups.open(this.called.column)
      const last = groups.last(group)
      this.table.setValue(slots[0]!, PLACE, last < 0 ? 0n : (this.table.getValue(last, PLACE) as bigint) + 1n)
      groups.push(group, slots[0]!)
    }
    this.table.setValue(slots[0]!, VALUE, taken)
    this.written(slots)
  }
  removeKey(key: unknown): void {
    const slot = this.probe(this.#keyVector(key), 1, false)[0]!
    if (slot >= 0) this.remove(slot)
  }
  iterator(): IterableIterator<[unknown, unknown]> {
    return this.each((slot) => [this.#keyOf(slot), this.read(slot)])
  }
  keys(): IterableIterator<unknown> {
    return this.each((slot) => this.#keyOf(slot))
  }
  values(): IterableIterator<unknown> {
    return this.each((slot) => this.read(slot))
  }
  protected slots(): Iterable<number> {
    return this.groups().walk(this.called.column)
  }

  #keyVector(key: unknown): Vector {
    return vectorOf(this.#keyCodec.type, [this.taken(key, this.#keyCodec)])
  }
  #find(key: unknown): number {
    const slot = this.probe(this.#keyVector(key), 1, false)[0]!
    return slot >= 0 && this.live(slot) ? slot : -1
  }
  #keyOf(slot: number): unknown {
    return this.#keyCodec.make(this.table.keyVector(1, Int32Array.of(slot)).get(0))
  }
}
