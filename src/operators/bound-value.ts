import type { ValueState } from '../functions/user/stateful-processor.ts'
import { BoundState } from './bound-state.ts'
import { VALUE } from './shared-state.ts'

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
