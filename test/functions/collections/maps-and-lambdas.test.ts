import { describe, expect, test } from 'vitest'
import { MapValue, type Value } from '../../../src/types/value.ts'
import { call, fault, lambda, of, rows, session, shows, untyped, value } from '../call.ts'

const lastWins = session({ mapKeyDedupPolicy: 'LAST_WIN' })
const map = (type: string, ...pairs: readonly (readonly [Value, Value])[]) =>
  value(
    type,
    new MapValue(
      pairs.map((p) => p[0]),
      pairs.map((p) => p[1]),
    ),
  )
const ints = (...v: (number | null)[]) => value('array<int>', v)
const ages = map('map<string,int>', ['a', 1], ['b', 2])

describe('maps and structs', () => {
  test.each([
    ['map', ['a', 1, 'b', 2], '{a -> 1, b -> 2}', 'map<string,int>'],
    ['map', [1, 'a', of('bigint', '2'), 'b'], '{1 -> a, 2 -> b}', 'map<bigint,string>'],
    ['map', [], '{}', 'map<void,void>'],
    ['map_from_arrays', [ints(1, 2), value('array<string>', ['x', null])], '{1 -> x, 2 -> NULL}', 'map<int,string>'],
    ['map_from_entries', [value('array<struct<k:int,v:int>>', [[1, 2], null])], 'NULL', 'map<int,int>'],
    ['map_concat', [], '{}', 'map<string,string>'],
    ['map_concat', [ages, map('map<string,bigint>', ['c', 3n])], '{a -> 1, b -> 2, c -> 3}', 'map<string,bigint>'],
    ['map_contains_key', [ages, 'z'], 'false', 'boolean'],
    ['map_keys', [ages], '[a, b]', 'array<string>'],
    ['map_entries', [ages], '[{a, 1}, {b, 2}]', 'array<struct<key:string,value:int>>'],
    ['getitem', [ages, 'z'], 'NULL', 'int'],
    ['element_at', [ages, 'b'], '2', 'int'],
    ['str_to_map', ['a=1;b', ';', '='], '{a -> 1, b -> NULL}', 'map<string,string>'],
    ['str_to_map', ['a:x1b2c:y', '\\d'], '{a -> x, b -> NULL, c -> y}', 'map<string,string>'],
    ['struct', [1, 'a'], '{1, a}', 'struct<col1:int,col2:string>'],
    ['named_struct', ['x', 1, 'y', untyped], '{1, NULL}', 'struct<x:int,y:void>'],
  ] as const)('%s %#', (fn, args, text, type) => expect(call(fn, args)).toMatchObject({ text, type }))

  test('a key that comes twice', () => {
    expect(fault('map', ['a', 1, 'a', 2])).toBe('DUPLICATED_MAP_KEY')
    expect(shows('map', ['a', 1, 'b', 2, 'a', 3], lastWins)).toBe('{a -> 3, b -> 2}')
    expect(fault('map', [of('double', '0'), 1, value('double', -0), 2])).toBe('DUPLICATED_MAP_KEY')
    expect(fault('map_concat', [ages, ages])).toBe('DUPLICATED_MAP_KEY')
  })

  test('refused', () => {
    expect(fault('map', [untyped, 1])).toBe('NULL_MAP_KEY')
    expect(fault('map', ['a'])).toBe('WRONG_NUM_ARGS.WITHOUT_SUGGESTION')
    expect(fault('map', [ages, 1])).toBe('DATATYPE_MISMATCH.INVALID_MAP_KEY_TYPE')
    expect(fault('map_from_arrays', [ints(1), ints()])).toBe('MERGE_ARRAYS_DIFFER_IN_LENGTH')
    expect(fault('map_concat', [untyped, ages])).toBe('DATATYPE_MISMATCH.MAP_CONCAT_DIFF_TYPES')
    expect(fault('map_contains_key', [ages, 1])).toBe('DATATYPE_MISMATCH.MAP_FUNCTION_DIFF_TYPES')
    expect(fault('named_struct', ['x'])).toBe('WRONG_NUM_ARGS.WITHOUT_SUGGESTION')
    expect(fault('named_struct', [1, 2])).toBe('DATATYPE_MISMATCH.CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING')
  })
})

