import { AnalysisError, ParseError, UnsupportedError, type ErrorExtras } from '../errors/errors.ts'
import { nearestName } from '../errors/suggest.ts'
import {
  arrayOf,
  BIGINT,
  BINARY,
  BOOLEAN,
  CALENDAR_INTERVAL,
  DATE,
  dayTimeInterval,
  decimal,
  DOUBLE,
  field,
  FLOAT,
  INT,
  mapOf,
  SMALLINT,
  STRING,
  structOf,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  TINYINT,
  VOID,
  yearMonthInterval,
  type DataType,
  type DayTimeUnit,
  type Field,
  type Schema,
  type YearMonthUnit,
} from './data-type.ts'
import { MAX_PRECISION } from './decimal.ts'

const SIMPLE: Readonly<Record<string, DataType>> = {
  boolean: BOOLEAN,
  tinyint: TINYINT,
  byte: TINYINT,
  smallint: SMALLINT,
  short: SMALLINT,
  int: INT,
  integer: INT,
  bigint: BIGINT,
  long: BIGINT,
  float: FLOAT,
  real: FLOAT,
  double: DOUBLE,
  date: DATE,
  timestamp: TIMESTAMP,
  timestamp_ltz: TIMESTAMP,
  timestamp_ntz: TIMESTAMP_NTZ,
  string: STRING,
  binary: BINARY,
  void: VOID,
}

const DECIMALS = new Set(['decimal', 'dec', 'numeric'])
/** Types that say nothing without what stands between `<` and `>`. */
const NESTED = new Map<
  string,
  'INCOMPLETE_TYPE_DEFINITION.ARRAY' | 'INCOMPLETE_TYPE_DEFINITION.MAP' | 'INCOMPLETE_TYPE_DEFINITION.STRUCT'
>([
  ['array', 'INCOMPLETE_TYPE_DEFINITION.ARRAY'],
  ['map', 'INCOMPLETE_TYPE_DEFINITION.MAP'],
  ['struct', 'INCOMPLETE_TYPE_DEFINITION.STRUCT'],
])
const NOT_YET = new Set(['variant', 'object', 'geometry', 'geography'])

interface Token {
  /** `word`: a bare name; `quoted`: a back-quoted one, unescaped; `text`: a string; `number`; `mark`: `< > ( ) , :`. */
  readonly kind: 'word' | 'quoted' | 'text' | 'number' | 'mark' | 'end'
  readonly text: string
  readonly start: number
  readonly end: number
}

const TOKEN =
  /\s+|--[^\n]*|\/\*[\s\S]*?\*\/|(`(?:[^`]|``)+`)|('(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*")|([\p{L}_\d][\p{L}\p{M}_\d]*)|([<>(),:])/uy

function tokens(text: string): readonly Token[] {
  const out: Token[] = []
  let at = 0
  while (at < text.length) {
    TOKEN.lastIndex = at
    const m = TOKEN.exec(text)
    if (!m) throw syntaxError(text, at, at + 1)
    const start = at
    at = TOKEN.lastIndex
    if (m[1] !== undefined) out.push({ kind: 'quoted', text: m[1].slice(1, -1).replaceAll('``', '`'), start, end: at })
    else if (m[2] !== undefined) out.push({ kind: 'text', text: m[2].slice(1, -1), start, end: at })
    else if (m[3] !== undefined) out.push({ kind: /^\d+$/.test(m[3]) ? 'number' : 'word', text: m[3], start, end: at })
    else if (m[4] !== undefined) out.push({ kind: 'mark', text: m[4], start, end: at })
  }
  out.push({ kind: 'end', text: '', start: text.length, end: text.length })
  return out
}

function syntaxError(sql: string, start: number, end: number, extras: ErrorExtras = {}): ParseError {
  const found = start >= sql.length ? 'the end of the type' : `"${sql.slice(start, end)}"`
  return new ParseError(
    'PARSE_SYNTAX_ERROR',
    { found },
    { ...extras, at: { sql, start, end: Math.max(end, start + 1) } },
  )
}

class Reader {
  readonly #sql: string
  readonly #tokens: readonly Token[]
  #next = 0

  constructor(sql: string) {
    this.#sql = sql
    this.#tokens = tokens(sql)
  }

