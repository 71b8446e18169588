import { isUtf8 } from 'node:buffer'
import { type Batch, MAX_BATCH_ROWS } from '../../columns/batch.ts'
import { ExecutionError } from '../../errors/errors.ts'
import type { Schema } from '../../types/data-type.ts'
import { zoneOf } from '../../types/time-zone.ts'
import type { Value } from '../../types/value.ts'
import type { DecodePlan } from '../decode-plan.ts'
import { decodeTree, type DecodeTree, type LeafNode } from '../json/decode-tree.ts'
import { RowColumns } from '../json/row-columns.ts'
import { rowTests } from '../json/row-test.ts'
import { DECODE_SLACK, type LineDecoder, type LineDecoderOptions, NOT_UTF8 } from '../line-decoder.ts'
import { malformedRecord } from '../malformed.ts'
import { type CellReader, cellReader } from './cells.ts'
import { type CsvDialect, type CsvMarks, csvMarks } from './dialect.ts'
import { compileCsvScan, type CsvScan } from './scan-source.ts'
import { CsvHelpers } from './scan-helpers.ts'
import { CsvTokens } from './tokens.ts'

export interface CsvDecoderOptions extends LineDecoderOptions {
  readonly dialect: CsvDialect
  /** Column names are told apart by case (for `enforceSchema` false). */
  readonly caseSensitive?: boolean
}

/**
 * A decoder of CSV for the columns of `schema` (pruned to what the query needs), generated from it. `declared` are the
 * columns of a line, in order; `schema` may have the column for records that do not fit besides. Lines with plain or
 * simply quoted values are read by generated code; any other by an exact parser.
 *
 * When every column is asked for, or the column for records that do not fit, a line must have exactly as many values
 * as there are columns; else only the values asked for are looked at.
 */
export function csvDecoder(
  declared: Schema,
  schema: Schema,
  plan: DecodePlan,
  options: CsvDecoderOptions,
): LineDecoder {
  return new CsvDecoder(declared, schema, plan, options)
}

class CsvDecoder implements LineDecoder {
  lines = 0
  slowRows = 0
  droppedRows = 0
  readonly keepsBlock: boolean
  readonly framing: 'lines' | 'whole'
  readonly separator: Buffer | null
  readonly #options: CsvDecoderOptions
  readonly #declared: Schema
  readonly #marks: CsvMarks
  readonly #tree: DecodeTree
  readonly #columns: RowColumns
  readonly #helpers: CsvHelpers
  readonly #tokens: CsvTokens
  readonly #scan: CsvScan | null
  /** The data leaves, where each stands in a line, and how its text is read. */
  readonly #leaves: readonly { readonly leaf: LeafNode; readonly at: number; readonly read: CellReader }[]
  readonly #values: (Value | undefined)[]
  readonly #corrupt: LeafNode | null
  readonly #checksCount: boolean
  #atStart = true

