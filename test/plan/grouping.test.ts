import { describe, expect, test } from 'vitest'
import { columns, errorOf, nodes, plan, shape, underlined, worldOf } from './harness.ts'

const world = worldOf({ t: 'k STRING, i INT, d DOUBLE, ts TIMESTAMP' })
const run = (text: string) => plan(text, world)
const aggregate = (text: string) => nodes(run(text), 'aggregate')[0]!

describe('GROUP BY', () => {
  test('equal aggregates are computed once, expressions over them are a project above', () => {
    const p = run('SELECT k, sum(i) + 1, sum(i) * 2, count(*) FROM t GROUP BY k HAVING sum(i) > 3')
    expect(shape(p)).toBe('project > filter > aggregate > scan')
    expect(nodes(p, 'aggregate')[0]!.aggregates.map((x) => x.call.fn)).toEqual(['sum', 'count'])
    expect(columns(p)).toEqual(['k string', '(sum(i) + 1) bigint', '(sum(i) * 2) bigint', 'count(1) bigint'])
  })

  test.each([
    ['SELECT i % 2 AS p, count(*) FROM t GROUP BY p', ['p']],
    ['SELECT i % 2 AS p, count(*) FROM t GROUP BY 1', ['p']],
    ['SELECT i % 2 AS p, count(*) FROM t GROUP BY i % 2', ['p']],
    ['SELECT k, i, sum(d) FROM t GROUP BY ALL', ['k', 'i']],
    ['SELECT upper(k), sum(d) FROM t GROUP BY upper(k)', ['upper(k)']],
  ])('%s', (text, names) => {
    expect(
      columns(run(text))
        .slice(0, names.length)
        .map((c) => c.split(' ')[0]),
    ).toEqual(names)
    expect(aggregate(text).keys).toHaveLength(names.length)
  })

  test('a column of the input comes before an alias of the list', () => {
    expect(aggregate('SELECT d AS i, count(*) FROM t GROUP BY i, d').keys.map((k) => k.attr.name)).toEqual(['i', 'd'])
  })

  test('ORDER BY may name aggregates and grouping columns that are not selected', () => {
    expect(shape(run('SELECT k FROM t GROUP BY k ORDER BY count(*) DESC, k'))).toBe(
      'project > sort > project > aggregate > scan',
    )
    expect(columns(run('SELECT k FROM t GROUP BY k ORDER BY count(*) DESC'))).toEqual(['k string'])
  })

  test('HAVING sees aliases', () => {
    expect(shape(run('SELECT k, sum(i) s FROM t GROUP BY k HAVING s > 2'))).toBe('project > filter > aggregate > scan')
  })

  test('DISTINCT and FILTER stay in the call', () => {
    const { call } = aggregate('SELECT count(DISTINCT i) FILTER (WHERE d > 1) FROM t').aggregates[0]!
    expect(call.distinct).toBe(true)
    expect(call.filter?.kind).toBe('call')
  })

  test('DISTINCT is an aggregate without aggregates', () => {
    const p = run('SELECT DISTINCT k, i FROM t')
    expect(shape(p)).toBe('aggregate > project > scan')
    expect(nodes(p, 'aggregate')[0]!.aggregates).toEqual([])
  })
})

describe('grouping sets', () => {
  const sets = (text: string) => nodes(run(text), 'expand')[0]!.projections.length
  test.each([
    ['GROUP BY ROLLUP (k, i)', 3],
    ['GROUP BY CUBE (k, i)', 4],
    ['GROUP BY GROUPING SETS ((k), (i), ())', 3],
    ['GROUP BY k, ROLLUP (i, d)', 3],
    ['GROUP BY k WITH ROLLUP', 2],
    ['GROUP BY GROUPING SETS ((k), ROLLUP (i))', 3],
  ])('%s makes %i sets', (clause, n) => {
    expect(sets(`SELECT count(*) FROM t ${clause}`)).toBe(n)
  })

  test('grouping() and grouping_id() read the grouping id', () => {
    const p = run('SELECT k, grouping(k), grouping_id(), count(*) FROM t GROUP BY CUBE (k)')
    expect(columns(p)).toEqual(['k string', 'grouping(k) tinyint', 'grouping_id() bigint', 'count(1) bigint'])
  })

  test('an aggregate over a grouping column sees its values, not the NULL of the set', () => {
    const p = run('SELECT k, count(k) FROM t GROUP BY ROLLUP (k)')
    const agg = nodes(p, 'aggregate')[0]!
    const scan = nodes(p, 'scan')[0]!
    expect(agg.aggregates[0]!.call.args[0]).toMatchObject({ kind: 'attr', id: scan.attrs[0]!.id })
    expect(agg.keys[0]!.attr.id).not.toBe(scan.attrs[0]!.id)
  })
})

