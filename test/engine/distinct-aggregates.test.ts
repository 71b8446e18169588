import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MillraceSession } from '../../src/session.ts'
import {
  add,
  assertBatchEquivalence,
  type EquivalenceTable,
  expectNew,
  expectProgress,
  TestKit,
} from '../../src/testing/index.ts'
import { testStream } from '../../src/testing/test-stream.ts'

const SCHEMA = 'ts TIMESTAMP, k INT, s STRING, v BIGINT, d DOUBLE, m DECIMAL(20,3)'
const at = (second: number): string => `2026-01-01 00:00:${String(second).padStart(2, '0')}`

/** Values that come again in the same batch, in later ones and in other groups; NULL, NaN and both zeros among them. */
const rows: EquivalenceTable['rows'] = Array.from({ length: 36 }, (_, i) => [
  at(i),
  i % 11 === 0 ? null : i % 3,
  [null, '', 'a', 'ä', 'a rather long text that is no short key'][(i * 7) % 5],
  i % 7 === 3 ? null : (i * i) % 6,
  [0, -0, NaN, null, 1.5][(i * 3) % 5],
  i % 5 === 0 ? null : `${(i * 13) % 4}.250`,
])
const data: Readonly<Record<string, EquivalenceTable>> = {
  e: { schema: SCHEMA, rows, watermark: ['ts', '5 seconds'] },
}

const AGGREGATES = [
  'count(DISTINCT v) AS c',
  'sum(DISTINCT v) AS su',
  'avg(DISTINCT v) AS av',
  'count(DISTINCT s, v) AS sv',
  'count(DISTINCT s) FILTER (WHERE v > 2) AS sf',
  'sum(DISTINCT m) AS sm',
  'count(DISTINCT d) AS cd',
  'count(DISTINCT struct(s, d)) AS st',
  'sort_array(collect_list(DISTINCT m)) AS l',
  'sort_array(collect_set(DISTINCT s)) AS cs',
  'max(DISTINCT ts) AS mx',
  'percentile(DISTINCT v, 0.5) AS p',
  "listagg(DISTINCT s, ',') WITHIN GROUP (ORDER BY s) AS g",
  'count(DISTINCT 1) AS one',
  'count(*) AS n',
  'sum(v) AS plain',
].join(', ')

describe('streamed = batch, in any slicing and over restarts', () => {
  const modes = ['append', 'update', 'complete', 'changelog'] as const
  test.each(modes)('windows and keys in %s mode', async (outputMode) => {
    const sql = `SELECT window.start AS w, k, ${AGGREGATES} FROM e GROUP BY window(ts, '10 seconds'), k`
    expect((await assertBatchEquivalence(sql, data, { outputMode, seed: 1, slicings: 3 })).rows).toBeGreaterThan(15)
  })
  test.each(modes)('sliding windows with grouping sets in %s mode', async (outputMode) => {
    const sql = `SELECT window.start AS w, k, s, grouping_id() AS g0, ${AGGREGATES} FROM e
      GROUP BY window(ts, '10 seconds', '5 seconds'), GROUPING SETS ((k), (s), ())`
    await assertBatchEquivalence(sql, data, { outputMode, seed: 2, key: ['w', 'k', 's', 'g0'], slicings: 2 })
  })
  test.each(['update', 'complete', 'changelog'] as const)(
    'keys without time, and no keys, in %s mode',
    async (outputMode) => {
      await assertBatchEquivalence(`SELECT k, ${AGGREGATES} FROM e GROUP BY k`, data, {
        outputMode,
        seed: 3,
        slicings: 2,
      })
      await assertBatchEquivalence(`SELECT ${AGGREGATES} FROM e`, data, { outputMode, seed: 4, slicings: 2 })
    },
  )
  test.each(['append', 'update', 'complete', 'changelog'] as const)(
    'sessions that merge, in %s mode',
    async (outputMode) => {
      // Rows arrive the later ones first, so that a row joins two sessions that have values in common.
      const mixed = rows.map((_, i) => rows[(i ^ 3) % rows.length]!)
      const sql = `SELECT session_window.start AS w, k, ${AGGREGATES} FROM e GROUP BY session_window(ts, '3 seconds'), k`
      const table = { ...data['e']!, rows: mixed }
      await assertBatchEquivalence(sql, { e: table }, { outputMode, seed: 5, key: ['w', 'k'], slicings: 4 })
    },
  )
  test('the event time as key, in append mode', async () => {
    await assertBatchEquivalence(`SELECT ts, count(DISTINCT v, s) AS n FROM e GROUP BY ts`, data, {
      seed: 6,
      slicings: 3,
    })
  })
  test('lists keep the order of arrival', async () => {
    const sql = 'SELECT k, collect_list(DISTINCT v) AS l, first(DISTINCT s) AS f FROM e GROUP BY k'
    await assertBatchEquivalence(sql, data, { outputMode: 'update', seed: 7, slicings: 3 })
  })
})

