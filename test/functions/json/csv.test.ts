import { describe, expect, test } from 'vitest'
import { MapValue } from '../../../src/types/value.ts'
import { fault, shows, value } from '../call.ts'

const options = (...pairs: readonly string[]) =>
  value(
    'map<string,string>',
    new MapValue(
      pairs.filter((_, i) => i % 2 === 0),
      pairs.filter((_, i) => i % 2 === 1),
    ),
  )

describe('from_csv', () => {
  test.each([
    ['1,abc,2.5', 'a INT, b STRING, c DOUBLE', '{1, abc, 2.5}'],
    ['1,"q,r"', 'a INT, b STRING', '{1, q,r}'],
    // An empty text equals the default nullValue, quoted or not.
    ['"a\\"b",""', 'a STRING, b STRING', '{a"b, NULL}'],
    ['"a"b,1', 'a STRING, b INT', '{"a"b, 1}'],
    ['"open,1', 'a STRING, b INT', '{"open, 1}'],
    [',', 'a STRING, b INT', '{NULL, NULL}'],
    ['', 'a INT', '{NULL}'],
    ['x,true', 'a INT, b BOOLEAN', '{NULL, true}'],
    ['1', 'a INT, b STRING', '{1, NULL}'],
    ['1,2,3', 'a INT', '{1}'],
    [' 1', 'a INT', '{NULL}'],
    ['NaN,-Inf', 'a DOUBLE, b DOUBLE', '{NaN, -Infinity}'],
    ['2026-01-31,2026-01-31T10:00:00Z', 'd DATE, t TIMESTAMP', '{2026-01-31, 2026-01-31 10:00:00}'],
    ['x', 'a INT, _corrupt_record STRING', '{NULL, x}'],
  ])('%s as %s', (line, schema, wanted) => expect(shows('from_csv', [line, schema])).toBe(wanted))

  test('options', () => {
    expect(shows('from_csv', ['1;-', 'a INT, b INT', options('sep', ';', 'nullValue', '-')])).toBe('{1, NULL}')
    expect(shows('from_csv', ['"",', 'a STRING, b STRING', options('nullValue', '-')])).toBe('{, NULL}')
    expect(shows('from_csv', ['31/01/2026', 'd DATE', options('dateFormat', 'dd/MM/yyyy')])).toBe('{2026-01-31}')
    expect(shows('from_csv', [`'it''s'`, 's STRING', options('quote', `'`, 'escape', `'`)])).toBe(`{it's}`)
    expect(fault('from_csv', ['x', 'a INT', options('mode', 'FAILFAST')])).toBe(
      'MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION',
    )
    expect(fault('from_csv', ['x', 'ARRAY<INT>'])).toBe('INVALID_SCHEMA.NON_STRUCT_TYPE')
  })
})

describe('to_csv', () => {
  test.each([
    [value('struct<a:int,b:string,c:int>', [1, 'x,y', null]), '1,"x,y",'],
    [value('struct<a:string,b:string>', ['', ' q"r ']), '"","q\\"r"'],
    [value('struct<a:boolean,b:decimal(3,2),c:double>', [true, 150n, 2]), 'true,1.50,2.0'],
    [value('struct<d:date,t:timestamp>', [0, 0n]), '1970-01-01,1970-01-01T00:00:00.000Z'],
  ])('%#', (row, wanted) => expect(shows('to_csv', [row])).toBe(wanted))

  test('options and refusals', () => {
    expect(
      shows('to_csv', [
        value('struct<a:int,b:string>', [null, ' x']),
        options('sep', '|', 'nullValue', '-', 'ignoreLeadingWhiteSpace', 'false'),
      ]),
    ).toBe('-| x')
    expect(fault('to_csv', [value('struct<a:array<int>>', [[1]])])).toBe('DATATYPE_MISMATCH.UNSUPPORTED_INPUT_TYPE')
  })
})

test.each([
  ['1,abc,2.5', 'STRUCT<_c0: INT, _c1: STRING, _c2: DOUBLE>'],
  ['2026-01-01,2026-01-01 10:00:00,true,', 'STRUCT<_c0: DATE, _c1: TIMESTAMP, _c2: BOOLEAN, _c3: STRING>'],
  ['3000000000,99999999999999999999', 'STRUCT<_c0: BIGINT, _c1: DECIMAL(20,0)>'],
])('schema_of_csv %s', (line, wanted) => expect(shows('schema_of_csv', [line])).toBe(wanted))
