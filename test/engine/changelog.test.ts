import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MillraceSession, type DataFrame } from '../../src/index.ts'
import {
  add,
  assertBatchEquivalence,
  expectError,
  expectNew,
  expectProgress,
  expectTable,
  TestKit,
  testStream,
} from '../../src/testing/index.ts'

const at = (second: number): string => `2026-01-01 00:00:${String(second).padStart(2, '0')}`

function events(sql: string): { kit: TestKit; e: ReturnType<TestKit['stream']>; df: DataFrame } {
  const kit = new TestKit()
  const e = kit.stream('ts TIMESTAMP, k STRING, v INT')
  e.df.withWatermark('ts', '5 seconds').createOrReplaceTempView('e')
  kit.session
    .createDataFrame(
      [
        { k: 'a', name: 'ann' },
        { k: 'a', name: 'amy' },
        { k: 'b', name: 'bob' },
      ],
      'k STRING, name STRING',
    )
    .createOrReplaceTempView('names')
  return { kit, e, df: kit.session.sql(sql) }
}

describe('changelog mode, in every world', () => {
  test('a group is inserted, then updated from its last row to its new one; an update that changes nothing is none', async () => {
    const { kit, e, df } = events('SELECT k, max(v) AS m FROM e GROUP BY k')
    const report = await testStream(
      kit,
      df,
      { outputMode: 'changelog' },
      add(e, [at(1), 'a', 3], [at(1), 'b', 1]),
      expectNew(['a', 3, 'insert'], ['b', 1, 'insert']),
      add(e, [at(2), 'a', 5], [at(2), 'b', 0], [at(3), 'c', 9]),
      expectNew(['a', 3, 'update_preimage'], ['a', 5, 'update_postimage'], ['c', 9, 'insert']),
      expectProgress({ stateRows: 3 }),
    )
    expect(report.worlds).toContain('one row a batch')
    expect(report.skipped).toEqual([])
  })

  test('HAVING: a group comes in and falls out', async () => {
    const { kit, e, df } = events('SELECT k, sum(v) AS s FROM e GROUP BY k HAVING sum(v) > 2')
    await testStream(
      kit,
      df,
      { outputMode: 'changelog' },
      add(e, [at(1), 'a', 1], [at(1), 'b', 3]),
      expectNew(['b', 3, 'insert']),
      add(e, [at(2), 'a', 4], [at(2), 'b', -2]),
      expectNew(['a', 5, 'insert'], ['b', 3, 'delete']),
    )
  })

  test('windows are released by the watermark without a change; late rows are dropped', async () => {
    const { kit, e, df } = events("SELECT window.start AS s, count(*) AS n FROM e GROUP BY window(ts, '10 seconds')")
    await testStream(
      kit,
      df,
      { outputMode: 'changelog' },
      add(e, [at(1), 'a', 1]),
      expectNew([at(0), 1, 'insert']),
      add(e, [at(2), 'a', 1], [at(31), 'a', 1]),
      expectNew([at(0), 1, 'update_preimage'], [at(0), 2, 'update_postimage'], [at(30), 1, 'insert']),
      expectProgress({ stateRows: 1 }),
      add(e, [at(3), 'a', 1]),
      expectNew(),
      expectProgress({ rowsDropped: 1 }),
    )
  })

  test('a global aggregate has its row from the first batch on', async () => {
    const { kit, e, df } = events('SELECT count(*) AS n FROM e WHERE v > 0')
    await testStream(
      kit,
      df,
      { outputMode: 'changelog' },
      add(e, [at(1), 'a', 0]),
      expectNew([0, 'insert']),
      add(e, [at(1), 'a', 0]),
      expectNew(),
      add(e, [at(1), 'a', 2]),
      expectNew([0, 'update_preimage'], [1, 'update_postimage']),
    )
  })

  test('rows of a static table joined to a group go with it', async () => {
    const { kit, e, df } = events(
      'SELECT name, n FROM (SELECT k, count(*) AS n FROM e GROUP BY k) g JOIN names USING (k)',
    )
    await testStream(
      kit,
      df,
      { outputMode: 'changelog' },
      add(e, [at(1), 'a', 0]),
      expectNew(['ann', 1, 'insert'], ['amy', 1, 'insert']),
      add(e, [at(1), 'a', 0]),
      expectNew(['ann', 1, 'delete'], ['amy', 1, 'delete'], ['ann', 2, 'insert'], ['amy', 2, 'insert']),
    )
  })

  test('states that are values of their own: the last row is as it was', async () => {
    const { kit, e, df } = events(
      'SELECT k, collect_list(v) AS l, max_by(struct(v, k), v) AS m, sort_array(collect_set(v)) AS s, map_from_arrays(collect_list(v), collect_list(v)) AS mp FROM e GROUP BY k',
    )
    await testStream(
      kit,
      df.selectExpr('k', 'to_json(struct(l, m, s)) AS j', 'mp[1] AS one'),
      { outputMode: 'changelog' },
      add(e, [at(1), 'a', 1]),
      expectNew(['a', '{"l":[1],"m":{"v":1,"k":"a"},"s":[1]}', 1, 'insert']),
      add(e, [at(1), 'a', 2]),
      expectNew(
        ['a', '{"l":[1],"m":{"v":1,"k":"a"},"s":[1]}', 1, 'update_preimage'],
        ['a', '{"l":[1,2],"m":{"v":2,"k":"a"},"s":[1,2]}', 1, 'update_postimage'],
      ),
    )
  })

  test('rows that never change are insertions', async () => {
    const { kit, e, df } = events('SELECT k, v FROM e WHERE v > 1')
    await testStream(
      kit,
      df,
      { outputMode: 'changelog' },
      add(e, [at(1), 'a', 1], [at(1), 'b', 2]),
      expectNew(['b', 2, 'insert']),
    )
  })
})

