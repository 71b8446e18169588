import { MAX_BATCH_ROWS } from '../../columns/batch.ts'
import type { DecodeTree, LeafNode, TreeNode } from './decode-tree.ts'
import type { Layout, LayoutStep } from './layout.ts'
import { rejects, type RowTest } from './row-test.ts'
import { differs, findQuote, integer, isFalse, isNull, isTrue, skip, timestamp } from './scan-pieces.ts'
import type { RowColumns } from './row-columns.ts'
import type { ScanHelpers } from './scan-helpers.ts'

/**
 * Reads lines of block[p, end) into the columns until the batch is full, the end is reached, or a line fits no
 * layout (columns.stopped). Gives the position of the next line.
 */
export type Scan = (b: Buffer, v: DataView, p: number, end: number, columns: RowColumns, h: ScanHelpers) => number

const cache = new Map<string, Scan>()

/** Compiles the scan of some layouts, tried in order; scans are kept by their source, so that a like query runs hot code at once. */
export function compileScan(
  tree: DecodeTree,
  layouts: readonly Layout[],
  tests: readonly RowTest[],
  patterned: ReadonlySet<string> = NONE,
): Scan {
  const source = scanSource(tree, layouts, tests, patterned)
  let scan = cache.get(source)
  if (scan === undefined) {
    if (cache.size >= 64) cache.delete(cache.keys().next().value!)
    scan = new Function(`'use strict'; ${source}`)() as Scan
    cache.set(source, scan)
  }
  return scan
}

const NONE: ReadonlySet<string> = new Set()

/** The JavaScript text of the scan. `patterned` are the kinds of types whose strings stand in a pattern of their own. */
export function scanSource(
  tree: DecodeTree,
  layouts: readonly Layout[],
  tests: readonly RowTest[],
  patterned: ReadonlySet<string> = NONE,
): string {
  const arrays: string[] = []
  for (const node of tree.nodes) {
    arrays.push(`N${node.slot} = c.nulls[${node.slot}]`)
    if (node.kind === 'leaf') arrays.push(`A${node.slot} = c.first[${node.slot}]`)
    if (node.kind === 'leaf' && node.store === 'string') arrays.push(`B${node.slot} = c.second[${node.slot}]`)
  }
  const masks = Math.ceil(tree.nodes.length / 31)
  const counts = layouts.map((_, i) => `k${i} = 0`)
  return `return function scan(b, v, p, end, c, h) {
  const seen = c.nullSeen${arrays.map((a) => `, ${a}`).join('')};
  let r = c.rows, lines = 0, dropped = 0, bs = -1, y0 = 0, y1 = 0, y2 = 0, y3 = 0, mlo = 0, mhi = 0${counts.map((k) => `, ${k}`).join('')};
  c.stopped = false;
  while (p < end && r < ${MAX_BATCH_ROWS}) {
    let e = b.indexOf(10, p); if (e < 0 || e > end) e = end;
    lines++;
${layouts.map((layout, i) => `    L${i}: { ${layoutSource(tree, layout, i, tests, masks, patterned)} }`).join('\n')}
    lines--; c.stopped = true; c.lineEnd = e; break;
  }
  c.rows = r; c.lines += lines; c.dropped += dropped;
${layouts.map((_, i) => `  c.hits[${i}] += k${i};`).join('\n')}
  return p;
}`
}