  get #token(): Token {
    return this.#tokens[this.#next]!
  }

  fail(): never {
    throw syntaxError(this.#sql, this.#token.start, this.#token.end)
  }

  atEnd(): boolean {
    return this.#token.kind === 'end'
  }

  expectEnd(): void {
    if (!this.atEnd()) this.fail()
  }

  #mark(text: string): boolean {
    if (this.#token.kind !== 'mark' || this.#token.text !== text) return false
    this.#next++
    return true
  }

  #isMark(text: string): boolean {
    return this.#token.kind === 'mark' && this.#token.text === text
  }

  /** Refuses parameters where a type takes none, or no more. */
  #noMore(mark: '(' | ',', at: { sql: string; start: number; end: number }): void {
    if (!this.#isMark(mark)) return
    while (!this.atEnd() && !this.#mark(')')) this.#next++
    const end = this.#tokens[this.#next - 1]!.end
    const type = this.#sql.slice(at.start, end).replace(/\s+/g, '').toUpperCase()
    throw new ParseError('UNSUPPORTED_DATATYPE', { type: `"${type}"` }, { at: { ...at, end } })
  }

  #expect(text: string): void {
    if (!this.#mark(text)) this.fail()
  }

  /** Takes a keyword when it stands here. */
  #word(word: string): boolean {
    if (this.#token.kind !== 'word' || this.#token.text.toLowerCase() !== word) return false
    this.#next++
    return true
  }

  #name(): string {
    const token = this.#token
    if (token.kind !== 'word' && token.kind !== 'quoted' && token.kind !== 'number') this.fail()
    this.#next++
    return token.text
  }

  #number(): number {
    const token = this.#token
    if (token.kind !== 'number') this.fail()
    this.#next++
    return Number(token.text)
  }

  /** `a INT NOT NULL COMMENT '…', b: STRING`, up to a closing `>` or the end. */
  fields(): readonly Field[] {
    const out: Field[] = []
    do {
      const name = this.#name()
      this.#mark(':')
      const type = this.type()
      let nullable = true
      for (;;) {
        if (this.#word('not')) {
          if (!this.#word('null')) this.fail()
          nullable = false
        } else if (this.#word('comment')) {
          if (this.#token.kind !== 'text') this.fail()
          this.#next++
        } else break
      }
      out.push(field(name, type, nullable))
    } while (this.#mark(','))
    return out
  }

  type(): DataType {
    const token = this.#token
    if (token.kind !== 'word') this.fail()
    this.#next++
    const name = token.text.toLowerCase()
    const at = { sql: this.#sql, start: token.start, end: token.end }
    if (DECIMALS.has(name)) return this.#decimal(at)
    const incomplete = NESTED.get(name)
    if (incomplete !== undefined && !this.#isMark('<')) throw new ParseError(incomplete, {}, { at })
    if (name === 'array') {
      this.#expect('<')
      const element = this.type()
      this.#expect('>')
      return arrayOf(element)
    }
    if (name === 'map') {
      this.#expect('<')
      const key = this.type()
      this.#expect(',')
      const value = this.type()
      this.#expect('>')
      return mapOf(key, value)
    }
    if (name === 'struct') {
      this.#expect('<')
      if (this.#mark('>')) return structOf([])
      const fields = this.fields()
      this.#expect('>')
      return structOf(fields)
    }
    if (name === 'interval') return this.#interval()
    if (name === 'timestamp' && (this.#is('with') || this.#is('without'))) return this.#zoned()
    if (name === 'char' || name === 'character' || name === 'varchar') {
      if (!this.#mark('(')) throw new ParseError('DATATYPE_MISSING_SIZE', { type: name.toUpperCase() }, { at })
      this.#number()
      this.#expect(')')
      return STRING
    }
    if (name === 'time') throw new UnsupportedError('UNSUPPORTED_TIME_TYPE', {}, { at })
    if (NOT_YET.has(name)) throw new UnsupportedError('UNSUPPORTED', { feature: `type ${name.toUpperCase()}` }, { at })
    const simple = Object.hasOwn(SIMPLE, name) ? SIMPLE[name] : undefined
    if (!simple) {
      const near = nearestName(name, [...Object.keys(SIMPLE), 'decimal', 'array', 'map', 'struct', 'interval'])
      throw new ParseError(
        'UNSUPPORTED_DATATYPE',
        { type: `"${token.text.toUpperCase()}"` },
        { at, hint: near ? `did you mean ${near.toUpperCase()}?` : undefined },
      )
    }
    this.#noMore('(', at)
    if (name === 'string' && this.#is('collate'))
      throw new UnsupportedError(
        'UNSUPPORTED',
        { feature: 'COLLATE' },
        { at: { sql: this.#sql, start: this.#token.start, end: this.#token.end } },
      )
    return simple
  }

  #is(word: string): boolean {
    return this.#token.kind === 'word' && this.#token.text.toLowerCase() === word
  }

  #zoned(): DataType {
    const local = this.#word('with') ? (this.#word('local'), true) : (this.#word('without'), false)
    if (!this.#word('time') || !this.#word('zone')) this.fail()
    return local ? TIMESTAMP : TIMESTAMP_NTZ
  }

  #decimal(at: { sql: string; start: number; end: number }): DataType {
    let precision = 10
    let scale = 0
    if (this.#mark('(')) {
      precision = this.#number()
      if (this.#mark(',')) scale = this.#number()
      this.#noMore(',', at)
      this.#expect(')')
    }
    const whole = { ...at, end: this.#tokens[this.#next - 1]!.end }
    if (precision > MAX_PRECISION)
      throw new AnalysisError(
        'DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION',
        { precision, max: MAX_PRECISION },
        { at: whole },
      )
    if (scale > precision)
      throw new AnalysisError('DECIMAL_SCALE_EXCEEDS_PRECISION', { scale, precision }, { at: whole })
    if (precision === 0)
      throw new ParseError(
        'PARSE_SYNTAX_ERROR',
        { found: '"0"' },
        { at: whole, hint: 'a decimal has at least one digit' },
      )
    return decimal(precision, scale)
  }

  #interval(): DataType {
    const token = this.#token
    const unit = (): string | undefined => {
      const t = this.#token
      const name = t.kind === 'word' ? t.text.toLowerCase() : ''
      if (!['year', 'month', 'day', 'hour', 'minute', 'second'].includes(name)) return undefined
      this.#next++
      return name
    }
    const start = unit()
    if (start === undefined) return CALENDAR_INTERVAL
    const end = this.#word('to') ? (unit() ?? this.fail()) : start
    const yearMonth = ['year', 'month']
    const dayTime = ['day', 'hour', 'minute', 'second']
    for (const family of [yearMonth, dayTime]) {
      const from = family.indexOf(start)
      const to = family.indexOf(end)
      if (from < 0 || to < from || (start !== end && from === to)) continue
      return family === yearMonth
        ? yearMonthInterval(start as YearMonthUnit, end as YearMonthUnit)
        : dayTimeInterval(start as DayTimeUnit, end as DayTimeUnit)
    }
    throw new ParseError(
      'UNSUPPORTED_DATATYPE',
      { type: `"INTERVAL ${start.toUpperCase()} TO ${end.toUpperCase()}"` },
      {
        at: { sql: this.#sql, start: token.start, end: this.#tokens[this.#next - 1]!.end },
      },
    )
  }
}

/**
 * Reads one type as written in SQL: `array<struct<a: int not null>>`, `DECIMAL(10,2)`, `interval day to second`. CHAR(n) and
 * VARCHAR(n) are STRING. Raises PARSE_SYNTAX_ERROR, UNSUPPORTED_DATATYPE, DATATYPE_MISSING_SIZE or
 * DECIMAL_… with the place inside `text`.
 */
export function parseType(text: string): DataType {
  const reader = new Reader(text)
  const type = reader.type()
  reader.expectEnd()
  return type
}

/**
 * Reads the columns of a table: `ts TIMESTAMP, m MAP<STRING, INT>, s STRUCT<a: INT NOT NULL>`; also one `struct<…>` as a
 * whole. Comments are read and dropped. Errors as `parseType`.
 */
export function parseSchema(ddl: string): Schema {
  const reader = new Reader(ddl)
  if (reader.atEnd()) return { fields: [] }
  if (/^\s*struct\s*</i.test(ddl)) {
    const type = parseType(ddl)
    if (type.kind === 'struct') return { fields: type.fields }
  }
  const fields = reader.fields()
  reader.expectEnd()
  return { fields }
}

const isPlainName = (name: string): boolean => /^[\p{L}_][\p{L}\p{M}_\d]*$/u.test(name)
const quoted = (name: string): string => (isPlainName(name) ? name : `\`${name.replaceAll('`', '``')}\``)

/** A type in upper-case SQL, as `parseType` reads it: `MAP<STRING, INT>`, `STRUCT<a: INT NOT NULL>`. */
export function typeSql(type: DataType): string {
  switch (type.kind) {
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`
    case 'interval_dt':
    case 'interval_ym':
      return `INTERVAL ${type.start === type.end ? type.start : `${type.start} TO ${type.end}`}`.toUpperCase()
    case 'array':
      return `ARRAY<${typeSql(type.element)}>`
    case 'map':
      return `MAP<${typeSql(type.key)}, ${typeSql(type.value)}>`
    case 'struct':
      return `STRUCT<${type.fields.map((f) => `${quoted(f.name)}: ${typeSql(f.type)}${f.nullable ? '' : ' NOT NULL'}`).join(', ')}>`
    default:
      return type.kind.toUpperCase()
  }
}

/** The columns as DDL, as `parseSchema` reads them: `ts TIMESTAMP, n BIGINT NOT NULL`. */
export const printSchema = (schema: Schema): string =>
  schema.fields.map((f) => `${quoted(f.name)} ${typeSql(f.type)}${f.nullable ? '' : ' NOT NULL'}`).join(', ')
