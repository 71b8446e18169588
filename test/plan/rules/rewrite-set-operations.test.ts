import { expect, test } from 'vitest'
import { exprText } from '../../../src/plan/expr-text.ts'
import { nodes, plan, shape } from '../harness.ts'
import { bare, run, world } from './run-rules.ts'

test.each([
  ['EXCEPT', 'anti'],
  ['INTERSECT', 'semi'],
])('%s is a join, then DISTINCT, also where no rule runs that need not', (op, type) => {
  for (const rules of [undefined, []]) {
    const { plan: p } = run(`SELECT id FROM a ${op} SELECT id FROM b`, rules)
    expect(shape(p)).toMatch(/^aggregate > join/)
    const join = nodes(p, 'join')[0]!
    expect(join.type).toBe(type)
    expect(bare(exprText(join.condition!))).toBe('(id <=> id)')
  }
})

test('ALL counts rows and stays', () => {
  expect(shape(run('SELECT id FROM a EXCEPT ALL SELECT id FROM b').plan)).toBe('setop(scan; scan)')
})

test('the state keeps its node, and the stream is looked up in the table', () => {
  const text = 'SELECT id FROM b INTERSECT SELECT v FROM e'
  const { plan: p } = run(text)
  expect(p.id).toBe(plan(text, world).id)
  expect(shape(nodes(p, 'join')[0]!.left)).toContain('watermark')
})
