/** The machine's clock is set back or forward, between batches and within them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { inspectCheckpoint, Trigger } from '../../src/index.ts'
import { openDatabase } from '../../src/storage/sqlite.ts'
import { CrashForTest, TestKit } from '../../src/testing/kit.ts'
import { randomNumbers } from '../torture/events.ts'

const HOUR = 3_600_000
let work = ''
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'millrace-clock-'))
})
afterEach(() => rmSync(work, { recursive: true, force: true }))

/** Lets the query come to rest on a clock that stands still. */
async function until(kit: TestKit, done: () => boolean, stepMs: number): Promise<void> {
  for (let i = 0; !done(); i++) {
    if (i > 400) throw new Error('waited in vain')
    await kit.clock.advance(stepMs)
    await sleep(2)
  }
}

test('batch times never go back, each row has the time of its batch, also run again, and the counts are right', async () => {
  const seed = Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  const random = randomNumbers(seed)
  const FILES = 14
  mkdirSync(join(work, 'in'))
  for (let f = 0; f < FILES; f++)
    writeFileSync(join(work, 'in', `${f}.json`), `{"k":${f % 3},"id":${f}}\n{"k":1,"id":${100 + f}}\n`)
  const kit = new TestKit({ 'spark.sql.streaming.minBatchesToRetain': '100' })
  let points = 0
  let crashes = 0
  let jumps = 0
  kit.crash = (point) => {
    if (random() < 0.6) {
      kit.clock.jumpTo(Date.UTC(2026, 0, 1) + Math.floor((random() - 0.5) * 48 * HOUR))
      jumps++
    }
    // Sometimes after the offsets are logged and before the commit: the batch runs again, at another time of the clock.
    if (++points % 17 === 0 && (point === 'after-offsets' || point === 'before-commit' || point === 'after-sink')) {
      crashes++
      throw new CrashForTest(point)
    }
  }
  const times = new Map<number, Set<number>>()
  const start = (): Promise<unknown> =>
    kit.session.readStream
      .schema('k INT, id BIGINT')
      .option('maxFilesPerTrigger', 1)
      .json(join(work, 'in'))
      .selectExpr('k', 'id', 'current_timestamp() AS at')
      .writeStream.trigger(Trigger.AvailableNow())
      .option('checkpointLocation', join(work, 'ck'))
      .format('sqlite')
      .option('table', 'seen')
      .start(join(work, 'out.db'))
      .then((query) => query.awaitTermination())
  for (let life = 0; ; life++) {
    expect(life, `seed ${seed}`).toBeLessThan(30)
    try {
      await start()
      break
    } catch (error) {
      expect((error as { readonly cause?: unknown }).cause ?? error).toBeInstanceOf(CrashForTest)
    }
  }
  await kit.session.stop()
  const { batches } = inspectCheckpoint(join(work, 'ck'), { batches: 100 })
  const logged = batches.map((b) => b.timestampMs).reverse()
  expect(logged).toHaveLength(FILES)
  expect(logged, `seed ${seed}`).toEqual([...logged].sort((a, b) => a - b))
  const db = openDatabase(join(work, 'out.db'), { readonly: true })
  for (const row of db.prepare('SELECT id, at FROM seen').all()) {
    const file = Number(row['id']) % 100
    times.set(
      file,
      (times.get(file) ?? new Set<number>()).add(
        Date.parse(`${String(row['at']).replace(' ', 'T').replace(/Z?$/, 'Z')}`),
      ),
    )
  }
  const seen = db.prepare('SELECT count(*) AS n, count(DISTINCT id) AS ids FROM seen').get()
  db.close()
  expect(seen, `seed ${seed}`).toEqual({ n: 2 * FILES, ids: 2 * FILES })
  for (const [file, at] of times) expect(at.size, `file ${file}, seed ${seed}`).toBe(1)
  expect([...times.values()].map((at) => [...at][0]).sort((a, b) => a! - b!)).toEqual(logged)
  expect(jumps).toBeGreaterThan(10)
  expect(crashes).toBeGreaterThan(0)
})

test('a trigger with an interval goes on when the clock is set back by a day', async () => {
  const kit = new TestKit()
  const { df, stream } = kit.session.memoryStream('id INT')
  let batches = 0
  const query = await df.writeStream
    .trigger(Trigger.ProcessingTime(1000))
    .foreachBatch(async () => {
      // Within the batch: what the query waits for next is told by the clock as it is now.
      if (batches++ === 0) kit.clock.jumpTo(kit.clock.nowMs() - 24 * HOUR)
    })
    .start()
  stream.addData([{ id: 1 }])
  await until(kit, () => batches === 1, 500)
  const from = kit.clock.nowMs()
  stream.addData([{ id: 2 }])
  await until(kit, () => batches === 2, 500)
  // No more than some intervals, where a day was to pass.
  expect(kit.clock.nowMs() - from).toBeLessThan(HOUR)
  await query.stop()
  await kit.session.stop()
})
