import { IntList } from './int-list.ts'

/** What a slot is; the order matters: from CLEAN to NEW it is held. */
const FREE = 0
const CLEAN = 1
const CHANGED = 2
const NEW = 3
/** Removed since the last commit: its key is still needed for the change log. */
const REMOVED = 4

/** Which slots are held, changed, removed and free. A slot removed is free again only after `settle`, at the commit. */
export class SlotMarks {
  #states: Uint8Array
  readonly #free = new IntList()
  readonly #changed = new IntList()
  readonly #deleted = new IntList()
  readonly #dropped = new IntList()

  constructor(capacity: number) {
    this.#states = new Uint8Array(capacity)
  }

  get memoryBytes(): number {
    const lists = [this.#free, this.#changed, this.#deleted, this.#dropped]
    return lists.reduce((sum, list) => sum + list.memoryBytes, this.#states.length)
  }

  grow(capacity: number): void {
    const states = new Uint8Array(capacity)
    states.set(this.#states)
    this.#states = states
  }

  /** A free slot that was in use before, or -1. */
  takeFree(): number {
    return this.#free.length > 0 ? this.#free.pop() : -1
  }

  /** A slot now holds a key: a new one, or one that the checkpoint has already. */
  hold(slot: number, restored: boolean): void {
    if (restored) this.#states[slot] = CLEAN
    else {
      this.#states[slot] = NEW
      this.#changed.push(slot)
    }
  }

  isHeld(slot: number): boolean {
    const state = this.#states[slot]
    return state === CLEAN || state === CHANGED || state === NEW
  }

  /** Nothing but 0 where a slot is free: what a column needs to know of it. */
  get states(): Uint8Array {
    return this.#states
  }

  /** Marks held slots as changed; negative ones are skipped. */
  change(slots: Int32Array, count: number): void {
    const states = this.#states
    for (let i = 0; i < count; i++) {
      const slot = slots[i]!
      if (slot >= 0 && states[slot] === CLEAN) {
        states[slot] = CHANGED
        this.#changed.push(slot)
      }
    }
  }

  changeOne(slot: number): void {
    if (this.#states[slot] === CLEAN) {
      this.#states[slot] = CHANGED
      this.#changed.push(slot)
    }
  }

  /** A held slot gives up its key. True where the change log must name the key: `byKey`, and the checkpoint has it. */
  remove(slot: number, byKey: boolean): boolean {
    const write = byKey && this.#states[slot] !== NEW
    if (write) this.#deleted.push(slot)
    else this.#dropped.push(slot)
    this.#states[slot] = REMOVED
    return write
  }

  /** Slots changed or new and still held, each once, in order of first change. */
  changed(): Int32Array {
    const all = this.#changed.view()
    const out = new Int32Array(all.length)
    let n = 0
    for (let i = 0; i < all.length; i++) if (this.#states[all[i]!]! <= NEW) out[n++] = all[i]!
    return out.subarray(0, n)
  }

  /** Removed slots whose keys the change log must name; valid until the next `remove`. */
  deleted(): Int32Array {
    return this.#deleted.view()
  }

  /** Ends a batch: marks cleared, removed slots free. Calls `freed` with each. */
  settle(freed: (slot: number) => void): void {
    const states = this.#states
    const changed = this.#changed.view()
    for (let i = 0; i < changed.length; i++) if (states[changed[i]!]! <= NEW) states[changed[i]!] = CLEAN
    for (const list of [this.#deleted, this.#dropped]) {
      const slots = list.view()
      for (let i = 0; i < slots.length; i++) {
        const slot = slots[i]!
        states[slot] = FREE
        freed(slot)
        this.#free.push(slot)
      }
      list.clear()
    }
    this.#changed.clear()
  }
}
