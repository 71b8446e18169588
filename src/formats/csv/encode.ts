import type { Batch } from '../../columns/batch.ts'
import type { Vector } from '../../columns/vector.ts'
import type { DataType, Schema } from '../../types/data-type.ts'
import { formatDecimal } from '../../types/decimal.ts'
import { formatDouble, formatFloat, textMaker } from '../../types/format.ts'
import type { Value } from '../../types/value.ts'
import { ByteWriter, type RowEncoder } from '../row-encoder.ts'
import { checkCsvTypes } from './cells.ts'

/** How CSV is written; the names are Spark's options. */
export interface CsvEncoderOptions {
  readonly timeZone: string
  readonly sep: string
  /** One character; empty: nothing is quoted. */
  readonly quote: string
  readonly escape: string
  readonly nullValue: string
  readonly emptyValue: string
  readonly quoteAll: boolean
  /** False: a quote inside a value is no reason to quote it, save at its beginning. */
  readonly escapeQuotes: boolean
  readonly ignoreLeadingWhiteSpace: boolean
  readonly ignoreTrailingWhiteSpace: boolean
  readonly lineSep: string
  /** Dates and times as text. */
  readonly times: {
    date(days: number): string
    timestamp(us: bigint): string
    timestampNtz(us: bigint): string
  }
}

/** An encoder of CSV lines for rows of `schema`, as Spark's writer. `header` gives the line of names. */
export function csvEncoder(schema: Schema, options: CsvEncoderOptions): RowEncoder & { header(): void } {
  checkCsvTypes(schema)
  return new Encoder(schema, options)
}

type CellWriter = (column: Vector, row: number) => void

class Encoder implements RowEncoder {
  readonly #out = new ByteWriter()
  readonly #o: CsvEncoderOptions
  readonly #schema: Schema
  readonly #cells: readonly CellWriter[]
  readonly #sep: Buffer
  readonly #lineSep: Buffer
  readonly #null: Buffer
  readonly #quote: number
  /** Bytes that make a value need a second look: separators, quotes, escapes, line ends. */
  readonly #special = new Uint8Array(256)

  constructor(schema: Schema, options: CsvEncoderOptions) {
    this.#o = options
    this.#schema = schema
    this.#sep = Buffer.from(options.sep)
    this.#lineSep = Buffer.from(options.lineSep)
    this.#null = Buffer.from(this.#quoted(options.nullValue))
    this.#quote = options.quote === '' ? -1 : options.quote.charCodeAt(0)
    for (const mark of [options.sep, options.quote, options.lineSep, '\r', '\n'])
      if (mark !== '') this.#special[Buffer.from(mark)[0]!] = 1
    this.#cells = schema.fields.map((f) => this.#cell(f.type))
  }

  get length(): number {
    return this.#out.q
  }
  take(): Buffer {
    return this.#out.take()
  }

  header(): void {
    this.#schema.fields.forEach((f, i) => {
      if (i > 0) this.#out.bytes(this.#sep, 0, this.#sep.length)
      this.#text(f.name)
    })
    this.#out.bytes(this.#lineSep, 0, this.#lineSep.length)
  }

  encode(batch: Batch): void {
    const n = batch.rowCount
    const { columns } = batch
    for (let i = 0; i < n; i++) {
      const r = batch.rowAt(i)
      for (let c = 0; c < columns.length; c++) {
        if (c > 0) this.#out.bytes(this.#sep, 0, this.#sep.length)
        const column = columns[c]!
        if (column.isNull(r)) this.#out.bytes(this.#null, 0, this.#null.length)
        else this.#cells[c]!(column, r)
      }
      this.#out.bytes(this.#lineSep, 0, this.#lineSep.length)
    }
  }

  #quoted(text: string): string {
    const { quote, quoteAll } = this.#o
    return quoteAll ? quote + text + quote : text
  }

  #cell(type: DataType): CellWriter {
    if (type.kind === 'string') return (column, row) => this.#string(column, row)
    const text = textOf(type, this.#o)
    return (column, row) => this.#text(text(column.get(row)))
  }

  /** A string that needs no mark is copied as it stands. */
  #string(column: Vector, row: number): void {
    if (column.shape !== 'bytes') return this.#text(String(column.get(row)))
    const { data } = column
    const start = column.starts[row]!
    const end = column.ends[row]!
    const special = this.#special
    let plain = end > start && !this.#o.quoteAll && data[start]! > 32 && data[end - 1]! > 32
    for (let i = start; plain && i < end; i++) if (special[data[i]!] === 1) plain = false
    if (plain) this.#out.bytes(data, start, end)
    else this.#text(column.string(row))
  }

  #text(value: string): void {
    const o = this.#o
    let text = value
    if (o.ignoreLeadingWhiteSpace) text = text.replace(/^[\u0000-\u0020]+/, '')
    if (o.ignoreTrailingWhiteSpace) text = text.replace(/[\u0000-\u0020]+$/, '')
    if (text === '') {
      // The default emptyValue is a pair of quotes already.
      this.#out.text(o.emptyValue === '""' ? o.emptyValue : this.#quoted(o.emptyValue))
      return
    }
    const hasQuote = this.#quote >= 0 && text.includes(o.quote)
    const mustQuote =
      o.quoteAll ||
      text.includes(o.sep) ||
      /[\r\n]/.test(text) ||
      (o.lineSep !== '\n' && text.includes(o.lineSep)) ||
      (hasQuote && (o.escapeQuotes || text.startsWith(o.quote)))
    if (!mustQuote || this.#quote < 0) {
      this.#out.text(text)
      return
    }
    const escapes = o.escape === o.quote ? text : text.replaceAll(o.escape, o.escape + o.escape)
    this.#out.text(o.quote + escapes.replaceAll(o.quote, o.escape + o.quote) + o.quote)
  }
}

function textOf(type: DataType, o: CsvEncoderOptions): (v: Value) => string {
  switch (type.kind) {
    case 'date':
      return (v) => o.times.date(v as number)
    case 'timestamp':
      return (v) => o.times.timestamp(v as bigint)
    case 'timestamp_ntz':
      return (v) => o.times.timestampNtz(v as bigint)
    case 'float':
      return (v) => formatFloat(v as number)
    case 'double':
      return (v) => formatDouble(v as number)
    case 'decimal':
      return (v) => formatDecimal(v as bigint, type.scale)
    default:
      return textMaker(type, { timeZone: o.timeZone, nullText: 'null', binary: 'utf8', scientificDecimals: false })
  }
}
