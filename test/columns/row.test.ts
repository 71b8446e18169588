import { describe, expect, test } from 'vitest'
import {
  inferSchema,
  LocalTimestamp,
  Row,
  rowFromJs,
  rowMaker,
  Timestamp,
  toRow,
  valueFromJs,
} from '../../src/columns/row.ts'
import { parseSchema, parseType, printSchema } from '../../src/types/ddl.ts'
import { CalendarInterval, MapValue, type Value } from '../../src/types/value.ts'

const schema = parseSchema(
  'b BIGINT, d DECIMAL(5,2), dt DATE, ts TIMESTAMP, n TIMESTAMP_NTZ, x BINARY, m MAP<STRING, BIGINT>, s STRUCT<a: INT, a: DOUBLE>, l ARRAY<BIGINT>, i INTERVAL DAY, c INTERVAL',
)
const values: Value[] = [
  9007199254740993n,
  150n,
  0,
  1500001n,
  1500000n,
  Uint8Array.of(1, 2),
  new MapValue(['k'], [1n]),
  [1, NaN],
  [1n, null],
  86400000000n,
  new CalendarInterval(1, 0, 0n),
]

describe('rows out', () => {
  test('values by column name', () => {
    const row = toRow(schema, values)
    expect(row).toBeInstanceOf(Row)
    expect(Object.keys(row)).toEqual(['b', 'd', 'dt', 'ts', 'n', 'x', 'm', 's', 'l', 'i', 'c'])
    expect(row['b']).toBe(9007199254740993n)
    expect(row['d']).toBe('1.50')
    expect(row['dt']).toBe('1970-01-01')
    expect((row['ts'] as Timestamp).micros).toBe(1500001n)
    expect((row['ts'] as Timestamp).getTime()).toBe(1500)
    expect(row['m']).toEqual(new Map([['k', 1n]]))
    expect({ ...(row['s'] as object) }).toEqual({ a: 1, a_2: NaN })
  })
  test('JSON always works', () => {
    expect(JSON.parse(JSON.stringify([toRow(schema, values)]))).toEqual([
      {
        b: '9007199254740993',
        d: '1.50',
        dt: '1970-01-01',
        ts: '1970-01-01T00:00:01.500001Z',
        n: '1970-01-01T00:00:01.500',
        x: 'AQI=',
        m: { k: 1 },
        s: { a: 1, a_2: 'NaN' },
        l: [1, null],
        i: "INTERVAL '1' DAY",
        c: '1 months',
      },
    ])
    expect(JSON.stringify(toRow(parseSchema('toJSON BIGINT'), [5n]))).toBe('{"toJSON":5}')
    expect(JSON.stringify(toRow(parseSchema('__proto__ BIGINT, constructor INT'), [5n, 1]))).toBe(
      '{"__proto__":5,"constructor":1}',
    )
    const deep = parseSchema('m MAP<BIGINT, STRUCT<b: BIGINT>>')
    expect(JSON.stringify(toRow(deep, [new MapValue([1n], [[2n]])]))).toBe('{"m":{"1":{"b":2}}}')
  })
  test('options and repeated names', () => {
    expect({ ...toRow(parseSchema('a BIGINT, a BIGINT, a_2 INT'), [1n, 2n, 3], { int64: 'number' }) }).toEqual({
      a: 1,
      a_3: 2,
      a_2: 3,
    })
    expect({ ...rowMaker(schema)(values.map(() => null)) }['ts']).toBe(null)
  })
  test('timestamps', () => {
    expect(new Timestamp(-1n).toISOString()).toBe('1969-12-31T23:59:59.999999Z')
    expect(new Timestamp(-1n).getTime()).toBe(-1)
    expect(new LocalTimestamp(1000n).toJSON()).toBe('1970-01-01T00:00:00.001')
    const moved = new Timestamp(1001n)
    moved.setUTCFullYear(1971)
    expect(moved.micros).toBe(31536000001000n)
    expect(new Timestamp((1n << 63n) - 1n).toISOString()).toBe('+294247-01-10T04:00:54.775807Z')
  })
})

