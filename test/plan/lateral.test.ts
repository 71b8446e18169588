import { describe, expect, test } from 'vitest'
import { millrace } from '../../src/index.ts'
import { add, expectNew, TestKit, testStream } from '../../src/testing/index.ts'

// What bounded queries answer is recorded: conformance/data/sql/correlated-subqueries.json.

describe('LATERAL beside a stream', () => {
  const kitOf = (): { readonly kit: TestKit; readonly s: ReturnType<TestKit['stream']> } => {
    const kit = new TestKit()
    const s = kit.stream('id INT, tags ARRAY<STRING>', 's')
    s.df.createOrReplaceTempView('s')
    kit.session
      .createDataFrame(
        [
          [1, 'one'],
          [2, 'two'],
          [2, 'zwei'],
        ],
        'id INT, name STRING',
      )
      .createOrReplaceTempView('t')
    return { kit, s }
  }

  test('a subquery that works row by row is a join with the table, in every world', async () => {
    const { kit, s } = kitOf()
    await testStream(
      kit,
      kit.session.sql(
        "SELECT s.id, l.text FROM s, LATERAL (SELECT concat(name, '-', s.id) AS text FROM t WHERE t.id = s.id) l",
      ),
      { outputMode: 'append' },
      add(s, [1, null], [3, null]),
      expectNew([1, 'one-1']),
      add(s, [2, null]),
      expectNew([2, 'two-2'], [2, 'zwei-2']),
    )
    await kit.session.stop()
  })

  test('one over several rows needs the distinct values of the stream, and is refused at its place', async () => {
    const { kit } = kitOf()
    expect(() =>
      kit.session.sql('SELECT * FROM s, LATERAL (SELECT count(*) AS n FROM t WHERE t.id < s.id) l').explain(),
    ).toThrow(/a correlated subquery of this form beside a stream/)
    await kit.session.stop()
  })
})

test('a left side that is a recursive table is computed once more for the domain', async () => {
  await using session = millrace()
  const rows = await session
    .sql(
      `WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 4)
       SELECT n, (SELECT sum(id) FROM range(10) WHERE id < r.n) AS s FROM r ORDER BY n`,
    )
    .collect()
  expect(rows.map((r) => [r['n'], r['s']])).toEqual([
    [1, 0n],
    [2, 1n],
    [3, 3n],
    [4, 6n],
  ])
})

test('queries inside queries read columns of all around them (an extension)', async () => {
  await using session = millrace()
  const text = `SELECT a.id, (SELECT count(*) FROM range(5) b WHERE EXISTS (SELECT 1 FROM range(5) c WHERE c.id = a.id + b.id)) AS n
    FROM range(4) a ORDER BY id`
  expect((await session.sql(text).collect()).map((r) => r['n'])).toEqual([5n, 4n, 3n, 2n])
  session.conf.set('millrace.extensions', 'false')
  await expect(async () => session.sql(text).collect()).rejects.toMatchObject({
    code: 'UNRESOLVED_COLUMN.WITH_SUGGESTION',
  })
})
