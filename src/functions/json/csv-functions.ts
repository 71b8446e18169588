import { AnalysisError, ExecutionError } from '../../errors/errors.ts'
import {
  BOOLEAN,
  DATE,
  decimal,
  DOUBLE,
  INT,
  BIGINT,
  mapOf,
  STRING,
  structOf,
  TIMESTAMP,
  typeName,
  VOID,
  type DataType,
  type StructType,
} from '../../types/data-type.ts'
import { typeSql } from '../../types/ddl.ts'
import { decimalInType, formatDecimal, parseDecimal } from '../../types/decimal.ts'
import { formatDouble, formatFloat, textMaker } from '../../types/format.ts'
import { parseCalendarInterval, parseDayTimeInterval, parseYearMonthInterval } from '../../types/intervals.ts'
import type { StructValue, Value } from '../../types/value.ts'
import { arg, scalar, type CallSite, type EvalFn, type FunctionEntry } from '../entry.ts'
import { notConstant, unexpectedType } from '../faults.ts'
import { csvCell, csvDialect, splitCsv } from './csv-text.ts'
import { datetimeFormats, failsFast, malformed, withCorruptRecord, withoutCorruptRecord } from './json-functions.ts'
import { checkOptions, readOptions, type FunctionOptions } from './options.ts'
import { schemaArgument } from './schema-argument.ts'
import { datetimeReading, datetimeWriting, type DatetimeReading, type DatetimeWriting } from './text-conversion.ts'

const OPTIONS = arg('options', mapOf(STRING, STRING), { optional: true })

/** A cell as a value; undefined for a text that does not fit. */
type CellReader = (text: string) => Value | undefined

const BOUNDS = { tinyint: 128n, smallint: 32768n, int: 2147483648n, bigint: 1n << 63n } as const

function cellReader(type: DataType, times: DatetimeReading, options: FunctionOptions): CellReader {
  switch (type.kind) {
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint': {
      const bound = BOUNDS[type.kind]
      return (text) => {
        if (!/^[+-]?\d{1,25}$/.test(text)) return undefined
        const n = BigInt(text)
        return n >= bound || n < -bound ? undefined : type.kind === 'bigint' ? n : Number(n)
      }
    }
    case 'float':
    case 'double': {
      const special = new Map([
        [options.get('nanValue') ?? 'NaN', NaN],
        [options.get('positiveInf') ?? 'Inf', Infinity],
        [options.get('negativeInf') ?? '-Inf', -Infinity],
      ])
      const round = type.kind === 'float' ? Math.fround : (n: number) => n
      return (text) => {
        const named = special.get(text)
        if (named !== undefined) return named
        return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text.trim()) ? round(Number(text)) : undefined
      }
    }
    case 'boolean':
      return (text) => (/^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined)
    case 'decimal':
      return (text) => {
        const d = parseDecimal(text)
        return (d && decimalInType(d, type)) ?? undefined
      }
    case 'date':
      return (text) => times.date(text) ?? undefined
    case 'timestamp':
      return (text) => times.timestamp(text) ?? undefined
    case 'timestamp_ntz':
      return (text) => times.timestampNtz(text) ?? undefined
    case 'interval':
      return intervalReader(parseCalendarInterval)
    case 'interval_dt':
      return intervalReader((text) => parseDayTimeInterval(text, type.start, type.end))
    case 'interval_ym':
      return intervalReader((text) => parseYearMonthInterval(text, type.start, type.end))
    case 'string':
      return (text) => text
    default:
      throw new AnalysisError('DATATYPE_MISMATCH.UNSUPPORTED_INPUT_TYPE', {
        function: 'from_csv',
        actual: typeName(type),
      })
  }
}

const unsupportedInput = (type: DataType): AnalysisError =>
  new AnalysisError('DATATYPE_MISMATCH.UNSUPPORTED_INPUT_TYPE', { function: 'to_csv', actual: typeName(type) })

const intervalReader =
  (read: (text: string) => Value): CellReader =>
  (text) => {
    try {
      return read(text)
    } catch (e) {
      if (e instanceof ExecutionError) return undefined
      throw e
    }
  }

function bindFrom(site: CallSite): EvalFn {
  const options = readOptions(site.constants[2])
  const dialect = csvDialect(options, false)
  const strict = failsFast('from_csv', options)
  const type = site.type as StructType
  const { data, place } = withoutCorruptRecord(type, options.get('columnNameOfCorruptRecord') ?? '_corrupt_record')
  const times = datetimeReading(datetimeFormats(options, site.env.timeZone))
  const readers = data.fields.map((f) => cellReader(f.type, times, options))
  return (text: string) => {
    const line = /^[^\r\n]*/.exec(text)![0]
    const cells = splitCsv(line, dialect)
    let fits = cells.length === readers.length
    const row = readers.map((read, i) => {
      const cell = cells[i] ?? null
      if (cell === null || cell === dialect.nullValue) return null
      const value = read(cell)
      if (value === undefined) fits = false
      return value ?? null
    })
    if (!fits && strict) malformed(text, type)
    return withCorruptRecord(row, place, fits ? null : text)
  }
}

