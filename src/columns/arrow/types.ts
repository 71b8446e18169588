import type * as Arrow from 'apache-arrow'
import { AnalysisError, UnsupportedError } from '../../errors/errors.ts'
import {
  arrayOf,
  BIGINT,
  BINARY,
  BOOLEAN,
  CALENDAR_INTERVAL,
  type DataType,
  DATE,
  dayTimeInterval,
  type DayTimeUnit,
  decimal,
  DOUBLE,
  field,
  type Field,
  FLOAT,
  INT,
  mapOf,
  type Schema,
  SMALLINT,
  STRING,
  structOf,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  TINYINT,
  typeName,
  VOID,
  yearMonthInterval,
  type YearMonthUnit,
} from '../../types/data-type.ts'
import { distinctNames } from '../row.ts'
import type { ArrowLibrary } from './library.ts'
import { type ArrowField, ArrowId } from './shapes.ts'

/** Metadata of a field whose Arrow type does not say all: the units of an interval, as in `interval day to hour`. */
const TYPE_KEY = 'millrace:type'

/** Time stamps, durations: the number of `unit`s in a second. */
export const PER_SECOND = [1n, 1_000n, 1_000_000n, 1_000_000_000n] as const

/** The Arrow type of a SQL type; TIMESTAMP carries `timeZone`. */
export function arrowTypeOf(lib: ArrowLibrary, type: DataType, timeZone: string): Arrow.DataType {
  const child = (name: string, of: DataType, nullable: boolean): Arrow.Field =>
    arrowFieldOf(lib, { name, type: of, nullable }, timeZone)
  switch (type.kind) {
    case 'boolean':
      return new lib.Bool()
    case 'tinyint':
      return new lib.Int8()
    case 'smallint':
      return new lib.Int16()
    case 'int':
      return new lib.Int32()
    case 'bigint':
      return new lib.Int64()
    case 'float':
      return new lib.Float32()
    case 'double':
      return new lib.Float64()
    case 'decimal':
      return new lib.Decimal(type.scale, type.precision)
    case 'string':
      return new lib.Utf8()
    case 'binary':
      return new lib.Binary()
    case 'date':
      return new lib.DateDay()
    case 'timestamp':
      return new lib.TimestampMicrosecond(timeZone)
    case 'timestamp_ntz':
      return new lib.TimestampMicrosecond()
    case 'interval_ym':
      return new lib.IntervalYearMonth()
    case 'interval_dt':
      return new lib.DurationMicrosecond()
    case 'interval':
      return new lib.IntervalMonthDayNano()
    case 'array':
      return new lib.List(child('element', type.element, type.containsNull))
    case 'map': {
      const parts = [child('key', type.key, false), child('value', type.value, type.valueContainsNull)]
      return new lib.Map_(new lib.Field('entries', new lib.Struct(parts), false) as never)
    }
    case 'struct':
      return new lib.Struct(type.fields.map((f) => arrowFieldOf(lib, f, timeZone)))
    case 'void':
      return new lib.Null()
  }
}

function arrowFieldOf(lib: ArrowLibrary, f: Field, timeZone: string): Arrow.Field {
  const { kind } = f.type
  const name = typeName(f.type)
  const isPlain = name === typeName(kind === 'interval_dt' ? dayTimeInterval() : yearMonthInterval())
  const metadata = (kind === 'interval_dt' || kind === 'interval_ym') && !isPlain ? new Map([[TYPE_KEY, name]]) : null
  return new lib.Field(f.name, arrowTypeOf(lib, f.type, timeZone), f.nullable, metadata)
}

/** The Arrow schema of columns; a second column of one name becomes `name_2`, as in rows. */
export function arrowSchemaOf(lib: ArrowLibrary, schema: Schema, timeZone: string): Arrow.Schema {
  const names = distinctNames(schema.fields)
  return new lib.Schema(
    schema.fields.map((f, i) => arrowFieldOf(lib, { ...f, name: names[i]! }, timeZone)),
    null,
  )
}

/** The columns of an Arrow schema, all of them nullable. Types millrace does not have raise UNSUPPORTED_ARROWTYPE, two columns of one name COLUMN_ALREADY_EXISTS. */
export function schemaFromArrow(schema: { readonly fields: readonly ArrowField[] }): Schema {
  return { fields: fieldsFromArrow(schema.fields) }
}

