import { vectorOf } from '../columns/builder.ts'
import type { Vector } from '../columns/vector.ts'
import type { StateCodec } from '../functions/user/group-state.ts'
import type { MapState } from '../functions/user/stateful-processor.ts'
import { BoundState, type CalledKey } from './bound-state.ts'
import { PLACE, type SharedState, VALUE } from './shared-state.ts'

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
