import { InternalError } from '../../errors/errors.ts'
import type { DataType, Field, Schema } from '../../types/data-type.ts'
import { MAX_BATCH_ROWS } from '../../columns/batch.ts'

/**
 * How a JSON decoder keeps a column while it fills it.
 *
 *   i32 f32 f64 bool   one typed array
 *   i64                an Int32Array of halves, low half first, over a BigInt64Array
 *   string             start and end of each value in the block
 *   other              an array of Values (arrays, maps, wide decimals, binary, intervals)
 */
export type LeafStore = 'i32' | 'i64' | 'f32' | 'f64' | 'bool' | 'string' | 'other'

/** A column or struct member that is decoded as one value. `slot` numbers all nodes of a tree. */
export interface LeafNode {
  readonly kind: 'leaf'
  readonly slot: number
  readonly name: string
  readonly path: readonly string[]
  readonly type: DataType
  readonly store: LeafStore
}

/** A struct whose members are decoded one by one. */
export interface StructNode {
  readonly kind: 'struct'
  readonly slot: number
  readonly name: string
  readonly path: readonly string[]
  readonly type: DataType
  readonly members: readonly TreeNode[]
}
export type TreeNode = LeafNode | StructNode

/** The wanted columns of a row as a tree; `nodes[slot]` finds a node. */
export interface DecodeTree {
  readonly schema: Schema
  readonly members: readonly TreeNode[]
  readonly nodes: readonly TreeNode[]
  readonly leaves: readonly LeafNode[]
}

function storeOf(type: DataType): LeafStore {
  switch (type.kind) {
    case 'boolean':
      return 'bool'
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'date':
      return 'i32'
    case 'bigint':
    case 'timestamp':
    case 'timestamp_ntz':
      return 'i64'
    case 'decimal':
      return type.precision <= 18 ? 'i64' : 'other'
    case 'float':
      return 'f32'
    case 'double':
      return 'f64'
    case 'string':
      return 'string'
    default:
      return 'other'
  }
}

/** The tree of a (pruned) schema. */
export function decodeTree(schema: Schema): DecodeTree {
  const nodes: TreeNode[] = []
  const leaves: LeafNode[] = []
  const build = (field: Field, above: readonly string[]): TreeNode => {
    const path = [...above, field.name]
    const slot = nodes.length
    if (field.type.kind !== 'struct') {
      const leaf: LeafNode = {
        kind: 'leaf',
        slot,
        name: field.name,
        path,
        type: field.type,
        store: storeOf(field.type),
      }
      nodes.push(leaf)
      leaves.push(leaf)
      return leaf
    }
    const members: TreeNode[] = []
    const node: StructNode = { kind: 'struct', slot, name: field.name, path, type: field.type, members }
    nodes.push(node)
    for (const f of field.type.fields) members.push(build(f, path))
    return node
  }
  const members = schema.fields.map((f) => build(f, []))
  return { schema, members, nodes, leaves }
}

/** The node at a path, without regard to case; undefined when the tree does not hold it. */
export function nodeAt(tree: DecodeTree, path: readonly string[]): TreeNode | undefined {
  let members: readonly TreeNode[] = tree.members
  let node: TreeNode | undefined
  for (const name of path) {
    node = members.find((m) => m.name === name) ?? members.find((m) => m.name.toLowerCase() === name.toLowerCase())
    if (node === undefined) return undefined
    members = node.kind === 'struct' ? node.members : []
  }
  return node
}

/** A fresh primary array for a leaf, MAX_BATCH_ROWS rows. */
export function storage(store: LeafStore): ArrayLike<unknown> {
  switch (store) {
    case 'i32':
    case 'string':
      return new Int32Array(MAX_BATCH_ROWS)
    case 'i64':
      return new Int32Array(MAX_BATCH_ROWS * 2)
    case 'f32':
      return new Float32Array(MAX_BATCH_ROWS)
    case 'f64':
      return new Float64Array(MAX_BATCH_ROWS)
    case 'bool':
      return new Uint8Array(MAX_BATCH_ROWS)
    case 'other':
      return []
    default:
      throw new InternalError(`no storage for ${String(store)}`)
  }
}