function fieldsFromArrow(fields: readonly ArrowField[]): Field[] {
  const names = new Set<string>()
  for (const { name } of fields) {
    // Columns are found by name.
    if (names.has(name)) throw new AnalysisError('COLUMN_ALREADY_EXISTS', { name })
    names.add(name)
  }
  return fields.map(fieldFromArrow)
}

const fieldFromArrow = (f: ArrowField): Field => field(f.name, typeFromArrow(f))

/**
 * The SQL type of an Arrow field. Unsigned integers become the next larger signed type (64 bits: DECIMAL(20,0)), half floats
 * FLOAT, times with a zone TIMESTAMP; dictionaries have the type of their values.
 */
export function typeFromArrow(f: ArrowField): DataType {
  const unknown = (): UnsupportedError =>
    new UnsupportedError('UNSUPPORTED_ARROWTYPE', { column: f.name, type: String(f.type) })
  const { type } = f
  const children = type.children ?? []
  switch (type.typeId) {
    case ArrowId.Null:
      return VOID
    case ArrowId.Bool:
      return BOOLEAN
    case ArrowId.Int: {
      const signed = { 8: TINYINT, 16: SMALLINT, 32: INT, 64: BIGINT }[type.bitWidth!]
      const unsigned = { 8: SMALLINT, 16: INT, 32: BIGINT, 64: decimal(20, 0) }[type.bitWidth!]
      return (type.isSigned === true ? signed : unsigned)!
    }
    case ArrowId.Float:
      return type.precision === 2 ? DOUBLE : FLOAT
    case ArrowId.Utf8:
    case ArrowId.LargeUtf8:
    case ArrowId.Utf8View:
      return STRING
    case ArrowId.Binary:
    case ArrowId.LargeBinary:
    case ArrowId.BinaryView:
    case ArrowId.FixedSizeBinary:
      return BINARY
    case ArrowId.Decimal: {
      const [p, s] = [type.precision!, type.scale!]
      if (p > 38 || s < 0 || s > p) throw unknown()
      return decimal(p, s)
    }
    case ArrowId.Date:
      return DATE
    case ArrowId.Timestamp:
      return (type.timezone ?? '') === '' ? TIMESTAMP_NTZ : TIMESTAMP
    case ArrowId.Duration:
      return named(f) ?? dayTimeInterval()
    case ArrowId.Interval:
      if (type.unit === 2) return CALENDAR_INTERVAL
      return (type.unit === 0 ? named(f) : undefined) ?? (type.unit === 0 ? yearMonthInterval() : dayTimeInterval())
    case ArrowId.List:
    case ArrowId.LargeList:
    case ArrowId.FixedSizeList:
      return arrayOf(typeFromArrow(children[0]!))
    case ArrowId.Map: {
      const [key, value] = children[0]!.type.children!
      return mapOf(typeFromArrow(key!), typeFromArrow(value!))
    }
    case ArrowId.Struct:
      return structOf(fieldsFromArrow(children))
    case ArrowId.Dictionary:
      return typeFromArrow({ name: f.name, metadata: f.metadata, nullable: f.nullable, type: type.dictionary! })
    default:
      throw unknown()
  }
}

const DAY_TIME: readonly string[] = ['day', 'hour', 'minute', 'second']
const YEAR_MONTH: readonly string[] = ['year', 'month']

/** The interval type a field names in its metadata, where that fits its Arrow type. */
function named(f: ArrowField): DataType | undefined {
  const [, start, end = start] = /^interval (\w+)(?: to (\w+))?$/.exec(f.metadata.get(TYPE_KEY) ?? '') ?? []
  const units = f.type.typeId === ArrowId.Duration ? DAY_TIME : YEAR_MONTH
  if (start === undefined || end === undefined) return undefined
  const [from, to] = [units.indexOf(start), units.indexOf(end)]
  if (from < 0 || to < from) return undefined
  return units === DAY_TIME
    ? dayTimeInterval(start as DayTimeUnit, end as DayTimeUnit)
    : yearMonthInterval(start as YearMonthUnit, end as YearMonthUnit)
}
