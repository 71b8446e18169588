import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openCheckpoint } from '../../src/checkpoint/open.ts'
import type { CrashPoint } from '../../src/engine/micro-batch.ts'
import { MillraceSession } from '../../src/index.ts'
import {
  add,
  addAll,
  advanceClock,
  CrashForTest,
  expectNew,
  expectProgress,
  expectTable,
  ManualClock,
  restart,
  run,
  type Step,
  TestKit,
  testStream,
  type TestStream,
} from '../../src/testing/index.ts'

const CONF = { 'millrace.idleTimeout': '10s', 'millrace.flush': 'onIdle' }
const T = 'ts TIMESTAMP, k STRING'

/** Seconds of one minute. */
const at = (second: number, k = 'a'): unknown[] => [new Date(Date.UTC(2026, 0, 1, 0, 0, second)), k]

const kits: TestKit[] = []
afterEach(async () => {
  for (const kit of kits.splice(0)) await kit.session.stop()
})

function kitOf(conf: Readonly<Record<string, string>> = CONF): { kit: TestKit; s: TestStream; t: TestStream } {
  const kit = new TestKit(conf)
  kits.push(kit)
  const s = kit.stream(T)
  const t = kit.stream(T)
  s.df.withWatermark('ts', '5 seconds').createOrReplaceTempView('s')
  t.df.withWatermark('ts', '5 seconds').createOrReplaceTempView('t')
  return { kit, s, t }
}

/**
 * Nothing arrives for so long, while the query runs. Three times over: idleness is counted from the start of a query, and
 * some worlds start it anew in between.
 */
const silence = (kit: TestKit, ms = 10_000): readonly Step[] =>
  [0, 1, 2].map(() =>
    run(async (query) => {
      await kit.clock.advance(ms)
      await query.processAllAvailable().catch((error: unknown) => {
        if (!(query.exception()?.cause instanceof CrashForTest)) throw error
      })
    }),
  )

const COUNTS = "SELECT date_format(window.start, 'ss') AS w, count(*) AS n FROM s GROUP BY window(ts, '10 seconds')"

