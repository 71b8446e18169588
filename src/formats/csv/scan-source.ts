import { MAX_BATCH_ROWS } from '../../columns/batch.ts'
import type { DecodeTree, LeafNode } from '../json/decode-tree.ts'
import type { RowColumns } from '../json/row-columns.ts'
import { rejects, type RowTest } from '../json/row-test.ts'
import { differs } from '../json/scan-pieces.ts'
import { storeSource } from '../json/scan-source.ts'
import type { CsvHelpers } from './scan-helpers.ts'
import type { CsvDialect, CsvMarks } from './dialect.ts'

/**
 * Reads lines of block[p, end) into the columns until the batch is full, the end is reached, or a line needs the exact
 * path (columns.stopped). Gives the position of the next line.
 */
export type CsvScan = (b: Buffer, v: DataView, p: number, end: number, columns: RowColumns, h: CsvHelpers) => number

/** What a scan is made for. */
export interface CsvScanPlan {
  readonly tree: DecodeTree
  readonly tests: readonly RowTest[]
  readonly dialect: CsvDialect
  readonly marks: CsvMarks
  /** Columns of a line, in order: the leaf that takes it, or null. */
  readonly columns: readonly (LeafNode | null)[]
  /** The column for records that do not fit; always NULL here. */
  readonly corrupt: LeafNode | null
  /** A line must have exactly as many values as there are columns. */
  readonly checksCount: boolean
  /** Types read by a pattern. */
  readonly patterned: ReadonlySet<string>
}

const cache = new Map<string, CsvScan>()

/** Compiles the scan of a plan; scans are kept by their source. */
export function compileCsvScan(plan: CsvScanPlan): CsvScan {
  const source = csvScanSource(plan)
  let scan = cache.get(source)
  if (scan === undefined) {
    if (cache.size >= 64) cache.delete(cache.keys().next().value!)
    scan = new Function(`'use strict'; ${source}`)() as CsvScan
    cache.set(source, scan)
  }
  return scan
}

const FAIL = 'break L'

/** From `q` to the next byte `c`, four bytes at a time, or to `z` or some bytes beyond it. */
function near(c: number): string {
  const mask = `0x${(c * 0x01010101).toString(16)}`
  const hit = `((w ^ ${mask}) - 0x01010101 | 0) & ~(w ^ ${mask})`
  return `for (; q < z;) { const w = v.getInt32(q, true), m = ${hit} & 0x80808080; if (m !== 0) { q += 31 - Math.clz32(m & -m) >> 3; break } q += 4 }`
}

