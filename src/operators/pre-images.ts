import { Batch } from '../columns/batch.ts'
import { concatVectors } from '../columns/concat.ts'

/** The result rows of groups as they were before a trigger touched them, by slot of the group. */
export class PreImages {
  readonly #rowsOf: (slots: Int32Array) => Batch
  readonly #batches: Batch[] = []
  /** Number of the first row of each batch. */
  readonly #firsts: number[] = []
  /** By slot: number of the row, or -1 for a group that this trigger made. */
  readonly #rows = new Map<number, number>()
  #count = 0

  /** `rowsOf` gives the results of groups as they are now, without selection. */
  constructor(rowsOf: (slots: Int32Array) => Batch) {
    this.#rowsOf = rowsOf
  }

  /** Slots of groups that were there before the trigger and were touched by it, in the order they were kept. */
  get slots(): number[] {
    return [...this.#rows].flatMap(([slot, row]) => (row < 0 ? [] : [slot]))
  }

  /** To be called before the groups `slots[0 .. n)` change: keeps the rows of those not seen in this trigger. `isNew` as of StateTable.upsert. */
  keep(slots: Int32Array, n: number, isNew: Uint8Array): void {
    const fresh = new Int32Array(n)
    let k = 0
    for (let i = 0; i < n; i++) {
      const slot = slots[i]!
      if (this.#rows.has(slot)) continue
      this.#rows.set(slot, isNew[i] === 1 ? -1 : this.#count + k)
      if (isNew[i] === 0) fresh[k++] = slot
    }
    if (k === 0) return
    this.#batches.push(this.#rowsOf(fresh.subarray(0, k)))
    this.#firsts.push(this.#count)
    this.#count += k
  }

  /** Whether a row of the group is kept. */
  has(slot: number): boolean {
    return (this.#rows.get(slot) ?? -1) >= 0
  }

  /** The kept rows of those slots, as deletions. Cheap where they were kept near each other. */
  deletions(slots: readonly number[]): Batch {
    const rows = slots.map((slot) => this.#rows.get(slot)!)
    const [from, to] = [this.#batchOf(Math.min(...rows)), this.#batchOf(Math.max(...rows))]
    const parts = this.#batches.slice(from, to + 1)
    const { schema } = parts[0]!
    const columns = schema.fields.map((f, c) =>
      concatVectors(
        f.type,
        parts.map((p) => p.columns[c]!),
      ),
    )
    const length = parts.reduce((n, p) => n + p.length, 0)
    const selection = Int32Array.from(rows, (r) => r - this.#firsts[from]!)
    return new Batch(schema, columns, length, selection, new Int32Array(length).fill(-1)).dense()
  }

  /** Rows of `after`, the results of `slots` as they are now, each behind its deletion where one is kept and `wants` it. */
  paired(slots: Int32Array, after: Batch, wants: (slot: number) => boolean = () => true): Batch {
    const before = Array.from(slots).filter((slot) => this.has(slot) && wants(slot))
    if (before.length === 0) return after
    const deleted = this.deletions(before)
    const columns = after.schema.fields.map((f, c) => concatVectors(f.type, [deleted.columns[c]!, after.columns[c]!]))
    const selection = new Int32Array(before.length + slots.length)
    const weights = new Int32Array(selection.length).fill(1).fill(-1, 0, before.length)
    let n = 0
    let next = 0
    for (let i = 0; i < slots.length; i++) {
      if (before[next] === slots[i]) selection[n++] = next++
      selection[n++] = before.length + i
    }
    return new Batch(after.schema, columns, selection.length, selection, weights)
  }

  /** The trigger has ended. */
  clear(): void {
    this.#batches.length = 0
    this.#firsts.length = 0
    this.#rows.clear()
    this.#count = 0
  }

  #batchOf(row: number): number {
    let at = this.#firsts.length - 1
    while (this.#firsts[at]! > row) at--
    return at
  }
}