describe('what cannot be grouped', () => {
  test.each([
    ['SELECT k, i FROM t GROUP BY k', 'MISSING_AGGREGATION', 'i'],
    [
      'SELECT k, (SELECT max(u.i) FROM t u WHERE u.i = t.i) FROM t GROUP BY k',
      'MISSING_AGGREGATION',
      '(SELECT max(u.i) FROM t u WHERE u.i = t.i)',
    ],
    [
      'SELECT k FROM t GROUP BY k HAVING EXISTS (SELECT 1 FROM t u WHERE u.i = t.i)',
      'MISSING_AGGREGATION',
      'EXISTS (SELECT 1 FROM t u WHERE u.i = t.i)',
    ],
    [
      'SELECT count(*), (SELECT max(u.i) FROM t u WHERE u.k = t.k) FROM t',
      'MISSING_GROUP_BY',
      '(SELECT max(u.i) FROM t u WHERE u.k = t.k)',
    ],
    ['SELECT k, sum(i) FROM t', 'MISSING_GROUP_BY', 'k'],
    ['SELECT k FROM t HAVING true', 'MISSING_GROUP_BY', 'k'],
    ["SELECT max(i) FROM t HAVING k = 'a'", 'UNRESOLVED_COLUMN.WITH_SUGGESTION', 'k'],
    ['SELECT sum(sum(i)) FROM t', 'NESTED_AGGREGATE_FUNCTION', 'sum(i)'],
    ['SELECT count(*) FROM t GROUP BY 3', 'GROUP_BY_POS_OUT_OF_RANGE', '3'],
    ['SELECT k, count(*) FROM t GROUP BY 2', 'GROUP_BY_POS_AGGREGATE', '2'],
    ['SELECT k FROM t GROUP BY sum(i)', 'GROUP_BY_AGGREGATE', 'sum(i)'],
    ['SELECT k FROM t WHERE sum(i) > 1', 'INVALID_WHERE_CONDITION', 'sum(i)'],
    ['SELECT k, sum(rand()) FROM t GROUP BY k', 'AGGREGATE_FUNCTION_WITH_NONDETERMINISTIC_EXPRESSION', 'rand()'],
    ['SELECT k, grouping(k) FROM t GROUP BY k', 'UNSUPPORTED_GROUPING_EXPRESSION', 'grouping(k)'],
    ['SELECT grouping_id(i) FROM t GROUP BY CUBE (k, i)', 'GROUPING_ID_COLUMN_MISMATCH', 'grouping_id(i)'],
    ['SELECT count(*) FILTER (WHERE i) FROM t', 'INVALID_AGGREGATE_FILTER.NOT_BOOLEAN', 'i'],
    ['SELECT k FROM t ORDER BY 5', 'ORDER_BY_POS_OUT_OF_RANGE', '5'],
    ['SELECT row_number() FROM t', 'WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE', 'row_number()'],
    [
      'SELECT k FROM t WHERE row_number() OVER (ORDER BY i) = 1',
      'WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE',
      'row_number() OVER (ORDER BY i)',
    ],
  ])('%s: %s', (text, code, at) => {
    const e = errorOf(() => run(text))
    expect(e.code).toBe(code)
    expect(underlined(e)).toBe(at)
  })
})
