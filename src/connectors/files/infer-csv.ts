import { javaDouble } from '../../formats/csv/cells.ts'
import { type CsvDialect, csvMarks } from '../../formats/csv/dialect.ts'
import { CsvTokens } from '../../formats/csv/tokens.ts'
import type { DatetimeReading } from '../../functions/json/text-conversion.ts'
import {
  BIGINT,
  BOOLEAN,
  type DataType,
  DATE,
  decimal,
  DOUBLE,
  INT,
  type Schema,
  STRING,
  TIMESTAMP,
  VOID,
} from '../../types/data-type.ts'
import { widerDecimal } from '../../types/decimal.ts'
import type { ListedFile } from './listing.ts'
import { recordsOf, sampler } from './records.ts'

export interface CsvInferenceOptions {
  readonly dialect: CsvDialect
  /** False: every column is STRING, only the first record is looked at. */
  readonly inferTypes: boolean
  readonly samplingRatio: number
  readonly caseSensitive: boolean
  readonly times: DatetimeReading
  /** Patterns are given: a text is a date or timestamp by them alone. */
  readonly hasDateFormat: boolean
  readonly hasTimestampFormat: boolean
  readonly prefersDate: boolean
}

/**
 * The columns of CSV files: as many as the first record has values, named by it where there is a header, `_c0`, `_c1` …
 * otherwise, and where a name is empty; equal names get their position behind. Types are the narrowest of INT, BIGINT,
 * DECIMAL, DOUBLE, DATE, TIMESTAMP, BOOLEAN and STRING that take every value.
 */
export function inferCsv(files: readonly ListedFile[], options: CsvInferenceOptions): Schema {
  const { dialect } = options
  let names: readonly string[] | null = null
  const types: DataType[] = []
  const takes = sampler(options.samplingRatio)
  for (const file of files) {
    let isFirst = true
    for (const cells of cellsOf(file, dialect)) {
      const isHeader = isFirst && dialect.header
      isFirst = false
      if (names === null) {
        names = isHeader ? headerNames(cells, options) : cells.map((_, i) => `_c${i}`)
        if (!options.inferTypes) return { fields: names.map((name) => ({ name, type: STRING, nullable: true })) }
      }
      if (isHeader || !takes()) continue
      for (let i = 0; i < names.length && i < cells.length; i++)
        types[i] = inferField(types[i] ?? VOID, cells[i]!, options)
    }
  }
  const settled = (t: DataType | undefined): DataType => (t === undefined || t.kind === 'void' ? STRING : t)
  return { fields: (names ?? []).map((name, i) => ({ name, type: settled(types[i]), nullable: true })) }
}

/** The records of a file as texts; null for NULL. */
function* cellsOf(file: ListedFile, dialect: CsvDialect): Generator<readonly (string | null)[]> {
  const tokens = new CsvTokens(dialect)
  const marks = csvMarks(dialect)
  const cutting = { whole: dialect.multiLine, separator: dialect.lineSep === '' ? null : Buffer.from(dialect.lineSep) }
  for (const bytes of recordsOf(file, cutting))
    for (let p = 0; p < bytes.length; p = tokens.next) {
      const newline = bytes.indexOf(marks.newline, p)
      const stop = newline < 0 ? bytes.length : newline
      const isComment = marks.comment >= 0 && bytes[p] === marks.comment
      if (isComment || bytes.toString('latin1', p, stop).trim() === '') {
        tokens.next = stop + 1
        continue
      }
      tokens.split(bytes, p, bytes.length)
      yield Array.from({ length: tokens.count }, (_, i) => {
        const text =
          tokens.starts[i] === tokens.ends[i]
            ? tokens.kinds[i] === 0
              ? null
              : dialect.emptyValue
            : tokens.text(bytes, i)
        return text === dialect.nullValue ? null : text
      })
    }
}

function headerNames(cells: readonly (string | null)[], options: CsvInferenceOptions): string[] {
  const key = (name: string): string => (options.caseSensitive ? name : name.toLowerCase())
  const count = new Map<string, number>()
  for (const c of cells) if (c !== null) count.set(key(c), (count.get(key(c)) ?? 0) + 1)
  return cells.map((c, i) => (c === null || c === '' ? `_c${i}` : count.get(key(c))! > 1 ? `${c}${i}` : c))
}

/** The type that takes `text` and all that `so far` took. */
function inferField(soFar: DataType, text: string | null, o: CsvInferenceOptions): DataType {
  if (text === null || text === '' || soFar.kind === 'string') return soFar
  const isTime = soFar.kind === 'timestamp' || soFar.kind === 'date'
  // A year alone is a date where dates are expected.
  const own = isTime && isTimestamp(text, o) && !isDate(text, o) ? TIMESTAMP : typeOf(text, o)
  return compatible(soFar, own, o)
}

const isDate = (text: string, o: CsvInferenceOptions): boolean =>
  o.prefersDate && (o.hasDateFormat || /^\d{4}-\d{2}-\d{2}$/.test(text)) && o.times.date(text) !== null

const isTimestamp = (text: string, o: CsvInferenceOptions): boolean => o.times.timestamp(text) !== null

function typeOf(text: string, o: CsvInferenceOptions): DataType {
  const { dialect } = o
  if (/^[+-]?\d{1,60}$/.test(text)) {
    const n = BigInt(text.replace('+', ''))
    if (BigInt.asIntN(32, n) === n) return INT
    if (BigInt.asIntN(64, n) === n) return BIGINT
    const digits = String(n < 0n ? -n : n).length
    return digits <= 38 ? decimal(digits, 0) : DOUBLE
  }
  if (javaDouble(text) !== null || [dialect.nanValue, dialect.positiveInf, dialect.negativeInf].includes(text))
    return DOUBLE
  if (isDate(text, o)) return DATE
  if (isTimestamp(text, o)) return TIMESTAMP
  return /^(?:true|false)$/i.test(text) ? BOOLEAN : STRING
}

const NUMBERS = ['int', 'bigint', 'decimal', 'double']

function compatible(a: DataType, b: DataType, o: CsvInferenceOptions): DataType {
  if (a.kind === 'void') return b
  const i = NUMBERS.indexOf(a.kind)
  const j = NUMBERS.indexOf(b.kind)
  if (i >= 0 && j >= 0) {
    if (a.kind === 'double' || b.kind === 'double') return DOUBLE
    if (a.kind !== 'decimal' && b.kind !== 'decimal') return i > j ? a : b
    const wide = (t: DataType) => (t.kind === 'decimal' ? t : decimal(t.kind === 'int' ? 10 : 20, 0))
    return widerDecimal(wide(a) as never, wide(b) as never)
  }
  if (a.kind === b.kind) return a
  const times = ['date', 'timestamp']
  if (times.includes(a.kind) && times.includes(b.kind) && !o.hasDateFormat && !o.hasTimestampFormat) return TIMESTAMP
  return STRING
}
