import { vectorOf } from '../columns/builder.ts'
import { ExecutionError } from '../errors/errors.ts'
import type { ListState } from '../functions/user/stateful-processor.ts'
import { BIGINT } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import { BoundState } from './bound-state.ts'
import { VALUE } from './shared-state.ts'

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
