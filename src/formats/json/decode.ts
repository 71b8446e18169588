import { isUtf8 } from 'node:buffer'
import type { Batch } from '../../columns/batch.ts'
import { MAX_BATCH_ROWS } from '../../columns/batch.ts'
import type { Schema } from '../../types/data-type.ts'
import { zoneOf } from '../../types/time-zone.ts'
import type { DecodePlan } from '../decode-plan.ts'
import { DECODE_SLACK, type LineDecoder, type LineDecoderOptions, NOT_UTF8 } from '../line-decoder.ts'
import { malformedRecord } from '../malformed.ts'
import { decodeTree, type DecodeTree, type LeafNode } from './decode-tree.ts'
import { skipBlanks } from './json-bytes.ts'
import { type Layout, learnLayout } from './layout.ts'
import { RowColumns } from './row-columns.ts'
import { isBlank, RowParser } from './row-parser.ts'
import { rowTests, type RowTest } from './row-test.ts'
import { ScanHelpers } from './scan-helpers.ts'
import { compileScan, type Scan } from './scan-source.ts'
import { ValueParser } from './value-parser.ts'

/** Bytes of JSON lines to batches; slow rows are those that took the exact path. */
export interface JsonDecoder extends LineDecoder {
  readonly slowRows: number
  readonly droppedRows: number
}

/**
 * A decoder of JSON lines for the columns of `schema` (already pruned to what the query needs), generated from it.
 * Lines that look like an earlier one (same keys, order and blanks) are read by generated code; any other goes to
 * an exact parser, and its layout is learnt. Rows that cannot satisfy `plan.predicates` may be left out.
 *
 * A line is checked up to its last needed value: what stands behind it is not looked at, nor are control characters
 * inside strings, and of a needed name that comes twice in a line the last may go unseen.
 */
export function jsonDecoder(schema: Schema, plan: DecodePlan, options: LineDecoderOptions): JsonDecoder {
  return new Decoder(schema, plan, options)
}

/** Stands for the column of corrupt records: no JSON name can be it. */
const CORRUPT = '\u0000corrupt record'
const MOST_LAYOUTS = 6
/** Past this many compilations, lines whose layout is new are likely all different: learn ever more rarely. */
const PATIENCE = 12

class Decoder implements JsonDecoder {
  lines = 0
  slowRows = 0
  droppedRows = 0
  readonly keepsBlock: boolean
  readonly #tree: DecodeTree
  readonly #tests: readonly RowTest[]
  readonly #columns: RowColumns
  readonly #rows: RowParser
  readonly #values: ValueParser
  readonly #helpers: ScanHelpers
  readonly #options: LineDecoderOptions
  readonly framing: 'lines' | 'whole'
  readonly #corruptLeaf: LeafNode | null
  readonly #patterned = new Set<string>()
  /** Set while lines that were rewritten are decoded. */
  #rewritten = false
  #layouts: Layout[] = []
  #scan: Scan
  #learnt = 0
  #learnAt = 0

  constructor(schema: Schema, plan: DecodePlan, options: LineDecoderOptions) {
    const zone = zoneOf(options.timeZone)
    this.#options = options
    const { corruptColumn, times = {} } = options
    // No member of a line may be taken for the column of corrupt records.
    const fields = schema.fields.map((f) => (f.name === corruptColumn ? { ...f, name: CORRUPT } : f))
    this.#tree = { ...decodeTree({ fields }), schema }
    this.#corruptLeaf = this.#tree.leaves.find((l) => l.name === CORRUPT) ?? null
    this.framing = options.multiLine === true ? 'whole' : 'lines'
    if (times.date) this.#patterned.add('date')
    if (times.timestamp) this.#patterned.add('timestamp')
    if (times.timestampNtz) this.#patterned.add('timestamp_ntz')
    this.#tests = rowTests(this.#tree, plan)
    this.#columns = new RowColumns(this.#tree, options.mayReuse === true)
    this.#values = new ValueParser(zone, times, options.nonNumericNumbers)
    this.#rows = new RowParser(this.#tree, this.#values, (options.mode ?? 'FAILFAST') === 'PERMISSIVE')
    const types = this.#tree.nodes.map((n) => n.type)
    this.#helpers = new ScanHelpers(zone, types, this.#values)
    this.keepsBlock = this.#columns.pointsIntoBlock
    this.#scan = this.#compile()
  }

  release(): void {
    this.#columns.release()
  }

  #compile(): Scan {
    this.#columns.hits = new Int32Array(this.#layouts.length)
    return compileScan(this.#tree, this.#layouts, this.#tests, this.#patterned)
  }

