import { expect, test } from 'vitest'
import { interpretCalls } from '../../src/expr/interpret.ts'
import { TestKit } from '../../src/testing/index.ts'

test('a running stream never calls the interpreter', async () => {
  const kit = new TestKit()
  const { stream, df } = kit.session.memoryStream('ts TIMESTAMP, user STRING, price DECIMAL(10,2), tags ARRAY<STRING>')
  df.withWatermark('ts', '1 minute').createOrReplaceTempView('e')
  const query = await kit.session
    .sql(
      `SELECT window.start AS s, upper(user) AS u, count(*) AS n, sum(price * 1.1) AS p, max(CASE WHEN size(tags) > 1 THEN tags[0] ELSE 'none' END) AS t
       FROM e WHERE user LIKE 'a%' AND hour(ts) < 23 GROUP BY window(ts, '5 minutes'), upper(user)`,
    )
    .writeStream.outputMode('update')
    .format('memory')
    .queryName('compiled')
    .start()
  // Planning folds constants with the interpreter; what counts is what happens per row.
  const before = interpretCalls.count
  const us = BigInt(Date.UTC(2026, 0, 1, 12)) * 1000n
  for (let i = 0; i < 5; i++) {
    stream.addValues(
      Array.from({ length: 1000 }, (_, k) => [
        us + BigInt(k) * 1_000_000n,
        k % 2 ? 'ann' : 'bob',
        BigInt(k),
        ['x', 'y'],
      ]),
    )
    await query.processAllAvailable()
  }
  expect(kit.session.memoryTable('compiled')!.rows().length).toBeGreaterThan(0)
  expect(interpretCalls.count - before).toBe(0)
  await query.stop()
})
