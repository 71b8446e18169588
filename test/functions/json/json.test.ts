import { describe, expect, test } from 'vitest'
import { jsonToValue, valueToJson } from '../../../src/functions/json/json-value.ts'
import { parseJson } from '../../../src/functions/json/json-text.ts'
import { parseType } from '../../../src/types/ddl.ts'
import { formatValue } from '../../../src/types/format.ts'
import { MapValue, type Value } from '../../../src/types/value.ts'
import { call, column, fault, of, session, shows, untyped, value } from '../call.ts'

const newYork = session({ timeZone: 'America/New_York' })
const options = (...pairs: readonly string[]) =>
  value(
    'map<string,string>',
    new MapValue(
      pairs.filter((_, i) => i % 2 === 0),
      pairs.filter((_, i) => i % 2 === 1),
    ),
  )

describe('get_json_object', () => {
  const deep =
    '{"a":[{"b":[1,2]},{"b":[3]},{"c":"x"}],"n":null,"f":1.50,"e":1e2,"s":"q\\"q\\u00e9","k.k":[[1],[2,[3]]]}'
  test.each([
    ['$.a[0].b', '[1,2]'],
    ['$.a[*].b', '[[1,2],[3]]'],
    ['$.a[*].c', '"x"'],
    ['$.a[2].c', 'x'],
    ['$.a[0].b[*]', '[1,2]'],
    ["$['k.k'][*][*]", '[1,2,3]'],
    ['$.n', 'NULL'],
    ['$.f', '1.5'],
    ['$.e', '100.0'],
    ['$.s', 'q"qé'],
    ['$.a[9]', 'NULL'],
    ['$.*', 'NULL'],
    ['a', 'NULL'],
    ['$.a[', 'NULL'],
  ])('%s', (path, wanted) => expect(shows('get_json_object', [deep, path])).toBe(wanted))

  test('text that is not JSON', () => {
    for (const text of ['', 'x', '{"a":1', '{"a" 1}', '{"a":01}', '[1,]', '{"a":"\n"}', '"\\x"', 'nul']) {
      expect(shows('get_json_object', [text, '$']), text).toBe('NULL')
    }
    expect(shows('get_json_object', ['{"a":1} tail', '$.a'])).toBe('1')
    expect(shows('get_json_object', ['['.repeat(2000), '$'])).toBe('NULL')
  })
})

describe('from_json', () => {
  test.each([
    ['{"a":1,"b":"x"}', 'a INT, b STRING', '{1, x}'],
    ['{"a":1.5}', 'a INT', '{NULL}'],
    ['{"a":2147483648}', 'a INT', '{NULL}'],
    ['{"a":-9223372036854775808}', 'a BIGINT', '{-9223372036854775808}'],
    ['{"a":9223372036854775808}', 'a BIGINT', '{NULL}'],
    ['{"a":"1"}', 'a INT', '{NULL}'],
    ['{"a":"1.255"}', 'a DECIMAL(5,2)', '{1.26}'],
    ['{"a":1e3}', 'a DECIMAL(3,0)', '{NULL}'],
    ['{"a":[1,"x"]}', 'a ARRAY<INT>', '{[1, NULL]}'],
    ['{"a":"x","b":1}', 'a INT, b INT', '{NULL, 1}'],
    ['{"a": { "x" : 1 } }', 'a STRING', '{{ "x" : 1 }}'],
    ['{"a":1.0}', 'a STRING', '{1.0}'],
    ['{"a":-Infinity,"b":NaN}', 'a DOUBLE, b FLOAT', '{-Infinity, NaN}'],
    ['{"a":"-INF"}', 'a DOUBLE', '{-Infinity}'],
    ['{"a":{"k":1,"k":2}}', 'a MAP<STRING, INT>', '{{k -> 2}}'],
    ['{"a":"AQI="}', 'a BINARY', '{[01 02]}'],
    ['{"a":1}', 'a TIMESTAMP', '{1970-01-01 00:00:01}'],
    ['{"a":"INTERVAL \'1\' DAY"}', 'a INTERVAL DAY', "{INTERVAL '1' DAY}"],
    ['[1,2]', 'ARRAY<INT>', '[1, 2]'],
    ['{"a":1}', 'ARRAY<STRUCT<a: INT>>', '[{1}]'],
    ['[{"a":1}]', 'a INT', '{NULL}'],
    ['{"a":', 'a INT', '{NULL}'],
    ['null', 'a INT', '{NULL}'],
    ['bad', 'MAP<STRING, INT>', 'NULL'],
    ['  ', 'a INT', 'NULL'],
  ])('%s as %s', (text, schema, wanted) => expect(shows('from_json', [text, schema])).toBe(wanted))

  test('options', () => {
    expect(
      shows(
        'from_json',
        ['{"t":"31/01/2026 10"}', 't TIMESTAMP', options('timestampFormat', 'dd/MM/yyyy HH')],
        newYork,
      ),
    ).toBe('{2026-01-31 10:00:00}')
    expect(
      shows('from_json', [
        '{a:1 /* one */}',
        'a INT',
        options('allowUnquotedFieldNames', 'true', 'ALLOWCOMMENTS', 'true'),
      ]),
    ).toBe('{1}')
    expect(shows('from_json', ["{'a':1}", 'a INT', options('allowSingleQuotes', 'false')])).toBe('{NULL}')
    expect(shows('from_json', ['{"a":"x"}', 'a INT, _corrupt_record STRING'])).toBe('{NULL, {"a":"x"}}')
    expect(shows('from_json', ['{"a":1}', 'bad STRING, a INT', options('columnNameOfCorruptRecord', 'bad')])).toBe(
      '{NULL, 1}',
    )
    expect(fault('from_json', ['{"a":"x"}', 'a INT', options('mode', 'FAILFAST')])).toBe(
      'MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION',
    )
    expect(fault('from_json', ['{}', 'a INT', options('mode', 'DROPMALFORMED')])).toBe('PARSE_MODE_UNSUPPORTED')
  })

  test('refused', () => {
    expect(fault('from_json', ['{}', 1])).toBe('INVALID_SCHEMA.NON_STRING_LITERAL')
    expect(fault('from_json', ['{}', 'INT'])).toBe('DATATYPE_MISMATCH.INVALID_JSON_SCHEMA')
    expect(fault('from_json', ['{}', 'MAP<INT, INT>'])).toBe('DATATYPE_MISMATCH.INVALID_JSON_MAP_KEY_TYPE')
    expect(fault('from_json', [5, 'a INT'])).toBe('DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE')
    expect(fault('from_json', ['{}', 'a INT', 'x'])).toBe('INVALID_OPTIONS.NON_MAP_FUNCTION')
    expect(fault('from_json', ['{}', 'a NOTATYPE'])).toBe('PARSE_SYNTAX_ERROR')
  })
})

