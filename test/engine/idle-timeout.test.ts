import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openCheckpoint } from '../../src/checkpoint/open.ts'
import { type DataFrame, MillraceSession } from '../../src/index.ts'
import type { CrashPoint } from '../../src/engine/micro-batch.ts'
import type { MemoryStream } from '../../src/connectors/memory/stream.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'

let work: string
beforeEach(() => void (work = mkdtempSync(join(tmpdir(), 'millrace-idle-'))))
afterEach(() => rmSync(work, { recursive: true, force: true }))

interface Pair {
  readonly session: MillraceSession
  readonly clock: ManualClock
  readonly a: MemoryStream
  readonly b: MemoryStream
  readonly df: DataFrame
  readonly start: () => ReturnType<DataFrame['writeStream']['start']>
  readonly table: () => Promise<string[]>
}

/** Two streams, each with a watermark without delay, counted together in windows of 10 s. */
function pair(timeout: string | null, crash?: (point: CrashPoint, batchId: number) => void): Pair {
  const clock = new ManualClock(1_000_000)
  const session = new MillraceSession(
    {
      'spark.sql.session.timeZone': 'UTC',
      'millrace.int64': 'number',
      'millrace.durability': 'process',
      ...(timeout === null ? {} : { 'millrace.idleTimeout': timeout }),
    },
    { clock, note: () => undefined, ...(crash === undefined ? {} : { crash }) },
  )
  const a = session.memoryStream('ts TIMESTAMP', { name: 'a' })
  const b = session.memoryStream('ts TIMESTAMP', { name: 'b' })
  a.df.withWatermark('ts', '0 seconds').createOrReplaceTempView('a')
  b.df.withWatermark('ts', '0 seconds').createOrReplaceTempView('b')
  const df = session.sql(
    "SELECT window.start AS start, count(*) AS n FROM (SELECT ts FROM a UNION ALL SELECT ts FROM b) GROUP BY window(ts, '10 seconds')",
  )
  return {
    session,
    clock,
    a: a.stream,
    b: b.stream,
    df,
    start: () =>
      df.writeStream
        .format('memory')
        .queryName('out')
        .outputMode('append')
        .option('checkpointLocation', join(work, 'cp'))
        .start(),
    table: async () =>
      (await session.table('out').orderBy('start').collect()).map(
        (r) => `${(r['start'] as Date).toISOString().slice(17, 19)} ${String(r['n'])}`,
      ),
  }
}

const at = (second: number): bigint[] => [BigInt(Date.UTC(2026, 0, 1, 0, 0, second)) * 1000n]

test('a silent stream holds the watermark back until its timeout, to the millisecond', async () => {
  const { clock, a, start, table, session } = pair('30s')
  const query = await start()
  a.addValues([at(1), at(25)])
  await query.processAllAvailable()
  await clock.advance(29_999)
  await query.processAllAvailable()
  expect(await table()).toEqual([])
  a.addValues([at(26)])
  await query.processAllAvailable()
  await clock.advance(1)
  await query.processAllAvailable()
  expect(await table()).toEqual(['00 1'])
  expect(query.lastProgress!.eventTime.watermark).toBe('2026-01-01T00:00:26.000Z')
  await session.stop()
})

test('without a timeout it waits for ever', async () => {
  const { clock, a, start, table, session } = pair(null)
  const query = await start()
  a.addValues([at(1), at(25)])
  await query.processAllAvailable()
  await clock.advance(86_400_000)
  await query.processAllAvailable()
  expect(await table()).toEqual([])
  await session.stop()
})

test('a stream that speaks again holds the watermark back again; what it brings too late is dropped', async () => {
  const { clock, a, b, start, table, session } = pair('10s')
  const query = await start()
  a.addValues([at(25)])
  await query.processAllAvailable()
  await clock.advance(10_000)
  a.addValues([at(26)])
  await query.processAllAvailable()
  b.addValues([at(3), at(28)])
  await query.processAllAvailable()
  a.addValues([at(55)])
  await query.processAllAvailable()
  expect(query.lastProgress!.eventTime.watermark).toBe('2026-01-01T00:00:28.000Z')
  expect(await table()).toEqual([])
  const dropped = query.recentProgress.flatMap((p) => p.stateOperators.map((o) => o.numRowsDroppedByWatermark))
  expect(dropped.reduce((x, y) => x + y, 0)).toBe(1)
  await session.stop()
})

test('when all are silent, those that have delivered nothing do not hold back the others', async () => {
  const { clock, a, start, table, session } = pair('10s')
  const query = await start()
  a.addValues([at(1), at(25)])
  await query.processAllAvailable()
  await clock.advance(60_000)
  await query.processAllAvailable()
  expect(await table()).toEqual(['00 1'])
  await session.stop()
})

test('a batch that is run again sees the same idle streams, whatever the clock says', async () => {
  let crashAt = -1
  const { clock, a, start, table, session } = pair('10s', (point, batchId) => {
    if (point === 'after-offsets' && batchId === crashAt) throw new Error('crash')
  })
  const query = await start()
  a.addValues([at(1), at(25)])
  await query.processAllAvailable()
  crashAt = query.lastProgress!.batchId + 1
  await clock.advance(10_000)
  await expect(query.processAllAvailable()).rejects.toThrow()
  const stored = openCheckpoint(join(work, 'cp'), { readonly: true })
  expect(stored.offsetRow(crashAt)!.extra).toEqual({ idleStreams: ['watermark-0', 'watermark-1'] })
  stored.close()
  crashAt = -1
  // The clock has not moved since: at the restart no stream is idle, and the batch still runs with its watermark.
  const again = await start()
  await again.processAllAvailable()
  expect(await table()).toEqual(['00 1'])
  await session.stop()
})

test('a source may have a timeout of its own; one that is no duration is refused', async () => {
  const { session } = pair(null)
  const df = session.readStream.option('idleTimeout', '5s').from([[1]], { schema: 'n INT' })
  const query = await df.writeStream.format('noop').trigger({ availableNow: true }).start()
  await query.awaitTermination()
  expect(() => session.readStream.format('rate').option('idleTimeout', 'soon').load()).toThrow(/idleTimeout/)
  expect(() => session.read.format('json').option('idleTimeout', '5s').load(work)).toThrow(/idleTimeout/)
  expect(() => session.conf.set('millrace.idleTimeout', 'soon')).toThrow(/duration/)
  await session.stop()
})
