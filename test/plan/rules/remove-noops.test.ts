import { expect, test } from 'vitest'
import { shape } from '../harness.ts'
import { run } from './run-rules.ts'

test('projections that change nothing go', () => {
  expect(shape(run('SELECT * FROM (SELECT * FROM a)').plan)).toBe('scan')
})

test.each(['SELECT id AS x, av, big FROM a', 'SELECT av, id, big FROM a', 'SELECT id, av FROM a'])('%s stays', (text) =>
  expect(shape(run(text, ['remove-noops']).plan)).toBe('project > scan'),
)