  /** `linesBefore`: of the same call, gone through already. */
  decode(block: Buffer, start: number, end: number, sink: (batch: Batch) => void, linesBefore = 0): void {
    const c = this.#columns
    c.lines = linesBefore
    c.dropped = 0
    c.rows = 0
    if (block.length < end + DECODE_SLACK) {
      const copy = Buffer.allocUnsafeSlow(end - start + DECODE_SLACK)
      block.copy(copy, 0, start, end)
      block = copy
      end -= start
      start = 0
    }
    // Quotes stop every string scan that runs off the end; what stood there is put back.
    const behind = Buffer.from(block.subarray(end, end + DECODE_SLACK))
    block.fill(34, end, end + DECODE_SLACK)
    try {
      const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
      const exact = this.#options.judgesAll === true && !isUtf8(block.subarray(start, end))
      let p = start
      while (p < end) {
        if (this.framing === 'whole') p = this.#slowLine(block, p, end, sink)
        else if (exact) p = this.#slowLine(block, p, lineEnd(block, p, end), sink)
        else {
          p = this.#scan(block, view, p, end, c, this.#helpers)
          if (c.stopped) p = this.#slowLine(block, p, c.lineEnd, sink)
          else this.#reorder()
        }
        if (p < 0) {
          this.#rewriteRest(block, -p - 1, end, sink)
          p = end
        }
        if (c.rows >= MAX_BATCH_ROWS) sink(c.take(block))
      }
      if (c.rows > 0) sink(c.take(block))
    } finally {
      behind.copy(block, end)
      this.lines = c.lines
      this.droppedRows += c.dropped
    }
  }