describe('to_json', () => {
  test.each([
    [value('struct<a:int,b:string,c:array<int>>', [1, null, [null, 2]]), '{"a":1,"c":[null,2]}'],
    [
      value('struct<t:timestamp,n:timestamp_ntz,d:date>', [1_500_000n, 1_234_567n, -1]),
      '{"t":"1970-01-01T00:00:01.500Z","n":"1970-01-01T00:00:01.234","d":"1969-12-31"}',
    ],
    [
      value('struct<x:double,y:float,z:double>', [1e10, Math.fround(0.1), -Infinity]),
      '{"x":1.0E10,"y":0.1,"z":"-Infinity"}',
    ],
    [value('struct<s:string>', ['a"\\/\n\t\u0001\u001f\u2028é']), '{"s":"a\\"\\\\/\\n\\t\\u0001\\u001F\u2028é"}'],
    [value('map<int,decimal(5,2)>', new MapValue([1], [150n])), '{"1":1.50}'],
    [
      value('struct<i:interval day,y:interval year>', [86_400_000_000n, 12]),
      `{"i":"INTERVAL '1' DAY","y":"INTERVAL '1' YEAR"}`,
    ],
    [value('array<struct<>>', [[]]), '[{}]'],
  ])('%#', (v, wanted) => expect(shows('to_json', [v])).toBe(wanted))

  test('options', () => {
    const row = value('struct<a:int,b:array<int>,t:timestamp>', [null, [1, 2], 0n])
    expect(shows('to_json', [row, options('ignoreNullFields', 'false', 'timestampFormat', 'HH:mm')], newYork)).toBe(
      '{"a":null,"b":[1,2],"t":"19:00"}',
    )
    expect(shows('to_json', [value('struct<a:int,b:array<int>>', [1, [1, 2]]), options('pretty', 'true')])).toBe(
      '{\n  "a" : 1,\n  "b" : [ 1, 2 ]\n}',
    )
    expect(fault('to_json', [1])).toBe('DATATYPE_MISMATCH.INVALID_JSON_SCHEMA')
    expect(call('to_json', [untyped])).toMatchObject({ text: 'NULL', type: 'string' })
  })
})

test.each([
  ['{"b":1,"a":[1.5,null]}', 'STRUCT<a: ARRAY<DOUBLE>, b: BIGINT>'],
  ['[{"a":1},{"a":2.5,"b":true}]', 'ARRAY<STRUCT<a: DOUBLE, b: BOOLEAN>>'],
  ['[1,"x"]', 'ARRAY<STRING>'],
  ['{"a":null,"b":{},"c":[]}', 'STRUCT<a: STRING, c: ARRAY<STRING>>'],
  ['12345678901234567890', 'DECIMAL(20,0)'],
])('schema_of_json %s', (text, wanted) => expect(shows('schema_of_json', [text])).toBe(wanted))

test('schema_of_json takes a constant', () => {
  expect(fault('schema_of_json', [column(of('string', '{}'))])).toBe('DATATYPE_MISMATCH.NON_FOLDABLE_INPUT')
  expect(fault('schema_of_json', [of('string', null)])).toBe('DATATYPE_MISMATCH.UNEXPECTED_NULL')
})

test.each([
  ['json_array_length', '[1,{"a":[2]},[]]', '3'],
  ['json_array_length', '{}', 'NULL'],
  ['json_object_keys', '{"a":1,"b":{"c":2}}', '[a, b]'],
  ['json_object_keys', '[1]', 'NULL'],
])('%s %s', (fn, text, wanted) => expect(shows(fn, [text])).toBe(wanted))

test('what is written is read back the same', () => {
  const type = parseType(
    'struct<a:bigint,b:double,c:decimal(30,5),d:date,t:timestamp,m:map<string,array<int>>,s:struct<x:boolean,y:binary>>',
  )
  const row: Value = [
    -5n,
    0.1,
    123456789012345678901234567890n,
    20_000,
    1_500_000n,
    new MapValue(['k'], [[1, null]]),
    [true, new Uint8Array([1, 2])],
  ]
  const text = valueToJson(type, { timeZone: 'Asia/Kolkata', ignoreNullFields: true })(row)
  let fits = true
  const read = jsonToValue(type, { timeZone: 'UTC', nonNumericNumbers: true, bad: () => void (fits = false) })
  expect(formatValue(read(parseJson(text, {})!, text), type, 'UTC')).toBe(formatValue(row, type, 'UTC'))
  expect(fits).toBe(true)
})
