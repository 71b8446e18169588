import { expect, test } from 'vitest'
import { describeNode } from '../../../src/plan/describe-plan.ts'
import { nodes, shape } from '../harness.ts'
import { run } from './run-rules.ts'

const RULE = ['push-limits']
const limits = (text: string): readonly string[] => nodes(run(text, RULE).plan, 'limit').map(describeNode)

test('below projections: what is left out is not computed', () => {
  expect(shape(run('SELECT 1 / id AS x FROM a LIMIT 3', RULE).plan)).toBe('project > limit > scan')
  expect(shape(run('SELECT id + 1 AS x FROM a ORDER BY big LIMIT 3', RULE).plan)).toMatch(/^project > limit > sort/)
})

test('two become one', () => {
  expect(limits('SELECT * FROM (SELECT * FROM a LIMIT 5 OFFSET 1) LIMIT 9 OFFSET 2')).toEqual(['Limit 3 offset 3'])
  expect(limits('SELECT * FROM (SELECT * FROM a LIMIT 5) OFFSET 7')).toEqual(['Limit 0 offset 7'])
  expect(limits('SELECT * FROM (SELECT * FROM a OFFSET 2) LIMIT 4')).toEqual(['Limit 4 offset 2'])
})

test('each input of a union gives no more than the limit may take', () => {
  const text = 'SELECT id FROM a UNION ALL SELECT bv FROM b UNION ALL VALUES (1) LIMIT 3 OFFSET 1'
  expect(limits(text)).toEqual(['Limit 4', 'Limit 4', 'Limit 3 offset 1'])
})

test.each([
  ['a filter', 'SELECT * FROM (SELECT * FROM a) WHERE id > 1 LIMIT 3', /limit > filter/],
  ['a join', 'SELECT a.* FROM a JOIN b ON a.id = b.id LIMIT 3', /limit > join/],
  ['DISTINCT', 'SELECT DISTINCT id FROM a LIMIT 3', /^limit > aggregate/],
  ['what is random', 'SELECT rand(5) AS r FROM a LIMIT 3 OFFSET 1', /^limit > project/],
  ['a stream', 'SELECT v + 1 AS x FROM e LIMIT 3', /^limit > project/],
])('not past %s', (_, text, wanted) => {
  expect(shape(run(text, RULE).plan)).toMatch(wanted)
})