describe('lambdas', () => {
  const twice = lambda('int', (x: number | null) => (x === null ? null : x * 2))
  const above = (n: number) => lambda('boolean', (x: number | null) => (x === null ? null : x > n))
  const sum = lambda('int', (a: number | null, x: number | null) => (a === null || x === null ? null : a + x))
  test.each([
    ['transform', [ints(1, null), twice], '[2, NULL]', 'array<int>'],
    ['transform', [ints(5, 6), lambda('int', (_: number, i: number) => i)], '[0, 1]', 'array<int>'],
    ['filter', [ints(1, 2, null), above(1)], '[2]', 'array<int>'],
    ['exists', [ints(1, null), above(1)], 'NULL', 'boolean'],
    ['exists', [ints(null, 2), above(1)], 'true', 'boolean'],
    ['forall', [ints(2, null), above(1)], 'NULL', 'boolean'],
    ['forall', [ints(1, null), above(1)], 'false', 'boolean'],
    ['reduce', [ints(1, 2), 10, sum], '13', 'int'],
    ['aggregate', [ints(1, 2), 0, sum, lambda('string', (a: number) => `<${a}>`)], '<3>', 'string'],
    ['zip_with', [ints(1), ints(10, 20), sum], '[11, NULL]', 'array<int>'],
    ['map_filter', [ages, lambda('boolean', (_: string, v: number) => v > 1)], '{b -> 2}', 'map<string,int>'],
    ['transform_keys', [ages, lambda('int', (_: string, v: number) => v)], '{1 -> 1, 2 -> 2}', 'map<int,int>'],
    [
      'transform_values',
      [ages, lambda('string', (k: string, v: number) => k + v)],
      '{a -> a1, b -> b2}',
      'map<string,string>',
    ],
    [
      'map_zip_with',
      [
        ages,
        map('map<string,int>', ['b', 5], ['c', 6]),
        lambda('int', (_: string, x: number | null, y: number | null) => (x ?? 0) + (y ?? 0)),
      ],
      '{a -> 1, b -> 7, c -> 6}',
      'map<string,int>',
    ],
  ] as const)('%s %#', (fn, args, text, type) => expect(call(fn, args)).toMatchObject({ text, type }))

  test('refused', () => {
    expect(fault('transform', [untyped, twice])).toBe('DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE')
    expect(fault('filter', [ints(1), twice])).toBe('DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE')
    expect(fault('aggregate', [ints(1), of('bigint', '0'), sum])).toBe('DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE')
    expect(fault('transform_keys', [ages, lambda('int', () => 0)])).toBe('DUPLICATED_MAP_KEY')
    expect(fault('transform_keys', [ages, lambda('int', () => null)])).toBe('NULL_MAP_KEY')
  })
})

describe('generators', () => {
  test.each([
    ['explode', [ints(1, null)], [[1], [null]], ['col int']],
    [
      'explode',
      [ages],
      [
        ['a', 1],
        ['b', 2],
      ],
      ['key string', 'value int'],
    ],
    ['explode', [ints()], [], ['col int']],
    ['explode_outer', [ints()], [[null]], ['col int']],
    ['posexplode', [value('array<string>', ['x'])], [[0, 'x']], ['pos int', 'col string']],
    ['posexplode_outer', [of('map<int,int>', null)], [[null, null, null]], ['pos int', 'key int', 'value int']],
    [
      'inline',
      [value('array<struct<a:int,b:int>>', [[1, 2], null])],
      [
        [1, 2],
        [null, null],
      ],
      ['a int', 'b int'],
    ],
    ['inline_outer', [of('array<struct<a:int>>', null)], [[null]], ['a int']],
    [
      'stack',
      [2, 1, 'a', 2],
      [
        [1, 'a'],
        [2, null],
      ],
      ['col0 int', 'col1 string'],
    ],
    [
      'json_tuple',
      ['{"a":1,"b":"x","c":[1]}', 'b', 'c', 'z'],
      [['x', '[1]', null]],
      ['c0 string', 'c1 string', 'c2 string'],
    ],
    ['json_tuple', ['bad', 'a'], [[null]], ['c0 string']],
  ] as const)('%s %#', (fn, args, wanted, columns) => expect(rows(fn, args)).toEqual({ rows: wanted, columns }))

  test('refused', () => {
    const code = (run: () => unknown): unknown => {
      try {
        run()
      } catch (e) {
        return (e as { code?: unknown }).code
      }
      return undefined
    }
    expect(code(() => rows('explode', [1]))).toBe('DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE')
    expect(code(() => rows('inline', [ints(1)]))).toBe('DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE')
    expect(code(() => rows('stack', [2, 1, 'a']))).toBe('DATATYPE_MISMATCH.STACK_COLUMN_DIFF_TYPES')
    expect(code(() => rows('stack', [0, 1]))).toBe('DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE')
  })
})
