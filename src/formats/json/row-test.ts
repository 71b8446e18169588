import type { DecodePlan } from '../decode-plan.ts'
import { decodeLiteral } from '../../types/literal.ts'
import { type DecodeTree, type LeafNode, nodeAt } from './decode-tree.ts'
import { differs } from './scan-pieces.ts'

/** A predicate of the plan in the form the scan can test early. `constant` is in the column's stored form: numbers for all but strings. */
export interface RowTest {
  readonly slot: number
  readonly op: DecodePlan['predicates'][number]['op']
  readonly constant: number | Buffer | null
}

/** The predicates that can be tested on undecoded rows; the rest is left to the operators above, which test all again. */
export function rowTests(tree: DecodeTree, plan: DecodePlan): RowTest[] {
  const out: RowTest[] = []
  for (const p of plan.predicates) {
    const node = nodeAt(tree, p.column)
    if (node === undefined) continue
    if (p.op === 'isnull' || p.op === 'isnotnull') out.push({ slot: node.slot, op: p.op, constant: null })
    else if (node.kind === 'leaf') {
      const constant = constantOf(node, p)
      if (constant !== null) out.push({ slot: node.slot, op: p.op, constant })
    }
  }
  return out
}

function constantOf(leaf: LeafNode, p: DecodePlan['predicates'][number]): number | Buffer | null {
  const value = decodeLiteral(p.literal, leaf.type)
  if (typeof value === 'boolean') return leaf.store === 'bool' ? Number(value) : null
  if (typeof value === 'string') {
    // A constant with a backslash could equal text that still holds escapes.
    if (leaf.store !== 'string' || (p.op !== '=' && p.op !== '<>') || value.includes('\\')) return null
    return Buffer.from(value)
  }
  if (leaf.store === 'string' || leaf.store === 'other') return null
  const x = typeof value === 'bigint' ? Number(value) : value
  if (typeof x !== 'number' || x !== x) return null
  return typeof value === 'bigint' && !Number.isSafeInteger(x) ? null : x
}

/** A condition over the locals of the scan, true when the row cannot satisfy the test. */
export function rejects(test: RowTest, leaf: LeafNode): string {
  const slot = leaf.slot
  const nulled = `(n${Math.floor(slot / 31)} & ${1 << (slot % 31)}) !== 0`
  if (test.op === 'isnotnull') return nulled
  if (test.op === 'isnull') return `!(${nulled})`
  const constant = test.constant
  if (Buffer.isBuffer(constant)) {
    const bytes = constant.length === 0 ? '' : ` || ${differs(constant, `x${slot}`)}`
    const other = `t${slot} - x${slot} !== ${constant.length}${bytes}`
    if (test.op === '<>') return `${nulled} || !(${other})`
    // Escaped text may be equal though its bytes are not.
    const plain = `(bs >= t${slot} || (bs < p && (bs = h.nextBackslash(b, p, end)) >= t${slot}))`
    return `${nulled} || ((${other}) && ${plain})`
  }
  const wide = leaf.type.kind === 'timestamp' || leaf.type.kind === 'timestamp_ntz'
  const x = wide
    ? `(t${slot} * 4294967296 + (x${slot} >>> 0))`
    : leaf.store === 'f32'
      ? `Math.fround(x${slot})`
      : `x${slot}`
  const op = test.op === '=' ? '===' : test.op === '<>' ? '!==' : test.op
  return `${nulled} || !(${x} ${op} ${String(constant)})`
}
