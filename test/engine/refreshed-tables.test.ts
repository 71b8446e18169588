import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/storage/sqlite.ts'
import type { StreamingQuery } from '../../src/index.ts'
import { add, advanceClock, expectNew, run, TestKit, testStream } from '../../src/testing/index.ts'
import type { TestStream } from '../../src/testing/index.ts'

let dir: string
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'refreshed-'))))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** A stream `e (k STRING, v INT)` beside a table `t (k, name)`. */
function kit(): { kit: TestKit; e: TestStream } {
  const made = new TestKit()
  const e = made.stream('k STRING, v INT', 'e')
  e.df.createOrReplaceTempView('e')
  return { kit: made, e }
}

const files = (rows: readonly (readonly [string, string])[], name = 'a.json'): void =>
  writeFileSync(join(dir, name), rows.map(([k, n]) => `{"k":"${k}","name":"${n}"}\n`).join(''))

function jsonTable(made: TestKit, refresh?: string): void {
  const reader = made.session.read.schema('k STRING, name STRING')
  if (refresh !== undefined) reader.option('refreshInterval', refresh)
  reader.json(dir).createOrReplaceTempView('t')
}

const JOIN = 'SELECT e.v, t.name FROM e LEFT JOIN t ON e.k = t.k'

const version = (query: StreamingQuery): number | undefined => query.lastProgress?.staticTables?.[0]?.version

