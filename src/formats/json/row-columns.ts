import { Batch, MAX_BATCH_ROWS } from '../../columns/batch.ts'
import { vectorOf } from '../../columns/builder.ts'
import {
  BoolVector,
  BytesVector,
  Float32Vector,
  Float64Vector,
  Int32Vector,
  Int64Vector,
  StructVector,
  type Vector,
} from '../../columns/vector.ts'
import type { Value } from '../../types/value.ts'
import { type DecodeTree, type LeafNode, type LeafStore, storage, type TreeNode } from './decode-tree.ts'

/**
 * The columns of the batch being filled. The generated scan and the slow path write into the arrays by slot:
 *
 *   first[slot]    the values (see LeafStore);   second[slot]   ends of strings
 *   nulls[slot]    1 where NULL;  nullSeen[slot] is 1 when any of them is
 *
 * `take` hands the filled arrays over to a Batch and starts others: new ones, or those that `release` took back.
 */
export class RowColumns {
  rows = 0
  /** Lines gone through since the decoder last reset it. */
  lines = 0
  /** Rows a predicate rejected. */
  dropped = 0
  /** Set by the scan when it stops at a line it cannot read; `lineEnd` is the line's end. */
  stopped = false
  lineEnd = 0
  readonly first: ArrayLike<unknown>[] = []
  readonly second: Int32Array[] = []
  readonly nulls: Uint8Array[] = []
  readonly nullSeen: Uint8Array
  /** Rows taken by each layout since the layouts were last compiled. */
  hits: Int32Array = new Int32Array(0)
  readonly #tree: DecodeTree
  /** Strings that do not stand in the block. */
  readonly #aside: { readonly slot: number; readonly row: number; readonly bytes: Buffer }[] = []

  readonly #mayReuse: boolean
  /** Arrays of batches given out, and those that came back, by store. */
  readonly #lent: { readonly store: LeafStore; readonly array: ArrayLike<unknown> }[] = []
  readonly #free = new Map<LeafStore, ArrayLike<unknown>[]>()

  constructor(tree: DecodeTree, mayReuse = false) {
    this.#tree = tree
    this.#mayReuse = mayReuse
    this.nullSeen = new Uint8Array(tree.nodes.length)
    for (const node of tree.nodes) {
      this.nulls[node.slot] = new Uint8Array(MAX_BATCH_ROWS)
      this.first[node.slot] = node.kind === 'leaf' ? storage(node.store) : []
      this.second[node.slot] = new Int32Array(node.kind === 'leaf' && node.store === 'string' ? MAX_BATCH_ROWS : 0)
    }
  }

  /** True when some column points into the block. */
  get pointsIntoBlock(): boolean {
    return this.#tree.leaves.some((l) => l.store === 'string')
  }

  setNull(slot: number, row: number): void {
    this.nulls[slot]![row] = 1
    this.nullSeen[slot] = 1
  }

  /** Stores one value of the slow path; strings come through `setString`. */
  setValue(leaf: LeafNode, row: number, value: Value): void {
    const array = this.first[leaf.slot] as unknown[]
    if (leaf.store === 'i64') {
      const v = value as bigint
      array[row * 2] = Number(BigInt.asIntN(32, v))
      array[row * 2 + 1] = Number(BigInt.asIntN(32, v >> 32n))
    } else if (leaf.store === 'bool') array[row] = value === true ? 1 : 0
    else array[row] = value
  }

  setString(slot: number, row: number, start: number, end: number): void {
    ;(this.first[slot] as Int32Array)[row] = start
    this.second[slot]![row] = end
  }

  /** Stores a string that does not stand in the block. */
  setText(slot: number, row: number, text: string): void {
    this.#aside.push({ slot, row, bytes: Buffer.from(text) })
  }

  /** Takes back the rows from `row` on. */
  rollback(row: number): void {
    for (const nulls of this.nulls) nulls.fill(0, row, this.rows)
    while (this.#aside.length > 0 && this.#aside[this.#aside.length - 1]!.row >= row) this.#aside.pop()
    this.rows = row
  }

  /** The rows so far as a batch over `block`; the columns begin anew. */
  take(block: Buffer): Batch {
    if (this.#aside.length > 0) block = this.#withAside(block)
    const n = this.rows
    const columns = this.#tree.members.map((m) => this.#vector(m, n, block))
    this.rows = 0
    return new Batch(this.#tree.schema, columns, n)
  }

  /** The block with the texts of `setText` behind it. */
  #withAside(block: Buffer): Buffer {
    let at = block.length
    for (const { slot, row, bytes } of this.#aside) {
      this.setString(slot, row, at, at + bytes.length)
      at += bytes.length
    }
    const out = Buffer.concat([block, ...this.#aside.map((x) => x.bytes)], at)
    this.#aside.length = 0
    return out
  }

  /** The batches given so far are no longer looked at. */
  release(): void {
    for (const { store, array } of this.#lent) {
      const free = this.#free.get(store)
      if (free === undefined) this.#free.set(store, [array])
      else free.push(array)
    }
    this.#lent.length = 0
  }

  /** An array to fill next, now that `given` goes out. What it holds does not matter. */
  #other(store: LeafStore, given: ArrayLike<unknown>): ArrayLike<unknown> {
    if (this.#mayReuse && store !== 'other') this.#lent.push({ store, array: given })
    return this.#free.get(store)?.pop() ?? storage(store)
  }

  #validity(slot: number, n: number): Uint8Array | null {
    if (this.nullSeen[slot] === 0) return null
    const nulls = this.nulls[slot]!
    const out = new Uint8Array(n)
    for (let i = 0; i < n; i++) out[i] = 1 - nulls[i]!
    nulls.fill(0, 0, n)
    this.nullSeen[slot] = 0
    return out
  }

  #vector(node: TreeNode, n: number, block: Buffer): Vector {
    const slot = node.slot
    const validity = this.#validity(slot, n)
    if (node.kind === 'struct') {
      const children = node.members.map((m) => this.#vector(m, n, block))
      return new StructVector(node.type, children, validity, n)
    }
    const array = this.first[slot]!
    this.first[slot] = this.#other(node.store, array)
    switch (node.store) {
      case 'i32':
        return new Int32Vector(node.type, array as Int32Array, validity, n)
      case 'i64':
        return new Int64Vector(node.type, new BigInt64Array((array as Int32Array).buffer as ArrayBuffer), validity, n)
      case 'f32':
        return new Float32Vector(node.type, array as Float32Array, validity, n)
      case 'f64':
        return new Float64Vector(node.type, array as Float64Array, validity, n)
      case 'bool':
        return new BoolVector(node.type, array as Uint8Array, validity, n)
      case 'string': {
        const ends = this.second[slot]!
        this.second[slot] = this.#other('string', ends) as Int32Array
        return new BytesVector(node.type, block, array as Int32Array, ends, validity, n)
      }
      case 'other': {
        const values = array as Value[]
        const out: Value[] = []
        for (let i = 0; i < n; i++) out.push(validity !== null && validity[i] === 0 ? null : values[i]!)
        return vectorOf(node.type, out)
      }
    }
  }
}
