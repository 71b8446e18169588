/**
 * The open sessions of one group, by slot, in order of time. They lie apart, so their starts and their ends both ascend.
 * Finding halves; taking out the earliest costs nothing, others shift their neighbours.
 */
export class SessionList {
  #slots: number[] = []
  #head = 0

  get length(): number {
    return this.#slots.length - this.#head
  }

  at(index: number): number {
    return this.#slots[this.#head + index]!
  }

  /** How many sessions end before a time: where the first stands that does not. */
  countBefore(timeUs: bigint, ends: BigInt64Array): number {
    let low = this.#head
    let high = this.#slots.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (ends[this.#slots[middle]!]! < timeUs) low = middle + 1
      else high = middle
    }
    return low - this.#head
  }

  insert(index: number, slot: number): void {
    const at = this.#head + index
    if (at === this.#slots.length) this.#slots.push(slot)
    else this.#slots.splice(at, 0, slot)
  }

  remove(index: number): void {
    if (index > 0) {
      this.#slots.splice(this.#head + index, 1)
      return
    }
    this.#head++
    if (this.#head < 32 || this.#head * 2 < this.#slots.length) return
    this.#slots = this.#slots.slice(this.#head)
    this.#head = 0
  }
}
