import { expect, test } from 'vitest'
import { type DataFrame, type LateRow, MillraceSession } from '../../src/index.ts'

const quiet = (): MillraceSession =>
  new MillraceSession({ 'spark.sql.session.timeZone': 'UTC', 'millrace.int64': 'number' }, { note: () => undefined })

const at = (second: number): string => `2026-01-01 00:00:${String(second).padStart(2, '0')}`

/** What is late when the rows are added one by one: `operator batch row | time | watermark`. */
async function late(
  make: (session: MillraceSession) => DataFrame,
  mode: 'append' | 'update',
  seconds: readonly number[],
): Promise<string[]> {
  const session = quiet()
  const { stream, df } = session.memoryStream('ts TIMESTAMP, k STRING')
  df.withWatermark('ts', '5 seconds').createOrReplaceTempView('events')
  const query = await make(session).writeStream.outputMode(mode).format('noop').start()
  const found: LateRow[] = []
  const reading = (async () => {
    for await (const row of query.lateRows()) found.push(row)
  })()
  for (const second of seconds) {
    stream.addData([{ ts: new Date(`${at(second).replace(' ', 'T')}Z`), k: `k${second}` }])
    await query.processAllAvailable()
  }
  const dropped = query.recentProgress.flatMap((p) => p.stateOperators.map((o) => o.numRowsDroppedByWatermark))
  await query.stop()
  await reading
  await session.stop()
  expect(found.length).toBe(dropped.reduce((a, b) => a + b, 0))
  return found.map(
    (l) =>
      `${l.operator} ${String(l.row['k'])} | ${l.eventTime.toISOString().slice(17, 19)} | ${l.watermark.toISOString().slice(17, 19)}`,
  )
}

test('an aggregation gives the rows whose window has ended', async () => {
  const make = (s: MillraceSession): DataFrame =>
    s.sql("SELECT window(ts, '10 seconds') AS w, k, count(*) AS n FROM events GROUP BY 1, 2")
  // Batch by batch the watermark goes 0, 25, 25: windows that end at 20 are late, that of 22 is not.
  expect(await late(make, 'update', [30, 12, 22, 3])).toEqual([
    'aggregate-s0 k12 | 20 | 25',
    'aggregate-s0 k3 | 10 | 25',
  ])
})

test('deduplication and sessions give theirs', async () => {
  expect(await late((s) => s.table('events').dropDuplicates(['ts', 'k']), 'append', [30, 12, 26])).toEqual([
    'dedup-s0 k12 | 12 | 25',
  ])
  const sessions = (s: MillraceSession): DataFrame =>
    s.sql("SELECT session_window(ts, '10 seconds') AS w, k, count(*) AS n FROM events GROUP BY 1, 2")
  const [line] = await late(sessions, 'append', [30, 12, 26])
  expect(line).toMatch(/k12 \| 22 \| 25$/)
})

test('a join gives the late rows of either side', async () => {
  const join = (s: MillraceSession): DataFrame =>
    s.sql('SELECT a.k FROM events a JOIN events b ON a.k = b.k AND a.ts = b.ts')
  expect(await late(join, 'append', [30, 12])).toEqual(['join-s0 k12 | 12 | 25', 'join-s0 k12 | 12 | 25'])
})

test('a reader that is behind holds the query; leaving frees it', async () => {
  const session = quiet()
  const { stream, df } = session.memoryStream('ts TIMESTAMP, k STRING', { maxAddsPerBatch: 1 })
  const query = await df.withWatermark('ts', '5 seconds').dropDuplicates(['ts', 'k']).writeStream.format('noop').start()
  const rows = query.lateRows({ maxBufferedRows: 1 })
  for (const second of [30, 1, 2, 3, 4, 5]) {
    stream.addData([{ ts: new Date(`${at(second).replace(' ', 'T')}Z`), k: 'k' }])
  }
  const first = await rows.next()
  expect(first.done).toBe(false)
  expect(first.value.batchId).toBeGreaterThan(0)
  await rows.return?.()
  await query.processAllAvailable()
  expect(query.lastProgress!.batchId).toBeGreaterThanOrEqual(5)
  await session.stop()
})
