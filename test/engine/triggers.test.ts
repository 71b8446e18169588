import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Trigger } from '../../src/index.ts'
import type { MemoryStream } from '../../src/testing/index.ts'
import { TestKit } from '../../src/testing/index.ts'

/** A counting query over a fresh stream, on the kit's manual clock. */
function counting(kit: TestKit, options: { readonly maxAddsPerBatch?: number } = {}) {
  const { stream, df } = kit.session.memoryStream('k STRING', options)
  return {
    stream,
    writer: (name: string) => df.groupBy('k').count().writeStream.outputMode('update').format('memory').queryName(name),
  }
}
const rows = (stream: MemoryStream, ...keys: string[]) => stream.addValues(keys.map((k) => [k]))

/** Lets the query's loop run until nothing moves any more. */
const settle = () => sleep(30)

test('processingTime waits for the boundary, starts late batches at once, and makes no batch without data', async () => {
  const kit = new TestKit()
  kit.clock.jumpTo(100_500)
  const { stream, writer } = counting(kit)
  rows(stream, 'a')
  const query = await writer('pt').trigger(Trigger.ProcessingTime('1 second')).start()
  await settle()
  expect(query.lastProgress?.batchId).toBe(0)
  rows(stream, 'b')
  await settle()
  expect(query.lastProgress?.batchId).toBe(0)
  await kit.clock.advance(499)
  await settle()
  expect(query.lastProgress?.batchId).toBe(0)
  await kit.clock.advance(1)
  await settle()
  expect(query.lastProgress?.batchId).toBe(1)
  await kit.clock.advance(5_000)
  await settle()
  expect(query.lastProgress?.batchId).toBe(1)
  await query.stop()
})

test('once takes all there is as one batch and stops', async () => {
  const kit = new TestKit()
  const { stream, writer } = counting(kit, { maxAddsPerBatch: 1 })
  rows(stream, 'a')
  rows(stream, 'b')
  const query = await writer('once').trigger(Trigger.Once()).start()
  expect(await query.awaitTermination()).toBe(true)
  expect(query.recentProgress.map((p) => p.batchId)).toEqual([0])
})

test('availableNow honours rate limits and ends with the batch that closes windows', async () => {
  const kit = new TestKit()
  const { stream, df } = kit.session.memoryStream('ts TIMESTAMP', { maxAddsPerBatch: 1 })
  const us = (minute: number): bigint => BigInt(Date.UTC(2026, 0, 1, 12, minute)) * 1000n
  for (const minute of [1, 2, 30]) stream.addValues([[us(minute)]])
  df.withWatermark('ts', '1 minute').createOrReplaceTempView('e')
  const query = await kit.session
    .sql("SELECT window.start AS s, count(*) AS n FROM e GROUP BY window(ts, '5 minutes')")
    .writeStream.format('memory')
    .queryName('now')
    .trigger(Trigger.AvailableNow())
    .start()
  await query.awaitTermination()
  const table = kit.session.memoryTable('now')!
  expect(table.batches.map((b) => [b.batchId, b.rows.length])).toEqual([
    [0, 0],
    [1, 0],
    [2, 0],
    [3, 1],
  ])
  expect(table.rows()).toEqual([[us(0), 2n]])
})

test('an idle query runs no batch and costs almost no CPU', async () => {
  const kit = new TestKit()
  const { MillraceSession } = await import('../../src/index.ts')
  const session = new MillraceSession({ 'spark.sql.session.timeZone': 'UTC' })
  const { stream, df } = session.memoryStream('k STRING')
  const query = await df.writeStream.format('memory').queryName('idle').start()
  stream.addValues([['x']])
  await query.processAllAvailable()
  await sleep(300)
  const before = process.cpuUsage()
  await sleep(1500)
  const used = process.cpuUsage(before)
  expect(query.recentProgress.length).toBe(1)
  // Loose: the figure is a few per mille; a busy loop would be near 1 500 ms.
  expect((used.user + used.system) / 1000).toBeLessThan(500)
  await query.stop()
  await kit.session.stop()
})
