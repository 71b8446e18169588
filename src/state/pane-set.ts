import { PaneIndex } from './pane-index.ts'

const CACHE = 64

/**
 * The panes of a table: found by the int32 halves of their id (no BigInt in the row loop), listed in ascending order.
 * Finding goes through a small direct-mapped cache, then a Map by number (by bigint beyond ±2^53).
 */
export class PaneSet {
  readonly #bits: number
  readonly #byKey = new Map<number | bigint, PaneIndex>()
  /** By ordinal; free ordinals are reused. */
  readonly list: (PaneIndex | undefined)[] = []
  readonly #freeOrdinals: number[] = []
  /** Panes deleted since the last `reclaim`: their ordinals still name them. */
  #retired: PaneIndex[] = []
  readonly #cacheLow = new Int32Array(CACHE)
  readonly #cacheHigh = new Int32Array(CACHE)
  readonly #cache: (PaneIndex | undefined)[] = new Array<PaneIndex | undefined>(CACHE).fill(undefined)
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
    return this.#byKey.size
  }

  /** The pane with the id of these halves; made if missing and `make`. */
  find(low: number, high: number, make: boolean): PaneIndex | undefined {
    const at = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b) >>> 26
    const cached = this.#cache[at]
    if (cached !== undefined && this.#cacheLow[at] === low && this.#cacheHigh[at] === high) return cached
    const key = keyOf(low, high)
    let pane = this.#byKey.get(key)
    if (pane === undefined) {
      if (!make) return undefined
      this.#halves[0] = low
      this.#halves[1] = high
      const ordinal = this.#freeOrdinals.pop() ?? this.list.length
      pane = new PaneIndex(this.#id[0]!, ordinal, this.#bits)
      this.list[ordinal] = pane
      this.#byKey.set(key, pane)
      this.#fresh.push(pane)
      this.indexBytes += pane.index.byteLength
    }
    this.#cache[at] = pane
    this.#cacheLow[at] = low
    this.#cacheHigh[at] = high
    return pane
  }

  /** Says that the index of a pane has grown from `entries`. */
  grown(entries: number, pane: PaneIndex): void {
    this.indexBytes += pane.index.byteLength - entries * 4
  }

  /** The pane with this id, if held. */
  get(id: bigint): PaneIndex | undefined {
    this.#id[0] = id
    return this.#byKey.get(keyOf(this.#halves[0]!, this.#halves[1]!))
  }

  /** Forgets a pane; its slots are the caller's. Its ordinal still names it until `reclaim`. */
  delete(pane: PaneIndex): void {
    this.#id[0] = pane.id
    this.#byKey.delete(keyOf(this.#halves[0]!, this.#halves[1]!))
    for (let i = 0; i < CACHE; i++) if (this.#cache[i] === pane) this.#cache[i] = undefined
    pane.dead = true
    this.indexBytes -= pane.index.byteLength
    this.#retired.push(pane)
    while (this.#head < this.#sorted.length && this.#sorted[this.#head]!.dead) this.#head++
    if (this.#fresh.length > 64 + 2 * this.#byKey.size) this.#fresh = this.#fresh.filter((p) => !p.dead)
    // half dead: close the gaps
    if (this.#sorted.length - this.#head > 64 + 2 * this.#byKey.size) this.#close()
    else if (this.#head > 1024 && this.#head * 2 > this.#sorted.length) this.#close()
  }

  /** Lets ordinals of deleted panes be used again. */
  reclaim(): void {
    if (this.#retired.length === 0) return
    for (const pane of this.#retired) {
      this.list[pane.ordinal] = undefined
      this.#freeOrdinals.push(pane.ordinal)
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
    const fresh = this.#fresh.filter((p) => !p.dead).sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
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

function keyOf(low: number, high: number): number | bigint {
  if (high >= -0x200000 && high < 0x200000) return high * 0x1_0000_0000 + (low >>> 0)
  return (BigInt(high) << 32n) | BigInt(low >>> 0)
}