  constructor(declared: Schema, schema: Schema, plan: DecodePlan, options: CsvDecoderOptions) {
    const { dialect } = options
    const times = options.times ?? {}
    const zone = zoneOf(options.timeZone)
    this.#options = options
    this.#declared = declared
    this.#marks = csvMarks(dialect)
    this.#tokens = new CsvTokens(dialect)
    this.framing = dialect.multiLine ? 'whole' : 'lines'
    this.separator = dialect.lineSep === '' ? null : Buffer.from(dialect.lineSep)
    this.#tree = decodeTree(schema)
    this.#columns = new RowColumns(this.#tree, options.mayReuse === true)
    const place = new Map(declared.fields.map((f, i) => [f.name, i]))
    this.#corrupt = this.#tree.leaves.find((l) => l.name === options.corruptColumn) ?? null
    const data = this.#tree.leaves.filter((l) => l !== this.#corrupt)
    this.#leaves = data.map((leaf) => ({
      leaf,
      at: place.get(leaf.name)!,
      read: cellReader(leaf.type, dialect, options.timeZone, times),
    }))
    this.#values = new Array<Value | undefined>(data.length)
    this.#checksCount = this.#corrupt !== null || data.length === declared.fields.length
    this.#helpers = new CsvHelpers(
      zone,
      this.#tree.nodes.map((n) => n.type),
      times,
    )
    this.keepsBlock = this.#columns.pointsIntoBlock
    const columns: (LeafNode | null)[] = declared.fields.map(() => null)
    for (const { leaf, at } of this.#leaves) columns[at] = leaf
    const patterned = new Set<string>()
    if (times.date) patterned.add('date')
    if (times.timestamp) patterned.add('timestamp')
    if (times.timestampNtz) patterned.add('timestamp_ntz')
    const exact =
      this.#marks.sep.length > 1 || dialect.maxCharsPerColumn >= 0 || declared.fields.length > dialect.maxColumns
    const tests = rowTests(this.#tree, plan)
    this.#scan = exact
      ? null
      : compileCsvScan({
          tree: this.#tree,
          tests,
          dialect,
          marks: this.#marks,
          columns,
          corrupt: this.#corrupt,
          checksCount: this.#checksCount,
          patterned,
        })
  }

  startFile(): void {
    this.#atStart = true
  }

  release(): void {
    this.#columns.release()
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
    // Separators behind the end stop numbers that run up to it; what stood there is put back.
    const behind = Buffer.from(block.subarray(end, end + DECODE_SLACK))
    block.fill(this.#marks.sep[0]!, end, end + DECODE_SLACK)
    try {
      const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
      let p = this.#atStart && this.#options.dialect.header ? this.#header(block, start, end) : start
      if (p > start || end > start) this.#atStart = false
      const exact = this.#scan === null || (this.#options.judgesAll === true && !isUtf8(block.subarray(p, end)))
      while (p < end) {
        if (exact) p = this.#slowLine(block, p, end)
        else {
          p = this.#scan!(block, view, p, end, c, this.#helpers)
          if (c.stopped) p = this.#slowLine(block, p, end)
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

  /** Whether the line at `p` is blank or a comment; then `end` of the line behind it, else -1. */
  #nothing(b: Buffer, p: number, end: number): number {
    const { comment, newline } = this.#marks
    const isComment = comment >= 0 && b[p] === comment
    let q = p
    if (!isComment) while (q < end && b[q]! <= 32 && b[q] !== newline) q++
    if (!isComment && q < end && b[q] !== newline) return -1
    const stop = b.indexOf(newline, q)
    return stop < 0 || stop >= end ? end : stop + 1
  }

  /** Goes over the header; gives where the rows begin. */
  #header(b: Buffer, p: number, end: number): number {
    const t = this.#tokens
    while (p < end) {
      const next = this.#nothing(b, p, end)
      this.#columns.lines++
      if (next < 0) break
      p = next
    }
    if (p >= end) return end
    t.split(b, p, end)
    if (!this.#options.dialect.enforceSchema) this.#checkHeader(b)
    return t.next
  }

  #checkHeader(b: Buffer): void {
    const t = this.#tokens
    const names = Array.from({ length: t.count }, (_, i) => t.text(b, i))
    const fields = this.#declared.fields.map((f) => f.name)
    const same = (x: string | undefined, y: string | undefined): boolean =>
      this.#options.caseSensitive === true ? x === y : x?.toLowerCase() === y?.toLowerCase()
    if (names.length === fields.length && names.every((n, i) => same(n, fields[i]))) return
    const place = this.#options.place?.(this.#columns.lines) ?? 'the header'
    throw new ExecutionError(
      'FAILED_READ_FILE.NO_HINT',
      { path: place, message: `the header names ${names.join(', ')}, the schema ${fields.join(', ')}` },
      { hint: 'with option enforceSchema true the header is not looked at, columns are taken by position' },
    )
  }

  /** One record by the exact path. Gives the position of the next. */
  #slowLine(b: Buffer, p: number, end: number): number {
    const c = this.#columns
    const t = this.#tokens
    const nothing = this.#nothing(b, p, end)
    if (nothing >= 0) {
      c.lines++
      return nothing
    }
    t.split(b, p, end)
    c.lines++
    const { next } = t
    if (this.#options.dialect.multiLine)
      for (let q = b.indexOf(10, p); q >= 0 && q < t.end; q = b.indexOf(10, q + 1)) c.lines++
    this.slowRows++
    const reason = this.#unreadable(b, p) ?? this.#readValues(b)
    if (reason !== null) {
      const mode = this.#options.mode ?? 'FAILFAST'
      if (mode === 'FAILFAST') {
        const record = b.toString('utf8', p, t.end)
        throw malformedRecord(record, this.#options.place?.(c.lines) ?? `line ${c.lines}`, reason)
      }
      this.#options.onBad?.({ reason, line: c.lines, bytes: b.subarray(p, t.end) })
      if (mode === 'DROPMALFORMED') return next
    }
    this.#store(p, reason !== null)
    return next
  }

  /** Why no value of the record can be read, all of which are NULL then; null when they can. */
  #unreadable(b: Buffer, p: number): string | null {
    const limit = this.#limitPassed()
    const isText = this.#options.judgesAll !== true || isUtf8(b.subarray(p, this.#tokens.end))
    if (limit === null && isText) return null
    if (this.#options.judgesAll !== true) this.#refuse(b, p, limit!)
    this.#values.fill(null)
    return limit === null ? NOT_UTF8 : `it has ${limit}`
  }

  #limitPassed(): string | null {
    const t = this.#tokens
    const { maxColumns, maxCharsPerColumn } = this.#options.dialect
    const long =
      maxCharsPerColumn < 0 ? -1 : t.ends.findIndex((e, i) => i < t.count && e - t.starts[i]! > maxCharsPerColumn)
    if (t.count > maxColumns) return `more than maxColumns = ${maxColumns} values`
    return long < 0 ? null : `a value longer than maxCharsPerColumn = ${maxCharsPerColumn}`
  }

  #refuse(b: Buffer, p: number, limit: string): never {
    const t = this.#tokens
    const place = this.#options.place?.(this.#columns.lines) ?? `line ${this.#columns.lines}`
    throw new ExecutionError(
      'MALFORMED_CSV_RECORD',
      { record: b.toString('utf8', p, Math.min(t.end, p + 1000)), place, limit },
      { hint: 'a quote that is never closed takes the rest of the file for one value' },
    )
  }

  /** Reads the values asked for; what does not fit is NULL and named in the result. */
  #readValues(b: Buffer): string | null {
    const t = this.#tokens
    const { nullValue, emptyValue } = this.#options.dialect
    const wanted = this.#declared.fields.length
    let reason = this.#checksCount && t.count !== wanted ? `it has ${t.count} values, ${wanted} are expected` : null
    this.#leaves.forEach(({ leaf, at, read }, i) => {
      this.#values[i] = null
      if (at >= t.count) return
      const empty = t.starts[at] === t.ends[at]
      if (empty && t.kinds[at] === 0) return
      const text = empty ? emptyValue : t.text(b, at)
      if (text === nullValue) return
      const value = read(text)
      if (value === undefined) reason ??= `"${text.slice(0, 60)}" is not of type ${leaf.type.kind.toUpperCase()}`
      else this.#values[i] = value
    })
    return reason
  }

  #store(p: number, isCorrupt: boolean): void {
    const c = this.#columns
    const t = this.#tokens
    const row = c.rows++
    this.#leaves.forEach(({ leaf, at }, i) => {
      const value = this.#values[i]!
      if (value === null) c.setNull(leaf.slot, row)
      else if (leaf.store !== 'string') c.setValue(leaf, row, value)
      else if (t.kinds[at] !== 2 && t.ends[at]! > t.starts[at]!) c.setString(leaf.slot, row, t.starts[at]!, t.ends[at]!)
      else c.setText(leaf.slot, row, value as string)
    })
    if (this.#corrupt === null) return
    if (isCorrupt) c.setString(this.#corrupt.slot, row, p, t.end)
    else c.setNull(this.#corrupt.slot, row)
  }
}