  /** One line by the exact path; an array stands for its elements. Gives the position of the next line; -1 - p: it and what follows should be rewritten. */
  #slowLine(b: Buffer, p: number, end: number, sink: (batch: Batch) => void): number {
    const c = this.#columns
    const next = end + 1
    let q = skipBlanks(b, p, end)
    if (q >= end) {
      c.lines++
      return next
    }
    const strict = (this.#options.mode ?? 'FAILFAST') === 'FAILFAST'
    c.lines++
    this.slowRows++
    if (this.#options.judgesAll === true && !isUtf8(b.subarray(p, end)))
      return (this.#corrupt(b, p, end, NOT_UTF8, c.rows), next)
    const inArray = b[q] === 91
    if (inArray) q = skipBlanks(b, q + 1, end)
    if (inArray && b[q] === 93 && isBlank(b, q + 1, end)) return next
    let before = c.rows
    let misfits: string | null = null
    let flushed = false
    for (;;) {
      const behind = this.#rows.parse(b, q, end)
      if (behind < 0) {
        if (this.#mayRewrite(b, p, end) && !flushed) {
          c.rollback(before)
          c.lines--
          return -1 - p
        }
        return (this.#corrupt(b, p, end, this.#rows.reason, before), next)
      }
      let after = skipBlanks(b, behind, end)
      // Spark lets text behind an object pass; where corrupt lines fail, it is more likely two rows in one.
      if (!inArray && after < end && strict)
        return (this.#corrupt(b, p, end, 'something stands behind the object', before), next)
      const { misfit } = this.#rows
      if (misfit === null && !inArray && after >= end) this.#learn(b, p, end)
      misfits ??= misfit
      const reported = this.#options.onBad !== undefined && (inArray || misfits !== null)
      this.#rows.store(b, c, this.#corruptLeaf !== null || reported)
      if (!inArray) break
      if (c.rows >= MAX_BATCH_ROWS) {
        if (misfits !== null) this.#markCorrupt(b, p, end, before)
        sink(c.take(b))
        before = 0
        flushed = true
      }
      const mark = after < end ? b[after] : 0
      if (mark === 93 && isBlank(b, after + 1, end)) break
      if (mark !== 44) return (this.#corrupt(b, p, end, 'the array is not closed', before), next)
      after = skipBlanks(b, after + 1, end)
      q = after
    }
    if (misfits !== null) {
      this.#markCorrupt(b, p, end, before)
      this.#report(b, p, end, misfits)
    }
    return next
  }

  /** Gives the rows from `from` on the text of their record. */
  #markCorrupt(b: Buffer, start: number, end: number, from: number): void {
    if (this.#corruptLeaf !== null)
      for (let row = from; row < this.#columns.rows; row++) this.#setCorrupt(b, start, end, row)
  }

  /** Whether a line that cannot be read is one that `rewrite` has not been asked about. */
  #mayRewrite(b: Buffer, p: number, end: number): boolean {
    return this.#options.rewrite !== undefined && !this.#rewritten && !isStrictJson(b.toString('utf8', p, end))
  }

  /** The end of a line without the `\r` before it. */
  #stop(b: Buffer, start: number, end: number): number {
    return this.framing === 'lines' && end > start && b[end - 1] === 13 ? end - 1 : end
  }

  #report(b: Buffer, start: number, end: number, reason: string): void {
    const bytes = b.subarray(start, this.#stop(b, start, end))
    this.#options.onBad?.({ reason, line: this.#columns.lines, bytes })
  }

  #setCorrupt(b: Buffer, start: number, end: number, row: number): void {
    const stop = this.#stop(b, start, end)
    const { slot } = this.#corruptLeaf!
    this.#columns.nulls[slot]![row] = 0
    this.#columns.setString(slot, row, start, stop)
  }

  /** What becomes of a line that is not JSON, or in modes other than PERMISSIVE does not fit; rows from `before` on are taken back. */
  #corrupt(b: Buffer, start: number, end: number, reason: string, before: number): void {
    const c = this.#columns
    const mode = this.#options.mode ?? 'FAILFAST'
    if (mode === 'FAILFAST') {
      const record = b.toString('utf8', start, Math.min(end, start + 1001)).trimEnd()
      throw malformedRecord(record, this.#options.place?.(c.lines) ?? `line ${c.lines}`, reason)
    }
    c.rollback(Math.min(before, c.rows))
    this.#report(b, start, end, reason)
    if (mode === 'DROPMALFORMED') return
    this.#rows.storeNulls(c)
    if (this.#corruptLeaf !== null) this.#setCorrupt(b, start, end, c.rows - 1)
  }

  /** Decodes the lines from `p` on with those that are JSON in a wider sense only made strict. */
  #rewriteRest(block: Buffer, p: number, end: number, sink: (batch: Batch) => void): void {
    const c = this.#columns
    if (c.rows > 0) sink(c.take(block))
    const lines = this.framing === 'whole' ? [block.subarray(p, end)] : splitLines(block, p, end)
    const strict = lines.map((line) => {
      if (this.#options.judgesAll === true && !isUtf8(line)) return line
      const record = line.toString()
      const text = isStrictJson(record) ? null : this.#options.rewrite!(record)
      return text === null ? line : Buffer.from(text)
    })
    const parts = strict.flatMap((line, i) => (i === 0 ? [line] : [NEWLINE, line]))
    const text = Buffer.concat(parts)
    const { lines: before, dropped } = c
    this.#rewritten = true
    try {
      this.decode(text, 0, text.length, sink, before)
    } finally {
      this.#rewritten = false
      c.dropped = dropped
    }
  }

  #learn(b: Buffer, start: number, end: number): void {
    if (this.slowRows < this.#learnAt) return
    let stop = end
    while (stop > start && b[stop - 1]! <= 32) stop--
    const layout = learnLayout(b, start, stop, this.#tree, this.#learnt >= 4)
    if (layout === null || this.#layouts.some((l) => l.signature === layout.signature)) {
      // The line was slow for what it holds, not for its shape: look again later, not at each.
      this.#learnAt = this.slowRows + 8
      return
    }
    const known = this.#byHits()
    if (known.length >= MOST_LAYOUTS) known.length = MOST_LAYOUTS - 1
    this.#layouts = [layout, ...known]
    this.#scan = this.#compile()
    this.#learnt++
    if (this.#learnt >= PATIENCE) this.#learnAt = this.slowRows + 2 ** Math.min(20, this.#learnt)
  }

  #byHits(): Layout[] {
    const hits = this.#columns.hits
    return this.#layouts
      .map((layout, i) => ({ layout, hits: hits[i]! }))
      .sort((x, y) => y.hits - x.hits)
      .map((x) => x.layout)
  }

  /** Tries the commonest layout first, once it is clear which one that is. */
  #reorder(): void {
    const hits = this.#columns.hits
    if (hits.length < 2) return
    let best = 0
    let all = 0
    for (let i = 0; i < hits.length; i++) {
      all += hits[i]!
      if (hits[i]! > hits[best]!) best = i
    }
    if (all < 4096) return
    if (best !== 0 && hits[best]! > 2 * hits[0]!) {
      this.#layouts = this.#byHits()
      this.#scan = this.#compile()
    } else hits.fill(0)
  }
}

const NEWLINE = Buffer.from('\n')

function isStrictJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function lineEnd(b: Buffer, p: number, end: number): number {
  const newline = b.indexOf(10, p)
  return newline < 0 || newline > end ? end : newline
}

function splitLines(b: Buffer, p: number, end: number): Buffer[] {
  const out: Buffer[] = []
  for (let at = p; at < end;) {
    const stop = lineEnd(b, at, end)
    out.push(b.subarray(at, stop))
    at = stop + 1
  }
  return out
}
