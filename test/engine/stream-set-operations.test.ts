import { describe, expect, test } from 'vitest'
import { add, assertBatchEquivalence, expectNew, expectProgress, TestKit, testStream } from '../../src/testing/index.ts'

const TABLE = [
  ['a', 1],
  ['a', 1],
  ['b', 2],
  [null, null],
] as const

describe('EXCEPT ALL and INTERSECT ALL of a stream and a bounded table', () => {
  test('each copy in the table takes one row of the stream away, in every world', async () => {
    const kit = new TestKit()
    const e = kit.stream('k STRING, v INT', 'e')
    e.df.createOrReplaceTempView('e')
    kit.session.createDataFrame(TABLE, 'k STRING, v INT').createOrReplaceTempView('t')
    await testStream(
      kit,
      kit.session.sql('SELECT k, v FROM e EXCEPT ALL SELECT k, v FROM t'),
      { outputMode: 'append' },
      add(e, ['a', 1], ['c', 3], ['c', 3], [null, null]),
      expectNew(['c', 3], ['c', 3]),
      add(e, ['a', 1], ['a', 1], [null, null], ['a', 2]),
      expectNew(['a', 1], [null, null], ['a', 2]),
      add(e, ['b', 2], ['b', 2], ['a', 1]),
      expectNew(['b', 2], ['a', 1]),
      // No more than the distinct rows of the table, however long the stream.
      expectProgress({ stateRows: 3 }),
    )
  })

  const data = {
    e: {
      schema: 'ts TIMESTAMP, k STRING, v INT',
      watermark: ['ts', '1 second'] as const,
      rows: Array.from({ length: 30 }, (_, i) => [
        new Date(Date.UTC(2026, 0, 1, 0, 0, i)),
        i % 7 === 3 ? null : 'abc'[i % 3],
        i % 2,
      ]),
    },
    t: {
      schema: 'k STRING, v INT',
      static: true,
      rows: [...TABLE, ['a', 0], ['c', 1], ['c', 1], ['x', 9], [null, 1], [null, 0]],
    },
  }

  test.each([
    ['SELECT k, v FROM e EXCEPT ALL SELECT k, v FROM t', 'append'],
    ['SELECT k, v FROM e EXCEPT ALL SELECT k, v FROM t', 'update'],
    ['SELECT k, v FROM e INTERSECT ALL SELECT k, v FROM t', 'append'],
    ['SELECT k, v FROM t INTERSECT ALL SELECT k, v FROM e', 'append'],
    ['SELECT k, CAST(v AS BIGINT) AS v FROM e EXCEPT ALL SELECT k, v FROM t', 'append'],
    ['SELECT k, count(*) AS n FROM (SELECT k, v FROM e EXCEPT ALL SELECT k, v FROM t) GROUP BY k', 'complete'],
    ['SELECT k, count(*) AS n FROM (SELECT k, v FROM e INTERSECT ALL SELECT k, v FROM t) GROUP BY k', 'update'],
  ] as const)('streamed = batch: %s in %s', async (sql, outputMode) => {
    const report = await assertBatchEquivalence(sql, data, { seed: 3, slicings: 6, outputMode })
    expect(report.rows).toBeGreaterThan(0)
  })

  test.each([
    ['SELECT k, v FROM t EXCEPT ALL SELECT k, v FROM e', 'STREAMING_EXCEPT'],
    ['SELECT k, v FROM e INTERSECT ALL SELECT k, v FROM e', 'STREAMING_INTERSECT'],
    ['SELECT k, count(*) FROM e GROUP BY k EXCEPT ALL SELECT k, v FROM t', 'STREAMING_CHAINED_STATE'],
  ])('%s is refused', async (sql, code) => {
    const kit = new TestKit()
    kit.stream('k STRING, v INT', 'e').df.createOrReplaceTempView('e')
    kit.session.createDataFrame(TABLE, 'k STRING, v INT').createOrReplaceTempView('t')
    await expect(kit.session.sql(sql).writeStream.format('noop').outputMode('update').start()).rejects.toMatchObject({
      code,
    })
  })
})