describe('a bounded table beside a stream', () => {
  test('is read once a start unless told', async () => {
    const { kit: made, e } = kit()
    files([['a', 'one']])
    jsonTable(made)
    await testStream(
      made,
      made.session.sql(JOIN),
      { outputMode: 'append', worlds: [] },
      add(e, ['a', 1]),
      expectNew([1, 'one']),
      run(() => files([['a', 'two']])),
      advanceClock(3_600_000),
      add(e, ['a', 2]),
      expectNew([2, 'one']),
      run((q) => expect(q.lastProgress).not.toHaveProperty('staticTables')),
    )
  })

  test('with refreshInterval is read again when due, by the clock, in every world', async () => {
    const { kit: made, e } = kit()
    jsonTable(made, '10s')
    await testStream(
      made,
      made.session.sql(JOIN),
      { outputMode: 'append', worlds: ['restarts', 'crash'] },
      run(() => files([['a', 'one']])),
      add(e, ['a', 1]),
      expectNew([1, 'one']),
      run((q) => expect(version(q) ?? 1).toBe(1)),
      run(() =>
        files([
          ['a', 'two'],
          ['b', 'new'],
        ]),
      ),
      advanceClock(9_999),
      add(e, ['a', 2], ['b', 3]),
      expectNew([2, 'one'], [3, null]),
      advanceClock(1),
      add(e, ['a', 4], ['b', 5]),
      expectNew([4, 'two'], [5, 'new']),
      // What is read and found the same is no new version.
      advanceClock(10_000),
      add(e, ['a', 6]),
      expectNew([6, 'two']),
      run(() => files([])),
      advanceClock(10_000),
      add(e, ['a', 7]),
      expectNew([7, null]),
    )
  })

  test('a batch that runs again sees what it saw, though the table is another by then', async () => {
    const made = new TestKit()
    const { df, stream } = made.session.memoryStream('k STRING, v INT')
    df.createOrReplaceTempView('e')
    jsonTable(made, '10s')
    files([['a', 'one']])
    const location = join(dir, '_checkpoint')
    const out: string[] = []
    let failing = true
    const start = (): Promise<StreamingQuery> =>
      made.session
        .sql(JOIN)
        .writeStream.option('checkpointLocation', location)
        .foreachBatch(async (batch, id) => {
          out.push(`${id}: ${(await batch.collect()).map((r) => String(r['name'])).join()}`)
          if (failing) throw new Error('down')
        })
        .start()
    const first = await start()
    stream.addData([['a', 1]])
    await expect(first.processAllAvailable()).rejects.toThrow('down')
    files([['a', 'two']])
    made.clock.advance(60_000)
    failing = false
    const second = await start()
    await second.processAllAvailable()
    stream.addData([['a', 2]])
    await second.processAllAvailable()
    await made.session.stop()
    expect(out).toEqual(['0: one', '0: one', '1: two'])
  })

  test('whose rows the join keeps is read for batch 0 alone, also when that runs again', async () => {
    const made = new TestKit()
    const { df, stream } = made.session.memoryStream('k STRING, v INT')
    df.createOrReplaceTempView('e')
    jsonTable(made)
    files([
      ['a', 'one'],
      ['b', 'two'],
    ])
    const out: string[] = []
    let failing = true
    const start = (): Promise<StreamingQuery> =>
      made.session
        .sql('SELECT t.name FROM t LEFT SEMI JOIN e ON e.k = t.k')
        .writeStream.option('checkpointLocation', join(dir, '_checkpoint'))
        .foreachBatch(async (batch, id) => {
          out.push(`${id}: ${(await batch.collect()).map((r) => r.name).join()}`)
          if (failing) throw new Error('down')
        })
        .start()
    const first = await start()
    stream.addData([['a', 1]])
    await expect(first.processAllAvailable()).rejects.toThrow('down')
    files([['a', 'other']])
    failing = false
    const second = await start()
    await second.processAllAvailable()
    expect(second.lastProgress?.staticTables).toMatchObject([{ version: 1, numRows: 2 }])
    await second.stop()
    files([])
    const third = await start()
    stream.addData([
      ['a', 2],
      ['b', 2],
    ])
    await third.processAllAvailable()
    await made.session.stop()
    expect(out).toEqual(['0: one', '0: one', '1: two'])
  })

  test('with onChange is read again when its files are others, in every world', async () => {
    const { kit: made, e } = kit()
    jsonTable(made, 'onChange')
    await testStream(
      made,
      made.session.sql(JOIN),
      { outputMode: 'append', worlds: ['restarts', 'crash'] },
      run(() => {
        files([['a', 'one']])
        rmSync(join(dir, 'b.json'), { force: true })
      }),
      add(e, ['a', 1]),
      expectNew([1, 'one']),
      run(() => files([['b', 'more']], 'b.json')),
      add(e, ['b', 2], ['a', 3]),
      expectNew([2, 'more'], [3, 'one']),
      run(() => rmSync(join(dir, 'b.json'))),
      add(e, ['b', 4]),
      expectNew([4, null]),
    )
  })

  test('a table of SQLite and a table in memory', async () => {
    const { kit: made, e } = kit()
    const path = join(dir, 'shop.db')
    const db = openDatabase(path)
    db.exec("CREATE TABLE names (k TEXT, name TEXT); INSERT INTO names VALUES ('a', 'one')")
    await made.session
      .sql(`CREATE TABLE t USING sqlite OPTIONS (path '${path}', table 'names', refreshInterval 'onChange')`)
      .collect()
    await made.session
      .sql("CREATE TABLE m (k STRING, title STRING) USING memory OPTIONS (refreshInterval '1 minute')")
      .collect()
    await testStream(
      made,
      made.session.sql('SELECT e.v, t.name, m.title FROM e LEFT JOIN t ON e.k = t.k LEFT JOIN m ON e.k = m.k'),
      { outputMode: 'append', worlds: [] },
      add(e, ['a', 1]),
      expectNew([1, 'one', null]),
      run(async () => {
        db.exec("UPDATE names SET name = 'two'")
        await made.session.sql("INSERT INTO m VALUES ('a', 'Dr')").collect()
      }),
      add(e, ['a', 2]),
      expectNew([2, 'two', null]),
      advanceClock(60_000),
      add(e, ['a', 3]),
      expectNew([3, 'two', 'Dr']),
      run((q) => {
        expect(q.lastProgress?.staticTables?.map((t) => [t.version, t.numRows])).toEqual([
          [2, 1],
          [2, 1],
        ])
        expect(q.lastProgress?.staticTables?.find((t) => t.name.startsWith('memory'))).toMatchObject({
          readAt: '2026-01-01T00:01:00.000Z',
        })
      }),
    )
    db.close()
  })

  test('what is below the join is computed anew: filters, aggregations, two tables', async () => {
    const { kit: made, e } = kit()
    jsonTable(made, '1s')
    made.session
      .createDataFrame(
        [
          ['one', 10],
          ['two', 20],
        ],
        'name STRING, w INT',
      )
      .createOrReplaceTempView('w')
    await testStream(
      made,
      made.session.sql(
        `SELECT e.v, s.n, s.w FROM e JOIN (SELECT k, count(*) AS n, sum(w) AS w FROM t JOIN w USING (name)
         WHERE name <> 'hidden' GROUP BY k) s ON e.k = s.k`,
      ),
      { outputMode: 'append', worlds: ['restarts', 'crash'] },
      run(() =>
        files([
          ['a', 'one'],
          ['a', 'hidden'],
        ]),
      ),
      add(e, ['a', 1]),
      expectNew([1, 1, 10]),
      run(() =>
        files([
          ['a', 'one'],
          ['a', 'two'],
        ]),
      ),
      advanceClock(1000),
      add(e, ['a', 2]),
      expectNew([2, 2, 30]),
    )
  })

  test('EXPLAIN says how often, and what makes no sense is refused', async () => {
    const { kit: made } = kit()
    files([['a', 'one']])
    jsonTable(made, '10s')
    const query = await made.session.sql(JOIN).writeStream.format('noop').start()
    expect(query.explainString()).toContain('refresh=10000ms')
    await query.stop()
    const read = (value: string): unknown =>
      made.session.read.schema('k STRING').option('refreshInterval', value).json(dir)
    expect(() => read('often')).toThrow(/refreshInterval/)
    expect(() => read('0s')).toThrow(/refreshInterval/)
    expect(() => made.session.readStream.schema('k STRING').option('refreshInterval', '1s').json(dir)).toThrow(
      /refreshInterval/,
    )
    await expect(
      made.session.sql('SELECT t.k FROM t LEFT SEMI JOIN e ON e.k = t.k').writeStream.format('noop').start(),
    ).rejects.toMatchObject({ code: 'STREAMING_JOIN_KEEPS_REFRESHED_TABLE' })
  })
})
