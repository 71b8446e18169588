import { PaneIndex } from './pane-index.ts'
import { PaneOrdinals } from './pane-ordinals.ts'

/** How many arrays of deleted panes are kept for new ones. */
const MAX_SPARE = 1 << 16

/**
 * The panes of a table: found by the int32 halves of their id (no BigInt in the row loop), listed in ascending order.
 */
export class PaneSet {
  readonly #bits: number
  readonly #ordinals = new PaneOrdinals()
  /** By ordinal; free ordinals are reused. */
  readonly list: (PaneIndex | undefined)[] = []
  readonly #freeOrdinals: number[] = []
  /** Panes deleted since the last `reclaim`: their ordinals still name them. */
  #retired: PaneIndex[] = []
  /** Empty index arrays of the first size: event times as keys make and delete a pane for each. */
  readonly #spare: Int32Array[] = []
  /** Ascending from `#head`, dead panes among them; `#fresh` are not yet merged in. */
  #sorted: PaneIndex[] = []
  #head = 0
  #fresh: PaneIndex[] = []
  /** Bytes of the indexes of the panes held. */
  indexBytes = 0
  readonly #halves = new Int32Array(2)
  readonly #id = new BigInt64Array(this.#halves.buffer)

  /** Panes begin with an index of 2^bits entries. */
  constructor(bits: number) {
    this.#bits = bits
  }

  get size(): number {
    return this.#ordinals.size
  }

  /** The pane with the id of these halves; made if missing and `make`. */
  find(low: number, high: number, make: boolean): PaneIndex | undefined {
    const known = this.#ordinals.find(low, high)
    if (known >= 0) return this.list[known]
    if (!make) return undefined
    this.#halves[0] = low
    this.#halves[1] = high
    const ordinal = this.#freeOrdinals.pop() ?? this.list.length
    const pane = new PaneIndex(this.#id[0]!, ordinal, this.#spare.pop() ?? new Int32Array(1 << this.#bits))
    this.list[ordinal] = pane
    this.#ordinals.add(low, high, ordinal)
    this.#fresh.push(pane)
    this.indexBytes += pane.index.byteLength
    return pane
  }

  /** Says that the index of a pane has grown from `entries`. */
  grown(entries: number, pane: PaneIndex): void {
    this.indexBytes += pane.index.byteLength - entries * 4
  }

  /** The pane with this id, if held. */
  get(id: bigint): PaneIndex | undefined {
    this.#id[0] = id
    return this.find(this.#halves[0]!, this.#halves[1]!, false)
  }

  /** Forgets a pane; its slots are the caller's. Its ordinal still names it until `reclaim`. */
  delete(pane: PaneIndex): void {
    this.#id[0] = pane.id
    this.#ordinals.delete(this.#halves[0]!, this.#halves[1]!)
    pane.dead = true
    this.indexBytes -= pane.index.byteLength
    this.#retired.push(pane)
    while (this.#head < this.#sorted.length && this.#sorted[this.#head]!.dead) this.#head++
    if (this.#fresh.length > 64 + 2 * this.#ordinals.size) this.#fresh = this.#fresh.filter((p) => !p.dead)
    // half dead: close the gaps
    if (this.#sorted.length - this.#head > 64 + 2 * this.#ordinals.size) this.#close()
    else if (this.#head > 1024 && this.#head * 2 > this.#sorted.length) this.#close()
  }

  /** Lets ordinals of deleted panes be used again. */
  reclaim(): void {
    if (this.#retired.length === 0) return
    for (const pane of this.#retired) {
      this.list[pane.ordinal] = undefined
      this.#freeOrdinals.push(pane.ordinal)
      if (pane.index.length === 1 << this.#bits && this.#spare.length < MAX_SPARE) this.#spare.push(pane.index.fill(0))
    }
    this.#retired = []
  }

  #close(): void {
    this.#sorted = this.#sorted.slice(this.#head).filter((p) => !p.dead)
    this.#head = 0
  }

  /** Panes held, ascending by id. Cost follows the panes added since the last call, and how far back they fall. */
  *ascending(): IterableIterator<PaneIndex> {
    this.#merge()
    for (let i = this.#head; i < this.#sorted.length; i++) {
      const pane = this.#sorted[i]!
      if (!pane.dead) yield pane
    }
  }

  #merge(): void {
    if (this.#fresh.length === 0) return
    const fresh = this.#fresh.filter((p) => !p.dead)
    // Times mostly come in order.
    if (fresh.some((p, i) => i > 0 && p.id < fresh[i - 1]!.id))
      fresh.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
    this.#fresh = []
    const sorted = this.#sorted
    let from = sorted.length - 1
    let at = from + fresh.length
    for (let k = fresh.length - 1; k >= 0; at--) {
      if (from >= this.#head && sorted[from]!.id > fresh[k]!.id) sorted[at] = sorted[from--]!
      else sorted[at] = fresh[k--]!
    }
  }
}