describe('flush onIdle', () => {
  test('open windows go out once every stream is idle, to the millisecond; then nothing more happens', async () => {
    const { kit, s } = kitOf()
    await testStream(
      kit,
      kit.session.sql(COUNTS),
      { outputMode: 'append', worlds: ['as is'] },
      add(s, at(1), at(12), at(13)),
      expectNew(),
      expectProgress({}),
      advanceClock(9_999),
      expectNew(),
      advanceClock(1),
      expectNew(['00', 1], ['10', 2]),
      expectProgress({ watermark: '2026-01-01T00:00:20', stateRows: 0, batches: 1 }),
      advanceClock(60_000),
      expectProgress({ batches: 0 }),
    )
  })

  test('what comes for them later is late; each window comes once', async () => {
    const { kit, s } = kitOf()
    await testStream(
      kit,
      kit.session.sql(COUNTS),
      { outputMode: 'append' },
      add(s, at(1), at(12), at(13)),
      ...silence(kit),
      expectNew(['00', 1], ['10', 2]),
      add(s, at(14), at(19), at(20)),
      expectNew(),
      expectProgress({ rowsDropped: 1 }),
      ...silence(kit),
      expectNew(['20', 1]),
      expectTable(['00', 1], ['10', 2], ['20', 1]),
    )
  })

  test('a stream that still speaks keeps everything open', async () => {
    const { kit, s, t } = kitOf()
    const both = `SELECT date_format(window.start, 'ss') AS w, count(*) AS n FROM (SELECT * FROM s UNION ALL SELECT * FROM t) GROUP BY window(ts, '10 seconds')`
    await testStream(
      kit,
      kit.session.sql(both),
      { outputMode: 'append', worlds: ['as is'] },
      addAll({ stream: s, rows: [at(1)] }, { stream: t, rows: [at(2)] }),
      expectNew(),
      advanceClock(6_000),
      add(t, at(3)),
      expectNew(),
      advanceClock(6_000),
      expectNew(),
      advanceClock(4_000),
      expectNew(['00', 3]),
    )
  })

  test('sessions, and a window over them', async () => {
    const { kit, s } = kitOf()
    const sessions = "SELECT session_window AS w, k, count(*) AS n FROM s GROUP BY session_window(ts, '4 seconds'), k"
    const over = `SELECT date_format(window.start, 'ss') AS w, sum(n) AS n, count(*) AS sessions FROM (${sessions}) GROUP BY window(w, '20 seconds')`
    for (const [sql, rows] of [
      [
        `SELECT date_format(w.end, 'ss') AS e, k, n FROM (${sessions})`,
        [
          ['06', 'a', 2],
          ['25', 'b', 1],
        ],
      ],
      [
        over,
        [
          ['00', 2, 1],
          ['20', 1, 1],
        ],
      ],
    ] as const)
      await testStream(
        kit,
        kit.session.sql(sql),
        { outputMode: 'append' },
        add(s, at(1), at(2), at(21, 'b')),
        restart(),
        ...silence(kit),
        // the windows close later than the sessions in them: a batch more
        expectTable(...rows),
        ...silence(kit),
        expectTable(...rows),
      )
  })

  test('an outer join gives the rows that found no match; a window above it follows', async () => {
    const { kit, s, t } = kitOf()
    const joined =
      'SELECT s.ts AS ts, s.k AS k, t.k AS other FROM s LEFT JOIN t ON s.k = t.k AND t.ts BETWEEN s.ts AND s.ts + INTERVAL 20 SECONDS'
    await testStream(
      kit,
      kit.session.sql(`SELECT date_format(ts, 'ss') AS at, k, other FROM (${joined})`),
      { outputMode: 'append' },
      addAll({ stream: s, rows: [at(1), at(2, 'b')] }, { stream: t, rows: [at(3)] }),
      expectNew(['01', 'a', 'a']),
      ...silence(kit),
      expectNew(['02', 'b', null]),
      // b at 4 could have matched: it is late, and so the row is not given a second time
      add(t, at(4, 'b'), at(5, 'b')),
      ...silence(kit),
      expectNew(),
    )
    const above = `SELECT date_format(window.start, 'ss') AS w, count(*) AS n, count(other) AS m FROM (${joined}) GROUP BY window(ts, '10 seconds')`
    await testStream(
      kit,
      kit.session.sql(above),
      { outputMode: 'append' },
      addAll({ stream: s, rows: [at(1), at(2, 'b')] }, { stream: t, rows: [at(3)] }),
      ...silence(kit),
      expectTable(['00', 2, 1]),
    )
  })

  test('deduplication holds nothing back: it waits for no flush, and forgets nothing by itself', async () => {
    const { kit, s } = kitOf()
    const first = kit.session.table('s').dropDuplicates(['k', 'ts']).selectExpr("date_format(ts, 'ss') AS t", 'k')
    await testStream(
      kit,
      first,
      { outputMode: 'append' },
      add(s, at(1), at(1), at(20)),
      expectNew(['01', 'a'], ['20', 'a']),
      ...silence(kit),
      expectProgress({ watermark: '2026-01-01T00:00:15', stateRows: 1 }),
      add(s, at(20)),
      expectNew(),
    )
    first.createOrReplaceTempView('firsts')
    kit.session.table('s').dropDuplicates(['k', 'ts']).createOrReplaceTempView('once')
    await testStream(
      kit,
      kit.session.sql(COUNTS.replace('FROM s', 'FROM once')),
      { outputMode: 'append' },
      add(s, at(1), at(1), at(12)),
      ...silence(kit),
      expectTable(['00', 1], ['10', 1]),
      // the keys went with the windows; their duplicates are late
      add(s, at(12), at(1), at(31)),
      ...silence(kit),
      expectTable(['00', 1], ['10', 1], ['30', 1]),
    )
  })

  test.each(['update', 'complete'] as const)('output mode %s has nothing to flush', async (outputMode) => {
    const { kit, s } = kitOf()
    await testStream(
      kit,
      kit.session.sql(COUNTS),
      { outputMode },
      add(s, at(1), at(12)),
      expectNew(['00', 1], ['10', 1]),
      ...silence(kit),
      expectNew(),
      expectProgress({ stateRows: 2 }),
    )
  })

  test('rows without a time, and windows without a watermark, are not waited for', async () => {
    const { kit, s } = kitOf()
    await testStream(
      kit,
      kit.session.sql("SELECT date_format(ts, 'ss') AS t, count(*) AS n FROM s GROUP BY ts"),
      { outputMode: 'append' },
      add(s, at(1), [null, 'a'], at(3)),
      ...silence(kit),
      expectNew(['01', 1], ['03', 1]),
      ...silence(kit),
      expectNew(),
    )
  })
})

