import { expect, test } from 'vitest'
import { shape } from '../harness.ts'
import { run, world, legacy } from './run-rules.ts'

const RULE = ['push-filters']

test('through projects, and neighbours become one', () => {
  const { plan, filters } = run("SELECT x FROM (SELECT id + 1 AS x, av FROM a) WHERE x > 1 AND av = 'q'")
  expect(shape(plan)).toBe('project > filter > scan')
  expect(filters).toEqual(["(((id + 1) > 1) AND (av = 'q'))"])
})

test('below a watermark only what does not mention its column', () => {
  const { plan, filters } = run("SELECT k FROM e WHERE v > 1 AND ts > TIMESTAMP '2024-01-01 00:00:00'")
  expect(shape(plan)).toBe('project > filter > watermark > filter > scan')
  expect(filters).toEqual(['(v > 1)', '(ts > 2024-01-01 00:00:00)'])
})

test('below a time window, not past the window column', () => {
  const windows = "SELECT window(ts, '5 minutes') AS w, v FROM e"
  expect(shape(run(`SELECT v FROM (${windows}) WHERE v > 1`).plan)).toBe('project > window > watermark > filter > scan')
  expect(shape(run(`SELECT v FROM (${windows}) WHERE w.start IS NOT NULL`).plan)).toBe(
    'project > filter > window > watermark > scan',
  )
})

test('below an aggregate only what reads grouping columns', () => {
  expect(shape(run('SELECT * FROM (SELECT id, count(*) AS n FROM a GROUP BY id) WHERE id > 1').plan)).toBe(
    'project > aggregate > filter > scan',
  )
  expect(shape(run('SELECT * FROM (SELECT id, count(*) AS n FROM a GROUP BY id) WHERE n > 1').plan)).toBe(
    'project > filter > aggregate > scan',
  )
  expect(shape(run('SELECT count(*) AS n FROM a HAVING 1 > 2').plan)).toContain('filter > aggregate')
})

test('below window functions only what reads partition columns, and not on streams', () => {
  const over = 'SELECT id, big, row_number() OVER (PARTITION BY id ORDER BY big) AS n FROM a'
  expect(shape(run(`SELECT * FROM (${over}) WHERE id > 1 AND n = 1`).plan)).toBe(
    'project > filter > over > filter > scan',
  )
  expect(run(`SELECT * FROM (${over}) WHERE big > 1`, RULE).filters).toEqual(['(big > cast(1 as bigint))'])
})

test('below a generator only what reads its input', () => {
  const { filters, plan } = run("SELECT * FROM a LATERAL VIEW explode(split(av, ',')) x AS y WHERE id > 1 AND y = 'q'")
  expect(filters).toEqual(['(id > 1)', "(y = 'q')"])
  expect(shape(plan)).toMatch(/filter > generate > filter > scan$/)
})

test('into the inputs of a union', () => {
  const { filters } = run('SELECT * FROM (SELECT id AS x FROM a UNION ALL SELECT bv FROM b) WHERE x > 1')
  expect(filters).toEqual(['(id > 1)', '(bv > 1)'])
})

test.each([
  ['a limit', 'SELECT * FROM (SELECT id FROM a LIMIT 3) WHERE id > 1', /filter > limit/],
  ['what is random', 'SELECT * FROM (SELECT id, rand() AS r FROM a) WHERE r > 0.5', /filter > project/],
  [
    'what is random in another column',
    'SELECT * FROM (SELECT id, rand(5) AS r FROM a) WHERE id > 1',
    /filter > project/,
  ],
])('never across %s', (_, text, wanted) => expect(shape(run(text, RULE).plan)).toMatch(wanted))

test('a random condition stays', () => {
  expect(shape(run('SELECT * FROM (SELECT id + 1 AS x FROM a) WHERE rand() > 0.5 AND x > 1', RULE).plan)).toBe(
    'project > filter > project > scan',
  )
})

test.each([
  // Groups, windows and generators leave rows out: a condition that may raise would see them.
  [
    'SELECT * FROM (SELECT id, count(*) AS n FROM a GROUP BY id) WHERE 10 / id > 1',
    ['((cast(10 as double) / cast(id as double)) > cast(1 as double))'],
  ],
  [
    'SELECT * FROM a LATERAL VIEW explode(array(id)) x AS y WHERE 10 / id > 1',
    ['((cast(10 as double) / cast(id as double)) > cast(1 as double))'],
  ],
])('what may raise does not see more rows: %s', (text, wanted) => {
  expect(run(text, RULE).filters).toEqual(wanted)
  expect(shape(run(text, RULE).plan)).toMatch(/filter > (project > )?(aggregate|generate)/)
  expect(shape(run(text, RULE, { ...world, env: legacy }).plan)).toMatch(/(aggregate|generate) > (project > )?filter/)
})

test('what may raise does not overtake a condition that stays', () => {
  // The test of the watermark's column stays above it; the remainder behind that does too, the comparison does not.
  const text = "SELECT * FROM e WHERE ts > TIMESTAMP '2024-01-01 00:00:00' AND 10 % v = 1 AND k = 'a'"
  expect(run(text, RULE).filters).toEqual(["(k = 'a')", '((ts > 2024-01-01 00:00:00) AND ((10 % v) = 1))'])
})
