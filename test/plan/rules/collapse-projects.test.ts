import { expect, test } from 'vitest'
import { shape } from '../harness.ts'
import { run } from './run-rules.ts'

test.each([
  ['neighbours are joined', 'SELECT x + 1 AS y FROM (SELECT id + 1 AS x FROM a)', 'project > scan'],
  ['a column may be read twice', 'SELECT x + x AS y FROM (SELECT id AS x FROM a)', 'project > scan'],
  [
    'a costly expression is not computed twice',
    'SELECT x + x AS y FROM (SELECT length(upper(av)) AS x FROM a)',
    'project > project > scan',
  ],
  ['what is random is not moved', 'SELECT r + 1 AS y FROM (SELECT rand() AS r FROM a)', 'project > project > scan'],
])('%s', (_, text, wanted) => expect(shape(run(text, ['collapse-projects']).plan)).toBe(wanted))
