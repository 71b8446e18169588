import { expect, test } from 'vitest'
import { nodes } from '../harness.ts'
import { run } from './run-rules.ts'

const read = (text: string): readonly string[] =>
  nodes(run(text).plan, 'scan').map((s) => (s.columns ?? [['*']]).map((c) => c.join('.')).join(' '))

test.each([
  ['columns that are read', 'SELECT av FROM a WHERE big > 1', ['av big']],
  ['none for count(*)', 'SELECT count(*) FROM a', ['']],
  ['through a join', 'SELECT av FROM a JOIN b ON a.id = b.id', ['id av', 'id']],
  ['through IN', 'SELECT av FROM a WHERE id IN (SELECT bv FROM b WHERE b.id > 1)', ['id av', 'id bv']],
  ['through EXISTS', 'SELECT av FROM a WHERE EXISTS (SELECT * FROM b WHERE b.id = a.id)', ['id av', 'id']],
  ['through a scalar subquery', 'SELECT av, (SELECT max(bv) FROM b WHERE b.id = a.id) AS m FROM a', ['id av', 'id bv']],
  ['through a union', 'SELECT x FROM (SELECT id AS x, av FROM a UNION ALL SELECT id, "q" FROM b)', ['id', 'id']],
  ['through a window', 'SELECT id FROM (SELECT id, big, av, row_number() OVER (ORDER BY big) AS n FROM a)', ['id big']],
  ['all for SELECT *', 'SELECT * FROM b', ['id bv']],
])('%s', (_, text, wanted) => expect(read(text)).toEqual(wanted))

test('a filter column does not enter what has state', () => {
  const { plan } = run("SELECT x.v FROM e x JOIN e y ON x.ts = y.ts WHERE x.k = 'a'")
  expect(nodes(plan, 'join')[0]!.left.attrs.map((x) => x.name)).toEqual(['ts', 'v'])
})

test('aggregates of a stateful node stay although nobody reads them', () => {
  const { plan } = run('SELECT n FROM (SELECT k, count(*) AS n, sum(v) AS s FROM e GROUP BY k)')
  expect(nodes(plan, 'aggregate')[0]!.aggregates).toHaveLength(2)
})