/** The JavaScript text of the scan. */
export function csvScanSource(plan: CsvScanPlan): string {
  const { tree, marks, dialect, columns } = plan
  const arrays: string[] = []
  for (const node of tree.leaves) {
    arrays.push(`N${node.slot} = c.nulls[${node.slot}], A${node.slot} = c.first[${node.slot}]`)
    if (node.store === 'string') arrays.push(`B${node.slot} = c.second[${node.slot}]`)
  }
  const trims = marks.trimsReturn ? 'const z = e > p && b[e - 1] === 13 ? e - 1 : e;' : 'const z = e;'
  const comment = marks.comment < 0 ? '' : `if (b[p] === ${marks.comment}) { p = e + 1; continue }`
  const last = plan.checksCount ? columns.length : columns.findLastIndex((c) => c !== null) + 1
  const masks = Math.ceil(tree.nodes.length / 31)
  const body: string[] = ['let q = p;']
  for (let m = 0; m < masks; m++) body.push(`let n${m} = 0;`)
  const wanted: LeafNode[] = []
  for (let i = 0; i < last; i++) {
    const leaf = columns[i] ?? null
    if (leaf !== null) wanted.push(leaf)
    body.push(columnSource(plan, leaf, i, i === last - 1))
  }
  // What is not read may hold a quoted line end.
  if (dialect.multiLine && marks.quote >= 0 && !plan.checksCount)
    body.push(`if (qt < q) { qt = b.indexOf(${marks.quote}, q); if (qt < 0) qt = end } if (qt < z) ${FAIL};`)
  for (const leaf of wanted) body.push(storeSource(leaf))
  if (plan.corrupt !== null) body.push(`N${plan.corrupt.slot}[r] = 1; seen[${plan.corrupt.slot}] = 1;`)
  for (let m = 0; m < masks; m++) {
    const bits = wanted.filter((l) => Math.floor(l.slot / 31) === m)
    if (bits.length === 0) continue
    const set = bits.map((l) => `if (n${m} & ${1 << (l.slot % 31)}) { N${l.slot}[r] = 1; seen[${l.slot}] = 1 }`)
    body.push(`if (n${m} !== 0) { ${set.join(' ')} }`)
  }
  const escape = marks.quote >= 0 && marks.escape !== marks.quote ? 'let es = -1;' : ''
  return `return function scan(b, v, p, end, c, h) {
  const seen = c.nullSeen${arrays.map((a) => `, ${a}`).join('')}, bs = end;
  let r = c.rows, lines = 0, dropped = 0, qt = -1; ${escape}
  c.stopped = false;
  while (p < end && r < ${MAX_BATCH_ROWS}) {
    let e = b.indexOf(${marks.newline}, p); if (e < 0 || e > end) e = end;
    lines++;
    ${trims}
    if (b[p] <= 32 && h.isBlank(b, p, z)) { p = e + 1; continue }
    ${comment}
    L: {
      ${body.join('\n      ')}
      r++; p = e + 1; continue;
    }
    lines--; c.stopped = true; c.lineEnd = e; break;
  }
  c.rows = r; c.lines += lines; c.dropped += dropped;
  return p;
}`
}

/** Finds value `i` of the line and reads it; `q` is left behind its separator, or at the end. */
function columnSource(plan: CsvScanPlan, leaf: LeafNode | null, i: number, isLast: boolean): string {
  const { marks, dialect, columns } = plan
  const sep = marks.sep[0]!
  const out: string[] = [`let s${i} = q, f${i} = 0;`]
  const [s, f] = [`s${i}`, `f${i}`]
  if (dialect.ignoreLeadingWhiteSpace) out.push(`while (q < z && b[q] <= 32 && b[q] !== ${sep}) q++; ${s} = q;`)
  const trimRight = dialect.ignoreTrailingWhiteSpace ? `while (${f} > ${s} && b[${f} - 1] <= 32) ${f}--;` : ''
  // A separator beyond the end of the line: the line has fewer values.
  const beyond = i === columns.length - 1 || isLast ? 'q = z' : FAIL
  const plain = `${near(sep)} if (q >= z) ${beyond}; ${f} = q; ${trimRight}`
  if (marks.quote < 0) out.push(plain)
  else {
    const escape =
      marks.escape === marks.quote || marks.escape < 0
        ? ''
        : `if (es < ${s}) { es = b.indexOf(${marks.escape}, ${s}); if (es < 0) es = end } if (es < ${f}) ${FAIL};`
    const other = marks.escapeEscape >= 0 && marks.escapeEscape !== marks.escape ? FAIL : ''
    const empty = dialect.emptyValue === '' && dialect.nullValue === '' ? '' : `if (${f} === ${s}) ${FAIL};`
    const closed = `q = ++${s}; ${near(marks.quote)} ${f} = q; if (q >= z) ${FAIL}; ${escape} ${other} ${empty} q++; if (q !== z && b[q] !== ${sep}) ${FAIL};`
    const ended = i === columns.length - 1 || isLast ? '' : `if (q === z) ${FAIL};`
    out.push(`if (q < z && b[q] === ${marks.quote}) { ${closed} ${ended} } else { ${plain} }`)
  }
  if (isLast && plan.checksCount) out.push(`if (q !== z) ${FAIL};`)
  if (leaf !== null) out.push(valueSource(plan, leaf, s, f))
  if (!isLast) out.push('q++;')
  return out.join(' ')
}