describe('the decision is part of the batch', () => {
  let work: string
  beforeEach(() => void (work = mkdtempSync(join(tmpdir(), 'millrace-flush-'))))
  afterEach(() => rmSync(work, { recursive: true, force: true }))

  test('a batch that is run again flushes to the same watermark, whatever the clock says', async () => {
    let crashAt = -1
    const clock = new ManualClock(1_000_000)
    const crash = (point: CrashPoint, batchId: number): void => {
      if (point === 'after-offsets' && batchId === crashAt) throw new Error('crash')
    }
    const session = new MillraceSession(
      { 'spark.sql.session.timeZone': 'UTC', 'millrace.int64': 'number', 'millrace.durability': 'process' },
      { clock, note: () => undefined, crash },
    )
    const { df, stream } = session.memoryStream(T)
    df.withWatermark('ts', '5 seconds').createOrReplaceTempView('s')
    const start = (): ReturnType<typeof df.writeStream.start> => {
      session.conf.set('millrace.idleTimeout', '10s')
      return session
        .sql(COUNTS)
        .writeStream.format('memory')
        .queryName('out')
        .option('flush', 'onidle')
        .option('checkpointLocation', join(work, 'cp'))
        .start()
    }
    const query = await start()
    stream.addData([at(1), at(12)] as never)
    await query.processAllAvailable()
    crashAt = query.lastProgress!.batchId + 1
    await clock.advance(10_000)
    await expect(query.processAllAvailable()).rejects.toThrow()
    const stored = openCheckpoint(join(work, 'cp'), { readonly: true })
    expect(stored.offsetRow(crashAt)).toMatchObject({
      batchWatermarkMs: Date.UTC(2026, 0, 1, 0, 0, 20),
      extra: { idleStreams: ['watermark-0'], flushedToMs: Date.UTC(2026, 0, 1, 0, 0, 20) },
    })
    stored.close()
    crashAt = -1
    const again = await start()
    await again.processAllAvailable()
    expect((await session.table('out').orderBy('w').collect()).map((r) => [r['w'], r['n']])).toEqual([
      ['00', 1],
      ['10', 1],
    ])
    // The flushed watermark outlives the restart: second 15 is late, 25 is not.
    stream.addData([at(15), at(25)] as never)
    await again.processAllAvailable()
    await clock.advance(10_000)
    await again.processAllAvailable()
    expect((await session.table('out').orderBy('w').collect()).map((r) => [r['w'], r['n']])).toEqual([
      ['00', 1],
      ['10', 1],
      ['20', 1],
    ])
    await session.stop()
  })

  test('refused: another value, and a stream that is never idle', async () => {
    const session = new MillraceSession({ 'spark.sql.session.timeZone': 'UTC' }, { note: () => undefined })
    const { df } = session.memoryStream(T, { name: 'clicks' })
    const counts = df.withWatermark('ts', '5 seconds').groupBy('ts').count()
    const start = (flush: string) => counts.writeStream.format('noop').option('flush', flush).start()
    await expect(start('always')).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    await expect(start('onIdle')).rejects.toMatchObject({
      code: 'FLUSH_WITHOUT_IDLE_TIMEOUT',
      hint: 'set millrace.idleTimeout, or option idleTimeout of the stream',
    })
    expect(() => session.conf.set('millrace.flush', 'always')).toThrow(/millrace.flush/)
    await (await start('never')).stop()
    session.conf.set('millrace.idleTimeout', '1s')
    await (await start('onIdle')).stop()
    await session.stop()
  })
})
