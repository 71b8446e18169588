import { describe, expect, test } from 'vitest'
import { call, fault, lambda, of, session, shows, untyped, value } from '../call.ts'

const legacy = session({ ansi: false })
const ints = (...v: (number | null)[]) => value('array<int>', v)
const texts = (...v: (string | null)[]) => value('array<string>', v)
const doubles = (...v: (number | null)[]) => value('array<double>', v)

describe('made and taken apart', () => {
  test.each([
    ['array', [1, of('bigint', '2')], '[1, 2]', 'array<bigint>'],
    ['array', [], '[]', 'array<void>'],
    ['array_repeat', ['x', 2], '[x, x]', 'array<string>'],
    ['array_repeat', [untyped, 2], '[NULL, NULL]', 'array<void>'],
    ['getitem', [ints(7, 8), 1], '8', 'int'],
    ['element_at', [ints(7, 8), -2], '7', 'int'],
    ['try_element_at', [ints(7, 8), 3], 'NULL', 'int'],
    ['get', [ints(7, 8), -1], 'NULL', 'int'],
    ['size', [untyped], 'NULL', 'int'],
    ['slice', [ints(1, 2, 3), -2, 5], '[2, 3]', 'array<int>'],
    ['slice', [ints(1, 2), -3, 1], '[]', 'array<int>'],
    ['flatten', [value('array<array<int>>', [[1], null])], 'NULL', 'array<int>'],
    ['arrays_zip', [ints(1, 2), texts('a')], '[{1, a}, {2, NULL}]', 'array<struct<0:int,1:string>>'],
    ['array_join', [ints(1, null, 2), '-', '?'], '1-?-2', 'string'],
    ['array_compact', [ints(null, 1)], '[1]', 'array<int>'],
  ] as const)('%s %#', (fn, args, text, type) => expect(call(fn, args)).toMatchObject({ text, type }))

  test('outside the array', () => {
    expect(fault('getitem', [ints(1), 1])).toBe('INVALID_ARRAY_INDEX')
    expect(fault('getitem', [ints(1), value('bigint', -1n)])).toBe('INVALID_ARRAY_INDEX')
    expect(shows('getitem', [ints(1), 1], legacy)).toBe('NULL')
    expect(fault('element_at', [ints(1), 2])).toBe('INVALID_ARRAY_INDEX_IN_ELEMENT_AT')
    expect(fault('element_at', [ints(1), 0], legacy)).toBe('INVALID_INDEX_OF_ZERO')
    expect(fault('slice', [ints(1), 0, 1])).toBe('INVALID_PARAMETER_VALUE.START')
    expect(fault('slice', [ints(1), 1, -1])).toBe('INVALID_PARAMETER_VALUE.LENGTH')
    expect(shows('size', [of('array<int>', null)], legacy)).toBe('-1')
  })

  test('types that do not fit', () => {
    expect(fault('flatten', [ints(1)])).toBe('DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE')
    expect(fault('element_at', [untyped, 1])).toBe('DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE')
    expect(fault('getitem', [1, 1])).toBe('INVALID_EXTRACT_BASE_FIELD_TYPE')
  })
})

describe('searched and as sets', () => {
  test.each([
    ['array_contains', [ints(1, null), 1], 'true'],
    ['array_contains', [ints(1, null), 2], 'NULL'],
    ['array_contains', [doubles(NaN), of('double', 'NaN')], 'true'],
    ['array_contains', [doubles(-0), of('double', '0')], 'true'],
    ['array_contains', [value('array<array<int>>', [[1, null]]), value('array<int>', [1, null])], 'true'],
    ['array_position', [ints(3, 1, 3), 3], '1'],
    ['array_remove', [ints(1, 2, null, 1), 1], '[2, NULL]'],
    ['array_distinct', [doubles(NaN, 0, NaN, -0, null, null)], '[NaN, 0.0, NULL]'],
    [
      'array_distinct',
      [
        value('array<struct<a:string,b:string>>', [
          ['a', 'bc'],
          ['ab', 'c'],
          ['a', 'bc'],
        ]),
      ],
      '[{a, bc}, {ab, c}]',
    ],
    ['array_union', [ints(1, 2), value('array<bigint>', [2n, 3n])], '[1, 2, 3]'],
    ['array_except', [ints(1, 2, 2, 3), ints(2)], '[1, 3]'],
    ['array_intersect', [ints(1, 2, 2, null), ints(2, null)], '[2, NULL]'],
    ['arrays_overlap', [ints(1, null), ints(2)], 'NULL'],
    ['arrays_overlap', [ints(null), ints()], 'false'],
    ['array_max', [doubles(NaN, 1)], 'NaN'],
    ['array_min', [texts('b', 'a', null)], 'a'],
  ] as const)('%s %#', (fn, args, text) => expect(shows(fn, args)).toBe(text))

  test('types that do not fit', () => {
    expect(fault('array_contains', [ints(1), 'x'])).toBe('DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES')
    expect(fault('array_contains', [ints(1), untyped])).toBe('DATATYPE_MISMATCH.NULL_TYPE')
    expect(fault('array_union', [untyped, ints(1)])).toBe('DATATYPE_MISMATCH.BINARY_ARRAY_DIFF_TYPES')
    expect(fault('array_distinct', [value('array<map<int,int>>', [])])).toBe('DATATYPE_MISMATCH.INVALID_ORDERING_TYPE')
  })
})

