import { describe, expect, test } from 'vitest'
import { run } from './run-rules.ts'

describe('sides whose unmatched rows leave anyway lose rows with a NULL key', () => {
  test.each([
    ['JOIN', ['(id IS NOT NULL)', '(id IS NOT NULL)']],
    ['LEFT JOIN', ['(id IS NOT NULL)']],
    ['RIGHT JOIN', ['(id IS NOT NULL)']],
    ['FULL JOIN', []],
    ['LEFT SEMI JOIN', ['(id IS NOT NULL)', '(id IS NOT NULL)']],
    ['LEFT ANTI JOIN', ['(id IS NOT NULL)']],
  ])('%s', (join, want) => {
    expect(run(`SELECT 1 FROM a ${join} b ON a.id = b.id`).filters).toEqual(want)
  })
})

test.each(['a.id <=> b.id', 'a.id = b.id OR a.id IS NULL', 'coalesce(a.id, 0) = b.id + coalesce(bv, 1) - b.id'])(
  '%s implies nothing of a.id',
  (on) => {
    expect(
      run(`SELECT a.id FROM a JOIN b ON ${on}`, ['join-keys-not-null']).filters.filter((f) => f === '(bv IS NOT NULL)'),
    ).toEqual([])
    expect(run(`SELECT a.id FROM a LEFT SEMI JOIN b ON ${on}`, ['join-keys-not-null']).plan).toMatchObject({
      input: { left: { op: 'scan' } },
    })
  },
)

test('NOT IN, whose answer a NULL decides, implies nothing', () => {
  expect(run('SELECT id FROM a WHERE id NOT IN (SELECT bv FROM b)').filters).toEqual([])
})
