import { expect, test } from 'vitest'
import { assertBatchEquivalence, type EquivalenceQuery, type EquivalenceTable } from '../../src/testing/index.ts'

const rows = [0, 4, 3, 9, 12, 30].map((s, i) => [`2026-01-01 00:00:${String(s).padStart(2, '0')}`, i % 2, i])
const data = (given: EquivalenceTable['rows']): Record<string, EquivalenceTable> => ({
  e: { schema: 'ts TIMESTAMP, k INT, v INT', watermark: ['ts', '5 seconds'], rows: given },
})

const failure = async (query: EquivalenceQuery, given = rows): Promise<string> =>
  assertBatchEquivalence(query, data(given), { seed: 7, describe: 'the query' }).then(
    () => 'no failure',
    (error: unknown) => (error as Error).message,
  )

test('a window query gives in every mode and slicing what the batch query gives', async () => {
  const sql = `SELECT window.start AS s, k, sum(v) AS v FROM e GROUP BY window(ts, '10 seconds'), k`
  for (const outputMode of ['append', 'update', 'complete'] as const) {
    const report = await assertBatchEquivalence(sql, data(rows), { outputMode, seed: 3, slicings: 4 })
    expect(report).toMatchObject({ seed: 3, slicings: 4, rows: 4 })
    expect(report.batches).toBeGreaterThan(4)
  }
})

test('rows beside an aggregate are compared as a bag in update mode', async () => {
  const report = await assertBatchEquivalence('SELECT v FROM e WHERE v > 1', data(rows), {
    outputMode: 'update',
    seed: 1,
  })
  expect(report.rows).toBe(4)
})

test('a query whose answers differ fails with seed, query, data, slicing and rows, made smaller', async () => {
  const text = await failure((session) => {
    const e = session.table('e')
    return e.isStreaming ? e.where('v <> 3') : e
  })
  expect(text).toBe(`streamed and batch answers differ (seed 7, slicing 0, append mode)
query
  the query
tables
  e (ts TIMESTAMP, k INT, v INT) watermark ts 5 seconds
slicing
  batch 0
    e ["2026-01-01 00:00:09",1,3]
only in the batch answer
  2026-01-01 00:00:09 | 1 | 3
only in the streamed answer
  (none)`)
})

test('data of which a row is late in some slicing is a failure that says so', async () => {
  const late = [...rows, ['2026-01-01 00:00:01', 0, 7]]
  const text = await failure(`SELECT window.start AS s, count(*) AS n FROM e GROUP BY window(ts, '1 second')`, late)
  expect(text).toContain('1 rows were dropped as late: the data must be in time order up to the delay')
})

test('the same seed cuts the same way', async () => {
  const run = () => assertBatchEquivalence('SELECT * FROM e', data(rows), { seed: 11, slicings: 6 })
  expect(await run()).toEqual(await run())
})
