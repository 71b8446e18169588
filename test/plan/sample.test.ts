import { expect, test } from 'vitest'
import { kit } from '../session/kit.ts'

const ids = 'FROM (SELECT id FROM range(1000))'

test('a share of rows: none, all, and about so many of them', async () => {
  const { rows } = kit()
  const count = async (sample: string) => Number((await rows(`SELECT count(*) ${ids} TABLESAMPLE ${sample}`))[0]![0])
  expect(await count('(0 PERCENT)')).toBe(0)
  expect(await count('(100 PERCENT)')).toBe(1000)
  expect(await count('(BUCKET 1 OUT OF 1)')).toBe(1000)
  const half = await count('(50 PERCENT) REPEATABLE (7)')
  expect(half).toBeGreaterThan(400)
  expect(half).toBeLessThan(600)
})

test('REPEATABLE draws the same rows each time, another seed others', async () => {
  const { rows } = kit()
  const drawn = (seed: number) => rows(`SELECT id ${ids} TABLESAMPLE (10 PERCENT) REPEATABLE (${seed})`)
  expect(await drawn(1)).toEqual(await drawn(1))
  expect(await drawn(1)).not.toEqual(await drawn(2))
})

test('a count of rows is a limit, also in a pipe', async () => {
  const { rows } = kit()
  expect(await rows(`SELECT count(*) ${ids} TABLESAMPLE (3 ROWS)`)).toEqual([[3]])
  expect(await rows('FROM (SELECT id FROM range(9)) |> TABLESAMPLE (4 ROWS) |> AGGREGATE count(*) AS n')).toEqual([[4]])
})

test('what no sample is', async () => {
  const { failure } = kit()
  expect((await failure('SELECT * FROM range(9) TABLESAMPLE (3 ROWS)')).code).toBe('PARSE_SYNTAX_ERROR')
  expect((await failure(`SELECT * ${ids} TABLESAMPLE (BUCKET 1 OUT OF 2 ON id)`)).code).toBe('PARSE_SYNTAX_ERROR')
  expect((await failure(`SELECT * ${ids} TABLESAMPLE (101 PERCENT)`)).code).toBe('INVALID_TABLESAMPLE_FRACTION')
})
