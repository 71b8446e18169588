/** A list of int32 that grows, without allocation per element. */
export class IntList {
  #values = new Int32Array(64)
  #length = 0

  get length(): number {
    return this.#length
  }
  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Int32Array(this.#length * 2)
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[this.#length++] = value
  }
  /** The last element, taken off; undefined behaviour when empty. */
  pop(): number {
    return this.#values[--this.#length]!
  }
  /** The elements, shared with the list: valid until the next push. */
  view(): Int32Array {
    return this.#values.subarray(0, this.#length)
  }
  /** Empties the list; gives back memory a large batch took. */
  clear(): void {
    this.#length = 0
    if (this.#values.length > 65_536) this.#values = new Int32Array(64)
  }
  get memoryBytes(): number {
    return this.#values.byteLength
  }
}