describe('sessions whose rows are taken back, in every world', () => {
  const SESSIONS =
    "SELECT k, session_window.start AS s, session_window.end AS e, count(*) AS n FROM e GROUP BY k, session_window(ts, '10 seconds')"

  test('changelog: one that grows or joins another is deleted, one that keeps its bounds is updated', async () => {
    const { kit, e, df } = events(SESSIONS)
    await testStream(
      kit,
      df,
      { outputMode: 'changelog' },
      add(e, [at(1), 'a', 0], [at(20), 'a', 0]),
      expectNew(['a', at(1), at(11), 1, 'insert'], ['a', at(20), at(30), 1, 'insert']),
      add(e, [at(20), 'a', 0]),
      expectNew(['a', at(20), at(30), 1, 'update_preimage'], ['a', at(20), at(30), 2, 'update_postimage']),
      add(e, [at(26), 'a', 0], [at(16), 'a', 0]),
      expectNew(['a', at(20), at(30), 2, 'delete'], ['a', at(16), at(36), 4, 'insert']),
    )
  })

  test('update: the table of the sink holds the sessions there are', async () => {
    const { kit, e, df } = events(SESSIONS)
    await testStream(
      kit,
      df,
      { outputMode: 'update' },
      add(e, [at(1), 'a', 0], [at(15), 'a', 0]),
      expectTable(['a', at(1), at(11), 1], ['a', at(15), at(25), 1]),
      add(e, [at(10), 'a', 0]),
      expectTable(['a', at(1), at(25), 3]),
    )
  })

  test('without another key', async () => {
    const sql =
      "SELECT session_window.start AS s, session_window.end AS e, sum(v) AS v FROM e GROUP BY session_window(ts, '4 seconds')"
    const rows = [1, 3, 9, 8, 14, 30, 32, 29, 50].map((s, i) => [at(s), 'k', i])
    for (const outputMode of ['append', 'update', 'complete', 'changelog'] as const) {
      const report = await assertBatchEquivalence(
        sql,
        { e: { schema: 'ts TIMESTAMP, k STRING, v INT', watermark: ['ts', '10 seconds'], rows } },
        { outputMode, seed: 5, key: ['s', 'e'] },
      )
      expect(report.rows).toBe(5)
    }
  })

  test('a memory table in update mode: deletions take the rows of their key out', async () => {
    const session = new MillraceSession({ 'spark.sql.session.timeZone': 'UTC' }, { note: () => undefined })
    const { stream, df } = session.memoryStream('ts TIMESTAMP, k STRING, v INT')
    df.withWatermark('ts', '5 seconds').createOrReplaceTempView('e')
    const query = await session
      .sql(SESSIONS)
      .writeStream.outputMode('update')
      .format('memory')
      .queryName('open')
      .start()
    for (const second of [1, 15, 15, 10]) {
      stream.addData([{ ts: new Date(`${at(second).replace(' ', 'T')}Z`), k: 'a', v: 0 }])
      await query.processAllAvailable()
    }
    expect(await session.sql('SELECT k, n FROM open').collect()).toEqual([{ k: 'a', n: 4n }])
    await query.stop()
    await session.stop()
  })
})

