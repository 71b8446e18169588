import { describe, expect, test } from 'vitest'
import { columns, errorOf, plan, sql, underlined, worldOf } from './harness.ts'

const world = worldOf({
  t: 'id INT, user STRING, st STRUCT<x: INT, Y: STRING>, arr ARRAY<INT>, items ARRAY<STRUCT<n: INT>>, m MAP<STRING, INT>',
  u: 'id INT, city STRING',
  v: sql('SELECT id + 1 AS next, user FROM t'),
})
const shows = (text: string, w = world) => columns(plan(text, w))

describe('names of columns', () => {
  test.each([
    ['SELECT ID, User FROM t', ['ID int', 'User string']],
    ['SELECT t.id, st.x, st.y FROM t', ['id int', 'x int', 'y string']],
    ['SELECT st.x + 1 FROM t', ['(st.x + 1) int']],
    ['SELECT x.st.x FROM t AS x', ['x int']],
    ['SELECT items.n, m.k FROM t', ['n array<int>', 'k int']],
    ['SELECT a.id, b.id FROM t a JOIN t b ON a.id = b.id', ['id int', 'id int']],
    ['SELECT p, q FROM (SELECT id, user FROM t) AS s(p, q)', ['p int', 'q string']],
    ['SELECT next FROM v', ['next int']],
    ['SELECT id AS a, a + 1 AS b, b * 2 AS c FROM t', ['a int', 'b int', 'c int']],
    ['SELECT * EXCEPT (st, arr, items, m) FROM t', ['id int', 'user string']],
    ['SELECT st.* FROM t', ['x int', 'Y string']],
    ['WITH c(z) AS (SELECT id FROM t) SELECT c.z FROM c', ['z int']],
    ['SELECT id, a.id, b.id FROM t a FULL JOIN u b USING (id)', ['id int', 'id int', 'id int']],
  ])('%s', (text, want) => {
    expect(shows(text)).toEqual(want)
  })

  test('the text of an unnamed expression is that of Spark', () => {
    expect(
      shows(
        "SELECT -id, NOT id = 1, id IN (1, 2), CASE WHEN id > 1 THEN 'a' END, CAST(id AS STRING), count(*) OVER () FROM t",
      ).map((c) => c.replace(/ \w+$/, '')),
    ).toEqual([
      '(- id)',
      '(NOT (id = 1))',
      '(id IN (1, 2))',
      'CASE WHEN (id > 1) THEN a END',
      'CAST(id AS STRING)',
      'count(1) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)',
    ])
  })

  test('case counts when the session says so', () => {
    const strict = worldOf({ t: 'id INT' }, { 'spark.sql.caseSensitive': 'true' })
    expect(errorOf(() => plan('SELECT ID FROM t', strict)).code).toBe('UNRESOLVED_COLUMN.WITH_SUGGESTION')
  })
})

describe('names that are not there', () => {
  test('the nearest name and the visible ones are in the message, the name is underlined', () => {
    const e = errorOf(() => plan('SELECT id,\n       usr FROM t', world))
    expect(e.code).toBe('UNRESOLVED_COLUMN.WITH_SUGGESTION')
    expect(e.sqlState).toBe('42703')
    expect(underlined(e)).toBe('usr')
    expect(e.message).toContain('2 |        usr FROM t\n           ^^^')
    expect(e.hint).toBe('did you mean "user"? Visible here: id, user, st, arr, items, m.')
  })

  test.each([
    ['SELECT id FROM t a, u b', 'AMBIGUOUS_REFERENCE', 'id'],
    ['SELECT x.id FROM t', 'UNRESOLVED_COLUMN.WITH_SUGGESTION', 'x.id'],
    ['SELECT anything', 'UNRESOLVED_COLUMN.WITHOUT_SUGGESTION', 'anything'],
    ['SELECT st.nope FROM t', 'FIELD_NOT_FOUND', 'st.nope'],
    ['SELECT id.y FROM t', 'INVALID_EXTRACT_BASE_FIELD_TYPE', 'id.y'],
    ['SELECT st[0] FROM t', 'INVALID_EXTRACT_FIELD_TYPE', '0'],
    ['SELECT * FROM tt', 'TABLE_OR_VIEW_NOT_FOUND', 'tt'],
    ['SELECT uper(user) FROM t', 'UNRESOLVED_ROUTINE', 'uper'],
    ['SELECT * FROM t JOIN u USING (user)', 'UNRESOLVED_USING_COLUMN_FOR_JOIN', 'user'],
    ['WITH a AS (SELECT 1), a AS (SELECT 2) SELECT * FROM a', 'DUPLICATED_CTE_NAMES', 'a'],
    ['SELECT * EXCEPT (id, id) FROM t', 'EXCEPT_OVERLAPPING_COLUMNS', 'id'],
    ['SELECT id AS n FROM t WHERE n = 1', 'UNRESOLVED_COLUMN.WITH_SUGGESTION', 'n'],
    ['SELECT 1 AS x UNION ALL SELECT 2 AS y ORDER BY y', 'UNRESOLVED_COLUMN.WITH_SUGGESTION', 'y'],
  ])('%s: %s', (text, code, at) => {
    const e = errorOf(() => plan(text, world))
    expect(e.code).toBe(code)
    expect(underlined(e)).toBe(at)
  })

  test('a function gets the nearest name as hint', () => {
    expect(errorOf(() => plan('SELECT lenght(user) FROM t', world)).hint).toBe('did you mean "length"?')
  })
})
