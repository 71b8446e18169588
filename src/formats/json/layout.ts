import type { DecodeTree, LeafNode, TreeNode } from './decode-tree.ts'
import { closeQuote, findBackslash, skipBlanks, skipValue } from './json-bytes.ts'

/** What kind of JSON value the sample line had. */
export type SeenKind = 'string' | 'number' | 'word' | 'object' | 'array'

/** One step of reading a line that looks like the sample: bytes that must stand there, a wanted value, a value to step over. */
export type LayoutStep =
  | { readonly step: 'literal'; readonly bytes: Buffer }
  | { readonly step: 'value'; readonly leaf: LeafNode; readonly seen: SeenKind; readonly length: number }
  | { readonly step: 'skip'; readonly seen: SeenKind; readonly length: number }

/**
 * The shape of a line: key order, blanks, nesting. `whole` layouts go to the end of the line (a wanted column is
 * missing in the sample, so that no later key may be it); others end behind the last wanted value.
 */
export interface Layout {
  readonly steps: readonly LayoutStep[]
  /** Slots that are NULL in every line of this layout. */
  readonly absent: readonly number[]
  /** Slots of structs that are there in every line of this layout. */
  readonly present: readonly number[]
  readonly whole: boolean
  /** Equal for equal layouts. */
  readonly signature: string
}

const kindOf = (c: number): SeenKind =>
  c === 34 ? 'string' : c === 123 ? 'object' : c === 91 ? 'array' : c === 45 || (c >= 48 && c <= 57) ? 'number' : 'word'

const MOST_STEPS = 200

/**
 * The layout of a line that the row parser has accepted, or null when it cannot be one (not a plain object, escaped
 * names, a wanted name twice, too many members). With `shallow` objects nobody asks for are stepped over as one value.
 */
export function learnLayout(b: Buffer, start: number, end: number, tree: DecodeTree, shallow: boolean): Layout | null {
  const steps: LayoutStep[] = []
  const found = new Set<number>()
  const present: number[] = []
  let from = start
  let lastWanted = 0
  let fine = true

  const literal = (to: number): void => {
    if (to > from) steps.push({ step: 'literal', bytes: Buffer.from(b.subarray(from, to)) })
  }
  const take = (step: LayoutStep, at: number, behind: number): void => {
    literal(at)
    steps.push(step)
    from = behind
  }
  /** Walks the object at `p`; gives the position behind it. `members` null: nothing in it is wanted. */
  const object = (p: number, members: readonly TreeNode[] | null): number => {
    let q = skipBlanks(b, p + 1, end)
    if (b[q] === 125) return q + 1
    for (;;) {
      const close = closeQuote(b, q + 1, end)
      if (findBackslash(b, q + 1, close) >= 0) fine = false
      const name = b.toString('utf8', q + 1, close)
      const at = skipBlanks(b, skipBlanks(b, close + 1, end) + 1, end)
      const node = members?.find((m) => m.name === name)
      if (node !== undefined) {
        if (found.has(node.slot)) fine = false
        found.add(node.slot)
      }
      q = value(at, node)
      if (q < 0 || !fine || steps.length > MOST_STEPS) {
        fine = false
        return end
      }
      q = skipBlanks(b, q, end)
      if (b[q] === 125) return q + 1
      q = skipBlanks(b, q + 1, end)
    }
  }
  const value = (at: number, node: TreeNode | undefined): number => {
    const seen = kindOf(b[at]!)
    if (node?.kind === 'struct') {
      if (seen === 'object') {
        present.push(node.slot)
        return object(at, node.members)
      }
      // null: it stays part of the literal, and the struct is absent.
      found.delete(node.slot)
      return skipValue(b, at, end)
    }
    if (node === undefined && seen === 'object' && !shallow) return object(at, null)
    const behind = skipValue(b, at, end)
    if (behind < 0) return -1
    const length = seen === 'string' ? behind - at - 2 : behind - at
    if (node !== undefined) {
      take({ step: 'value', leaf: node, seen, length }, at, behind)
      lastWanted = steps.length
    } else take({ step: 'skip', seen, length }, at, behind)
    return behind
  }

  const first = skipBlanks(b, start, end)
  if (b[first] !== 123) return null
  const behind = object(first, tree.members)
  if (!fine || behind > end) return null
  const absent = tree.nodes.filter((n) => !found.has(n.slot)).map((n) => n.slot)
  const whole = absent.length > 0 || tree.nodes.some((n) => n.kind === 'struct' && n.members.length === 0)
  if (tree.nodes.length === 0) {
    // Only the number of rows is asked for.
    steps.length = 0
    from = start
    literal(first + 1)
  } else if (whole) literal(behind)
  else steps.length = lastWanted
  const text = steps.map((s) =>
    s.step === 'literal' ? `L${s.bytes.toString('latin1')}` : s.step === 'value' ? `V${s.leaf.slot}` : `S${s.seen}`,
  )
  return { steps, absent, present, whole, signature: `${absent.join()}|${text.join('\u0000')}` }
}