test('values are grouped as Spark groups them: one NaN, one zero, NULL not at all', async () => {
  const session = new MillraceSession()
  const df = session.sql(`SELECT count(DISTINCT d) AS n, collect_list(DISTINCT d) AS l, count(DISTINCT a) AS a
    FROM VALUES (-0.0D, array(-0.0D)), (0.0D, array(0.0D)), (double('NaN'), array(double('NaN'))), (NULL, NULL),
      (double('NaN'), array(double('NaN'))) AS t(d, a)`)
  const [row] = await df.collect()
  expect(row).toMatchObject({ n: 2n, a: 2n })
  expect(Object.is((row!['l'] as number[])[0], 0)).toBe(true)
  await session.stop()
})

describe('worlds', () => {
  let kit: TestKit
  beforeEach(() => {
    kit = new TestKit()
  })
  afterEach(() => kit.session.stop())

  test('late rows are dropped, panes released with their values, through restarts and crashes', async () => {
    const e = kit.stream('ts TIMESTAMP, k STRING, v INT')
    e.df.withWatermark('ts', '5 seconds').createOrReplaceTempView('e')
    const df = kit.session.sql(`SELECT window.start AS w, k, count(DISTINCT v) AS n, sum(DISTINCT v) AS t, count(*) AS c
      FROM e GROUP BY window(ts, '10 seconds'), k`)
    const report = await testStream(
      kit,
      df,
      { outputMode: 'append' },
      add(e, [at(1), 'a', 1], [at(2), 'a', 1], [at(3), 'b', 7]),
      expectProgress({ stateRows: 4 }),
      add(e, [at(4), 'a', 2], [at(4), 'a', null], [at(9), 'a', 1]),
      expectProgress({ stateRows: 6 }),
      add(e, [at(16), 'a', 1]),
      expectNew([at(0), 'a', 2n, 3n, 5n], [at(0), 'b', 1n, 7n, 1n]),
      expectProgress({ stateRows: 2 }),
      add(e, [at(3), 'a', 9], [at(17), 'a', 1]),
      expectProgress({ stateRows: 2, rowsDropped: 1 }),
      add(e, [at(40), 'c', 1]),
      expectNew([at(10), 'a', 1n, 1n, 2n]),
    )
    expect(report.worlds.length).toBeGreaterThan(6)
  })

  test('a session that joins two unites their values', async () => {
    const e = kit.stream('ts TIMESTAMP, k STRING, v INT')
    e.df.withWatermark('ts', '10 seconds').createOrReplaceTempView('e')
    const df = kit.session.sql(`SELECT session_window.start AS w, count(DISTINCT v) AS n, sum(DISTINCT v) AS t
      FROM e GROUP BY session_window(ts, '5 seconds'), k`)
    await testStream(
      kit,
      df,
      { outputMode: 'append' },
      add(e, [at(10), 'a', 1], [at(11), 'a', 2], [at(18), 'a', 2], [at(19), 'a', 4]),
      add(e, [at(14), 'a', 8]),
      add(e, [at(50), 'b', 0]),
      expectNew([at(10), 4n, 15n]),
    )
  })
})

describe('the table of values', () => {
  test('EXPLAIN names it, the reader shows how often each value came, and the extension can be off', async () => {
    const session = new MillraceSession()
    const { stream, df: events } = session.memoryStream('k STRING, v INT')
    events.createOrReplaceTempView('e')
    const df = session.sql('SELECT k, count(DISTINCT v) AS n, sum(DISTINCT v) AS t FROM e GROUP BY k')
    const location = mkdtempSync(join(tmpdir(), 'millrace-distinct-'))
    const writer = df.writeStream.format('noop').outputMode('update').option('checkpointLocation', location)
    const query = await writer.start()
    stream.addData([
      { k: 'a', v: 1 },
      { k: 'a', v: 1 },
      { k: 'a', v: null },
      { k: 'b', v: 1 },
    ])
    await query.processAllAvailable()
    expect(query.explainString()).toContain('one row per (k, distinct v)')
    const state = session.read.format('statestore').option('storeName', 'distinct_0').load(location)
    const held = await state.selectExpr('key.k', 'key.v', 'value.count').orderBy('k', 'v').collect()
    expect(held.map((r) => [r['k'], r['v'], r['count']])).toEqual([
      ['a', null, 1n],
      ['a', 1, 2n],
      ['b', 1, 1n],
    ])
    await query.stop()
    session.conf.set('millrace.extensions', false)
    await expect(writer.start()).rejects.toMatchObject({ code: 'STREAMING_DISTINCT_AGGREGATE' })
    await session.stop()
  })

  test('a restart with another DISTINCT argument is refused', async () => {
    const session = new MillraceSession()
    const { stream, df } = session.memoryStream('k STRING, v INT, w INT')
    df.createOrReplaceTempView('e')
    const location = mkdtempSync(join(tmpdir(), 'millrace-distinct-'))
    const start = (argument: string) =>
      session
        .sql(`SELECT k, count(${argument}) AS n FROM e GROUP BY k`)
        .writeStream.format('noop')
        .outputMode('update')
        .option('checkpointLocation', location)
        .start()
    const query = await start('DISTINCT v')
    stream.addData([{ k: 'a', v: 1, w: 1 }])
    await query.processAllAvailable()
    await query.stop()
    for (const other of ['v', 'DISTINCT w', 'DISTINCT v, w'])
      await expect(start(other)).rejects.toMatchObject({ name: 'CheckpointError' })
    await session.stop()
  })
})