function layoutSource(
  tree: DecodeTree,
  layout: Layout,
  index: number,
  tests: readonly RowTest[],
  masks: number,
  patterned: ReadonlySet<string>,
): string {
  const fail = `break L${index}`
  const reject = '{ dropped++; p = e + 1; continue }'
  const absent = new Set(layout.absent)
  const out: string[] = ['let q = p;']
  for (let m = 0; m < masks; m++) out.push(`let n${m} = 0;`)
  const strings: LeafNode[] = []
  const wanted: LeafNode[] = []
  for (const step of layout.steps) {
    if (step.step === 'literal') out.push(`if (${differs(step.bytes, 'q')}) ${fail}; q += ${step.bytes.length};`)
    else if (step.step === 'skip') out.push(skip(step.seen, step.length, fail))
    else {
      const leaf = step.leaf
      wanted.push(leaf)
      if (leaf.store === 'string') strings.push(leaf)
      out.push(patterned.has(leaf.type.kind) ? patternedSource(leaf, fail) : valueSource(leaf, step, fail))
      for (const t of tests) if (t.slot === leaf.slot) out.push(`if (${rejects(t, leaf)}) ${reject}`)
    }
  }
  out.push(
    layout.whole
      ? `if (q !== e && (q > e || !h.isBlank(b, q, e))) ${fail};`
      : `if (q > e || (b[q] !== 44 && b[q] !== 125 && b[q] > 32${tree.nodes.length === 0 ? ' && b[q] !== 34' : ''})) ${fail};`,
  )
  // A test on what is never there, or always there, is settled by the layout.
  for (const t of tests) {
    const missing = absent.has(t.slot)
    if (t.op === 'isnull' ? layout.present.includes(t.slot) : missing) return `${out.join('\n      ')} ${reject}`
  }
  if (strings.length > 0) {
    const bad = strings.map((l) => `!h.escapesAreValid(b, x${l.slot}, t${l.slot})`)
    const each = strings.map((l) => `t${l.slot} = h.unescape(b, x${l.slot}, t${l.slot});`)
    out.push(`if (bs < p) bs = h.nextBackslash(b, p, end);`)
    // All are checked before the first is changed: the exact path must find the line as it was.
    out.push(`if (bs < q) { if (${bad.join(' || ')}) ${fail}; ${each.join(' ')} }`)
  }
  const structs = tree.nodes.filter((n) => n.kind === 'struct' && absent.has(n.slot))
  const under = (n: TreeNode): boolean => structs.some((s) => s.kind === 'struct' && s !== n && contains(s, n.slot))
  for (const leaf of wanted) out.push(storeSource(leaf))
  for (const n of tree.nodes) if (absent.has(n.slot) && !under(n)) out.push(`N${n.slot}[r] = 1; seen[${n.slot}] = 1;`)
  for (let m = 0; m < masks; m++) {
    const bits = wanted.filter((l) => Math.floor(l.slot / 31) === m)
    if (bits.length === 0) continue
    const set = bits.map((l) => `if (n${m} & ${1 << (l.slot % 31)}) { N${l.slot}[r] = 1; seen[${l.slot}] = 1 }`)
    out.push(`if (n${m} !== 0) { ${set.join(' ')} }`)
  }
  out.push(`r++; k${index}++; p = e + 1; continue;`)
  return out.join('\n      ')
}

function contains(node: TreeNode, slot: number): boolean {
  return node.slot === slot || (node.kind === 'struct' && node.members.some((m) => contains(m, slot)))
}

const nullBit = (slot: number): string => `n${Math.floor(slot / 31)} |= ${1 << (slot % 31)}; q += 4`

