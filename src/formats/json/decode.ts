import type { Batch } from '../../columns/batch.ts'
import { MAX_BATCH_ROWS } from '../../columns/batch.ts'
import { ExecutionError } from '../../errors/errors.ts'
import type { Schema } from '../../types/data-type.ts'
import { zoneOf } from '../../types/time-zone.ts'
import type { DecodePlan } from '../decode-plan.ts'
import { DECODE_SLACK, type LineDecoder, type LineDecoderOptions } from '../line-decoder.ts'
import { decodeTree, type DecodeTree } from './decode-tree.ts'
import { skipBlanks } from './json-bytes.ts'
import { type Layout, learnLayout } from './layout.ts'
import { RowColumns } from './row-columns.ts'
import { isBlank, RowParser } from './row-parser.ts'
import { rowTests, type RowTest } from './row-test.ts'
import { ScanHelpers } from './scan-helpers.ts'
import { compileScan, type Scan } from './scan-source.ts'
import { ValueParser } from './value-parser.ts'

/** Bytes of JSON lines to batches. */
export interface JsonDecoder extends LineDecoder {
  /** Since the beginning: rows that took the exact path, and rows dropped early by a predicate. */
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
  #layouts: Layout[] = []
  #scan: Scan
  #learnt = 0
  #learnAt = 0

  constructor(schema: Schema, plan: DecodePlan, options: LineDecoderOptions) {
    const zone = zoneOf(options.timeZone)
    this.#options = options
    this.#tree = decodeTree(schema)
    this.#tests = rowTests(this.#tree, plan)
    this.#columns = new RowColumns(this.#tree)
    this.#values = new ValueParser(zone)
    this.#rows = new RowParser(this.#tree, this.#values)
    const types = this.#tree.nodes.map((n) => n.type)
    this.#helpers = new ScanHelpers(zone, types, this.#values)
    this.keepsBlock = this.#columns.pointsIntoBlock
    this.#scan = this.#compile()
  }

  #compile(): Scan {
    this.#columns.hits = new Int32Array(this.#layouts.length)
    return compileScan(this.#tree, this.#layouts, this.#tests)
  }

  decode(block: Buffer, start: number, end: number, sink: (batch: Batch) => void): void {
    const c = this.#columns
    c.lines = 0
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
      let p = start
      while (p < end) {
        p = this.#scan(block, view, p, end, c, this.#helpers)
        if (c.stopped) p = this.#slowLine(block, p, c.lineEnd, sink)
        else this.#reorder()
        if (c.rows >= MAX_BATCH_ROWS) sink(c.take(block))
      }
      if (c.rows > 0) sink(c.take(block))
    } finally {
      behind.copy(block, end)
      this.lines = c.lines
      this.droppedRows += c.dropped
    }
  }

  /** One line by the exact path; an array stands for its elements. Gives the position of the next line. */
  #slowLine(b: Buffer, p: number, end: number, sink: (batch: Batch) => void): number {
    const c = this.#columns
    c.lines++
    const next = end + 1
    let q = skipBlanks(b, p, end)
    if (q >= end) return next
    this.slowRows++
    const inArray = b[q] === 91
    if (inArray) q = skipBlanks(b, q + 1, end)
    if (inArray && b[q] === 93 && isBlank(b, q + 1, end)) return next
    for (;;) {
      const behind = this.#rows.parse(b, q, end)
      if (behind < 0) return (this.#corrupt(b, p, end, this.#rows.reason), next)
      let after = skipBlanks(b, behind, end)
      if (!inArray && after < end) return (this.#corrupt(b, p, end, 'something stands behind the object'), next)
      if (!inArray) this.#learn(b, p, end)
      this.#rows.store(b, c)
      if (!inArray) return next
      if (c.rows >= MAX_BATCH_ROWS) sink(c.take(b))
      const mark = after < end ? b[after] : 0
      if (mark === 93 && isBlank(b, after + 1, end)) return next
      if (mark !== 44) return (this.#corrupt(b, p, end, 'the array is not closed'), next)
      after = skipBlanks(b, after + 1, end)
      q = after
    }
  }

  #corrupt(b: Buffer, start: number, end: number, reason: string): void {
    const mode = this.#options.mode ?? 'FAILFAST'
    if (mode === 'PERMISSIVE') this.#rows.storeNulls(this.#columns)
    if (mode !== 'FAILFAST') return
    const line = this.#columns.lines
    const record = b.toString('utf8', start, Math.min(end, start + 1000)).trimEnd() + (end > start + 1000 ? ' …' : '')
    const place = this.#options.place?.(line) ?? `line ${line}`
    throw new ExecutionError(
      'MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION',
      { record: `${record} at ${place} (${reason})`, place, reason, badRecord: record },
      { hint: "option mode 'PERMISSIVE' reads such lines as NULLs, 'DROPMALFORMED' leaves them out" },
    )
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
