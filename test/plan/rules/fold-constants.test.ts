import { expect, test } from 'vitest'
import { exprText } from '../../../src/plan/expr-text.ts'
import { nodes, shape } from '../harness.ts'
import { bare, run } from './run-rules.ts'

const item = (text: string): string => {
  const { plan } = run(text, ['fold-constants'])
  return bare(exprText(nodes(plan, 'project')[0]!.items[0]!.expr))
}

test('constants are computed once, a true filter goes', () => {
  const { plan, rules } = run('SELECT id + (1 + 2) AS x FROM a WHERE 1 = 1')
  expect(rules).toContain('fold-constants')
  expect(shape(plan)).toBe('project > scan')
  expect(item('SELECT id + (1 + 2) AS x FROM a WHERE 1 = 1')).toBe('(id + 3)')
})

test.each([
  ["CASE WHEN 1 > 2 THEN 'a' WHEN id > 1 THEN 'b' END", "CASE WHEN (id > 1) THEN 'b' ELSE NULL END"],
  ["CASE WHEN 2 > 1 THEN av ELSE 'b' END", 'av'],
  ['id > 1 AND 1 = 1', '(id > 1)'],
  ['id > 1 OR 1 = 1', '((id > 1) OR true)'],
  ['id > 1 AND 1 > 2 AND big > 1', '((id > 1) AND false)'],
])('%s', (text, wanted) => expect(item(`SELECT ${text} AS x FROM a`)).toBe(wanted))

test.each(['10 % 0', "CAST('x' AS INT)", 'rand()', 'current_timestamp()'])('%s stays', (text) =>
  expect(run(`SELECT ${text} AS x FROM a`, ['fold-constants']).rules).toEqual([]),
)
