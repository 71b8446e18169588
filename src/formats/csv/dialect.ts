/** How CSV is written; the names are Spark's options. */
export interface CsvDialect {
  /** One character or more. */
  readonly sep: string
  /** One character; empty: nothing is quoted. */
  readonly quote: string
  /** Before a quote inside quotes; may be the quote itself. */
  readonly escape: string
  /** Before an escape character inside quotes; empty: as `escape`, or none when that is the quote. */
  readonly charToEscapeQuoteEscaping: string
  /** A line that begins with this character is none; empty: no comments. */
  readonly comment: string
  /** A value that is this is NULL; an empty unquoted one always is. */
  readonly nullValue: string
  /** What an empty quoted value stands for. */
  readonly emptyValue: string
  readonly ignoreLeadingWhiteSpace: boolean
  readonly ignoreTrailingWhiteSpace: boolean
  /** Quoted values may hold line ends. */
  readonly multiLine: boolean
  /** One character between records; empty: line ends of any kind. */
  readonly lineSep: string
  readonly header: boolean
  /** False: the header must name the columns of the schema, in order. */
  readonly enforceSchema: boolean
  readonly nanValue: string
  readonly positiveInf: string
  readonly negativeInf: string
  readonly maxColumns: number
  /** -1: any number. */
  readonly maxCharsPerColumn: number
}

/** Spark's dialect for reading. */
export const CSV_DEFAULTS: CsvDialect = {
  sep: ',',
  quote: '"',
  escape: '\\',
  charToEscapeQuoteEscaping: '',
  comment: '',
  nullValue: '',
  emptyValue: '',
  ignoreLeadingWhiteSpace: false,
  ignoreTrailingWhiteSpace: false,
  multiLine: false,
  lineSep: '',
  header: false,
  enforceSchema: true,
  nanValue: 'NaN',
  positiveInf: 'Inf',
  negativeInf: '-Inf',
  maxColumns: 20480,
  maxCharsPerColumn: -1,
}

/** The marks of a dialect as bytes; -1 for a mark there is none of. All but `sep` are single ASCII characters. */
export interface CsvMarks {
  readonly sep: Buffer
  readonly quote: number
  readonly escape: number
  readonly escapeEscape: number
  readonly comment: number
  /** The last byte of a record. */
  readonly newline: number
  /** A carriage return before the newline belongs to it. */
  readonly trimsReturn: boolean
}

const byteOf = (text: string): number => (text === '' ? -1 : Buffer.from(text)[0]!)

/** The bytes of a dialect's marks. */
export function csvMarks(d: CsvDialect): CsvMarks {
  const quote = byteOf(d.quote)
  const escape = byteOf(d.escape)
  return {
    sep: Buffer.from(d.sep),
    quote,
    escape,
    escapeEscape:
      d.charToEscapeQuoteEscaping === '' ? (escape === quote ? -1 : escape) : byteOf(d.charToEscapeQuoteEscaping),
    comment: byteOf(d.comment),
    newline: d.lineSep === '' ? 10 : byteOf(d.lineSep),
    trimsReturn: d.lineSep === '',
  }
}
