import { expect, test } from 'vitest'
import { millrace } from '../../src/index.ts'

const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
const values = async (sql: string): Promise<unknown[][]> =>
  (await session.sql(sql).collect()).map((row) => Object.values(row as Record<string, unknown>))

const failing = async (sql: string): Promise<string> => {
  try {
    await session.sql(sql).collect()
  } catch (error) {
    return (error as { readonly code: string }).code
  }
  return 'no error'
}

test('rounds go on until one gives no rows; each sees only the round before', async () => {
  const edges = `VALUES (1, 2), (1, 3), (2, 4), (3, 4), (4, 5) AS e(a, b)`
  const sql = `WITH RECURSIVE reach(n, d) AS (
    SELECT 1, 0 UNION ALL SELECT e.b, d + 1 FROM ${edges} JOIN reach ON e.a = reach.n
  ) SELECT n, d, count(*) FROM reach GROUP BY n, d ORDER BY n`
  // Both ways to 4 are counted, and each goes on to 5.
  expect(await values(sql)).toEqual([
    [1, 0, 1n],
    [2, 1, 1n],
    [3, 1, 1n],
    [4, 2, 2n],
    [5, 3, 2n],
  ])
})

test('a recursive table inside the step of another keeps its own rounds', async () => {
  const sql = `WITH RECURSIVE o(n) AS (
    SELECT 1 UNION ALL
    SELECT o.n + m.k FROM o JOIN (
      WITH RECURSIVE i(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM i WHERE k < 2) SELECT max(k) AS k FROM i
    ) m ON true WHERE o.n < 6
  ) SELECT n FROM o ORDER BY n`
  expect(await values(sql)).toEqual([[1], [3], [5], [7]])
})

test('LIMIT ends what would not end', async () => {
  const endless = 'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)'
  expect(await values(`${endless} SELECT n * 2 AS x FROM r LIMIT 2 OFFSET 1`)).toEqual([[4], [6]])
  expect(await failing(`${endless} SELECT * FROM r`)).toBe('RECURSION_LEVEL_LIMIT_EXCEEDED')
  expect(await failing(`${endless} SELECT * FROM r WHERE n > 1 LIMIT 2`)).toBe('RECURSION_LEVEL_LIMIT_EXCEEDED')
})

test('MAX RECURSION LEVEL counts the rounds after the first part', async () => {
  const upTo = (n: number): string =>
    `WITH RECURSIVE r(n) MAX RECURSION LEVEL 3 AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < ${n}) SELECT max(n) FROM r`
  expect(await values(upTo(3))).toEqual([[3]])
  expect(await failing(upTo(5))).toBe('RECURSION_LEVEL_LIMIT_EXCEEDED')
})

test.each([
  ['SELECT 1 UNION SELECT n + 1 FROM r WHERE n < 3', 'UNION_NOT_SUPPORTED_IN_RECURSIVE_CTE'],
  ['SELECT n + 1 FROM r', 'INVALID_RECURSIVE_CTE'],
  ['SELECT n FROM r UNION ALL SELECT 1', 'INVALID_RECURSIVE_CTE'],
  ['SELECT 1 UNION ALL SELECT n + 0.5 FROM r WHERE n < 3', 'INVALID_RECURSIVE_REFERENCE.DATA_TYPE'],
  ['SELECT 1 UNION ALL SELECT max(n) FROM r', 'INVALID_RECURSIVE_REFERENCE.PLACE'],
  ['SELECT 1 UNION ALL SELECT a.n FROM r a JOIN r b ON a.n = b.n', 'INVALID_RECURSIVE_REFERENCE.NUMBER'],
  ['SELECT 1 UNION ALL SELECT x FROM VALUES (1) v(x) LEFT JOIN r ON x = n', 'INVALID_RECURSIVE_REFERENCE.PLACE'],
])('%s is refused', async (body, condition) => {
  expect(await failing(`WITH RECURSIVE r(n) AS (${body}) SELECT * FROM r`)).toBe(condition)
})

test('a recursive table over a stream is refused', async () => {
  session.readStream.format('rate').load().createOrReplaceTempView('ticks')
  const sql = 'WITH RECURSIVE r(n) AS (SELECT value FROM ticks UNION ALL SELECT n + 1 FROM r) SELECT * FROM r'
  expect(await failing(sql)).toBe('STREAMING_RECURSIVE_CTE')
})