/** Reads one value into locals: `x<slot>` (strings: start), and `t<slot>` (strings: end; timestamps: high half). */
function valueSource(leaf: LeafNode, step: Extract<LayoutStep, { step: 'value' }>, fail: string): string {
  const slot = leaf.slot
  const x = `x${slot}`
  const t = `t${slot}`
  const orNull = `if (${isNull}) { ${nullBit(slot)} } else ${fail};`
  switch (leaf.type.kind) {
    case 'tinyint':
    case 'smallint':
    case 'int': {
      const top = leaf.type.kind === 'int' ? 2147483647 : leaf.type.kind === 'smallint' ? 32767 : 127
      return `let ${x} = 0; ${integer(x, 10, fail, orNull)} if (${x} > ${top} || ${x} < ${-top - 1}) ${fail};`
    }
    case 'bigint': {
      // Past 15 digits a double is not exact: the halves are made apart.
      const longer = `if (q - s > 19 || b[s] === 48 || !h.int64(b, s, q)) ${fail}; ${x} = h.value; l${slot} = h.low; ${t} = h.high; g${slot} = true`
      return `let ${x} = 0, l${slot} = 0, ${t} = 0, g${slot} = false; ${integer(x, 15, fail, orNull, longer)}`
    }
    case 'float':
    case 'double':
      return `let ${x} = 0; if (${isNull}) { ${nullBit(slot)} } else { ${x} = h.double(b, q, e); if (${x} !== ${x}) ${fail}; q = h.pos }`
    case 'decimal':
      if (leaf.store === 'other') break
      return `let ${x} = 0; if (${isNull}) { ${nullBit(slot)} } else { ${x} = h.decimal(b, q, ${leaf.type.scale}, ${10 ** leaf.type.precision}); if (${x} !== ${x}) ${fail}; q = h.pos }`
    case 'boolean':
      return `let ${x} = 0; if (${isTrue}) { ${x} = 1; q += 4 } else if (${isFalse}) q += 5; else ${orNull}`
    case 'date':
      return `let ${x} = 0; if (b[q] === 34) { ${x} = h.dateAt(b, q + 1); if (${x} !== ${x} || b[q + 11] !== 34) ${fail}; q += 12 } else ${orNull}`
    case 'timestamp':
    case 'timestamp_ntz':
      return `let ${x} = 0, ${t} = 0; ${timestamp(x, t, leaf.type.kind === 'timestamp', fail, orNull)}`
    case 'string': {
      // Of other values the text is taken as it stands; objects and arrays may hold backslashes: exact path.
      const other = `if (${isNull}) { ${nullBit(slot)} } else { if (b[q] === 123 || b[q] === 91) ${fail}; ${x} = q; q = h.skipValue(b, q, e); if (q < 0) ${fail}; ${t} = q }`
      return `let ${x} = 0, ${t} = 0; if (b[q] === 34) { ${x} = ++q; ${findQuote(step.length, x, fail)} ${t} = q++ } else { ${other} }`
    }
    default:
      break
  }
  return `let ${x} = null; if (${isNull}) { ${nullBit(slot)} } else { ${x} = h.other(b, q, e, ${slot}); if (${x} === h.BAD) ${fail}; q = h.pos }`
}

/** Reads a date or time in a pattern. */
function patternedSource(leaf: LeafNode, fail: string): string {
  const x = `x${leaf.slot}`
  const halves =
    leaf.type.kind === 'date' ? `${x} = us;` : `${x} = us | 0; t${leaf.slot} = Math.floor(us / 4294967296);`
  return `let ${x} = 0, t${leaf.slot} = 0; if (${isNull}) { ${nullBit(leaf.slot)} } else { const us = h.patterned(b, q, e, ${leaf.slot}); if (us !== us) ${fail}; ${halves} q = h.pos }`
}

/** Stores the locals of one value into the columns, at row `r`. */
export function storeSource(leaf: LeafNode): string {
  const s = leaf.slot
  switch (leaf.type.kind) {
    case 'bigint':
      return `if (g${s}) { A${s}[2 * r] = l${s}; A${s}[2 * r + 1] = t${s} } else { A${s}[2 * r] = x${s}; A${s}[2 * r + 1] = x${s} >= 0 && x${s} < 4294967296 ? 0 : Math.floor(x${s} / 4294967296) }`
    case 'decimal':
      if (leaf.store === 'other') return `A${s}[r] = x${s};`
      return `A${s}[2 * r] = x${s}; A${s}[2 * r + 1] = Math.floor(x${s} / 4294967296);`
    case 'timestamp':
    case 'timestamp_ntz':
      return `A${s}[2 * r] = x${s}; A${s}[2 * r + 1] = t${s};`
    case 'string':
      return `A${s}[r] = x${s}; B${s}[r] = t${s};`
    default:
      return `A${s}[r] = x${s};`
  }
}