/** Reads the value [s, f) into locals named as storeSource wants them. */
function valueSource(plan: CsvScanPlan, leaf: LeafNode, s: string, f: string): string {
  const slot = leaf.slot
  const { nullValue } = plan.dialect
  const setNull = `n${Math.floor(slot / 31)} |= ${1 << (slot % 31)};`
  const bytes = Buffer.from(nullValue)
  const isNull =
    bytes.length === 0
      ? `${f} === ${s}`
      : `${f} === ${s} || (${f} - ${s} === ${bytes.length} && !(${differs(bytes, s)}))`
  const tests = plan.tests
    .filter((t) => t.slot === slot)
    .map((t) => `if (${rejects(t, leaf)}) { dropped++; p = e + 1; continue }`)
  return `${locals(leaf)} if (${isNull}) { ${setNull} } else { ${read(plan, leaf, s, f)} } ${tests.join(' ')}`
}

function locals(leaf: LeafNode): string {
  const s = leaf.slot
  if (leaf.type.kind === 'bigint') return `let x${s} = 0, l${s} = 0, t${s} = 0, g${s} = false;`
  return leaf.store === 'i64' || leaf.store === 'string' ? `let x${s} = 0, t${s} = 0;` : `let x${s} = 0;`
}

function read(plan: CsvScanPlan, leaf: LeafNode, s: string, f: string): string {
  const x = `x${leaf.slot}`
  const t = `t${leaf.slot}`
  const halves = `if (us !== us) ${FAIL}; ${x} = us | 0; ${t} = Math.floor(us / 4294967296);`
  const digits = (most: number): string =>
    `let k = ${s}; const neg = b[k] === 45; if (neg) k++; if (k >= ${f} || ${f} - k > ${most}) ${FAIL}; for (; k < ${f}; k++) { const d = b[k] ^ 48; if (d > 9) ${FAIL}; ${x} = ${x} * 10 + d }`
  switch (leaf.type.kind) {
    case 'tinyint':
    case 'smallint':
    case 'int': {
      const top = leaf.type.kind === 'int' ? 2147483647 : leaf.type.kind === 'smallint' ? 32767 : 127
      return `${digits(11)} if (neg) ${x} = -${x}; if (${x} > ${top} || ${x} < ${-top - 1}) ${FAIL};`
    }
    case 'bigint': {
      const l = `l${leaf.slot}`
      return `${digits(19)} if (k - ${s} > 15) { if (!h.int64(b, neg ? ${s} + 1 : ${s}, ${f})) ${FAIL}; ${x} = h.value; ${l} = h.low; ${t} = h.high; g${leaf.slot} = true } if (neg) ${x} = -${x};`
    }
    case 'float':
    case 'double':
      return `${x} = h.double(b, ${s}, ${f}); if (${x} !== ${x} || h.pos !== ${f}) ${FAIL};`
    case 'decimal':
      if (leaf.store !== 'i64') return `${FAIL};`
      return `${x} = h.decimal(b, ${s}, ${leaf.type.scale}, ${10 ** leaf.type.precision}); if (${x} !== ${x} || h.pos !== ${f}) ${FAIL};`
    case 'boolean':
      return `if (${f} - ${s} === 4 && !(${differs(Buffer.from('true'), s)})) ${x} = 1; else if (${f} - ${s} !== 5 || ${differs(Buffer.from('false'), s)}) ${FAIL};`
    case 'date':
      if (plan.patterned.has('date')) return `${x} = h.dateText(b, ${s}, ${f}); if (${x} !== ${x}) ${FAIL};`
      return `${x} = ${f} - ${s} === 10 ? h.dateAt(b, ${s}) : NaN; if (${x} !== ${x}) ${FAIL};`
    case 'timestamp':
      if (plan.patterned.has('timestamp')) return `const us = h.timestampText(b, ${s}, ${f}); ${halves}`
      return `const us = h.timestampUs(b, ${s}, ${f}, h.zone); ${halves}`
    case 'timestamp_ntz':
      if (plan.patterned.has('timestamp_ntz')) return `const us = h.ntzText(b, ${s}, ${f}); ${halves}`
      return `const us = h.localUs(b, ${s}, ${f}); ${halves}`
    case 'string':
      return `${x} = ${s}; ${t} = ${f};`
    default:
      return `${FAIL};`
  }
}
