import { expect, test } from 'vitest'
import { nodes } from '../harness.ts'
import { run } from './run-rules.ts'

test('what every branch of OR asks for is asked for once, and is the key of a join', () => {
  const { plan, on } = run(
    "SELECT av FROM a, b WHERE (a.id = b.id AND av = 'q' AND bv > 1) OR (bv < 1 AND a.id = b.id) OR (a.id = b.id AND bv = 7)",
  )
  expect(nodes(plan, 'join')[0]!.type).toBe('inner')
  expect(on).toEqual(["((id = id) AND (((av = 'q') AND (bv > 1)) OR (bv < 1) OR (bv = 7)))"])
})

test('a branch that asks for nothing else leaves nothing of OR', () => {
  const { filters } = run("SELECT id FROM a WHERE (id = 1 AND av = 'q') OR id = 1", ['common-conditions'])
  expect(filters).toEqual(['(id = 1)'])
})

test.each([
  ['no condition is in every branch', 'SELECT id FROM b WHERE (bv = 1 AND id = 2) OR bv = 2'],
  ['it may raise', 'SELECT id FROM b WHERE (bv <> 0 AND 1 / bv > 1) OR (id = 2 AND 1 / bv > 1)'],
  ['it changes from call to call', 'SELECT id FROM b WHERE (bv = 1 AND rand(1) > 0.5) OR (id = 2 AND rand(1) > 0.5)'],
])('stays where %s', (_why, text) => expect(run(text, ['common-conditions']).rules).toEqual([]))