describe('what is refused', () => {
  const refusal = async (
    sql: string,
    mode: string,
    conf: Record<string, string> = {},
    format = 'memory',
  ): Promise<string> => {
    const session = new MillraceSession(conf, { note: () => undefined })
    const { df } = session.memoryStream('ts TIMESTAMP, k STRING, v INT')
    df.withWatermark('ts', '5 seconds').createOrReplaceTempView('e')
    try {
      const query = await session.sql(sql).writeStream.outputMode(mode).format(format).queryName('q').start()
      await query.stop()
      return 'runs'
    } catch (error) {
      return (error as { code: string }).code
    } finally {
      await session.stop()
    }
  }

  test.each([
    ['SELECT k, v FROM e LIMIT 3', 'STREAMING_LIMIT'],
    [
      'SELECT k, rand() AS r FROM (SELECT k, count(*) AS n FROM e GROUP BY k)',
      'STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION',
    ],
    [
      'SELECT k, n, current_timestamp() AS t FROM (SELECT k, count(*) AS n FROM e GROUP BY k)',
      'STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION',
    ],
    ['SELECT n, count(*) AS m FROM (SELECT k, count(*) AS n FROM e GROUP BY k) GROUP BY n', 'STREAMING_CHAINED_STATE'],
    ['SELECT k, count(*) AS _change_type FROM e GROUP BY k', 'COLUMN_ALREADY_EXISTS'],
    ['SELECT k, current_timestamp() AS t FROM e', 'runs'],
    ['SELECT k, count(*) AS n FROM e GROUP BY k', 'runs'],
  ])('%s', async (sql, code) => {
    expect(await refusal(sql, 'changelog')).toBe(code)
  })

  test('extensions off: the mode is unknown, sessions in update mode and without a key are refused as in Spark', async () => {
    const off = { 'millrace.extensions': 'false' }
    const sessions = (key: string): string =>
      `SELECT count(*) AS n FROM e GROUP BY session_window(ts, '5 seconds')${key}`
    expect(await refusal('SELECT k FROM e', 'changelog', off)).toBe('STREAMING_OUTPUT_MODE.INVALID')
    expect(await refusal(sessions(', k'), 'update', off)).toBe('STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION')
    expect(await refusal(sessions(''), 'append', off)).toBe('STREAMING_SESSION_WITHOUT_KEY')
  })

  test('sessions in update mode need a sink that takes rows out', async () => {
    const sql = "SELECT k, count(*) AS n FROM e GROUP BY session_window(ts, '5 seconds'), k"
    expect(await refusal(sql, 'update', {}, 'console')).toBe('STREAMING_SINK_WITHOUT_DELETIONS')
    expect(await refusal(sql, 'changelog', {}, 'noop')).toBe('runs')
  })

  test('dropDuplicates over groups that change', async () => {
    const { kit, e, df } = events('SELECT k, count(*) AS n FROM e GROUP BY k')
    await testStream(
      kit,
      df.dropDuplicates(['n']) as DataFrame,
      { outputMode: 'changelog' },
      add(e, [at(1), 'a', 1]),
      expectError('STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION'),
    )
  })
})

test('foreachBatch gets the changes as a DataFrame; changes() gives them too', async () => {
  const session = new MillraceSession({ 'millrace.int64': 'number' }, { note: () => undefined })
  const { stream, df } = session.memoryStream('k STRING')
  const seen: unknown[] = []
  const query = await df
    .groupBy('k')
    .count()
    .writeStream.outputMode('changelog')
    .foreachBatch(async (changes) => {
      seen.push(...(await changes.where("_change_type <> 'update_preimage'").collect()))
    })
    .start()
  const read: unknown[] = []
  const reading = (async () => {
    for await (const c of query.changes()) read.push([c.changeType, ...c.rows])
  })()
  stream.addData([{ k: 'a' }])
  await query.processAllAvailable()
  stream.addData([{ k: 'a' }])
  await query.processAllAvailable()
  await query.stop()
  await reading
  await session.stop()
  expect(seen).toEqual([
    { k: 'a', count: 1, _change_type: 'insert' },
    { k: 'a', count: 2, _change_type: 'update_postimage' },
  ])
  expect(read).toEqual([
    ['changelog', { k: 'a', count: 1, _change_type: 'insert' }],
    [
      'changelog',
      { k: 'a', count: 1, _change_type: 'update_preimage' },
      { k: 'a', count: 2, _change_type: 'update_postimage' },
    ],
  ])
})

test('from append to changelog on one checkpoint is refused where something is aggregated', async () => {
  const session = new MillraceSession({}, { note: () => undefined })
  const dir = mkdtempSync(join(tmpdir(), 'millrace-changelog-'))
  const { stream, df } = session.memoryStream('ts TIMESTAMP, k STRING')
  const counts = df.withWatermark('ts', '5 seconds').groupBy('ts').count()
  const start = (mode: string) =>
    counts.writeStream.outputMode(mode).option('checkpointLocation', dir).format('noop').start()
  const before = await start('append')
  stream.addData([{ ts: new Date(0), k: 'a' }])
  await before.processAllAvailable()
  await before.stop()
  await expect(start('changelog')).rejects.toMatchObject({ code: 'CHECKPOINT_QUERY_CHANGED' })
  await session.stop()
  rmSync(dir, { recursive: true, force: true })
})
