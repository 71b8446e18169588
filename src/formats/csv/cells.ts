import { AnalysisError, ExecutionError } from '../../errors/errors.ts'
import { type DataType, type Schema, typeName } from '../../types/data-type.ts'
import { decimalInType, parseDecimal } from '../../types/decimal.ts'
import { parseCalendarInterval, parseDayTimeInterval, parseYearMonthInterval } from '../../types/intervals.ts'
import { parseDate, parseTimestamp, parseTimestampParts, parseTimestampNtz } from '../../types/time.ts'
import { zoneOf } from '../../types/time-zone.ts'
import type { Value } from '../../types/value.ts'
import type { TimeTexts } from '../time-texts.ts'
import type { CsvDialect } from './dialect.ts'

/** A cell as a value; undefined for a text that does not fit the type. */
export type CellReader = (text: string) => Value | undefined

const BOUNDS = { tinyint: 128n, smallint: 32768n, int: 2147483648n, bigint: 1n << 63n } as const

/** Refuses types that a CSV cell cannot hold. */
export function checkCsvTypes(schema: Schema): void {
  for (const f of schema.fields)
    if (f.type.kind === 'array' || f.type.kind === 'map' || f.type.kind === 'struct')
      throw new AnalysisError('UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE', {
        format: 'csv',
        column: f.name,
        type: typeName(f.type),
      })
}

/** A number in Java's floating-point notation: `1.5`, `.5`, `5.`, `1e10`, `1d`, blanks around it. */
export const DECIMAL_NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?$/
const HEX_NUMBER = /^[+-]?0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)[pP]([+-]?\d+)[dDfF]?$/

/** A floating-point text as Java reads it; null for any other. NaN and Infinity are texts of Java's too. */
export function javaDouble(text: string): number | null {
  const t = text.trim()
  if (DECIMAL_NUMBER.test(t)) return Number(t.replace(/[dDfF]$/, ''))
  const special = /^([+-]?)(NaN|Infinity)$/.exec(t)
  if (special) return special[2] === 'NaN' ? NaN : special[1] === '-' ? -Infinity : Infinity
  const hex = HEX_NUMBER.exec(t)
  if (!hex || hex[1]! + hex[2]! === '') return null
  const value = Number(`0x${hex[1]}${hex[2]}`) * 2 ** (Number(hex[3]) - 4 * hex[2]!.length)
  return t.startsWith('-') ? -value : value
}

/** The reader of cells of a type: Spark's rules. */
export function cellReader(type: DataType, dialect: CsvDialect, timeZone: string, times: TimeTexts): CellReader {
  const zone = zoneOf(timeZone)
  switch (type.kind) {
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint': {
      const bound = BOUNDS[type.kind]
      return (text) => {
        if (!/^[+-]?\d{1,25}$/.test(text)) return undefined
        const n = BigInt(text.startsWith('+') ? text.slice(1) : text)
        return n >= bound || n < -bound ? undefined : type.kind === 'bigint' ? n : Number(n)
      }
    }
    case 'float':
    case 'double': {
      const special = new Map([
        [dialect.nanValue, NaN],
        [dialect.positiveInf, Infinity],
        [dialect.negativeInf, -Infinity],
      ])
      const round = type.kind === 'float' ? Math.fround : (n: number) => n
      return (text) => {
        const n = special.get(text) ?? javaDouble(text)
        return n === null ? undefined : round(n)
      }
    }
    case 'boolean':
      return (text) => (/^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined)
    case 'decimal':
      return (text) => {
        const d = parseDecimal(text.replaceAll(',', ''))
        return (d && decimalInType(d, type)) ?? undefined
      }
    case 'date':
      return (text) => (times.date ?? parseDate)(text) ?? undefined
    case 'timestamp': {
      const read = times.timestamp ?? ((text: string) => parseTimestamp(text, zone))
      return (text) => read(text) ?? undefined
    }
    case 'timestamp_ntz': {
      // A text that names a zone is no local clock.
      const local = (text: string): bigint | null =>
        parseTimestampParts(text)?.zone === null ? parseTimestampNtz(text) : null
      const read = times.timestampNtz ?? local
      return (text) => read(text) ?? undefined
    }
    case 'interval':
      return quietly(parseCalendarInterval)
    case 'interval_dt':
      return quietly((text) => parseDayTimeInterval(text, type.start, type.end))
    case 'interval_ym':
      return quietly((text) => parseYearMonthInterval(text, type.start, type.end))
    case 'binary':
      return (text) => new Uint8Array(Buffer.from(text))
    default:
      return (text) => text
  }
}

/** Turns the errors of reading an interval into undefined. */
const quietly =
  (read: (text: string) => Value): CellReader =>
  (text) => {
    try {
      return read(text)
    } catch (e) {
      if (e instanceof ExecutionError || e instanceof AnalysisError) return undefined
      throw e
    }
  }
