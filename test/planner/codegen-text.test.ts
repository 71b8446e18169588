import { expect, test } from 'vitest'
import { millrace } from '../../src/index.ts'

test('EXPLAIN CODEGEN prints the generated loops of filters, projections and aggregates', async () => {
  const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
  const [row] = await session
    .sql('EXPLAIN CODEGEN SELECT id % 3 AS k, sum(id * 2) AS s FROM range(10) WHERE id > 1 GROUP BY id % 3')
    .collect()
  const text = String(row!['plan'])
  const code = text.slice(text.indexOf('== Generated Code =='))
  expect(code).toContain('-- fused-')
  expect(code).toContain('-- aggregate-')
  expect(code).toMatch(/for \(/)
  // No row of the query is needed for it, and none runs.
  const [plain] = await session.sql("EXPLAIN CODEGEN SELECT raise_error('no') FROM range(1)").collect()
  expect(String(plain!['plan'])).toContain('== Generated Code ==')
})
