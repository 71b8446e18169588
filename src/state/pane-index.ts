/** A key that lands this far from its home makes the index grow: see `insert`. */
const MAX_WALK = 128
/** How thin, and how large, an index may become on account of long walks alone. */
const MAX_THINNING = 256
const MAX_THIN_ENTRIES = 1 << 24

/**
 * The hash index of one pane: open addressing with linear probing over `index`, whose entries are slot + 1 and 0
 * where empty. A key's home is the HIGH bits of its hash (`hash >>> shift`), so a shard (the top byte) is one run of
 * entries, and growing walks memory in order. At most 60 % full.
 */
export class PaneIndex {
  readonly id: bigint
  /** Position in the pane list of the table: what `paneOf` keeps by slot. */
  readonly ordinal: number
  index: Int32Array
  shift: number
  count = 0
  limit: number
  /** Removed from the table; may still stand in the sorted list. */
  dead = false

  /** `index` is empty; its length is a power of two. */
  constructor(id: bigint, ordinal: number, index: Int32Array) {
    this.id = id
    this.ordinal = ordinal
    this.index = index
    this.shift = 1 + Math.clz32(index.length)
    this.limit = limitOf(index.length)
  }

  /** Doubles the index. */
  grow(hashes: Int32Array): void {
    const old = this.index
    const index = new Int32Array(old.length * 2)
    const mask = index.length - 1
    const shift = this.shift - 1
    for (let i = 0; i < old.length; i++) {
      const entry = old[i]!
      if (entry === 0) continue
      let at = hashes[entry - 1]! >>> shift
      while (index[at] !== 0) at = (at + 1) & mask
      index[at] = entry
    }
    this.index = index
    this.shift = shift
    this.limit = limitOf(index.length)
  }

  /**
   * Adds a slot that is not in the index; grows when too full. Keys that arrive in the order of their hashes (a
   * snapshot of one shard, the output of another table) crowd a small part of the index long before it is full, and
   * would take time quadratic in their number: a long walk says so, and the index grows as if all of it were as full.
   */
  insert(slot: number, hash: number, hashes: Int32Array): void {
    if (this.count >= this.limit) this.grow(hashes)
    const { index } = this
    const mask = index.length - 1
    const home = hash >>> this.shift
    let at = home
    while (index[at] !== 0) at = (at + 1) & mask
    index[at] = slot + 1
    this.count++
    if (((at - home) & mask) > MAX_WALK && index.length < Math.min(MAX_THIN_ENTRIES, this.count * MAX_THINNING))
      this.grow(hashes)
  }

  /** Takes out a slot that is in the index, moving followers back so that no gap hides them. */
  delete(slot: number, hashes: Int32Array): void {
    const { index, shift } = this
    const mask = index.length - 1
    let gap = hashes[slot]! >>> shift
    while (index[gap] !== slot + 1) gap = (gap + 1) & mask
    let at = gap
    for (;;) {
      at = (at + 1) & mask
      const entry = index[at]!
      if (entry === 0) break
      const home = hashes[entry - 1]! >>> shift
      // the entry may move to the gap if its home is not after the gap, going round
      if (((at - home) & mask) >= ((at - gap) & mask)) {
        index[gap] = entry
        gap = at
      }
    }
    index[gap] = 0
    this.count--
  }

  /** Writes the slots held to `out` from `at`; gives the position after them. */
  slots(out: Int32Array, at: number): number {
    const { index } = this
    for (let i = 0; i < index.length; i++) if (index[i] !== 0) out[at++] = index[i]! - 1
    return at
  }

  /** Appends the slots of one shard to `out` from `at`; gives the position after them. */
  slotsOfShard(shard: number, hashes: Int32Array, out: Int32Array, at: number): number {
    const { index, shift } = this
    const mask = index.length - 1
    const first = (shard << 24) >>> shift
    const last = ((shard << 24) | 0xffffff) >>> shift
    let seen = 0
    for (let i = first; seen < index.length; i = (i + 1) & mask, seen++) {
      const entry = index[i]!
      if (entry === 0) {
        // past the shard's own run the first gap ends it
        if (seen >= last - first) break
        continue
      }
      if (hashes[entry - 1]! >>> 24 === shard) out[at++] = entry - 1
    }
    return at
  }
}

const limitOf = (size: number): number => Math.floor(size * 0.6)