function cellWriter(type: DataType, times: DatetimeWriting, timeZone: string): (v: Value) => string {
  switch (type.kind) {
    case 'date':
      return (v) => times.date(v as number)
    case 'timestamp':
      return (v) => times.timestamp(v as bigint)
    case 'timestamp_ntz':
      return (v) => times.timestampNtz(v as bigint)
    case 'float':
      return (v) => formatFloat(v as number)
    case 'double':
      return (v) => formatDouble(v as number)
    case 'decimal':
      return (v) => formatDecimal(v as bigint, type.scale)
    default:
      return textMaker(type, { timeZone, nullText: 'null', binary: 'utf8', scientificDecimals: false })
  }
}

/** The type a cell has by itself, no narrower than `so far`; VOID for an empty cell. */
function inferCell(text: string | null, times: DatetimeReading): DataType {
  if (text === null) return VOID
  if (/^[+-]?\d{1,40}$/.test(text)) {
    const n = BigInt(text)
    if (BigInt.asIntN(32, n) === n) return INT
    if (BigInt.asIntN(64, n) === n) return BIGINT
    const digits = (n < 0n ? -n : n).toString().length
    return digits <= 38 ? decimal(digits, 0) : DOUBLE
  }
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?$/.test(text) || /^(?:NaN|-?Inf)$/.test(text)) return DOUBLE
  if (/^\d{4}-/.test(text) && times.date(text) !== null && !/[ T]/.test(text)) return DATE
  if (/^\d{4}-/.test(text) && times.timestamp(text) !== null) return TIMESTAMP
  return /^(?:true|false)$/i.test(text) ? BOOLEAN : STRING
}

/** CSV as text: to and from structs. */
export const entries: readonly FunctionEntry[] = [
  scalar('from_csv', [arg('csv', STRING), arg('schema', STRING), OPTIONS], undefined, {
    group: 'csv',
    doc: 'The struct a line of CSV holds, read by a schema (`a INT, b STRING`). What does not fit is NULL, or an error with the option mode => FAILFAST.',
    examples: [{ sql: `from_csv('1,abc', 'a INT, b STRING')`, gives: '{1, abc}' }],
    canBeNull: true,
    resolve: (args, _env, constants) => {
      const type = schemaArgument(args[1]!, constants[1])
      checkOptions(args[2], constants[2])
      if (args[0]!.kind !== 'string' && args[0]!.kind !== 'void') unexpectedType('from_csv', 1, 'STRING', args[0]!)
      if (type.kind !== 'struct') throw new AnalysisError('INVALID_SCHEMA.NON_STRUCT_TYPE', { actual: typeName(type) })
      failsFast('from_csv', readOptions(constants[2]))
      return { args: [STRING, STRING, ...args.slice(2)], type, nullable: true }
    },
    bind: bindFrom,
  }),
  scalar('to_csv', [arg('struct', 'STRUCT'), OPTIONS], undefined, {
    group: 'csv',
    doc: 'The members of a struct as a line of CSV.',
    examples: [{ sql: `to_csv(named_struct('a', 1, 'b', 'x,y'))`, gives: '1,"x,y"' }],
    resolve: (args, _env, constants) => {
      checkOptions(args[1], constants[1])
      const type = args[0]!
      if (type.kind === 'void') return { args: [structOf([]), ...args.slice(1)], type: STRING }
      if (type.kind !== 'struct') throw unsupportedInput(type)
      for (const f of type.fields) {
        if (['array', 'map', 'struct', 'binary'].includes(f.type.kind)) {
          throw unsupportedInput(f.type)
        }
      }
      return { args, type: STRING }
    },
    bind: (site) => {
      const options = readOptions(site.constants[1])
      const dialect = csvDialect(options, true)
      const times = datetimeWriting(datetimeFormats(options, site.env.timeZone))
      const writers = (site.args[0] as StructType).fields.map((f) => cellWriter(f.type, times, site.env.timeZone))
      return (row: StructValue) =>
        writers.map((write, i) => csvCell(row[i] === null ? null : write(row[i]!), dialect)).join(dialect.sep)
    },
  }),
  scalar('schema_of_csv', [arg('csv', STRING), OPTIONS], undefined, {
    group: 'csv',
    doc: 'The schema of a constant line of CSV, as from_csv takes it; the columns are named _c0, _c1 and so on.',
    examples: [{ sql: `schema_of_csv('1,abc,2.5')`, gives: 'STRUCT<_c0: INT, _c1: STRING, _c2: DOUBLE>' }],
    resolve: (args, _env, constants) => {
      checkOptions(args[1], constants[1])
      const text = constants[0]
      if (text === undefined) return notConstant('schema_of_csv', 'csv')
      if (text === null)
        throw new AnalysisError('DATATYPE_MISMATCH.UNEXPECTED_NULL', { function: 'schema_of_csv', name: 'csv' })
      if (typeof text !== 'string') return unexpectedType('schema_of_csv', 1, 'STRING', args[0]!)
      return { args, type: STRING, nullable: false }
    },
    bind: (site) => {
      const options = readOptions(site.constants[1])
      const times = datetimeReading(datetimeFormats(options, site.env.timeZone))
      return (text: string) => {
        const cells = splitCsv(/^[^\r\n]*/.exec(text)![0], csvDialect(options, false))
        return typeSql(
          structOf(
            cells.map((cell, i) => {
              const type = inferCell(cell, times)
              return { name: `_c${i}`, type: type.kind === 'void' ? STRING : type, nullable: true }
            }),
          ),
        )
      }
    },
  }),
]
