const FIRST_BITS = 6

/** Finds the ordinal of a pane by the int32 halves of its id: open addressing, nothing allocated for a pane. */
export class PaneOrdinals {
  #bits = FIRST_BITS
  #size = 0
  #low = new Int32Array(1 << FIRST_BITS)
  #high = new Int32Array(1 << FIRST_BITS)
  /** Ordinal + 1; 0 where empty. */
  #entries = new Int32Array(1 << FIRST_BITS)

  get size(): number {
    return this.#size
  }

  /** The ordinal, or -1. */
  find(low: number, high: number): number {
    return this.#entries[this.#at(low, high)]! - 1
  }

  /** Adds a pane that is not held. */
  add(low: number, high: number, ordinal: number): void {
    if (this.#size * 2 >= this.#entries.length) this.#grow()
    this.#set(this.#at(low, high), low, high, ordinal + 1)
    this.#size++
  }

  /** Takes out a pane that is held, moving followers back so that no gap hides them. */
  delete(low: number, high: number): void {
    const mask = this.#entries.length - 1
    let gap = this.#at(low, high)
    for (let at = (gap + 1) & mask; this.#entries[at] !== 0; at = (at + 1) & mask) {
      const home = this.#home(this.#low[at]!, this.#high[at]!)
      if (((at - home) & mask) < ((at - gap) & mask)) continue
      this.#set(gap, this.#low[at]!, this.#high[at]!, this.#entries[at]!)
      gap = at
    }
    this.#entries[gap] = 0
    this.#size--
  }

  #home(low: number, high: number): number {
    return Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b) >>> (32 - this.#bits)
  }

  /** Where a pane stands, or the gap it would stand in. */
  #at(low: number, high: number): number {
    const mask = this.#entries.length - 1
    let at = this.#home(low, high)
    while (this.#entries[at] !== 0 && (this.#low[at] !== low || this.#high[at] !== high)) at = (at + 1) & mask
    return at
  }

  #set(at: number, low: number, high: number, entry: number): void {
    this.#low[at] = low
    this.#high[at] = high
    this.#entries[at] = entry
  }

  #grow(): void {
    const [low, high, entries] = [this.#low, this.#high, this.#entries]
    this.#bits++
    this.#low = new Int32Array(1 << this.#bits)
    this.#high = new Int32Array(1 << this.#bits)
    this.#entries = new Int32Array(1 << this.#bits)
    for (let i = 0; i < entries.length; i++)
      if (entries[i] !== 0) this.#set(this.#at(low[i]!, high[i]!), low[i]!, high[i]!, entries[i]!)
  }
}
