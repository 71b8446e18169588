import type { Value } from '../../types/value.ts'
import type { DecodeTree, LeafNode, TreeNode } from './decode-tree.ts'
import { closeQuote, escapesAreValid, findBackslash, skipBlanks, skipValue, unescapeInPlace } from './json-bytes.ts'
import type { RowColumns } from './row-columns.ts'
import { BAD, type ValueParser } from './value-parser.ts'

/**
 * The slow path for one row: parses the object exactly by the tree, then stores it. Members may come in any order;
 * of a member named twice the last counts; names are matched exactly.
 */
export class RowParser {
  readonly #values: ValueParser
  readonly #tree: DecodeTree
  readonly #value: Value[]
  readonly #start: Int32Array
  readonly #end: Int32Array
  /** By slot: 0 NULL, 1 a value, 2 a string as it stands, 3 a string with escapes. */
  readonly #state: Uint8Array
  readonly #lenient: boolean
  /** Why a part of the row parsed last did not fit its type and became NULL; null when all fits. */
  misfit: string | null = null

  /** `lenient`: parts that are JSON but not of their type become NULL. */
  constructor(tree: DecodeTree, values: ValueParser, lenient = false) {
    this.#tree = tree
    this.#lenient = lenient
    this.#values = values
    const n = tree.nodes.length
    this.#value = new Array<Value>(n).fill(null)
    this.#start = new Int32Array(n)
    this.#end = new Int32Array(n)
    this.#state = new Uint8Array(n)
  }

  /** Why `parse` gave -1. */
  get reason(): string {
    return this.#values.reason
  }

  /** Parses the object at `p` without touching the buffer; the position behind it, or -1. */
  parse(b: Buffer, p: number, end: number): number {
    this.#state.fill(0)
    this.misfit = null
    if (p >= end || b[p] !== 123) {
      this.#values.fail('the line is not a JSON object')
      return -1
    }
    return this.#object(b, p, end, this.#tree.members) ? this.#values.pos : -1
  }

  #object(b: Buffer, p: number, end: number, members: readonly TreeNode[]): boolean {
    return this.#values.eachMember(b, p, end, (name, at) => {
      const node = members.find((m) => m.name === name)
      return node === undefined ? this.#unasked(b, at, end) : this.#node(b, at, end, node)
    })
  }

  #unasked(b: Buffer, at: number, end: number): boolean {
    return this.#values.skip(b, at, end) || this.#values.fail('a value is not JSON')
  }

  #node(b: Buffer, at: number, end: number, node: TreeNode): boolean {
    const v = this.#values
    if (node.kind === 'struct') {
      this.#clear(node)
      if (b[at] === 123 && at < end) {
        this.#state[node.slot] = 1
        return this.#object(b, at, end, node.members)
      }
      return v.read(b, at, end, node.type) !== BAD || this.#passOver(b, at, end)
    }
    if (node.store === 'string') return this.#string(b, at, end, node)
    const x = v.read(b, at, end, node.type)
    if (x === BAD) return this.#passOver(b, at, end)
    this.#value[node.slot] = x
    this.#state[node.slot] = x === null ? 0 : 1
    return true
  }

  /** Leaves a value that is not of its type out. */
  #passOver(b: Buffer, at: number, end: number): boolean {
    const reason = this.reason
    if (!this.#lenient || !this.#unasked(b, at, end)) return false
    this.misfit ??= reason
    return true
  }

  #string(b: Buffer, at: number, end: number, leaf: LeafNode): boolean {
    const slot = leaf.slot
    const quoted = at < end && b[at] === 34
    const q = quoted ? closeQuote(b, at + 1, end) + 1 : skipValue(b, at, end)
    if (q <= 0) return this.#values.fail(quoted ? 'a string is not closed' : 'a value is not JSON')
    if (!quoted) this.#state[slot] = b[at] === 110 ? 0 : 2
    else {
      const escaped = findBackslash(b, at + 1, q - 1) >= 0
      if (escaped && !escapesAreValid(b, at + 1, q - 1))
        return this.#values.fail('a string holds an escape that JSON does not know')
      this.#state[slot] = escaped ? 3 : 2
    }
    this.#start[slot] = quoted ? at + 1 : at
    this.#end[slot] = quoted ? q - 1 : q
    this.#values.pos = q
    return true
  }

  /** A struct named twice begins anew. */
  #clear(node: TreeNode): void {
    this.#state[node.slot] = 0
    if (node.kind === 'struct') for (const m of node.members) this.#clear(m)
  }

  /** Stores the row parsed last as row `columns.rows`; escapes are replaced in the buffer itself, unless `keep`. */
  store(b: Buffer, columns: RowColumns, keep = false): void {
    const row = columns.rows++
    for (const node of this.#tree.nodes) {
      const slot = node.slot
      const state = this.#state[slot]!
      if (state === 0) columns.setNull(slot, row)
      else if (node.kind === 'leaf') {
        if (state === 1) columns.setValue(node, row, this.#value[slot]!)
        else {
          const start = this.#start[slot]!
          const end = this.#end[slot]!
          if (state === 3 && keep) columns.setText(slot, row, unescaped(b, start, end))
          else columns.setString(slot, row, start, state === 3 ? unescapeInPlace(b, start, end) : end)
        }
      }
    }
  }

  /** Stores a row of NULLs (mode PERMISSIVE). */
  storeNulls(columns: RowColumns): void {
    const row = columns.rows++
    for (const node of this.#tree.nodes) columns.setNull(node.slot, row)
  }
}

function unescaped(b: Buffer, start: number, end: number): string {
  const copy = Buffer.from(b.subarray(start, end))
  return copy.toString('utf8', 0, unescapeInPlace(copy, 0, copy.length))
}

/** True when only blanks stand in [p, end). */
export const isBlank = (b: Buffer, p: number, end: number): boolean => skipBlanks(b, p, end) >= end
