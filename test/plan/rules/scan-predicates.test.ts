import { expect, test } from 'vitest'
import { nodes } from '../harness.ts'
import { run } from './run-rules.ts'

const predicates = (text: string) => nodes(run(text).plan, 'scan').map((s) => s.predicates)

test('comparisons with constants reach the decoder and stay in the filter', () => {
  const text = "SELECT id FROM a WHERE 5 < id AND av = 'q' AND big + 1 > 2 AND av IS NOT NULL"
  expect(predicates(text)).toEqual([
    [
      { column: ['id'], op: '>', literal: 5 },
      { column: ['av'], op: '=', literal: 'q' },
      { column: ['av'], op: 'isnotnull', literal: null },
    ],
  ])
  expect(run(text).filters).toHaveLength(1)
})

test('members of structs by path', () => {
  expect(predicates('SELECT kind FROM raw WHERE body.bid.price > 10')).toEqual([
    [{ column: ['body', 'bid', 'price'], op: '>', literal: 10 }],
  ])
})

test('of both sides of a join, and of a subquery', () => {
  expect(predicates("SELECT av FROM a JOIN b ON a.id = b.id WHERE av = 'q' AND bv > 5")).toEqual([
    [
      { column: ['av'], op: '=', literal: 'q' },
      { column: ['id'], op: 'isnotnull', literal: null },
    ],
    [
      { column: ['bv'], op: '>', literal: 5 },
      { column: ['id'], op: 'isnotnull', literal: null },
    ],
  ])
  expect(predicates('SELECT av FROM a WHERE id IN (SELECT bv FROM b WHERE b.id > 1)')[1]).toEqual([
    { column: ['id'], op: '>', literal: 1 },
    { column: ['bv'], op: 'isnotnull', literal: null },
  ])
})

test.each(['av = NULL', 'id = big', 'id + 1 = 2', 'id > 1 OR big > 1', 'id <=> 1'])('%s tells it nothing', (where) =>
  expect(predicates(`SELECT id FROM a WHERE ${where}`)).toEqual([[]]),
)