describe('ordered', () => {
  const byLength = lambda('int', (a: string | null, b: string | null) =>
    a === null || b === null ? null : a.length - b.length,
  )
  test.each([
    ['array_sort', [ints(3, 1, null, 2)], '[1, 2, 3, NULL]'],
    ['array_sort', [texts('ccc', 'a', 'bb'), byLength], '[a, bb, ccc]'],
    ['sort_array', [ints(3, null, 1)], '[NULL, 1, 3]'],
    ['sort_array', [ints(3, null, 1), value('boolean', false)], '[3, 1, NULL]'],
    ['sort_array', [texts('b', 'A', 'é', 'a')], '[A, a, b, é]'],
  ] as const)('%s %#', (fn, args, text) => expect(shows(fn, args)).toBe(text))

  test('a comparator that cannot tell', () => {
    expect(fault('array_sort', [texts('a', null), byLength])).toBe('COMPARATOR_RETURNS_NULL')
    expect(fault('array_sort', [texts('a'), lambda('string', () => 'x')])).toBe(
      'DATATYPE_MISMATCH.UNEXPECTED_RETURN_TYPE',
    )
  })

  test('a shuffle is the same for one seed and one batch', () => {
    const list = ints(1, 2, 3, 4, 5, 6, 7, 8)
    const seed = value('bigint', 42n)
    expect(shows('shuffle', [list, seed])).toBe(shows('shuffle', [list, seed]))
    expect(shows('shuffle', [list])).toBe(shows('shuffle', [list]))
    const shuffled = call('shuffle', [list]).value as number[]
    expect([...shuffled].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })
})

describe('longer', () => {
  test.each([
    ['array_append', [ints(1), untyped], '[1, NULL]'],
    ['array_prepend', [ints(1), of('bigint', '0')], '[0, 1]'],
    ['array_insert', [texts('a', 'c'), 2, 'b'], '[a, b, c]'],
    ['array_insert', [texts('a', 'b'), -1, 'c'], '[a, b, c]'],
    ['array_insert', [ints(1), 4, 9], '[1, NULL, NULL, 9]'],
    ['array_insert', [ints(1, 2), -4, 9], '[9, NULL, 1, 2]'],
    ['array_insert', [ints(1, 2), -3, 9], '[9, 1, 2]'],
  ] as const)('%s %#', (fn, args, text) => expect(shows(fn, args)).toBe(text))

  test('refused', () => {
    expect(fault('array_insert', [ints(1), 0, 9])).toBe('INVALID_INDEX_OF_ZERO')
    expect(fault('array_repeat', ['x', 2147483647])).toBe('COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER')
    expect(fault('array_append', [untyped, 1])).toBe('DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE')
    expect(fault('array_append', [ints(1), 'x'])).toBe('DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES')
  })
})

describe('sequences', () => {
  const newYork = session({ timeZone: 'America/New_York' })
  const day = value('interval day', 86_400_000_000n)
  test.each([
    ['1 to 5', [1, 5], '[1, 2, 3, 4, 5]'],
    ['down', [5, 1, -2], '[5, 3, 1]'],
    ['one', [1, 1, 0], '[1]'],
    [
      'months',
      [of('date', '2026-01-31'), of('date', '2026-05-01'), value('interval month', 1)],
      '[2026-01-31, 2026-02-28, 2026-03-31, 2026-04-30]',
    ],
    ['days back', [of('date', '2026-01-03'), of('date', '2026-01-01')], '[2026-01-03, 2026-01-02, 2026-01-01]'],
  ] as const)('%s', (_, args, text) => expect(shows('sequence', args)).toBe(text))

  test('days of the clock where clocks change', () => {
    const from = of('timestamp', '2026-03-07 12:00:00', newYork)
    const to = of('timestamp', '2026-03-09 12:00:00', newYork)
    expect(shows('sequence', [from, to, day], newYork)).toBe(
      '[2026-03-07 12:00:00, 2026-03-08 12:00:00, 2026-03-09 12:00:00]',
    )
  })

  test('refused', () => {
    expect(fault('sequence', [1, 5, -1])).toBe('SEQUENCE_BOUNDARIES')
    expect(fault('sequence', [1, 5, 0])).toBe('SEQUENCE_BOUNDARIES')
    expect(fault('sequence', ['a', 'b'])).toBe('DATATYPE_MISMATCH.SEQUENCE_WRONG_INPUT_TYPES')
    expect(fault('sequence', [of('date', '2026-01-01'), of('date', '2026-01-02'), value('interval hour', 1n)])).toBe(
      'SEQUENCE_STEP_BELOW_DAY',
    )
    expect(fault('sequence', [value('bigint', 0n), value('bigint', 9223372036854775807n)])).toBe(
      'COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER',
    )
  })
})

test.each([
  ['vector_inner_product', [value('array<float>', [1, 2]), value('array<float>', [3, 4])], '11.0'],
  ['vector_norm', [value('array<float>', [3, 4])], '5.0'],
  ['vector_l2_distance', [value('array<float>', [0, 0]), value('array<float>', [3, null])], 'NULL'],
  ['vector_cosine_similarity', [value('array<float>', [0, 0]), value('array<float>', [3, 4])], 'NULL'],
] as const)('%s', (fn, args, text) => expect(shows(fn, args)).toBe(text))

test('vectors of two lengths do not meet', () => {
  expect(fault('vector_inner_product', [value('array<float>', [1]), value('array<float>', [3, 4])])).toBe(
    'VECTOR_DIMENSION_MISMATCH',
  )
})
