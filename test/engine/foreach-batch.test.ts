import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { count, sum } from '../../src/dataframe/functions.ts'
import { col, type DataFrame, MillraceSession } from '../../src/index.ts'

let work = ''
let session: MillraceSession

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'millrace-foreach-'))
  session = new MillraceSession(
    { 'spark.sql.session.timeZone': 'UTC', 'millrace.int64': 'number', 'millrace.durability': 'process' },
    { note: () => undefined },
  )
})
afterEach(async () => {
  await session.stop()
  rmSync(work, { recursive: true, force: true })
})

/** Runs `body` with each of two batches, and gives what it gave. */
async function batches<T>(body: (batch: DataFrame, batchId: number) => Promise<T>): Promise<T[]> {
  const { stream, df } = session.memoryStream('user STRING, n INT')
  const given: T[] = []
  const query = await df.writeStream
    .foreachBatch(async (batch, batchId) => void given.push(await body(batch, batchId)))
    .start()
  for (const rows of [
    [
      { user: 'ann', n: 1 },
      { user: 'bob', n: 2 },
      { user: 'ann', n: 3 },
    ],
    [
      { user: 'eve', n: 4 },
      { user: 'ann', n: 5 },
    ],
  ]) {
    stream.addData(rows)
    await query.processAllAvailable()
  }
  await query.stop()
  expect(query.exception()).toBeNull()
  return given
}
const plain = (rows: readonly object[]): unknown[] => rows.map((r) => ({ ...r }))

describe('the DataFrame that foreachBatch gets is one of a bounded table', () => {
  test('it does not stream, has the columns, and takes several actions', async () => {
    const seen = await batches(async (batch, id) => [
      id,
      batch.isStreaming,
      batch.columns,
      await batch.count(),
      await batch.count(),
      (await batch.collect()).length,
      (await batch.filter('n > 100').collect()).length,
    ])
    expect(seen).toEqual([
      [0, false, ['user', 'n'], 3, 3, 3, 0],
      [1, false, ['user', 'n'], 2, 2, 2, 0],
    ])
  })

  test('aggregates, order, limits, DISTINCT and window functions', async () => {
    const totals = await batches(async (batch) =>
      plain(await batch.groupBy('user').agg(sum('n').as('n'), count('*').as('rows')).orderBy('user').collect()),
    )
    expect(totals).toEqual([
      [
        { user: 'ann', n: 4, rows: 2 },
        { user: 'bob', n: 2, rows: 1 },
      ],
      [
        { user: 'ann', n: 5, rows: 1 },
        { user: 'eve', n: 4, rows: 1 },
      ],
    ])
    const newest = await batches(async (batch) => [
      plain(await batch.orderBy(col('n').desc()).limit(1).collect()),
      await batch.select('user').distinct().count(),
      plain(
        await batch
          .selectExpr('user', 'n', 'row_number() OVER (PARTITION BY user ORDER BY n DESC) AS place')
          .filter('place = 1')
          .select('user', 'n')
          .orderBy('user')
          .collect(),
      ),
    ])
    expect(newest[0]).toEqual([
      [{ user: 'ann', n: 3 }],
      2,
      [
        { user: 'ann', n: 3 },
        { user: 'bob', n: 2 },
      ],
    ])
  })

  test('joins with tables of every kind, and unions', async () => {
    const users = session.createDataFrame(
      [
        { user: 'ann', country: 'at' },
        { user: 'kim', country: 'kr' },
      ],
      'user STRING, country STRING',
    )
    const joined = await batches(async (batch) => {
      const rows = (how: string): Promise<number> => batch.join(users, 'user', how).count() as Promise<number>
      return [
        await rows('inner'),
        await rows('left'),
        await rows('right'),
        await rows('full'),
        await rows('left_semi'),
        await rows('left_anti'),
        await batch.union(batch).count(),
        await batch.join(batch.groupBy('user').count(), 'user').count(),
      ]
    })
    expect(joined).toEqual([
      [2, 3, 3, 4, 2, 1, 6, 3],
      [1, 2, 2, 3, 1, 1, 4, 2],
    ])
  })

  test('SQL over a view of it, which each batch makes anew', async () => {
    const answers = await batches(async (batch, id) => {
      batch.createOrReplaceTempView('batch')
      const top = await session.sql('SELECT user, n FROM batch WHERE n = (SELECT max(n) FROM batch)').collect()
      return [id, plain(top)]
    })
    expect(answers).toEqual([
      [0, [{ user: 'ann', n: 3 }]],
      [1, [{ user: 'ann', n: 5 }]],
    ])
  })

  test('writes to files and tables, several of one batch', async () => {
    const file = join(work, 'out.db')
    await batches(async (batch) => {
      await batch.write.mode('append').json(join(work, 'rows'))
      await batch.filter("user = 'ann'").write.format('sqlite').option('path', file).option('table', 'ann').save()
    })
    const back = await session.read.schema('user STRING, n INT').json(join(work, 'rows')).orderBy('n').collect()
    expect(back.map((r) => r['n'])).toEqual([1, 2, 3, 4, 5])
    const ann = await session.read.format('sqlite').option('path', file).option('table', 'ann').load().collect()
    expect(ann.map((r) => r['n']).sort()).toEqual([1, 3, 5])
  })

  test('it stays readable after its batch, as the rows it was', async () => {
    const kept: DataFrame[] = []
    await batches(async (batch) => void kept.push(batch))
    expect((await kept[0]!.collect()).map((r) => r['n'])).toEqual([1, 2, 3])
    expect((await kept[0]!.union(kept[1]!).collect()).map((r) => r['n'])).toEqual([1, 2, 3, 4, 5])
  })

  test('what an aggregation writes: touched groups in update mode, all of them in complete mode', async () => {
    const { stream, df } = session.memoryStream('user STRING')
    const got: unknown[] = []
    const into = (name: string) => async (batch: DataFrame, id: number) =>
      void got.push([name, id, (await batch.orderBy('user').collect()).map((r) => `${r['user']} ${r['count']}`)])
    const counts = df.groupBy('user').count()
    const update = await counts.writeStream.outputMode('update').foreachBatch(into('update')).start()
    const complete = await counts.writeStream.outputMode('complete').foreachBatch(into('complete')).start()
    for (const users of [['ann', 'bob'], ['bob']]) {
      stream.addData(users.map((user) => ({ user })))
      await update.processAllAvailable()
      await complete.processAllAvailable()
    }
    const of = (name: string): unknown[] => got.filter((g) => (g as unknown[])[0] === name)
    expect(of('update')).toEqual([
      ['update', 0, ['ann 1', 'bob 1']],
      ['update', 1, ['bob 2']],
    ])
    expect(of('complete')).toEqual([
      ['complete', 0, ['ann 1', 'bob 1']],
      ['complete', 1, ['ann 1', 'bob 2']],
    ])
  })
})