describe('values in', () => {
  test('rows come back as they went out', () => {
    const simple = parseSchema(
      'b BIGINT, d DECIMAL(5,2), dt DATE, ts TIMESTAMP, n TIMESTAMP_NTZ, x BINARY, m MAP<INT, BIGINT>, s STRUCT<a: INT, b: DOUBLE>, l ARRAY<BIGINT>, i INTERVAL DAY, c INTERVAL, y INTERVAL YEAR TO MONTH',
    )
    const there: Value[] = [
      9007199254740993n,
      150n,
      -1,
      1500001n,
      -1500000n,
      Uint8Array.of(1, 2),
      new MapValue([7], [1n]),
      [1, NaN],
      [1n, null],
      86400000000n,
      new CalendarInterval(1, 0, 0n),
      14,
    ]
    const row = toRow(simple, there)
    expect(rowFromJs(simple, row, 'UTC')).toEqual(there)
    const json = { ...(JSON.parse(JSON.stringify(row)) as object), x: null }
    expect(rowFromJs(simple, json, 'UTC')).toEqual(there.map((v) => (v instanceof Uint8Array ? null : v)))
  })
  test.each<[unknown, string, Value]>([
    [5, 'bigint', 5n],
    ['12.345', 'decimal(4,2)', 1235n],
    [0.1, 'decimal(4,2)', 10n],
    [new Date(5), 'timestamp', 5000n],
    ['2026-01-01 00:00:00', 'timestamp', 1767254400000000n],
    [new Date(-1), 'date', -1],
    ['Infinity', 'double', Infinity],
    [{ a: 1 }, 'map<string,int>', new MapValue(['a'], [1])],
    [undefined, 'int', null],
    [new Float64Array([1, 2]), 'array<double>', [1, 2]],
  ])('%s as %s', (js, ddl, v) => expect(valueFromJs(js, parseType(ddl), 'America/Los_Angeles')).toEqual(v))
  test.each<[unknown, string]>([
    [2 ** 53, 'bigint'],
    [1.5, 'int'],
    [128, 'tinyint'],
    ['x', 'decimal(3,1)'],
    ['1000', 'decimal(3,1)'],
    [5, 'string'],
    [1, 'boolean'],
    ['soon', 'timestamp'],
    [5, 'timestamp'],
    [new Date(NaN), 'timestamp'],
    ['a', 'binary'],
    ['1 parsec', 'interval'],
    [{}, 'array<int>'],
    [[1], 'map<int,int>'],
    [1n << 63n, 'bigint'],
  ])('%s is no %s', (js, ddl) =>
    expect(() => valueFromJs(js, parseType(ddl), 'UTC', 'price')).toThrow(
      expect.objectContaining({
        code: 'CANNOT_ACCEPT_OBJECT_IN_TYPE',
        params: expect.objectContaining({ column: 'price' }) as object,
      }),
    ),
  )
  test('shapes', () => {
    const two = parseSchema('ts INT, user STRING NOT NULL')
    expect(rowFromJs(two, [1, 'a'], 'UTC')).toEqual([1, 'a'])
    expect(rowFromJs(two, { USER: 'a', ts: 1, more: 2 }, 'UTC')).toEqual([1, 'a'])
    expect(rowFromJs(parseSchema('v INT'), 4, 'UTC')).toEqual([4])
    expect(() => rowFromJs(two, [1], 'UTC')).toThrow(expect.objectContaining({ code: 'ROW_SHAPE_MISMATCH' }))
    expect(() => rowFromJs(two, { ts: 1, usr: 'a' }, 'UTC')).toThrow(/did you mean "user"/)
    expect(() => rowFromJs(two, { ts: 1 }, 'UTC')).toThrow(
      expect.objectContaining({ code: 'NOT_NULL_ASSERT_VIOLATION' }),
    )
    expect(() => rowFromJs(two, 5, 'UTC')).toThrow(expect.objectContaining({ code: 'ROW_SHAPE_MISMATCH' }))
    expect(() => valueFromJs([{ a: 'x' }], parseType('array<struct<a:int>>'), 'UTC', 'l')).toThrow(/l\[0\]\.a/)
  })
  test('schemas from rows', () => {
    const rows = [
      { a: 1, b: null, c: { x: 'y' } },
      { a: 1.5, b: [1n], c: { z: true }, d: new Date(0) },
    ]
    expect(printSchema(inferSchema(rows))).toBe(
      'a DOUBLE, b ARRAY<BIGINT>, c STRUCT<x: STRING, z: BOOLEAN>, d TIMESTAMP',
    )
    expect(printSchema(inferSchema([[1, 'x']]))).toBe('_1 BIGINT, _2 STRING')
    expect(printSchema(inferSchema([1, null]))).toBe('value BIGINT')
    expect(() => inferSchema([{ a: 1 }, { a: 'x' }])).toThrow(expect.objectContaining({ code: 'ROW_SHAPE_MISMATCH' }))
  })
})
