import { describe, expect, test } from 'vitest'
import { typeName, type Schema } from '../../src/types/data-type.ts'
import { parseSchema, parseType, printSchema } from '../../src/types/ddl.ts'

test.each([
  ['LONG', 'bigint'],
  ['byte', 'tinyint'],
  ['Short', 'smallint'],
  ['REAL', 'float'],
  ['DEC', 'decimal(10,0)'],
  ['NUMERIC(5)', 'decimal(5,0)'],
  ['decimal( 12 , 3 )', 'decimal(12,3)'],
  ['TIMESTAMP_LTZ', 'timestamp'],
  ['timestamp without time zone', 'timestamp_ntz'],
  ['VARCHAR(20)', 'string'],
  ['char(3)', 'string'],
  ['map<string,array<struct<a:int,b:map<int,void>>>>', 'map<string,array<struct<a:int,b:map<int,void>>>>'],
  ['interval day to second', 'interval day to second'],
  ['INTERVAL YEAR', 'interval year'],
  ['interval', 'interval'],
  ['struct<>', 'struct<>'],
])('%s', (text, name) => expect(typeName(parseType(text))).toBe(name))

describe('schemas', () => {
  const ddl =
    "ts TIMESTAMP, m MAP<STRING, INT>, s STRUCT<a: INT NOT NULL COMMENT 'it''s', `b c`: DECIMAL(10,2)>, `odd``name` BIGINT NOT NULL"
  test('read and print', () => {
    const schema = parseSchema(ddl.replace("'it''s'", "'x, y'"))
    expect(schema.fields.map((f) => [f.name, typeName(f.type), f.nullable])).toEqual([
      ['ts', 'timestamp', true],
      ['m', 'map<string,int>', true],
      ['s', 'struct<a:int,b c:decimal(10,2)>', true],
      ['odd`name', 'bigint', false],
    ])
    expect(printSchema(schema)).toBe(
      'ts TIMESTAMP, m MAP<STRING, INT>, s STRUCT<a: INT NOT NULL, `b c`: DECIMAL(10,2)>, `odd``name` BIGINT NOT NULL',
    )
    expect(parseSchema(printSchema(schema))).toEqual(schema)
  })
  test('a struct as a whole, colons, nothing', () => {
    const one: Schema = parseSchema('a INT, b STRING')
    expect(parseSchema('struct<a:int,b:string>')).toEqual(one)
    expect(parseSchema('a: INT, b: STRING')).toEqual(one)
    expect(parseSchema('  ')).toEqual({ fields: [] })
  })
  test('names that look like types and numbers', () =>
    expect(parseSchema('date DATE, 1a INT').fields.map((f) => f.name)).toEqual(['date', '1a']))
})

test.each([
  ['NOTYPE', 'UNSUPPORTED_DATATYPE'],
  ['array<int', 'PARSE_SYNTAX_ERROR'],
  ['int int', 'PARSE_SYNTAX_ERROR'],
  ['', 'PARSE_SYNTAX_ERROR'],
  ['array<>', 'PARSE_SYNTAX_ERROR'],
  ['varchar', 'DATATYPE_MISSING_SIZE'],
  ['decimal(39,0)', 'DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION'],
  ['decimal(5,6)', 'DECIMAL_SCALE_EXCEEDS_PRECISION'],
  ['interval month to day', 'UNSUPPORTED_DATATYPE'],
  ['time', 'UNSUPPORTED_TIME_TYPE'],
  ['array', 'INCOMPLETE_TYPE_DEFINITION.ARRAY'],
  ['map', 'INCOMPLETE_TYPE_DEFINITION.MAP'],
  ['int(11)', 'UNSUPPORTED_DATATYPE'],
  ['decimal(5,2,1)', 'UNSUPPORTED_DATATYPE'],
  ['a;b', 'UNSUPPORTED_DATATYPE_OR_SYNTAX'],
])('refuses %s', (text, code) => {
  if (code === 'UNSUPPORTED_DATATYPE_OR_SYNTAX')
    expect(() => parseType(text)).toThrow(expect.objectContaining({ code: 'PARSE_SYNTAX_ERROR' }))
  else expect(() => parseType(text)).toThrow(expect.objectContaining({ code }))
})

test('errors point into the text', () => {
  expect(() => parseSchema('a INT, b STRNG')).toThrow(/did you mean STRING/)
  expect(() => parseSchema('a INT b')).toThrow(expect.objectContaining({ at: { sql: 'a INT b', start: 6, end: 7 } }))
})
