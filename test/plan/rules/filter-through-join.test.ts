import { expect, test } from 'vitest'
import { nodes, shape } from '../harness.ts'
import { legacy, run, world } from './run-rules.ts'

const RULE = ['filter-through-join']

test('into the sides of a join, equalities into its condition', () => {
  const { plan, filters, on } = run('SELECT a.id FROM a, b WHERE a.id = b.id AND bv > 5 AND av IS NOT NULL')
  expect(nodes(plan, 'join')[0]!.type).toBe('inner')
  expect(on).toEqual(['(id = id)'])
  expect(filters).toEqual(['((av IS NOT NULL) AND (id IS NOT NULL))', '((bv > 5) AND (id IS NOT NULL))'])
})

// What WHERE and ON may do to each side: the filters of the left side, those of the right, what stays above.
test.each([
  ['JOIN', 'filter', 'filter', ''],
  ['LEFT JOIN', 'filter', '', 'filter > '],
  ['RIGHT JOIN', '', 'filter', 'filter > '],
  ['FULL JOIN', '', '', 'filter > '],
])('WHERE over %s', (type, left, right, above) => {
  const { plan } = run(`SELECT * FROM a ${type} b ON a.id = b.id WHERE big > 1 AND bv > 5`, RULE)
  const side = (f: string): string => (f === '' ? 'scan' : `${f} > scan`)
  expect(shape(plan)).toBe(`project > ${above}join(${side(left)}; ${side(right)})`)
})

test.each([
  ['JOIN', ['(big > 1)', '(bv > 5)'], '(id = id)'],
  ['LEFT JOIN', ['(bv > 5)'], '((id = id) AND (big > 1))'],
  ['RIGHT JOIN', ['(big > 1)'], '((id = id) AND (bv > 5))'],
  ['FULL JOIN', [], '((id = id) AND (big > 1) AND (bv > 5))'],
  ['LEFT SEMI JOIN', ['(big > 1)', '(bv > 5)'], '(id = id)'],
  ['LEFT ANTI JOIN', ['(bv > 5)'], '((id = id) AND (big > 1))'],
])('ON of %s', (type, filters, on) => {
  const ran = run(`SELECT 1 FROM a ${type} b ON a.id = b.id AND big > 1 AND bv > 5`, RULE)
  expect(ran.filters.map((f) => f.replace('cast(1 as bigint)', '1'))).toEqual(filters)
  expect(ran.on.map((f) => f.replace('cast(1 as bigint)', '1'))).toEqual([on])
})

test('WHERE over a semi and an anti join filters the left side', () => {
  for (const type of ['SEMI', 'ANTI'])
    expect(shape(run(`SELECT id FROM a LEFT ${type} JOIN b ON a.id = b.id WHERE big > 1`, RULE).plan)).toBe(
      'project > join(filter > scan; scan)',
    )
})

test('NOT IN keeps its test for NULL in the join', () => {
  const { on, filters } = run('SELECT id FROM a WHERE id NOT IN (SELECT bv FROM b WHERE b.id > 1)')
  expect(on).toEqual(['((id = bv) OR ((id = bv) IS NULL))'])
  expect(filters).toEqual(['(id > 1)'])
})

test('what may raise is not evaluated on rows without a partner', () => {
  const where = run('SELECT * FROM a JOIN b ON a.id = b.id WHERE 10 % bv = 1 AND big > 1', RULE)
  expect(shape(where.plan)).toBe('project > filter > join(filter > scan; scan)')
  const on = run('SELECT * FROM a JOIN b ON a.id = b.id AND 10 % bv = 1', RULE)
  expect(shape(on.plan)).toBe('project > join(scan; scan)')
  // Nothing raises without ANSI mode.
  const calm = run('SELECT * FROM a JOIN b ON a.id = b.id WHERE 10 % bv = 1', RULE, { ...world, env: legacy })
  expect(shape(calm.plan)).toBe('project > join(scan; filter > scan)')
})

test('an equality that may raise is a key only where nothing stands before it', () => {
  expect(run('SELECT * FROM a, b WHERE CAST(av AS INT) = bv', RULE).on).toEqual(['(cast(av as int) = bv)'])
  const guarded = run('SELECT * FROM a, b WHERE (big > 0 OR bv > 0) AND CAST(av AS INT) = bv', RULE)
  expect(guarded.on).toEqual(['((big > cast(0 as bigint)) OR (bv > 0))'])
  expect(guarded.filters).toEqual(['(cast(av as int) = bv)'])
})

test('what is random stays', () => {
  expect(shape(run('SELECT * FROM a JOIN b ON a.id = b.id WHERE rand() > 0.5 AND big > 1', RULE).plan)).toBe(
    'project > filter > join(scan; scan)',
  )
})
